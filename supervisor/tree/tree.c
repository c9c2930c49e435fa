#include "supervisor/tree/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/tree/names.h"
#include "supervisor/tree/owners.h"

enum { NONE = 0, ROOT = 1 };            /* indexes of entries; 0 is nobody */
enum { CHUNK = 256, CHUNKS_MAX = 4096 };
enum { KEEP_DEAD = 4096, HARD_FACTOR = 8, OWNER_SHARE = 4 };
#define KEEP_DEAD_NSEC UINT64_C(60000000000)

typedef struct Entry {
        uint64_t id, died_nsec;
        char *name;                     /* of its directory; the whole path where @detached */
        char *label;
        uint8_t invocation[16];
        uint64_t first_start_nsec;
        int32_t first_pid;
        uint32_t parent;
        uint32_t id_next, name_next;    /* chains of the two tables */
        uint32_t next;                  /* free list, or the owner's tombstones */
        uint32_t children;              /* entries, dead or alive, whose parent this is */
        uint32_t owner;
        uint16_t level;
        uint16_t walk;                  /* the walk it was last met in */
        bool used, alive, detached, owner_certain, has_invocation, orphaned;
} Entry;

struct Tree {
        Entry *chunks[CHUNKS_MAX];
        size_t n_chunks, n_entries, top;        /* top: indexes below were in use once */
        uint32_t free;
        uint32_t *by_id, *by_name;
        size_t buckets;                         /* of each table, a power of two */
        Names names;
        Owners owners;
        char *watch;
        size_t max_groups, keep_dead;
        uint64_t keep_dead_nsec;
        uint16_t walk;
        TreeCounts counts;
};

static Entry *at(const Tree *t, uint32_t index) {
        return &t->chunks[index / CHUNK][index % CHUNK];
}

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

static uint32_t find_id(const Tree *t, uint64_t id) {
        uint32_t i = t->by_id[id_bucket(t, id)];

        while (i != NONE && at(t, i)->id != id)
                i = at(t, i)->id_next;
        return i;
}

/* The child of that name: the living one, else the one that died last. @parent NONE: a whole path. */
static uint32_t find_name(const Tree *t, uint32_t parent, const char *name, size_t length) {
        uint32_t found = NONE;

        for (uint32_t i = t->by_name[name_bucket(t, parent, name, length)]; i != NONE; i = at(t, i)->name_next) {
                const Entry *e = at(t, i);

                if (e->parent != parent || strncmp(e->name, name, length) != 0 || e->name[length] != '\0')
                        continue;
                if (e->alive)
                        return i;
                if (found == NONE || e->died_nsec > at(t, found)->died_nsec)
                        found = i;
        }
        return found;
}

static void link_tables(Tree *t, uint32_t index) {
        Entry *e = at(t, index);
        uint32_t *id = &t->by_id[id_bucket(t, e->id)];
        uint32_t *name = &t->by_name[name_bucket(t, e->parent, e->name, strlen(e->name))];

        e->id_next = *id;
        *id = index;
        e->name_next = *name;
        *name = index;
}

static void unlink_tables(Tree *t, uint32_t index) {
        Entry *e = at(t, index);
        uint32_t *i;

        for (i = &t->by_id[id_bucket(t, e->id)]; *i != index; i = &at(t, *i)->id_next)
                ;
        *i = e->id_next;
        for (i = &t->by_name[name_bucket(t, e->parent, e->name, strlen(e->name))]; *i != index; i = &at(t, *i)->name_next)
                ;
        *i = e->name_next;
}

static int grow_tables(Tree *t, size_t buckets) {
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
                if (at(t, i)->used)
                        link_tables(t, i);
        return 0;
}

static int grow_entries(Tree *t) {
        Entry *chunk;

        if (t->n_chunks == CHUNKS_MAX)
                return -ENOMEM;
        chunk = calloc(CHUNK, sizeof(*chunk));
        if (!chunk)
                return -ENOMEM;
        t->chunks[t->n_chunks++] = chunk;
        return 0;
}

/* An empty entry, not yet in the tables. */
static uint32_t entry_take(Tree *t) {
        uint32_t index = t->free;

        if (index != NONE)
                t->free = at(t, index)->next;
        else {
                if (t->top == t->n_chunks * CHUNK && grow_entries(t) < 0)
                        return NONE;
                index = (uint32_t) t->top++;
        }
        *at(t, index) = (Entry) { .used = true, .walk = t->walk };
        t->n_entries++;
        return index;
}

