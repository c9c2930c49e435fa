#pragma once
/* Finds the cgroups: walks the hierarchy once, breadth first by openat, on a thread of its own, and where asked goes on
 * watching it by inotify on the directories (tier log: without it births are told by the kprobe tier's churn ring).
 * News come through a ring; the event thread feeds them to the tree. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "supervisor/base/ring.h"
#include "supervisor/host/cgroupfs.h"

typedef struct Dirwatch Dirwatch;

typedef enum DirwatchKind {
        DIRWATCH_BORN,
        DIRWATCH_DIED,
        DIRWATCH_WALKING,               /* a walk it began by itself, after an overflow: tree_walk_begin() */
        DIRWATCH_WALKED,                /* a walk ended: where @complete, tree_walk_end() */
} DirwatchKind;

typedef struct DirwatchNews {
        DirwatchKind kind;
        uint64_t id, parent_id;
        uint32_t owner;
        bool has_invocation;
        bool complete;                  /* WALKED: all was seen, so what was not met is gone */
        uint8_t invocation[16];
        int32_t first_pid;              /* for tree_first(); 0: none */
        uint64_t first_start_nsec;
        uint64_t time_nsec;             /* CLOCK_BOOTTIME of our learning it */
        char name[256];
        char label[512];                /* of a pod's cgroup, for tree_label(); "" */
} DirwatchNews;

/* News come by the hundred: one ring item is a batch. */
typedef struct DirwatchBatch {
        size_t n;
        DirwatchNews news[];
} DirwatchBatch;

typedef struct DirwatchCounts {
        uint64_t walked;                /* directories seen by walks */
        uint64_t walk_usec;             /* how long the last walk took */
        uint64_t watches;               /* inotify watches now */
        uint64_t unwatched;             /* directories that got none: max_user_watches */
        uint64_t overflows;             /* queue overflows, each followed by a walk */
} DirwatchCounts;

/* Starts the thread, which walks at once: call tree_walk_begin() right before, so that births told meanwhile by others
 * count as met. @watch: the directory below which to look ("/": all). @follow: go on by inotify after the walk. @fs
 * must outlive it. Returns 0, -errno. */
int dirwatch_new(Dirwatch **ret, const Cgroupfs *fs, const char *watch, bool follow);

/* Stops the thread and frees what was not taken. Returns NULL. */
Dirwatch *dirwatch_free(Dirwatch *d);

/* Where batches arrive: ring_fd() to watch, ring_drain_fd(), dirwatch_take() until NULL; free() each batch. */
Ring *dirwatch_ring(Dirwatch *d);
DirwatchBatch *dirwatch_take(Dirwatch *d);

/* Walks again, for churn events were lost; tree_walk_begin() right before. */
void dirwatch_walk(Dirwatch *d);

/* Gives the counters since the start. */
void dirwatch_counts(Dirwatch *d, DirwatchCounts *ret);
