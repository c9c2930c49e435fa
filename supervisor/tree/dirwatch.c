#include "supervisor/tree/dirwatch.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "policies/path.h"
#include "supervisor/base/fd.h"
#include "supervisor/base/idmap.h"
#include "supervisor/base/thread.h"
#include "supervisor/host/firstprocess.h"
#include "supervisor/host/podnames.h"
#include "supervisor/host/proc.h"
#include "supervisor/tree/tree.h"

enum { BATCH = 64, RING = 256, STACK = 256 * 1024, PATH_SIZE = 8192 };
enum { WATCH_MASK = IN_CREATE | IN_DELETE | IN_ONLYDIR };

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

typedef struct Queue {
        Pending *first, **last;
        const char *parent;             /* the path of whose children are being collected */
        uint64_t parent_id;
} Queue;

static void send(Dirwatch *d) {
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

static DirwatchNews *news_add(Dirwatch *d, DirwatchKind kind, uint64_t id) {
        DirwatchNews *news;

        if (d->batch && d->batch->n == BATCH)
                send(d);
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

static void unwatch(Dirwatch *d, uint64_t id) {
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
                news = news_add(d, DIRWATCH_BORN, p->id);
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

/* Everything at and below @first, which is freed, breadth first. */
static void visit_all(Dirwatch *d, Pending *first) {
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

static Pending *pending_new(uint64_t id, uint64_t parent_id, const char *parent, const char *name) {
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
                        unwatch(d, id);         /* another may have moved into this cell */
                else
                        i++;
        }
}

static void walk(Dirwatch *d) {
        uint64_t begun = clock_boottime_nsec();
        Pending *root = pending_new(d->fs->root_id, 0, "/", "");
        DirwatchNews *news;

        d->failed = !root;
        atomic_store(&d->walked, 0);
        if (d->follow)
                tree_walk_begin(d->tree);
        if (root)
                visit_all(d, root);
        if (d->follow && !d->failed)
                sweep(d);
        news = news_add(d, DIRWATCH_WALKED, d->fs->root_id);
        if (news)
                news->complete = !d->failed;
        atomic_store(&d->walk_usec, (clock_boottime_nsec() - begun) / 1000);
        send(d);
}

static int child_path(Dirwatch *d, uint64_t parent, const char *name, char ret[PATH_SIZE]) {
        int n = tree_path(d->tree, parent, ret, PATH_SIZE - NAME_MAX - 2);

        if (n < 0)
                return n;
        snprintf(ret + (n == 1 ? 0 : n), NAME_MAX + 2, "/%s", name);
        return 0;
}

static void created(Dirwatch *d, uint64_t parent, const char *name) {
        char above[PATH_SIZE], path[PATH_SIZE];
        _cleanup_close_ int fd = -1;
        Pending *p;
        TreeGroup g;
        uint64_t id;

        if (child_path(d, parent, name, path) < 0 || tree_path(d->tree, parent, above, sizeof(above)) < 0)
                return;
        fd = cgroupfs_open_path(d->fs, path);
        if (fd < 0 || cgroupfs_id(fd, &id) < 0)
                return;         /* gone again before we came: inotify cannot tell who it was */
        if (tree_get(d->tree, id, &g) && g.alive)
                return;         /* its parent's visit met it already */
        p = pending_new(id, parent, above, name);
        if (p)
                visit_all(d, p);
}

static void deleted(Dirwatch *d, uint64_t parent, const char *name) {
        char path[PATH_SIZE];
        _cleanup_close_ int fd = -1;
        uint64_t id;

        if (child_path(d, parent, name, path) < 0)
                return;
        id = tree_find(d->tree, path);
        if (id == 0)
                return;
        /* The name may have been given anew before we read of the first one's death. */
        fd = cgroupfs_open_sure(d->fs, id, path);
        if (fd >= 0)
                return;
        unwatch(d, id);
        tree_died(d->tree, id, NULL, clock_boottime_nsec());
        (void) news_add(d, DIRWATCH_DIED, id);
}

static void inotify_event(Dirwatch *d, const struct inotify_event *e) {
        uint64_t parent;

        if (e->mask & IN_Q_OVERFLOW) {
                d->overflows++;
                atomic_store(&d->again, true);
                (void) news_add(d, DIRWATCH_WALKING, 0);
                return;
        }
        if (!idmap_get(&d->group_of, (uint64_t) e->wd, &parent))
                return;
        if (e->mask & IN_IGNORED) {     /* from 7.1 on the kernel takes the watch away itself */
                idmap_remove(&d->group_of, (uint64_t) e->wd);
                idmap_remove(&d->watch_of, parent);
                d->watches--;
        } else if (!(e->mask & IN_ISDIR) || e->len == 0)
                return;
        else if (e->mask & IN_CREATE)
                created(d, parent, e->name);
        else if (e->mask & IN_DELETE)
                deleted(d, parent, e->name);
}

static void read_inotify(Dirwatch *d) {
        char buffer[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
        ssize_t n;

        while ((n = read(d->inotify_fd, buffer, sizeof(buffer))) > 0 && !atomic_load(&d->stop)) {
                for (char *at = buffer; at < buffer + n;) {
                        const struct inotify_event *e = (const void *) at;

                        inotify_event(d, e);
                        at += sizeof(*e) + e->len;
                }
                if (atomic_load(&d->again))
                        break;          /* what is queued is older than the walk to come */
        }
        send(d);
}

static void *run(void *userdata) {
        Dirwatch *d = userdata;
        uint64_t n;

        walk(d);
        while (!atomic_load(&d->stop)) {
                struct pollfd p[2] = { { .fd = d->wake_fd, .events = POLLIN }, { .fd = d->inotify_fd, .events = POLLIN } };

                (void) poll(p, 2, -1);
                if (p[0].revents)
                        (void) !read(d->wake_fd, &n, sizeof(n));
                if (p[1].revents)
                        read_inotify(d);
                if (atomic_exchange(&d->again, false) && !atomic_load(&d->stop))
                        walk(d);
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
