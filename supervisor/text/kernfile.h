#pragma once
/* The files of cgroupfs and /proc that hold numbers, as structs. Keys are found by name, never by position: kernels add
 * lines (oom_group_kill in 5.17, sock_throttled in 6.19) and leave others out. All functions are pure, read at most
 * @length bytes and need no terminating NUL. What a file does not tell is KERNFILE_UNKNOWN. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KERNFILE_UNKNOWN INT64_C(-1)
#define KERNFILE_MAX INT64_MAX          /* the word "max": no limit; numbers beyond it read so too */

/* A file with one number or "max" in it. Returns 0, or -EINVAL where it holds something else. */
int kernfile_number(const char *text, size_t length, int64_t *ret);

/* The number behind @key in a file of "key value" lines; KERNFILE_UNKNOWN where there is none. */
int64_t kernfile_key(const char *text, size_t length, const char *key);

/* Whether @word stands among the words of the first line (cgroup.controllers). */
bool kernfile_has_word(const char *text, size_t length, const char *word);

/* memory.events and memory.events.local: counts since the cgroup was made. */
typedef struct MemoryEvents {
        int64_t low, high, max, oom, oom_kill, oom_group_kill;
} MemoryEvents;
void memory_events_parse(MemoryEvents *ret, const char *text, size_t length);

/* memory.stat: bytes, but for the last five, which are counts of pages or events. */
typedef struct MemoryStat {
        int64_t anon, file, shmem, kernel, kernel_stack, pagetables, slab_unreclaimable, sock, unevictable;
        int64_t pgscan, pgsteal, pgmajfault, workingset_refault_anon, workingset_refault_file;
} MemoryStat;
void memory_stat_parse(MemoryStat *ret, const char *text, size_t length);

/* Bytes that reclaim cannot give back without swap: anon + shmem + slab_unreclaimable + kernel_stack + pagetables +
 * sock; shmem is counted by anon's side of the kernel's books as file, hence the sum. KERNFILE_UNKNOWN without anon. */
int64_t memory_stat_unreclaimable(const MemoryStat *stat);

/* /proc/meminfo in bytes. */
typedef struct MemInfo {
        int64_t total, free, available, swap_total, swap_free;
} MemInfo;
void meminfo_parse(MemInfo *ret, const char *text, size_t length);

/* /proc/swaps: bytes of swap that lie in compressed memory (zram), which is no place to go to when memory runs out; 0: none. */
typedef struct SwapsInRam {
        int64_t total, used;
} SwapsInRam;
void swaps_parse(SwapsInRam *ret, const char *text, size_t length);

/* A pressure file: shares 0 to 1 (negative: not known) and totals in microseconds. */
typedef struct PressureLine {
        double avg10, avg60, avg300;
        int64_t total_usec;
} PressureLine;
typedef struct Pressure {
        PressureLine some, full;
} Pressure;
void pressure_parse(Pressure *ret, const char *text, size_t length);

/* cgroup.events: 0, 1 or KERNFILE_UNKNOWN. */
typedef struct CgroupEvents {
        int64_t populated, frozen;
} CgroupEvents;
void cgroup_events_parse(CgroupEvents *ret, const char *text, size_t length);
