#include "supervisor/ctl/livetree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/array.h"
#include "supervisor/base/fd.h"
#include "supervisor/host/cgroupfs.h"
#include "supervisor/host/mounts.h"
#include "supervisor/text/kernfile.h"

typedef struct Walk {
        LiveTree *tree;
        const Cgroupfs *fs;
        size_t parent;
        bool usage;
} Walk;

void livetree_clear(LiveTree *t) {
        for (size_t i = 0; i < t->n; i++)
                free(t->items[i].path);
        free(t->items);
        *t = (LiveTree) LIVETREE_INIT;
}

static int cgroup_add(LiveTree *t, const char *path, size_t parent) {
        LiveCgroup *items = array_grow(t->items, t->n, &t->capacity, sizeof(*items)), *g;

        if (!items)
                return -ENOMEM;
        t->items = items;
        g = &items[t->n];
        *g = (LiveCgroup) { .path = strdup(path), .parent = parent, .current = LIMIT_UNKNOWN, .unreclaimable = LIMIT_UNKNOWN };
        if (!g->path)
                return -ENOMEM;
        for (size_t k = 0; k < LIMIT_MEMORY_COUNT; k++)
                g->limits[k] = LIMIT_UNKNOWN;
        t->n++;
        return 0;
}

static void cgroup_read(LiveCgroup *g, int dirfd, bool usage) {
        char text[16384];
        MemoryStat stat;
        ssize_t n;

        for (int k = 0; k < LIMIT_MEMORY_COUNT; k++)
                if (cgroupfs_read_number(dirfd, limit_key_file(k), &g->limits[k]) < 0)
                        g->limits[k] = LIMIT_UNKNOWN;
        if (!usage)
                return;
        if (cgroupfs_read_number(dirfd, "memory.current", &g->current) < 0)
                g->current = LIMIT_UNKNOWN;
        n = cgroupfs_read(dirfd, "memory.stat", text, sizeof(text));
        if (n > 0) {
                memory_stat_parse(&stat, text, (size_t) n);
                g->unreclaimable = memory_stat_unreclaimable(&stat);
        }
}

static int child_take(void *userdata, const char *name, uint64_t id) {
        const Walk *w = userdata;
        const char *above = w->tree->items[w->parent].path;
        _cleanup_free_ char *path = NULL;
        _cleanup_close_ int dirfd = -1;
        int e;

        (void) id;
        if (asprintf(&path, "%s/%s", strcmp(above, "/") == 0 ? "" : above, name) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        dirfd = cgroupfs_open_path(w->fs, path);
        if (dirfd < 0)
                return 0;       /* gone meanwhile, or not ours to read */
        e = cgroup_add(w->tree, path, w->parent);
        if (e < 0)
                return e;

        Walk below = { .tree = w->tree, .fs = w->fs, .parent = w->tree->n - 1, .usage = w->usage };

        cgroup_read(&w->tree->items[below.parent], dirfd, w->usage);
        e = cgroupfs_children(dirfd, child_take, &below);
        return e == -ENOMEM ? e : 0;
}

int livetree_read(LiveTree *ret, bool usage) {
        LiveTree t = LIVETREE_INIT;
        CgroupMount mount;
        Cgroupfs fs;
        int e = mounts_find(&mount, NULL);

        if (e < 0)
                return e;
        if (!mount.where[0] || !mount.memory)
                return -ENODEV;
        e = cgroupfs_open(&fs, mount.where);
        if (e < 0)
                return e;
        e = cgroup_add(&t, "/", 0);
        if (e == 0) {
                Walk w = { .tree = &t, .fs = &fs, .parent = 0, .usage = usage };

                cgroup_read(&t.items[0], fs.root_fd, usage);
                e = cgroupfs_children(fs.root_fd, child_take, &w);
        }
        cgroupfs_close(&fs);
        if (e < 0) {
                livetree_clear(&t);
                return e;
        }
        *ret = t;
        return 0;
}

int64_t livetree_effective_max(const LiveTree *t, size_t index, size_t *ret_whose) {
        int64_t least = LIMIT_MAX;

        *ret_whose = index;
        for (size_t i = index;; i = t->items[i].parent) {
                int64_t max = t->items[i].limits[LIMIT_MEMORY_MAX];

                if (max != LIMIT_UNKNOWN && max < least) {
                        least = max;
                        *ret_whose = i;
                }
                if (i == t->items[i].parent)
                        return least;
        }
}

int64_t livetree_ancestors_max(const LiveTree *t, size_t index) {
        size_t whose;

        return index == t->items[index].parent ? LIMIT_MAX : livetree_effective_max(t, t->items[index].parent, &whose);
}

size_t livetree_find(const LiveTree *t, const char *path) {
        for (size_t i = 0; i < t->n; i++)
                if (strcmp(t->items[i].path, path) == 0)
                        return i;
        return SIZE_MAX;
}
