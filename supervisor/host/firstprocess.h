#pragma once
/* The process that was in a cgroup first: the oldest of those that live in it now. /proc/PID/stat alone, which never stalls. */
#include <stdint.h>

/* Looks at the processes of one cgroup (not below; 64 of them at most). Returns 0 with its id and its start (CLOCK_BOOTTIME, as
 * exact as ticks), -ENOENT without any, -errno. */
int firstprocess_find(int dirfd, int32_t *ret_pid, uint64_t *ret_start_nsec);
