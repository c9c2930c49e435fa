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
