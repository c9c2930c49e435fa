#pragma once
/* What the self-test's files share: what is true of us, and what was recorded. */
#include <stddef.h>
#include <stdint.h>

#include "supervisor/host/pagestore.h"
#include "supervisor/host/ringevent.h"
#include "supervisor/host/ringpage.h"
#include "supervisor/host/selftest.h"

enum { SELFTEST_LEVELS = 64, SELFTEST_FORMAT_SIZE = 48 * 1024 };

/* What /proc and cgroupfs say of us. */
typedef struct Truth {
        char comm[32];
        uint64_t start_ticks;
        int64_t adj;
        uint64_t anon_kb, file_kb, shmem_kb, swap_kb, tables_kb;
        char path[4096];                /* own cgroup, below the mount */
        uint64_t ids[SELFTEST_LEVELS];           /* root ... own */
        const char *names[SELFTEST_LEVELS];
        char parts[4096];
        uint32_t level;
} Truth;

/* One run. */
typedef struct Selftest {
        const SelftestOptions *o;
        Truth truth;
        void *touched;                  /* held until everything is compared */
        Evidence evidence;
        RingSelf self;
        uint8_t page[PAGE_BYTES];
        char format[SELFTEST_FORMAT_SIZE];
        char *why;
        size_t why_size;
} Selftest;

/* What /proc says of our process; to be read when the record is made. Returns 0 or -errno. */
int selftest_truth_process(Truth *t);

/* Our cgroup and those above it, by the cgroup file system at @root. Returns 0 or -errno. */
int selftest_truth_cgroup(Truth *t, const char *root);

/* Compares what was recorded with what is true. Returns 0, or -EBADMSG with the first contradiction in @s->why. */
int selftest_compare(Selftest *s);
