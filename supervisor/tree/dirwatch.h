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
        DIRWATCH_WALKED,                /* the first walk (or a new one after an overflow) is complete */
} DirwatchKind;

typedef struct DirwatchNews {
        DirwatchKind kind;
        uint64_t id, parent_id;
        uint32_t owner;
        bool has_invocation;
        bool again;                     /* of a walk after an overflow: cgroups not named between two WALKED are gone */
        uint8_t invocation[16];
        uint64_t time_nsec;             /* CLOCK_BOOTTIME of our learning it */
        char name[256];
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
        uint64_t live;                  /* directories whose death we shall tell */
} DirwatchCounts;

/* Starts the thread. @watch: the directory below which to look ("/": all). @follow: go on by inotify after the walk. @fs
 * must outlive it. Returns 0, -errno. */
int dirwatch_new(Dirwatch **ret, const Cgroupfs *fs, const char *watch, bool follow);

/* Stops the thread and frees what was not taken. Returns NULL. */
Dirwatch *dirwatch_free(Dirwatch *d);

/* Where batches arrive: ring_fd() to watch, ring_drain_fd(), dirwatch_take() until NULL; free() each batch. */
Ring *dirwatch_ring(Dirwatch *d);
DirwatchBatch *dirwatch_take(Dirwatch *d);

/* Walks again (what became known by other ways in between does not matter). */
void dirwatch_walk(Dirwatch *d);

void dirwatch_counts(Dirwatch *d, DirwatchCounts *ret);
