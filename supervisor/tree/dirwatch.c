#include "supervisor/tree/dirwatch.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "supervisor/base/fd.h"
#include "supervisor/base/thread.h"
#include "supervisor/tree/dirwatch-private.h"

enum { RING = 256, STACK = 256 * 1024 };

static void *run(void *userdata) {
        Dirwatch *d = userdata;
        uint64_t n;

        dirwatch_walk_all(d);
        while (!atomic_load(&d->stop)) {
                struct pollfd p[2] = { { .fd = d->wake_fd, .events = POLLIN }, { .fd = d->inotify_fd, .events = POLLIN } };

                (void) poll(p, 2, -1);
                if (p[0].revents)
                        (void) !read(d->wake_fd, &n, sizeof(n));
                if (p[1].revents)
                        dirwatch_read(d);
                if (atomic_exchange(&d->again, false) && !atomic_load(&d->stop))
                        dirwatch_walk_all(d);
        }
        return NULL;
}

static int start(Dirwatch *d) {
        const TreeOptions o = { .max_groups = SIZE_MAX / 8, .keep_dead = 1, .keep_dead_nsec = 1, .watch = d->watch };
        int r = ring_new(&d->ring, RING);

        if (r < 0)
                return r;
        d->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (d->wake_fd < 0)
                return -errno;
        if (d->follow) {
                d->inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
                if (d->inotify_fd < 0)
                        return -errno;
                r = tree_new(&d->tree, &o, d->fs->root_id);
                if (r < 0)
                        return r;
        }
        return thread_start(&d->thread, /* name= */ NULL, STACK, run, d);
}

static void release(Dirwatch *d) {
        DirwatchBatch *b;

        while (d->ring && (b = ring_pop(d->ring)))
                free(b);
        ring_free(d->ring);
        fd_closep(&d->wake_fd);
        fd_closep(&d->inotify_fd);
        tree_free(d->tree);
        idmap_clear(&d->watch_of);
        idmap_clear(&d->group_of);
        free(d->batch);
        free(d->watch);
        free(d);
}

int dirwatch_new(Dirwatch **ret, const Cgroupfs *fs, const char *watched, bool follow) {
        Dirwatch *d = calloc(1, sizeof(*d));
        int r;

        if (!d)
                return -ENOMEM;
        d->fs = fs;
        d->follow = follow;
        d->wake_fd = d->inotify_fd = -1;
        d->watch = strdup(watched && *watched ? watched : "/");
        for (size_t n = d->watch ? strlen(d->watch) : 0; n > 1 && d->watch[n - 1] == '/'; n--)
                d->watch[n - 1] = '\0';
        r = d->watch ? start(d) : -ENOMEM;
        if (r < 0) {
                release(d);
                return r;
        }
        *ret = d;
        return 0;
}

Dirwatch *dirwatch_free(Dirwatch *d) {
        uint64_t one = 1;

        if (!d)
                return NULL;
        atomic_store(&d->stop, true);
        (void) !write(d->wake_fd, &one, sizeof(one));
        pthread_join(d->thread, NULL);
        release(d);
        return NULL;
}

Ring *dirwatch_ring(Dirwatch *d) {
        return d->ring;
}

DirwatchBatch *dirwatch_take(Dirwatch *d) {
        return ring_pop(d->ring);
}

void dirwatch_walk(Dirwatch *d) {
        uint64_t one = 1;

        atomic_store(&d->again, true);
        (void) !write(d->wake_fd, &one, sizeof(one));
}

void dirwatch_counts(Dirwatch *d, DirwatchCounts *ret) {
        *ret = (DirwatchCounts) {
                .walked = d->walked,
                .walk_usec = d->walk_usec,
                .watches = d->watches,
                .unwatched = d->unwatched,
                .overflows = d->overflows,
        };
}
