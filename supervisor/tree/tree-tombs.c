/* The dead: each owner's tombstones in the order of their deaths, given up when they are old or too many. */
#include "supervisor/tree/tree-private.h"

enum { HARD_FACTOR = 8 };               /* times keep_dead: more are not kept, however young */

/* Forgets an entry, and its parent with it where that was only kept for its sake. */
static void entry_release(Tree *t, uint32_t index) {
        while (index != NONE) {
                Entry *e = tree_entry(t, index);
                uint32_t parent = e->parent;

                if (e->children > 0) {          /* a dead parent waits for its dead children: they need its name */
                        e->orphaned = true;
                        return;
                }
                tree_tables_unlink(t, index);
                tree_entry_give(t, index);
                t->counts.dead--;
                if (parent == NONE)
                        return;
                tree_entry(t, parent)->children--;
                index = tree_entry(t, parent)->orphaned ? parent : NONE;
        }
}

void tree_owner_count(Tree *t, uint32_t uid, int alive) {
        Owner *o = owners_get(&t->owners, uid);

        if (!o)         /* no memory for a counter: his bound is not held, nothing else depends on it */
                return;
        o->alive = (size_t) ((ptrdiff_t) o->alive + alive);
}

/* The oldest tombstone of that owner is given up. */
static void tomb_drop(Tree *t, Owner *o, uint64_t now_nsec) {
        uint32_t index = o->tomb_head;
        Entry *e = tree_entry(t, index);

        o->tomb_head = e->next;
        if (o->tomb_head == NONE)
                o->tomb_tail = NONE;
        o->dead--;
        if (now_nsec - e->since_nsec < t->keep_dead_nsec)
                t->counts.forgotten++;
        entry_release(t, index);
}

void tree_tombs_expire(Tree *t, Owner *o, uint64_t now_nsec) {
        size_t hard = t->keep_dead * HARD_FACTOR, share = o->uid == 0 ? hard : hard / OWNER_SHARE;

        while (o->tomb_head != NONE) {
                const Entry *e = tree_entry(t, o->tomb_head);
                bool old = now_nsec >= e->since_nsec && now_nsec - e->since_nsec >= t->keep_dead_nsec;

                if (o->dead <= share && t->counts.dead <= hard && !(old && t->counts.dead > t->keep_dead))
                        return;
                tomb_drop(t, o, now_nsec);
        }
}

void tree_entry_dies(Tree *t, uint32_t index, uint64_t now_nsec) {
        Entry *e = tree_entry(t, index);
        Owner *o = owners_get(&t->owners, e->owner);

        if (e->alive)
                t->counts.alive--;
        e->alive = false;
        e->since_nsec = now_nsec;
        e->next = NONE;
        t->counts.dead++;
        if (!o) {
                entry_release(t, index);
                return;
        }
        o->alive--;
        o->dead++;
        if (o->tomb_tail != NONE)
                tree_entry(t, o->tomb_tail)->next = index;
        else
                o->tomb_head = index;
        o->tomb_tail = index;
        tree_tombs_expire(t, o, now_nsec);
}
