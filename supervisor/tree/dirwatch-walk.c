/* The walk: directory after directory, each one's watch before a look into it. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "policies/path.h"
#include "supervisor/base/clock.h"
#include "supervisor/base/fd.h"
#include "supervisor/host/firstprocess.h"
#include "supervisor/host/podnames.h"
#include "supervisor/tree/dirwatch-private.h"

enum { BATCH = 64 };
enum { WATCH_MASK = IN_CREATE | IN_DELETE | IN_ONLYDIR };

typedef struct Queue {
        Pending *first, **last;
        const char *parent;             /* the path of whose children are being collected */
        uint64_t parent_id;
} Queue;

void dirwatch_send(Dirwatch *d) {
        while (d->batch && d->batch->n > 0) {
                if (ring_push(d->ring, d->batch)) {
                        d->batch = NULL;
                        return;
                }
                if (atomic_load(&d->stop))
                        return;
                /* The event thread is behind: unlike a probe's ring, the file system waits for us. */
                struct pollfd p = { .fd = d->wake_fd, .events = POLLIN };
                (void) poll(&p, 1, 10);
        }
}

DirwatchNews *dirwatch_news(Dirwatch *d, DirwatchKind kind, uint64_t id) {
        DirwatchNews *news;

        if (d->batch && d->batch->n == BATCH)
                dirwatch_send(d);
        if (!d->batch) {
                d->batch = malloc(sizeof(*d->batch) + BATCH * sizeof(*d->batch->news));
                if (!d->batch) {
                        d->failed = true;
                        return NULL;
                }
                d->batch->n = 0;
        }
        if (d->batch->n == BATCH)
                return NULL;            /* stopping */
        news = &d->batch->news[d->batch->n++];
        memset(news, 0, sizeof(*news));
        news->kind = kind;
        news->id = id;
        news->time_nsec = clock_boottime_nsec();
        return news;
}

/* "/a/b" is on the way to, at, or below what is watched. */
static bool wanted(const Dirwatch *d, const char *path) {
        return path_is_below(path, d->watch) || path_is_below(d->watch, path);
}

static int enqueue(void *userdata, const char *name, uint64_t id) {
        Queue *q = userdata;
        size_t above = strlen(q->parent), length = strlen(name);
        Pending *p;

        if (above == 1)
                above = 0;
        p = malloc(sizeof(*p) + above + length + 2);
        if (!p)
                return -ENOMEM;
        *p = (Pending) { .id = id, .parent_id = q->parent_id, .name = above + 1 };
        memcpy(p->path, q->parent, above);
        p->path[above] = '/';
        memcpy(p->path + above + 1, name, length + 1);
        *q->last = p;
        q->last = &p->next;
        return 0;
}

void dirwatch_unwatch(Dirwatch *d, uint64_t id) {
        uint64_t wd;

        if (!idmap_get(&d->watch_of, id, &wd))
                return;
        /* Up to 7.0 nothing removes the mark when the directory goes; max_user_watches would run out. */
        (void) inotify_rm_watch(d->inotify_fd, (int) wd);
        idmap_remove(&d->watch_of, id);
        idmap_remove(&d->group_of, wd);
        d->watches--;
}

static void watch(Dirwatch *d, int fd, uint64_t id) {
        char path[64];
        uint64_t known;
        int wd;

        if (!d->follow || idmap_get(&d->watch_of, id, &known))
                return;
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        wd = inotify_add_watch(d->inotify_fd, path, WATCH_MASK);
        if (wd < 0 || idmap_set(&d->watch_of, id, (uint64_t) wd) < 0 || idmap_set(&d->group_of, (uint64_t) wd, id) < 0) {
                d->unwatched++;
                return;
        }
        d->watches++;
}

/* Looks into one directory: who owns it, what is in it. The watch comes first, so that no child is missed in between. */
static void visit(Dirwatch *d, const Pending *p, Queue *q) {
        _cleanup_close_ int fd = cgroupfs_open_sure(d->fs, p->id, p->path);
        DirwatchNews *news;
        struct stat st;
        int r;

        if (fd < 0) {
                d->failed = d->failed || fd != -ENODEV;
                return;
        }
        if (fstat(fd, &st) < 0)
                return;
        d->walked++;
        watch(d, fd, p->id);
        if (p->id != d->fs->root_id) {
                news = dirwatch_news(d, DIRWATCH_BORN, p->id);
                if (!news)
                        return;
                news->parent_id = p->parent_id;
                news->owner = st.st_uid;
                news->has_invocation = cgroupfs_invocation(fd, news->invocation);
                snprintf(news->name, sizeof(news->name), "%s", p->path + p->name);
                podnames_label(NULL, p->path, news->label, sizeof(news->label));
                (void) firstprocess_find(fd, &news->first_pid, &news->first_start_nsec);
                if (d->follow) {
                        const TreeBirth b = { .id = p->id, .parent_id = p->parent_id, .name = news->name, .owner = st.st_uid };

                        (void) tree_learn(d->tree, &b);
                }
        }
        q->parent = p->path;
        q->parent_id = p->id;
        r = cgroupfs_children(fd, enqueue, q);
        if (r < 0 && r != -ENODEV)
                d->failed = true;
}

void dirwatch_visit(Dirwatch *d, Pending *first) {
        Queue q = { .first = first, .last = &first->next };

        while (q.first) {
                Pending *p = q.first;

                if (!atomic_load(&d->stop) && wanted(d, p->path))
                        visit(d, p, &q);
                q.first = p->next;
                if (!q.first)
                        q.last = &q.first;
                free(p);
        }
        if (atomic_load(&d->stop))
                d->failed = true;
}

Pending *dirwatch_pending(uint64_t id, uint64_t parent_id, const char *parent, const char *name) {
        Queue q = { .parent = parent, .parent_id = parent_id };

        q.last = &q.first;
        return enqueue(&q, name, id) < 0 ? NULL : q.first;
}

/* What the walk of our own picture did not meet has no use for its watch any more. */
static void sweep(Dirwatch *d) {
        TreeGroup g;

        tree_walk_end(d->tree, clock_boottime_nsec());
        for (size_t i = 0; i < d->watch_of.size;) {
                uint64_t id = d->watch_of.cells[i].key;

                if (id != 0 && !(tree_get(d->tree, id, &g) && g.alive))
                        dirwatch_unwatch(d, id);         /* another may have moved into this cell */
                else
                        i++;
        }
}

void dirwatch_walk_all(Dirwatch *d) {
        uint64_t begun = clock_boottime_nsec();
        Pending *root = dirwatch_pending(d->fs->root_id, 0, "/", "");
        DirwatchNews *news;

        d->failed = !root;
        atomic_store(&d->walked, 0);
        if (d->follow)
                tree_walk_begin(d->tree);
        if (root)
                dirwatch_visit(d, root);
        if (d->follow && !d->failed)
                sweep(d);
        news = dirwatch_news(d, DIRWATCH_WALKED, d->fs->root_id);
        if (news)
                news->complete = !d->failed;
        atomic_store(&d->walk_usec, (clock_boottime_nsec() - begun) / 1000);
        dirwatch_send(d);
}