/* Forgets an entry, and its parent with it where that was only kept for its sake. */
static void entry_release(Tree *t, uint32_t index) {
        while (index != NONE) {
                Entry *e = at(t, index);
                uint32_t parent = e->parent;

                if (e->children > 0) {          /* a dead parent waits for its dead children: they need its name */
                        e->orphaned = true;
                        return;
                }
                unlink_tables(t, index);
                names_release(&t->names, e->name);
                names_release(&t->names, e->label);
                *e = (Entry) { .next = t->free };
                t->free = index;
                t->n_entries--;
                t->counts.dead--;
                if (parent == NONE)
                        return;
                at(t, parent)->children--;
                index = at(t, parent)->orphaned ? parent : NONE;
        }
}

static void count_owner(Tree *t, uint32_t uid, int alive, int dead) {
        Owner *o = owners_get(&t->owners, uid);

        if (!o)         /* no memory for a counter: his bound is not held, nothing else depends on it */
                return;
        o->alive = (size_t) ((ptrdiff_t) o->alive + alive);
        o->dead = (size_t) ((ptrdiff_t) o->dead + dead);
}

/* The oldest tombstone of that owner is given up. */
static void tomb_drop(Tree *t, Owner *o, uint64_t now_nsec) {
        uint32_t index = o->tomb_head;
        Entry *e = at(t, index);

        o->tomb_head = e->next;
        if (o->tomb_head == NONE)
                o->tomb_tail = NONE;
        o->dead--;
        if (now_nsec - e->died_nsec < t->keep_dead_nsec)
                t->counts.forgotten++;
        entry_release(t, index);
}

static void tombs_expire(Tree *t, Owner *o, uint64_t now_nsec) {
        size_t hard = t->keep_dead * HARD_FACTOR, share = o->uid == 0 ? hard : hard / OWNER_SHARE;

        while (o->tomb_head != NONE) {
                const Entry *e = at(t, o->tomb_head);
                bool old = now_nsec >= e->died_nsec && now_nsec - e->died_nsec >= t->keep_dead_nsec;

                if (o->dead <= share && t->counts.dead <= hard && !(old && t->counts.dead > t->keep_dead))
                        return;
                tomb_drop(t, o, now_nsec);
        }
}

static void entry_dies(Tree *t, uint32_t index, uint64_t now_nsec) {
        Entry *e = at(t, index);
        Owner *o = owners_get(&t->owners, e->owner);

        if (e->alive)
                t->counts.alive--;
        e->alive = false;
        e->died_nsec = now_nsec;
        e->next = NONE;
        t->counts.dead++;
        if (!o) {
                entry_release(t, index);
                return;
        }
        o->alive--;
        o->dead++;
        if (o->tomb_tail != NONE)
                at(t, o->tomb_tail)->next = index;
        else
                o->tomb_head = index;
        o->tomb_tail = index;
        tombs_expire(t, o, now_nsec);
}

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
        t->watch = strdup(options->watch && *options->watch ? options->watch : "/");
        if (!t->watch || grow_entries(t) < 0 || grow_tables(t, FIRST_BUCKETS) < 0 || !owners_get(&t->owners, 0)) {
                tree_free(t);
                return -ENOMEM;
        }
        for (size_t n = strlen(t->watch); n > 1 && t->watch[n - 1] == '/'; n--)
                t->watch[n - 1] = '\0';
        root = entry_take(t);
        *at(t, root) = (Entry) { .id = root_id, .used = true, .alive = true, .owner_certain = true };
        at(t, root)->name = names_copy(&t->names, "", 0);
        if (!at(t, root)->name) {
                tree_free(t);
                return -ENOMEM;
        }
        link_tables(t, root);
        count_owner(t, 0, 1, 0);
        t->counts.alive = 1;
        *ret = t;
        return 0;
}

