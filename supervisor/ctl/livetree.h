#pragma once
/* The cgroups of this host as they are now, read once and read-only: no daemon, no root needed. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policies/limit.h"

/* One cgroup. What could not be read is LIMIT_UNKNOWN, no limit LIMIT_MAX. */
typedef struct LiveCgroup {
        char *path;                             /* raw bytes, "/" the root */
        size_t parent;                          /* index; the root's is its own */
        int64_t limits[LIMIT_MEMORY_COUNT];     /* by LimitKey, and memory.oom.group in none of them */
        int64_t current, unreclaimable;
} LiveCgroup;

/* Parents stand before their children. */
typedef struct LiveTree {
        LiveCgroup *items;
        size_t n, capacity;
} LiveTree;

#define LIVETREE_INIT { .items = NULL }

/* Reads all cgroups below the cgroup2 mount; with @usage also current and unreclaimable bytes. Returns 0, -ENODEV: no
 * cgroup v2 here, or -errno. */
int livetree_read(LiveTree *ret, bool usage);

/* Frees it. */
void livetree_clear(LiveTree *t);

/* The least memory.max of @index and its ancestors, and whose it is in *@ret_whose. LIMIT_MAX: none. */
int64_t livetree_effective_max(const LiveTree *t, size_t index, size_t *ret_whose);

/* The least memory.max over the ancestors of @index alone: what percentages are taken of. LIMIT_MAX: none. */
int64_t livetree_ancestors_max(const LiveTree *t, size_t index);

/* Index of the cgroup named @path, or SIZE_MAX. */
size_t livetree_find(const LiveTree *t, const char *path);
