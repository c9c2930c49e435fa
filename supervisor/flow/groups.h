#pragma once
/* Groups: which cgroups there are, and who wants to know of them. */
#include "supervisor/flow/state.h"

/* Opens tree, eyes and watched counters. Returns 0 or -errno. */
int groups_open(Supervisor *s);

/* Begins the walk over all cgroups; in tier log it goes on watching. After sources_open(). Returns 0 or -errno. */
int groups_walk(Supervisor *s);

/* The source is another: directories are watched where no ring tells of births, and walked once more. */
void groups_follow(Supervisor *s);

/* Watch= is another now. */
void groups_rewatch(Supervisor *s);

/* Births or deaths were missed: once more, at most once a minute. */
void groups_walk_again(Supervisor *s);

/* Takes the news of the walk; s->walked is true once the first one is done. */
void groups_take_news(Supervisor *s);

/* At each watchdog tick: room ahead, old tombstones away. */
void groups_tick(Supervisor *s);

/* Closes what groups_open() opened. */
void groups_close(Supervisor *s);

/* A mkdir event. */
void groups_born(Supervisor *s, const EvidenceChurn *churn);

/* A cgroup is gone. @path where the source told it, else NULL. */
void groups_died(Supervisor *s, uint64_t id, const char *path);

/* An eye looked at a newcomer. */
void groups_owner(Supervisor *s, const EyesAnswer *answer);

/* Reports all cgroups to the budgets (again, after a reload). */
void groups_report(Supervisor *s);

/* For RecordSources: the path of a cgroup, living or dead a short while, NULL where not known; lives until the next call.
 * Its identity and owner; what is known of a process. */
const char *groups_path(void *supervisor, uint64_t id);
const Identity *groups_identity(void *supervisor, uint64_t id);
int64_t groups_owner_uid(void *supervisor, uint64_t id);
bool groups_process(void *supervisor, int32_t tgid, uint64_t start_nsec, RecordProcess *ret);

/* The unit of the system's manager in which a cgroup lies, NULL without; lives until the next identity is asked for. */
const Identity *groups_system_unit(Supervisor *s, uint64_t cgroup_id);

/* Whether systemd knows the main process of this cgroup: it is a service's. */
bool groups_is_service(Supervisor *s, uint64_t cgroup_id);

/* Whether a cgroup lies at or below Watch=, by the path that came with it, else by the tree's. Where nobody knows its path it
 * does: better a record too many. */
bool groups_watched(Supervisor *s, const KillCgroup *cgroup);
