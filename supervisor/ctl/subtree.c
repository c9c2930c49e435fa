#include "supervisor/ctl/subtree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/attribute/identity.h"
#include "supervisor/base/array.h"
#include "supervisor/base/fd.h"
#include "supervisor/host/cgroupfs.h"

typedef struct Child {
        uint64_t id;
        char *name;
} Child;

typedef struct Children {
        Child *items;
        size_t n, size;
} Children;

static void children_clear(Children *c) {
        for (size_t i = 0; i < c->n; i++)
                free(c->items[i].name);
        free(c->items);
}

static int child_add(void *userdata, const char *name, uint64_t id) {
        Children *c = userdata;
        Child *items = array_grow(c->items, c->n, &c->size, sizeof(*items));

        if (!items)
                return -ENOMEM;
        c->items = items;
        c->items[c->n] = (Child) { .id = id, .name = strdup(name) };
        if (!c->items[c->n].name)
                return -ENOMEM;
        c->n++;
        return 0;
}

static int by_age(const void *left, const void *right) {
        const Child *a = left, *b = right;

        return a->id == b->id ? 0 : a->id < b->id ? -1 : 1;
}

static int walk(int dirfd, const char *path, uint64_t id, size_t parent, SubtreeTake take, void *userdata) {
        Children children = { .items = NULL };
        size_t index;
        int r = take(userdata, dirfd, path, id, parent, &index);

        if (r >= 0 && cgroupfs_children(dirfd, child_add, &children) == -ENOMEM)
                r = -ENOMEM;
        if (children.n > 1)
                qsort(children.items, children.n, sizeof(*children.items), by_age);
        for (size_t i = 0; r >= 0 && i < children.n; i++) {
                _cleanup_close_ int below = openat(dirfd, children.items[i].name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                _cleanup_free_ char *name = NULL;

                if (below < 0)
                        continue;
                if (asprintf(&name, "%s/%s", strcmp(path, "/") == 0 ? "" : path, children.items[i].name) < 0) {
                        name = NULL;
                        r = -ENOMEM;
                } else
                        r = walk(below, name, children.items[i].id, index, take, userdata);
        }
        children_clear(&children);
        return r;
}

int subtree_walk(int dirfd, const char *path, SubtreeTake take, void *userdata) {
        uint64_t id = 0;
        int r;

        (void) cgroupfs_id(dirfd, &id);
        r = walk(dirfd, path, id, 0, take, userdata);
        return r < 0 ? r : 0;
}

bool subtree_named(const char *name, const char *word) {
        return (strchr(word, '.') && strcmp(name, word) == 0) || identity_names_container(name, word);
}
