/* Births, deaths, and what is found out between them. */
#include <errno.h>
#include <string.h>

#include "supervisor/tree/tree-private.h"

static void take_owner(Tree *t, Entry *e, uint32_t owner) {
        if (owner == TREE_OWNER_UNKNOWN || !owners_get(&t->owners, owner))
                return;
        /* A tombstone stays in the list it is in; only living ones are counted anew. */
        if (owner != e->owner && e->alive) {
                tree_owner_count(t, e->owner, -1);
                tree_owner_count(t, owner, 1);
        }
        e->owner = owner;
        e->owner_certain = true;
}

static void take_invocation(Entry *e, const uint8_t *invocation) {
        if (!invocation)
                return;
        memcpy(e->invocation, invocation, sizeof(e->invocation));
        e->has_invocation = true;
}

static int check_bounds(Tree *t, uint32_t owner) {
        const Owner *o;

        if (t->counts.alive >= t->max_groups) {
                t->counts.refused++;
                return -EDQUOT;
        }
        o = owner == 0 ? NULL : owners_get(&t->owners, owner);
        if (o && o->alive >= t->max_groups / OWNER_SHARE) {
                t->counts.refused_owner++;
                return -EDQUOT;
        }
        return 0;
}

static void attach(Tree *t, uint32_t index, const TreePlace *p) {
        Entry *e = tree_entry(t, index);

        e->parent = p->parent;
        e->detached = p->parent == NONE;
        e->level = p->level;
        if (p->parent != NONE)
                tree_entry(t, p->parent)->children++;
        tree_tables_link(t, index);
}

static bool is_at_or_below(const Tree *t, uint32_t index, uint32_t above) {
        while (index != NONE && index != above)
                index = tree_entry(t, index)->parent;
        return index != NONE;
}

/* A detached entry whose parent has become known is hung where it belongs. */
static void reattach(Tree *t, uint32_t index, const TreeBirth *b) {
        TreePlace p;
        char *name;

        if (tree_place_find(t, b, &p) < 0 || p.parent == NONE || is_at_or_below(t, p.parent, index))
                return;
        name = names_copy(&t->names, p.name, strlen(p.name));
        if (!name)
                return;
        tree_tables_unlink(t, index);
        names_release(&t->names, tree_entry(t, index)->name);
        tree_entry(t, index)->name = name;
        attach(t, index, &p);
}

static int newcomer_learn(Tree *t, const TreeBirth *b) {
        uint32_t index, owner = b->owner;
        TreePlace p;
        Entry *e;
        int r;

        r = tree_place_find(t, b, &p);
        if (r == -ERANGE)
                t->counts.outside++;
        if (r < 0)
                return r;
        if (owner == TREE_OWNER_UNKNOWN)
                owner = tree_entry(t, p.near)->owner;
        r = check_bounds(t, owner);
        if (r < 0)
                return r;
        if (t->n_entries >= t->buckets && tree_tables_grow(t, t->buckets * 2) < 0)
                return -ENOMEM;
        index = tree_entry_take(t);
        if (index == NONE)
                return -ENOMEM;
        e = tree_entry(t, index);
        e->name = names_copy(&t->names, p.name, strlen(p.name));
        if (!e->name || !owners_get(&t->owners, owner)) {
                tree_entry_give(t, index);
                return -ENOMEM;
        }
        e->id = b->id;
        e->since_nsec = b->now_nsec;
        e->alive = true;
        e->owner = owner;
        e->owner_certain = b->owner != TREE_OWNER_UNKNOWN;
        take_invocation(e, b->invocation);
        attach(t, index, &p);
        tree_owner_count(t, owner, 1);
        t->counts.alive++;
        return 1;
}

int tree_learn(Tree *t, const TreeBirth *b) {
        uint32_t index = tree_entry_of(t, b->id);
        Entry *e;

        if (index == NONE)
                return newcomer_learn(t, b);
        e = tree_entry(t, index);
        e->walk = t->walk;
        take_owner(t, e, b->owner);
        take_invocation(e, b->invocation);
        if (e->detached)
                reattach(t, index, b);
        return 0;
}

void tree_died(Tree *t, uint64_t id, const char *path, uint64_t now_nsec) {
        uint32_t index = tree_entry_of(t, id);

        if (index == NONE && path) {
                const TreeBirth b = { .id = id, .path = path, .owner = TREE_OWNER_UNKNOWN };

                if (tree_learn(t, &b) > 0)
                        index = tree_entry_of(t, id);
        }
        if (index != NONE && index != ROOT && tree_entry(t, index)->alive)
                tree_entry_dies(t, index, now_nsec);
}

void tree_walk_begin(Tree *t) {
        t->walk++;
}

void tree_walk_end(Tree *t, uint64_t now_nsec) {
        for (uint32_t i = ROOT + 1; i < t->top; i++)
                if (tree_entry(t, i)->used && tree_entry(t, i)->alive && tree_entry(t, i)->walk != t->walk)
                        tree_entry_dies(t, i, now_nsec);
}

void tree_fill(Tree *t, uint64_t id, uint32_t owner, const uint8_t *invocation) {
        uint32_t index = tree_entry_of(t, id);

        if (index == NONE || index == ROOT)
                return;
        take_owner(t, tree_entry(t, index), owner);
        take_invocation(tree_entry(t, index), invocation);
}

void tree_first(Tree *t, uint64_t id, TreeProcess first) {
        uint32_t index = tree_entry_of(t, id);
        Entry *e = tree_entry(t, index);

        if (index == NONE || index == ROOT || e->first_pid > 0 || first.pid <= 0)
                return;
        e->first_pid = first.pid;
        e->first_start_nsec = first.start_nsec;
}

int tree_label(Tree *t, uint64_t id, const char *label) {
        uint32_t index = tree_entry_of(t, id);
        char *copy = NULL;

        if (index == NONE)
                return -ENOENT;
        if (label) {
                copy = names_copy(&t->names, label, strlen(label));
                if (!copy)
                        return -ENOMEM;
        }
        names_release(&t->names, tree_entry(t, index)->label);
        tree_entry(t, index)->label = copy;
        return 0;
}
