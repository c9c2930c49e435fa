#pragma once
/* All cgroups of the host by id, with their names, compact, and for a while after their death too: a kill read a moment
 * after its cgroup was removed still finds its path. Owned by the event thread; nothing here does input or output. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Tree Tree;

enum { TREE_OWNER_UNKNOWN = UINT32_MAX };

typedef struct TreeOptions {
        size_t max_groups;              /* MaxGroups=: living ones; of one owner other than root a quarter */
        const char *watch;              /* Watch=: only what lies at or below it, and its ancestors. NULL: "/" */
        size_t keep_dead;               /* tombstones kept whatever their age; 0: 4096 */
        uint64_t keep_dead_nsec;        /* and those younger than this; 0: 60 s; never more than eight times keep_dead */
} TreeOptions;

/* What is known of one cgroup. Strings point into the tree and live until the next call that changes it. */
typedef struct TreeGroup {
        uint64_t id, parent_id;         /* parent_id 0: the root, or not known */
        const char *name;               /* of its directory; "" for the root */
        uint32_t owner;                 /* uid of the directory; TREE_OWNER_UNKNOWN */
        uint32_t level;                 /* root 0 */
        bool alive;
        uint64_t since_nsec;            /* known since then (CLOCK_BOOTTIME; 0: not said); of a dead one: dead since then */
        bool owner_certain;             /* read from the directory; false: taken over from its parent */
        bool root_owned;                /* each directory from the root down to it belongs to root */
        bool has_invocation;
        uint8_t invocation[16];         /* systemd's */
        int32_t first_pid;              /* of the process that was there first; 0: not known */
        uint64_t first_start_nsec;      /* as exact as ticks */
        const char *label;              /* what tree_label() gave: pod and container names; NULL */
} TreeGroup;

typedef struct TreeCounts {
        size_t alive, dead, bytes;
        uint64_t refused;               /* births not kept because MaxGroups was reached */
        uint64_t refused_owner;         /* ... because their owner has his quarter */
        uint64_t outside;               /* births outside Watch= */
        uint64_t forgotten;             /* tombstones given up before keep_dead_nsec was over */
} TreeCounts;

/* A birth, by path (a mkdir event) or by parent and name (a walk). */
typedef struct TreeBirth {
        uint64_t id;
        const char *path;               /* "/a/b"; NULL: by parent_id and name */
        uint64_t parent_id;
        const char *name;
        uint32_t owner;                 /* TREE_OWNER_UNKNOWN: the parent's is assumed (only he or root can make it) */
        const uint8_t *invocation;      /* 16 bytes or NULL */
        uint64_t now_nsec;              /* of a newcomer: when it is learned; 0: not said */
} TreeBirth;

/* A process; pid 0: none, or not known. */
typedef struct TreeProcess {
        int32_t pid;
        uint64_t start_nsec;
} TreeProcess;

/* Makes a tree that holds the root, @root_id, owned by root. Returns 0, -ENOMEM. */
int tree_new(Tree **ret, const TreeOptions *options, uint64_t root_id);
Tree *tree_free(Tree *t);

/* Makes room ahead (tables, names), so that the next births allocate nothing, and lets old tombstones go; from a timer
 * that runs anyhow, or when idle. */
void tree_prepare(Tree *t, uint64_t now_nsec);

/* New bounds after a reload; what is already known stays. */
void tree_bound(Tree *t, size_t max_groups);

/* Another part of the hierarchy is watched from now on (a reload); a walk has yet to learn it. What is known outside stays
 * until it dies. Returns 0 or -ENOMEM. */
int tree_watch(Tree *t, const char *watch);

/* Learns of a birth. Returns 1 for a newcomer, 0 for one already known (its owner and invocation are filled in),
 * -EDQUOT where a bound bites (counted), -ERANGE outside Watch= (counted), -ENOENT where its parent is not known and no
 * path was given, -ENOMEM. */
int tree_learn(Tree *t, const TreeBirth *birth);

/* A cgroup is gone; its tombstone stays for a while. Of an id not known a tombstone is made where @path (else NULL) says
 * its name: a walk that saw it alive may still be on its way, and so may its kill. */
void tree_died(Tree *t, uint64_t id, const char *path, uint64_t now_nsec);

/* A walk over the whole hierarchy begins; at its end what was neither met nor born since is gone. */
void tree_walk_begin(Tree *t);
void tree_walk_end(Tree *t, uint64_t now_nsec);

/* Which process was in the cgroup first; the first answer stays. Unknown ids are ignored. */
void tree_first(Tree *t, uint64_t id, TreeProcess first);

/* What an eye found out later. Unknown ids are ignored. @invocation NULL: leave. */
void tree_fill(Tree *t, uint64_t id, uint32_t owner, const uint8_t *invocation);

/* Names by which the workload in it is known, "NAMESPACE_POD_UID/CONTAINER" (host/podnames.h); copied; NULL removes. Returns 0, -ENOENT. */
int tree_label(Tree *t, uint64_t id, const char *label);

/* Living or dead. Returns true where @id is known. */
bool tree_get(const Tree *t, uint64_t id, TreeGroup *ret);

/* Who owns the directories from the first level down to @id: @root_owned[0] is "/system.slice"'s. What is not certain
 * counts as not root's; @uids (may be NULL) gets -1 there. Returns how many levels are known (the first of them), at
 * most @max; 0 also for the root and unknown ids. As attribute/identity wants it. */
size_t tree_owners(const Tree *t, uint64_t id, bool root_owned[], int64_t uids[], size_t max);

/* The owner of the deepest known directory on the way to @path, which may not be known itself. */
uint32_t tree_owner_near(const Tree *t, const char *path);

/* Writes the path ("/" the root). Returns its length, -ENOENT, -ENAMETOOLONG. */
int tree_path(const Tree *t, uint64_t id, char *ret, size_t size);

/* The cgroup of that path: the living one, else the one that died last. Returns its id, 0 where there is none. */
uint64_t tree_find(const Tree *t, const char *path);

/* Whether @id is @ancestor or lies below it. */
bool tree_below(const Tree *t, uint64_t id, uint64_t ancestor);

/* A step of a round over all cgroups, in no order: 0 begins; returns the next position or 0 at the end. */
size_t tree_next(const Tree *t, size_t position, TreeGroup *ret);

/* All cgroups that a CGROUP word of the command line means: /path, a unit's name with suffix, 12 or more digits of a
 * container's id, a container's or NAMESPACE/POD name (labels), id:N. Living ones; dead ones only where none lives,
 * one for each path: the newest.
 * pid:N is the caller's to turn into a path. Returns how many there are (may exceed @max), writes the first @max ids. */
size_t tree_resolve(const Tree *t, const char *word, uint64_t *ret, size_t max);

/* Gives the counters since the start. */
void tree_counts(const Tree *t, TreeCounts *ret);
