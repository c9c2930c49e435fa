#pragma once
/* The oom_score_adj of processes. Each is held by a descriptor of its /proc/PID and asked for its cgroup through that, so that
 * it stays the same process, whoever gets the number next. */
#include <stdint.h>

/* The first process of the cgroup behind @dirfd, 0 without one. */
int32_t scoreadjust_first(int dirfd);

/* What @pid has, LIMIT_ADJ_UNKNOWN where it is not in the cgroup @path or below it. */
int64_t scoreadjust_read(int32_t pid, const char *path);

/* Gives @wanted to @pid if that is in the cgroup @path or below it. Returns 1 where it changed, 0 where there was nothing to
 * change (it had that, or is gone), or -errno. */
int scoreadjust_set(int32_t pid, const char *path, int64_t wanted);

/* Calls @each with every process directly in the cgroup behind @dirfd. */
void scoreadjust_each(int dirfd, void (*each)(int32_t pid, void *userdata), void *userdata);
