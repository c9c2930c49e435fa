#pragma once
/* The self-test of the kprobe source: a probe with the very fetches of `victim` on proc_cgroup_show(), set off by reading
 * our own /proc/self/cgroup. What it records must be what /proc and the cgroup file system say of us. */
#include "supervisor/host/layout.h"
#include "supervisor/host/tracefs.h"

typedef struct SelftestOptions {
        const Tracefs *tracefs;
        const Layout *layout;
        const char *prefix;             /* "reeve_<hash>_<generation>": group, and begin of the instance's name */
        const char *suffix;             /* "<hash>_<generation>", end of the event's name */
        const char *cgroup_root;
} SelftestOptions;

/* Runs it and removes it again. Returns 0 (green), -EBADMSG with what contradicts in @reterr_why (red), another -errno
 * when it could not be run. */
int selftest_run(const SelftestOptions *o, char *reterr_why, size_t why_size);

/* Removes what a crash in the middle of it left behind. Returns 0, also where there is nothing, or -errno. */
int selftest_clean(const Tracefs *t, const char *prefix, const char *suffix);
