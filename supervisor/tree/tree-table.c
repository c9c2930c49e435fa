/* Entries, and the two tables by which they are found. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/tree/tree-private.h"

static uint64_t mix(uint64_t h) {
        h ^= h >> 31;
        h *= UINT64_C(0x9e3779b97f4a7c15);
        return h ^ h >> 29;
}

static size_t id_bucket(const Tree *t, uint64_t id) {
        return (size_t) mix(id) & (t->buckets - 1);
}

static size_t name_bucket(const Tree *t, uint32_t parent, const char *name, size_t length) {
        uint64_t h = UINT64_C(1469598103934665603) ^ parent;

        for (size_t i = 0; i < length; i++)
                h = (h ^ (unsigned char) name[i]) * UINT64_C(1099511628211);
        return (size_t) mix(h) & (t->buckets - 1);
}

uint32_t tree_entry_of(const Tree *t, uint64_t id) {
        uint32_t i = t->by_id[id_bucket(t, id)];

        while (i != NONE && tree_entry(t, i)->id != id)
                i = tree_entry(t, i)->id_next;
        return i;
}

uint32_t tree_entry_named(const Tree *t, uint32_t parent, const char *name, size_t length) {
        uint32_t found = NONE;

        for (uint32_t i = t->by_name[name_bucket(t, parent, name, length)]; i != NONE; i = tree_entry(t, i)->name_next) {
                const Entry *e = tree_entry(t, i);

                if (e->parent != parent || strncmp(e->name, name, length) != 0 || e->name[length] != '\0')
                        continue;
                if (e->alive)
                        return i;
                if (found == NONE || e->since_nsec > tree_entry(t, found)->since_nsec)
                        found = i;
        }
        return found;
}

void tree_tables_link(Tree *t, uint32_t index) {
        Entry *e = tree_entry(t, index);
        uint32_t *id = &t->by_id[id_bucket(t, e->id)];
        uint32_t *name = &t->by_name[name_bucket(t, e->parent, e->name, strlen(e->name))];

        e->id_next = *id;
        *id = index;
        e->name_next = *name;
        *name = index;
}

void tree_tables_unlink(Tree *t, uint32_t index) {
        Entry *e = tree_entry(t, index);
        uint32_t *i;

        for (i = &t->by_id[id_bucket(t, e->id)]; *i != index; i = &tree_entry(t, *i)->id_next)
                ;
        *i = e->id_next;
        for (i = &t->by_name[name_bucket(t, e->parent, e->name, strlen(e->name))]; *i != index; i = &tree_entry(t, *i)->name_next)
                ;
        *i = e->name_next;
}

int tree_tables_grow(Tree *t, size_t buckets) {
        uint32_t *by_id = calloc(buckets, sizeof(*by_id)), *by_name = calloc(buckets, sizeof(*by_name));

        if (!by_id || !by_name) {
                free(by_id);
                free(by_name);
                return -ENOMEM;
        }
        free(t->by_id);
        free(t->by_name);
        t->by_id = by_id;
        t->by_name = by_name;
        t->buckets = buckets;
        for (uint32_t i = ROOT; i < t->top; i++)
                if (tree_entry(t, i)->used)
                        tree_tables_link(t, i);
        return 0;
}

int tree_entries_grow(Tree *t) {
        Entry *chunk;

        if (t->n_chunks == CHUNKS_MAX)
                return -ENOMEM;
        chunk = calloc(CHUNK, sizeof(*chunk));
        if (!chunk)
                return -ENOMEM;
        t->chunks[t->n_chunks++] = chunk;
        return 0;
}

uint32_t tree_entry_take(Tree *t) {
        uint32_t index = t->free;

        if (index != NONE)
                t->free = tree_entry(t, index)->next;
        else {
                if (t->top == t->n_chunks * CHUNK && tree_entries_grow(t) < 0)
                        return NONE;
                index = (uint32_t) t->top++;
        }
        *tree_entry(t, index) = (Entry) { .used = true, .walk = t->walk };
        t->n_entries++;
        return index;
}

void tree_entry_give(Tree *t, uint32_t index) {
        Entry *e = tree_entry(t, index);

        names_release(&t->names, e->name);
        names_release(&t->names, e->label);
        *e = (Entry) { .next = t->free };
        t->free = index;
        t->n_entries--;
}