Tree *tree_free(Tree *t) {
        if (!t)
                return NULL;
        for (uint32_t i = ROOT; i < t->top; i++)
                if (at(t, i)->used) {
                        names_release(&t->names, at(t, i)->name);
                        names_release(&t->names, at(t, i)->label);
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
                        tombs_expire(t, o, now_nsec);
        if (t->n_entries * 4 > t->buckets * 3)
                (void) grow_tables(t, t->buckets * 2);
        if (t->free == NONE && t->n_chunks * CHUNK - t->top < ROOM)
                (void) grow_entries(t);
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

/* "/a/b" is below "/a", and "/a" is; "/ab" is not. */
static bool path_below(const char *path, const char *above) {
        size_t n = strlen(above);

        if (n == 1)
                return true;
        return strncmp(path, above, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

static bool inside(const Tree *t, const char *path) {
        return path_below(path, t->watch) || path_below(t->watch, path);
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
                here = here == NONE ? NONE : find_name(t, here, word, n);
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

/* Where a newcomer hangs. */
typedef struct Place {
        uint32_t parent, near;          /* parent NONE: detached, @name is the whole path */
        const char *name;
        uint16_t level;
} Place;

static int find_place(Tree *t, const TreeBirth *b, Place *ret) {
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
        ret->parent = ret->near = find_id(t, b->parent_id);
        ret->name = b->name;
        if (ret->parent == NONE)
                return -ENOENT;
        ret->level = (uint16_t) (at(t, ret->parent)->level + 1);
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

static void take_owner(Tree *t, Entry *e, uint32_t owner) {
        if (owner == TREE_OWNER_UNKNOWN || !owners_get(&t->owners, owner))
                return;
        /* A tombstone stays in the list it is in; only living ones are counted anew. */
        if (owner != e->owner && e->alive) {
                count_owner(t, e->owner, -1, 0);
                count_owner(t, owner, 1, 0);
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

static void attach(Tree *t, uint32_t index, const Place *p) {
        Entry *e = at(t, index);

        e->parent = p->parent;
        e->detached = p->parent == NONE;
        e->level = p->level;
        if (p->parent != NONE)
                at(t, p->parent)->children++;
        link_tables(t, index);
}

static bool is_at_or_below(const Tree *t, uint32_t index, uint32_t above) {
        while (index != NONE && index != above)
                index = at(t, index)->parent;
        return index != NONE;
}

/* A detached entry whose parent has become known is hung where it belongs. */
static void reattach(Tree *t, uint32_t index, const TreeBirth *b) {
        Place p;
        char *name;

        if (find_place(t, b, &p) < 0 || p.parent == NONE || is_at_or_below(t, p.parent, index))
                return;
        name = names_copy(&t->names, p.name, strlen(p.name));
        if (!name)
                return;
        unlink_tables(t, index);
        names_release(&t->names, at(t, index)->name);
        at(t, index)->name = name;
        attach(t, index, &p);
}

int tree_learn(Tree *t, const TreeBirth *b) {
        uint32_t index = find_id(t, b->id), owner = b->owner;
        Place p;
        Entry *e;
        int r;

        if (index != NONE) {
                e = at(t, index);
                e->walk = t->walk;
                take_owner(t, e, owner);
                take_invocation(e, b->invocation);
                if (e->detached)
                        reattach(t, index, b);
                return 0;
        }
        r = find_place(t, b, &p);
        if (r == -ERANGE)
                t->counts.outside++;
        if (r < 0)
                return r;
        if (owner == TREE_OWNER_UNKNOWN)
                owner = at(t, p.near)->owner;
        r = check_bounds(t, owner);
        if (r < 0)
                return r;
        if (t->n_entries >= t->buckets && grow_tables(t, t->buckets * 2) < 0)
                return -ENOMEM;
        index = entry_take(t);
        if (index == NONE)
                return -ENOMEM;
        e = at(t, index);
        e->name = names_copy(&t->names, p.name, strlen(p.name));
        if (!e->name || !owners_get(&t->owners, owner)) {
                names_release(&t->names, e->name);
                *e = (Entry) { .next = t->free };
                t->free = index;
                t->n_entries--;
                return -ENOMEM;
        }
        e->id = b->id;
        e->alive = true;
        e->owner = owner;
        e->owner_certain = b->owner != TREE_OWNER_UNKNOWN;
        take_invocation(e, b->invocation);
        attach(t, index, &p);
        count_owner(t, owner, 1, 0);
        t->counts.alive++;
        return 1;
}

void tree_died(Tree *t, uint64_t id, const char *path, uint64_t now_nsec) {
        uint32_t index = find_id(t, id);

        if (index == NONE && path) {
                const TreeBirth b = { .id = id, .path = path, .owner = TREE_OWNER_UNKNOWN };

                if (tree_learn(t, &b) > 0)
                        index = find_id(t, id);
        }
        if (index != NONE && index != ROOT && at(t, index)->alive)
                entry_dies(t, index, now_nsec);
}

void tree_walk_begin(Tree *t) {
        t->walk++;
}

void tree_walk_end(Tree *t, uint64_t now_nsec) {
        for (uint32_t i = ROOT + 1; i < t->top; i++)
                if (at(t, i)->used && at(t, i)->alive && at(t, i)->walk != t->walk)
                        entry_dies(t, i, now_nsec);
}

void tree_fill(Tree *t, uint64_t id, uint32_t owner, const uint8_t *invocation) {
        uint32_t index = find_id(t, id);

        if (index == NONE || index == ROOT)
                return;
        take_owner(t, at(t, index), owner);
        take_invocation(at(t, index), invocation);
}

void tree_first(Tree *t, uint64_t id, TreeProcess first) {
        uint32_t index = find_id(t, id);
        Entry *e = at(t, index);

        if (index == NONE || index == ROOT || e->first_pid > 0 || first.pid <= 0)
                return;
        e->first_pid = first.pid;
        e->first_start_nsec = first.start_nsec;
}

int tree_label(Tree *t, uint64_t id, const char *label) {
        uint32_t index = find_id(t, id);
        char *copy = NULL;

        if (index == NONE)
                return -ENOENT;
        if (label) {
                copy = names_copy(&t->names, label, strlen(label));
                if (!copy)
                        return -ENOMEM;
        }
        names_release(&t->names, at(t, index)->label);
        at(t, index)->label = copy;
        return 0;
}

static void group_of(const Tree *t, uint32_t index, TreeGroup *ret) {
        const Entry *e = at(t, index);
        bool root_owned = !e->detached;

        for (uint32_t i = index; i != NONE && root_owned; i = at(t, i)->parent)
                root_owned = at(t, i)->owner == 0 && at(t, i)->owner_certain && !at(t, i)->detached;
        *ret = (TreeGroup) {
                .id = e->id,
                .parent_id = e->parent == NONE ? 0 : at(t, e->parent)->id,
                .name = e->name,
                .owner = e->owner,
                .level = e->level,
                .alive = e->alive,
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
        uint32_t index = find_id(t, id);

        if (index == NONE)
                return false;
        group_of(t, index, ret);
        return true;
}

size_t tree_owners(const Tree *t, uint64_t id, bool root_owned[], int64_t uids[], size_t max) {
        uint32_t index = find_id(t, id);
        size_t levels = index == NONE ? 0 : at(t, index)->level;

        for (uint32_t i = index; i != NONE && i != ROOT; i = at(t, i)->parent) {
                const Entry *e = at(t, i);

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

int tree_path(const Tree *t, uint64_t id, char *ret, size_t size) {
        uint32_t index = find_id(t, id);
        size_t need = 0, end;

        if (index == NONE)
                return -ENOENT;
        for (uint32_t i = index; i != NONE && i != ROOT; i = at(t, i)->parent)
                need += strlen(at(t, i)->name) + !at(t, i)->detached;
        if ((need ? need : 1) + 1 > size)
                return -ENAMETOOLONG;
        if (need == 0) {
                memcpy(ret, "/", 2);
                return 1;
        }
        end = need;
        ret[end] = '\0';
        for (uint32_t i = index; i != NONE && i != ROOT; i = at(t, i)->parent) {
                size_t n = strlen(at(t, i)->name);

                end -= n;
                memcpy(ret + end, at(t, i)->name, n);
                if (!at(t, i)->detached)
                        ret[--end] = '/';
        }
        return (int) need;
}

uint64_t tree_find(const Tree *t, const char *path) {
        uint32_t parent, near, found;
        const char *name;

        if (strcmp(path, "/") == 0)
                return at(t, ROOT)->id;
        name = descend(t, path, &parent, &near);
        if (!name)
                return 0;
        found = parent == NONE ? NONE : find_name(t, parent, name, strlen(name));
        if (found == NONE || !at(t, found)->alive) {
                uint32_t whole = find_name(t, NONE, path, strlen(path));

                if (whole != NONE && (found == NONE || at(t, whole)->alive))
                        found = whole;
        }
        return found == NONE ? 0 : at(t, found)->id;
}

bool tree_below(const Tree *t, uint64_t id, uint64_t ancestor) {
        uint32_t index = find_id(t, id);

        while (index != NONE && at(t, index)->id != ancestor)
                index = at(t, index)->parent;
        return index != NONE;
}

size_t tree_next(const Tree *t, size_t position, TreeGroup *ret) {
        for (position++; position < t->top; position++)
                if (at(t, (uint32_t) position)->used) {
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
