#pragma once
/* What the files of the dirwatch share; but for what is atomic it is its thread's alone. */
#include <pthread.h>
#include <stdatomic.h>

#include "supervisor/base/idmap.h"
#include "supervisor/tree/dirwatch.h"
#include "supervisor/tree/tree.h"

enum { PATH_SIZE = 8192 };

struct Dirwatch {
        const Cgroupfs *fs;
        char *watch;
        bool follow;
        pthread_t thread;
        Ring *ring;
        int wake_fd, inotify_fd;
        atomic_bool stop, again;
        DirwatchBatch *batch;           /* being filled */
        Tree *tree;                     /* @follow: the thread's own picture, names for what inotify tells */
        Idmap watch_of, group_of;       /* @follow: id -> watch descriptor, and back */
        bool failed;                    /* of this walk: something was not seen */
        _Atomic uint64_t walked, walk_usec, watches, unwatched, overflows;
};

/* A directory the walk has yet to look into. */
typedef struct Pending {
        uint64_t id, parent_id;
        struct Pending *next;
        size_t name;                    /* where in @path its name begins */
        char path[];
} Pending;

/* Hands over what is in the batch, waiting while the event thread is behind. */
void dirwatch_send(Dirwatch *d);

/* Room for one more piece of news in the batch. NULL: no memory, or it is stopping. */
DirwatchNews *dirwatch_news(Dirwatch *d, DirwatchKind kind, uint64_t id);

/* Follows a directory no more. */
void dirwatch_unwatch(Dirwatch *d, uint64_t id);

/* A directory to be looked into: @name in @parent. NULL: no memory. */
Pending *dirwatch_pending(uint64_t id, uint64_t parent_id, const char *parent, const char *name);

/* Everything at and below @first, which is freed, breadth first. */
void dirwatch_visit(Dirwatch *d, Pending *first);

/* Walks over everything that is watched, and says so at the end. */
void dirwatch_walk_all(Dirwatch *d);

/* What inotify told. */
void dirwatch_read(Dirwatch *d);
