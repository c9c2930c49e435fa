/* From an id to its path, from a path to its id, and what Watch= takes in. */
#include <errno.h>
#include <string.h>

#include "policies/path.h"
#include "supervisor/tree/tree-private.h"

static bool inside(const Tree *t, const char *path) {
        return path_is_below(path, t->watch) || path_is_below(t->watch, path);
}

/* Walks @path down from the root. Sets @ret_parent to what its last component hangs on (NONE: not known) and returns
 * that component; NULL for the root's path and what is no path. @ret_near: the deepest ancestor known. */
static const char *descend(const Tree *t, const char *path, uint32_t *ret_parent, uint32_t *ret_near) {
        uint32_t here = ROOT;

        if (*path != '/')
                return NULL;
        *ret_near = ROOT;
        for (const char *word = path + 1;;) {
                size_t n = strcspn(word, "/");

                if (n == 0)
                        return NULL;
                if (word[n] == '\0') {
                        *ret_parent = here;
                        return word;
                }
                here = here == NONE ? NONE : tree_entry_named(t, here, word, n);
                if (here != NONE)
                        *ret_near = here;
                word += n + 1;
        }
}

static uint16_t depth(const char *path) {
        uint16_t n = 0;

        for (; *path; path++)
                n = (uint16_t) (n + (*path == '/'));
        return n;
}

int tree_path(const Tree *t, uint64_t id, char *ret, size_t size) {
        uint32_t index = tree_entry_of(t, id);
        size_t need = 0, end;

        if (index == NONE)
                return -ENOENT;
        for (uint32_t i = index; i != NONE && i != ROOT; i = tree_entry(t, i)->parent)
                need += strlen(tree_entry(t, i)->name) + !tree_entry(t, i)->detached;
        if ((need ? need : 1) + 1 > size)
                return -ENAMETOOLONG;
        if (need == 0) {
                memcpy(ret, "/", 2);
                return 1;
        }
        end = need;
        ret[end] = '\0';
        for (uint32_t i = index; i != NONE && i != ROOT; i = tree_entry(t, i)->parent) {
                size_t n = strlen(tree_entry(t, i)->name);

                end -= n;
                memcpy(ret + end, tree_entry(t, i)->name, n);
                if (!tree_entry(t, i)->detached)
                        ret[--end] = '/';
        }
        return (int) need;
}

int tree_place_find(const Tree *t, const TreeBirth *b, TreePlace *ret) {
        char path[8192];
        int n;

        if (b->path) {
                const char *name = descend(t, b->path, &ret->parent, &ret->near);

                if (!name)
                        return -EINVAL;
                ret->name = ret->parent == NONE ? b->path : name;
                ret->level = depth(b->path);
                return inside(t, b->path) ? 0 : -ERANGE;
        }
        ret->parent = ret->near = tree_entry_of(t, b->parent_id);
        ret->name = b->name;
        if (ret->parent == NONE)
                return -ENOENT;
        ret->level = (uint16_t) (tree_entry(t, ret->parent)->level + 1);
        if (strcmp(t->watch, "/") == 0)
                return 0;
        n = tree_path(t, b->parent_id, path, sizeof(path));
        if (n < 0)
                return n;
        if ((size_t) n + strlen(b->name) + 2 > sizeof(path))
                return -ENAMETOOLONG;
        if (n == 1)
                n = 0;
        path[n] = '/';
        strcpy(path + n + 1, b->name);
        return inside(t, path) ? 0 : -ERANGE;
}

uint32_t tree_owner_near(const Tree *t, const char *path) {
        uint32_t parent, near = ROOT;

        (void) descend(t, path, &parent, &near);
        return tree_entry(t, near)->owner;
}

uint64_t tree_find(const Tree *t, const char *path) {
        uint32_t parent, near, found;
        const char *name;

        if (strcmp(path, "/") == 0)
                return tree_entry(t, ROOT)->id;
        name = descend(t, path, &parent, &near);
        if (!name)
                return 0;
        found = parent == NONE ? NONE : tree_entry_named(t, parent, name, strlen(name));
        if (found == NONE || !tree_entry(t, found)->alive) {
                uint32_t whole = tree_entry_named(t, NONE, path, strlen(path));

                if (whole != NONE && (found == NONE || tree_entry(t, whole)->alive))
                        found = whole;
        }
        return found == NONE ? 0 : tree_entry(t, found)->id;
}

bool tree_below(const Tree *t, uint64_t id, uint64_t ancestor) {
        uint32_t index = tree_entry_of(t, id);

        while (index != NONE && tree_entry(t, index)->id != ancestor)
                index = tree_entry(t, index)->parent;
        return index != NONE;
}
