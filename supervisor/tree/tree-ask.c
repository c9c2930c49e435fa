/* What is known of a cgroup. */
#include <string.h>

#include "supervisor/tree/tree-private.h"

static void group_of(const Tree *t, uint32_t index, TreeGroup *ret) {
        const Entry *e = tree_entry(t, index);
        bool root_owned = !e->detached;

        for (uint32_t i = index; i != NONE && root_owned; i = tree_entry(t, i)->parent)
                root_owned = tree_entry(t, i)->owner == 0 && tree_entry(t, i)->owner_certain && !tree_entry(t, i)->detached;
        *ret = (TreeGroup) {
                .id = e->id,
                .parent_id = e->parent == NONE ? 0 : tree_entry(t, e->parent)->id,
                .name = e->name,
                .owner = e->owner,
                .level = e->level,
                .alive = e->alive,
                .since_nsec = e->since_nsec,
                .owner_certain = e->owner_certain,
                .root_owned = root_owned,
                .has_invocation = e->has_invocation,
                .first_pid = e->first_pid,
                .first_start_nsec = e->first_start_nsec,
                .label = e->label,
        };
        memcpy(ret->invocation, e->invocation, sizeof(ret->invocation));
        if (e->detached)
                ret->name = strrchr(e->name, '/') + 1;
}

bool tree_get(const Tree *t, uint64_t id, TreeGroup *ret) {
        uint32_t index = tree_entry_of(t, id);

        if (index == NONE)
                return false;
        group_of(t, index, ret);
        return true;
}

size_t tree_owners(const Tree *t, uint64_t id, bool root_owned[], int64_t uids[], size_t max) {
        uint32_t index = tree_entry_of(t, id);
        size_t levels = index == NONE ? 0 : tree_entry(t, index)->level;

        for (uint32_t i = index; i != NONE && i != ROOT; i = tree_entry(t, i)->parent) {
                const Entry *e = tree_entry(t, i);

                if (e->detached)        /* who owns what is above it nobody knows */
                        return 0;
                if (e->level > max)
                        continue;
                root_owned[e->level - 1] = e->owner_certain && e->owner == 0;
                if (uids)
                        uids[e->level - 1] = e->owner_certain ? (int64_t) e->owner : -1;
        }
        return levels < max ? levels : max;
}

size_t tree_next(const Tree *t, size_t position, TreeGroup *ret) {
        for (position++; position < t->top; position++)
                if (tree_entry(t, (uint32_t) position)->used) {
                        group_of(t, (uint32_t) position, ret);
                        return position;
                }
        return 0;
}

void tree_counts(const Tree *t, TreeCounts *ret) {
        *ret = t->counts;
        ret->bytes = sizeof(*t) + t->n_chunks * CHUNK * sizeof(Entry) + 2 * t->buckets * sizeof(uint32_t) +
                     t->names.bytes + t->owners.size * sizeof(Owner);
}
