#pragma once
/* What was read ahead of a kill: command lines of processes in cgroups near their limit, and earlier usage of cgroups.
 * Bounded, oldest overwritten; shared by the eyes and the event thread under a lock held for moments. */
#include <stdbool.h>
#include <stdint.h>

#include "supervisor/observe/eyes.h"

typedef struct Ahead Ahead;

/* Room for @processes. Returns 0, -ENOMEM. */
int ahead_new(Ahead **ret, size_t processes);
Ahead *ahead_free(Ahead *a);

/* Keeps (or renews) a process. */
void ahead_put(Ahead *a, const EyesProcess *p);

/* Whether @tgid that started at @start_nsec (0: whichever) is known; a ring's start and one of ticks meet. */
bool ahead_get(Ahead *a, int32_t tgid, uint64_t start_nsec, EyesProcess *ret);

/* Forgets all command lines. */
void ahead_forget(Ahead *a);

/* Keeps what a cgroup used at a moment; readings closer than 15 s to the last one are left out. */
void ahead_usage(Ahead *a, uint64_t id, uint64_t time_nsec, int64_t bytes);

/* By how much a cgroup that uses @bytes now grew over the last minute. Returns true where it was seen 45 to 90 s ago. */
bool ahead_growth(Ahead *a, uint64_t id, uint64_t now_nsec, int64_t bytes, int64_t *ret);
