#pragma once
/* Facts of processes and of this boot. But for proc_cmdline() nothing here waits for mmap_lock: stat, status, cgroup,
 * comm and oom_score_adj never stalled. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "supervisor/base/clock.h"
#include "supervisor/text/procfile.h"

/* Reads /proc/PID/@file, NUL-terminated, cut at @size - 1. Returns its length, -ESRCH where the process is gone. */
ssize_t proc_read(int32_t pid, const char *file, char *ret, size_t size);

/* Reads /proc/PID/stat and /proc/PID/status. Returns 0, -ESRCH where there is no such process, or -errno. */
int proc_stat(int32_t pid, ProcStat *ret);
int proc_status(int32_t pid, ProcStatus *ret);

/* The status of whoever has the memory of a process: its first thread, or, where that ended, another of its threads. Returns 0, -ESRCH
 * where all of them ended, or -errno. */
int proc_holder(int32_t pid, ProcStatus *ret);

/* The cgroup of a process or zombie as /proc shows it, NUL-terminated, without " (deleted)". Returns its length,
 * -ESRCH, -ENOENT without a v2 line, -ENAMETOOLONG, -EXDEV where it lies outside our cgroup namespace. */
int proc_cgroup(int32_t pid, char *ret, size_t size, bool *ret_deleted);

/* oom_score_adj. Returns 0, -errno. */
int proc_adj(int32_t pid, int *ret);

/* The command line, arguments separated by spaces, bytes otherwise as they are; 0 for a zombie or kernel thread. MAY
 * STALL for as long as someone holds mmap_lock: eyes only. Returns its length, -errno. */
ssize_t proc_cmdline(int32_t pid, char *ret, size_t size);

/* Whether a start time in nanoseconds since boot (a ring's) is that of @ticks (/proc/PID/stat's). */
bool proc_same_start(uint64_t start_nsec, uint64_t ticks);

/* Start time since boot in nanoseconds, as exact as ticks are. */
uint64_t proc_start_nsec(uint64_t ticks);

/* 32 hexadecimal digits and a NUL. Returns 0, -errno. */
int host_boot_id(char ret[33]);
int host_machine_id(char ret[33]);

/* The host's name, NUL-terminated, cut where too long. */
void host_name(char *ret, size_t size);

/* What to add to a boot time to have CLOCK_REALTIME; nanoseconds. Valid until the clock is set. */
int64_t clock_offset_nsec(void);

/* Kernel log stamps are CLOCK_MONOTONIC: what to add to have CLOCK_BOOTTIME (time spent asleep); nanoseconds. */
int64_t clock_suspended_nsec(void);
