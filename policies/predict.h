#pragma once
/* Whom would the kernel's OOM killer take? Its badness of today (5.10 to 7.2), as a sum over what /proc shows. An estimate:
 * the kernel's own counters may be ahead of /proc by some pages a CPU, and what it alone knows (vfork, a victim that is
 * still dying, swapoff) is not told by anybody. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The memory that an OOM is about. */
typedef struct PredictDomain {
        int64_t max_bytes;               /* memory.max of the limit's cgroup; negative or INT64_MAX: the host */
        int64_t swap_max_bytes;          /* its memory.swap.max; negative: not known, then as INT64_MAX: none */
        int64_t ram_bytes, swap_bytes;   /* of the host; negative: not known, then 0 */
        int64_t page_size;
        bool no_swap;                    /* vm.swappiness is 0: limits are then reckoned without swap */
} PredictDomain;

/* What points are measured against, in pages: the kernel's totalpages. */
int64_t predict_total_pages(const PredictDomain *d);

/* Points of those that are never taken. */
#define PREDICT_NEVER INT64_MIN

/* Points of a process with @pages (anonymous, file and shared pages in RAM, pages in swap, pages of page tables) and
 * oom_score_adj @adj. The kernel divides first: in domains below 1000 pages @adj counts for nothing but -1000, which is
 * PREDICT_NEVER, as is init (@init) everywhere. */
int64_t predict_badness(int64_t pages, int adj, bool init, int64_t total_pages);

/* One that the kernel could choose. */
typedef struct PredictProcess {
        int64_t points;                  /* predict_badness() */
        uint64_t order;                  /* the kernel comes to the lower first, and of equals takes the one it comes to last */
        size_t index;                    /* the caller's */
} PredictProcess;

/* Sorts the @n processes as the kernel prefers them, its victim first, those it never takes last. Returns how many it
 * could take. */
size_t predict_sort(PredictProcess *processes, size_t n);

/* Whether the first two of a sorted list are too near to tell apart with @cpus processors: by no more than 1 % of the
 * larger, or by no more than 64 pages a CPU, which is how far counters may lag. */
bool predict_close(const PredictProcess *processes, size_t n, unsigned cpus);

/* Which cgroup dies as a whole with a victim: @groups are the memory.oom.group flags from the limit's cgroup (0) down to the
 * victim's own (@n - 1). Returns the highest that is set, or SIZE_MAX: the process alone. */
size_t predict_widen(const bool *groups, size_t n);
