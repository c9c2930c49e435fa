/* Births, deaths and questions in any order: the tree's links must hold (run with AddressSanitizer). */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "supervisor/tree/tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const char *const paths[] = { "/a", "/a/b", "/a/b/c", "/x", "/x/y", "/lost/z", "/a/b/c/d", "//", "/a/", "a" };
        const TreeOptions o = { .max_groups = 24, .keep_dead = 4, .keep_dead_nsec = 50 };
        Tree *t = NULL;
        TreeGroup g;
        char path[64];
        uint64_t ids[4];

        if (tree_new(&t, &o, 1) < 0)
                return 0;
        for (size_t i = 0; i + 3 < size; i += 4) {
                uint64_t id = 2 + data[i + 1] % 60, parent = 1 + data[i + 2] % 60;
                const char *name = paths[data[i + 2] % (sizeof(paths) / sizeof(*paths))];
                uint32_t owner = data[i + 3] % 5 ? data[i + 3] % 3 : TREE_OWNER_UNKNOWN;
                const TreeBirth by_path = { .id = id, .path = name, .owner = owner };
                const TreeBirth by_parent = { .id = id, .parent_id = parent, .name = "n", .owner = owner };

                switch (data[i] % 10) {
                case 0:
                case 1:
                        (void) tree_learn(t, &by_path);
                        break;
                case 2:
                case 3:
                        (void) tree_learn(t, &by_parent);
                        break;
                case 4:
                        tree_died(t, id, NULL, i);
                        break;
                case 5:
                        tree_died(t, id, name, i);
                        break;
                case 6:
                        tree_fill(t, id, owner, NULL);
                        (void) tree_label(t, id, data[i + 3] & 1 ? "ns/pod/c" : NULL);
                        break;
                case 7:
                        tree_prepare(t, i);
                        break;
                case 8:
                        tree_walk_begin(t);
                        break;
                default:
                        tree_walk_end(t, i);
                        break;
                }
                (void) tree_path(t, id, path, sizeof(path));
                (void) tree_find(t, name);
        }
        for (size_t i = 0; (i = tree_next(t, i, &g));)
                if (tree_path(t, g.id, path, sizeof(path)) == 0 || !tree_below(t, g.id, g.id))
                        abort();
        (void) tree_resolve(t, "ns/pod", ids, 4);
        tree_free(t);
        return 0;
}
