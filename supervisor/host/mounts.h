#pragma once
/* Where the cgroup v2 hierarchy is mounted and whether it has the memory controller. */
#include <stdbool.h>
#include <stddef.h>

typedef struct CgroupMount {
        char where[4096];               /* the mount point; empty: no cgroup2 is mounted */
        char root[4096];                /* what of the hierarchy is mounted there: "/" or a path ("/../.." in a namespace) */
        bool hybrid;                    /* v1 hierarchies are mounted too */
        bool v1_memory;                 /* the memory controller is bound to v1 */
        bool namespaced;                /* we see a part only: a cgroup namespace, or a subtree mounted */
        bool read_only;
        bool localevents;               /* memory_localevents: memory.events does not sum up the tree */
        bool memory;                    /* cgroup.controllers names memory */
} CgroupMount;

/* Finds it. @root (NULL: look it up in /proc/self/mountinfo) names a directory to take instead. Returns 0 also where
 * nothing is mounted (where[0] == 0); -ENOTSUP or -ENOENT where @root is no cgroup v2 directory; -errno where it, mountinfo or
 * cgroup.controllers cannot be read. */
int mounts_find(CgroupMount *ret, const char *root);

/* Says in one or two sentences what is mounted, what is missing and how to boot with v2; empty where all is well. */
void mounts_explain(const CgroupMount *m, char *ret, size_t size);
