#pragma once
/* Whose: what a cgroup is called, who owns it, and what is known of a process; from memory, for records and those who judge them. */
#include "supervisor/flow/state.h"

/* For RecordSources: the path of a cgroup, living or dead a short while, NULL where not known; lives until the next call.
 * Its identity and owner; what is known of a process. */
const char *whose_path(void *supervisor, uint64_t id);
const Identity *whose_identity(void *supervisor, uint64_t id);
int64_t whose_owner_uid(void *supervisor, uint64_t id);

/* To whom a record about @id is counted, and who may read it: its owner; of one just made, whose directory no eye has looked at yet,
 * and of one beyond MaxGroups=, the owner of the directory above, for only he (or root) could make it. @path, where the source told
 * it, else NULL. RECORD_OWNER_UNKNOWN: a stranger. */
int64_t whose_account_uid(const Supervisor *s, uint64_t id, const char *path);
bool whose_process(void *supervisor, int32_t tgid, uint64_t start_nsec, RecordProcess *ret);

/* The unit of the system's manager in which a cgroup lies, NULL without; lives until the next identity is asked for. */
const Identity *whose_system_unit(Supervisor *s, uint64_t cgroup_id);

/* The name of the unit in which a cgroup lies, where it is one: what users call their directories is none, except to the user's own
 * reeved. NULL: none, or not known; lives until the next identity is asked for. */
const char *whose_unit(Supervisor *s, uint64_t cgroup_id);

/* Whether systemd knows the main process of this cgroup: it is a service's. */
bool whose_is_service(Supervisor *s, uint64_t cgroup_id);

/* Whether a cgroup lies at or below Watch=, by the path that came with it, else by the tree's. Where nobody knows its path it
 * does: better a record too many. */
bool whose_is_watched(Supervisor *s, const KillCgroup *cgroup);
