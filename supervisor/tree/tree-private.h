#pragma once
/* What the files of the tree share. An entry is known by its index, which stays; entries lie in chunks, which never move. */
#include "supervisor/tree/names.h"
#include "supervisor/tree/owners.h"
#include "supervisor/tree/tree.h"

enum { NONE = 0, ROOT = 1 };            /* indexes of entries; 0 is nobody */
enum { CHUNK = 256, CHUNKS_MAX = 4096 };
enum { OWNER_SHARE = 4 };               /* an owner other than root has a quarter of each bound */

/* One cgroup, living or dead. */
typedef struct Entry {
        uint64_t id;
        uint64_t since_nsec;            /* known since then (0: not said); of a dead one: dead since then */
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

/* The entry of @index. */
static inline Entry *tree_entry(const Tree *t, uint32_t index) {
        return &t->chunks[index / CHUNK][index % CHUNK];
}

/* --- entries and the tables they are found by (tree-table.c) --- */

/* The entry of that id, living or dead, or NONE. */
uint32_t tree_entry_of(const Tree *t, uint64_t id);

/* The child of that name: the living one, else the one that died last. @parent NONE: a whole path. */
uint32_t tree_entry_named(const Tree *t, uint32_t parent, const char *name, size_t length);

/* Puts an entry with its id, parent and name into both tables, and takes it out again. */
void tree_tables_link(Tree *t, uint32_t index);
void tree_tables_unlink(Tree *t, uint32_t index);

/* Makes the tables anew with @buckets, a power of two. Returns 0, -ENOMEM. */
int tree_tables_grow(Tree *t, size_t buckets);

/* Makes a chunk more. Returns 0, -ENOMEM. */
int tree_entries_grow(Tree *t);

/* An empty entry, not yet in the tables; NONE without memory. */
uint32_t tree_entry_take(Tree *t);

/* Gives back an entry that is in no table, with its name and label. */
void tree_entry_give(Tree *t, uint32_t index);

/* --- tombstones (tree-tombs.c) --- */

/* Counts the living of @uid up or down. */
void tree_owner_count(Tree *t, uint32_t uid, int alive);

/* The entry has died: a tombstone from now on. */
void tree_entry_dies(Tree *t, uint32_t index, uint64_t now_nsec);

/* Gives up @o's tombstones that are over the bounds. */
void tree_tombs_expire(Tree *t, Owner *o, uint64_t now_nsec);

/* --- paths (tree-path.c) --- */

/* Where a newcomer hangs. */
typedef struct TreePlace {
        uint32_t parent, near;          /* parent NONE: detached, @name is the whole path */
        const char *name;
        uint16_t level;
} TreePlace;

/* Finds it. Returns 0, -ERANGE outside Watch=, -ENOENT, -EINVAL, -ENAMETOOLONG. */
int tree_place_find(const Tree *t, const TreeBirth *b, TreePlace *ret);
