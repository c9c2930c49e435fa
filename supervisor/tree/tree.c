#include "supervisor/tree/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/tree/tree-private.h"

enum { KEEP_DEAD = 4096 };
#define KEEP_DEAD_NSEC UINT64_C(60000000000)

int tree_new(Tree **ret, const TreeOptions *options, uint64_t root_id) {
        enum { FIRST_BUCKETS = 2048 };
        Tree *t = calloc(1, sizeof(*t));
        uint32_t root;

        if (!t)
                return -ENOMEM;
        t->top = ROOT;
        t->max_groups = options->max_groups ? options->max_groups : 65536;
        t->keep_dead = options->keep_dead ? options->keep_dead : KEEP_DEAD;
        t->keep_dead_nsec = options->keep_dead_nsec ? options->keep_dead_nsec : KEEP_DEAD_NSEC;
        if (tree_watch(t, options->watch) < 0 || tree_entries_grow(t) < 0 || tree_tables_grow(t, FIRST_BUCKETS) < 0 ||
            !owners_get(&t->owners, 0)) {
                tree_free(t);
                return -ENOMEM;
        }
        root = tree_entry_take(t);
        *tree_entry(t, root) = (Entry) { .id = root_id, .used = true, .alive = true, .owner_certain = true };
        tree_entry(t, root)->name = names_copy(&t->names, "", 0);
        if (!tree_entry(t, root)->name) {
                tree_free(t);
                return -ENOMEM;
        }
        tree_tables_link(t, root);
        tree_owner_count(t, 0, 1);
        t->counts.alive = 1;
        *ret = t;
        return 0;
}

Tree *tree_free(Tree *t) {
        if (!t)
                return NULL;
        for (uint32_t i = ROOT; i < t->top; i++)
                if (tree_entry(t, i)->used) {
                        names_release(&t->names, tree_entry(t, i)->name);
                        names_release(&t->names, tree_entry(t, i)->label);
                }
        names_clear(&t->names);
        owners_clear(&t->owners);
        for (size_t i = 0; i < t->n_chunks; i++)
                free(t->chunks[i]);
        free(t->by_id);
        free(t->by_name);
        free(t->watch);
        free(t);
        return NULL;
}

void tree_prepare(Tree *t, uint64_t now_nsec) {
        enum { ROOM = CHUNK / 2 };

        if (t->counts.dead > t->keep_dead)
                for (Owner *o = NULL; (o = owners_next(&t->owners, o));)
                        tree_tombs_expire(t, o, now_nsec);
        if (t->n_entries * 4 > t->buckets * 3)
                (void) tree_tables_grow(t, t->buckets * 2);
        if (t->free == NONE && t->n_chunks * CHUNK - t->top < ROOM)
                (void) tree_entries_grow(t);
        names_prepare(&t->names);
}

void tree_bound(Tree *t, size_t max_groups) {
        t->max_groups = max_groups;
}

int tree_watch(Tree *t, const char *watch) {
        char *copy = strdup(watch && *watch ? watch : "/");

        if (!copy)
                return -ENOMEM;
        for (size_t n = strlen(copy); n > 1 && copy[n - 1] == '/'; n--)
                copy[n - 1] = '\0';
        free(t->watch);
        t->watch = copy;
        return 0;
}
