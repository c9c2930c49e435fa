#pragma once
/* Setting memory.high or memory.max below what it was without killing anybody: usage is brought down first, the cgroup is
 * frozen for the moment between the last look and the write. Blocks; for slow hands. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Lowering {
        int dirfd;                       /* the cgroup */
        int64_t target_bytes;            /* the least of the limits to be written */
        bool may_freeze;                 /* not for a cgroup with ourselves or PID 1 in it */
        uint64_t reclaim_usec;           /* how long to try */
        /* Told before a freeze and after the thaw, so that the caller can make it durable. May be NULL. */
        void (*freezing)(bool frozen, void *userdata);
        /* Writes the limits, by whatever way. Returns 0 or -errno. */
        int (*write)(void *userdata);
        void *userdata;
} Lowering;

/* Brings usage down to @target_bytes by memory.reclaim (5.19+). Returns 0 where it is there now, -EDQUOT where it could not
 * be reached, -EOPNOTSUPP where moreover the kernel lacks memory.reclaim, or -errno (-ENODEV: gone). *@ret_current is
 * the usage that was last seen. */
int lowering_reclaim(const Lowering *l, int64_t *ret_current);

/* Freezes for 100 ms at most, looks again, writes, thaws. Returns what write() does; -EDQUOT where usage grew above the target
 * meanwhile (nothing was written); or -errno. */
int lowering_write(const Lowering *l, int64_t *ret_current);
