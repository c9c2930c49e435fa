#include "supervisor/act/drift.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "supervisor/base/array.h"
#include "supervisor/base/fd.h"

/* One file. Those of ancestors are shared by all below them. */
typedef struct Watch {
        int wd;
        unsigned users;
        uint64_t id;
        LimitKey key;
        int64_t seen;
        char *path;
} Watch;

/* The "key" of cgroup.events, of which no value is kept. */
#define POPULATION LIMIT_KEYS

static const char *file_of(LimitKey key) {
        return key == POPULATION ? "cgroup.events" : limit_key_file((int) key);
}

struct Drift {
        const Cgroupfs *fs;
        int fd;
        Watch *watches;
        size_t count, room;
};

int drift_new(Drift **ret, const Cgroupfs *fs) {
        Drift *d = calloc(1, sizeof(*d));

        if (!d)
                return -ENOMEM;
        d->fs = fs;
        d->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        if (d->fd < 0) {
                int error = -errno;

                free(d);
                return error;
        }
        *ret = d;
        return 0;
}

Drift *drift_free(Drift *d) {
        if (!d)
                return NULL;
        for (size_t i = 0; i < d->count; i++)
                free(d->watches[i].path);
        free(d->watches);
        (void) close(d->fd);
        free(d);
        return NULL;
}

int drift_fd(const Drift *d) {
        return d->fd;
}

static Watch *find(Drift *d, const char *path, LimitKey key) {
        for (size_t i = 0; i < d->count; i++)
                if (d->watches[i].key == key && strcmp(d->watches[i].path, path) == 0)
                        return &d->watches[i];
        return NULL;
}

static void drop(Drift *d, Watch *w) {
        (void) inotify_rm_watch(d->fd, w->wd);
        free(w->path);
        *w = d->watches[--d->count];
}

/* One user more of the watch on @key of the cgroup; made where it is missing. */
static int add(Drift *d, uint64_t id, const char *path, int dirfd, LimitKey key) {
        Watch *w = find(d, path, key), *more;
        char file[64];
        int64_t value = 0;
        int wd, r = 0;

        /* The same name, another cgroup: the old one is gone. */
        if (w && w->id != id) {
                unsigned users = w->users;

                drop(d, w);
                r = add(d, id, path, dirfd, key);
                w = r == 0 ? find(d, path, key) : NULL;
                if (w)
                        w->users += users;
                return r;
        }
        if (w) {
                w->users++;
                return 0;
        }
        more = array_grow(d->watches, d->count, &d->room, sizeof(*more));
        if (!more)
                return -ENOMEM;
        d->watches = more;
        if (key != POPULATION)
                r = cgroupfs_read_number(dirfd, file_of(key), &value);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        /* By the descriptor, not by the name, which another cgroup may bear by now. */
        (void) snprintf(file, sizeof(file), "/proc/self/fd/%d/%s", dirfd, file_of(key));
        wd = inotify_add_watch(d->fd, file, IN_MODIFY);
        if (wd < 0)
                return -errno;
        w = &d->watches[d->count];
        *w = (Watch) { .wd = wd, .users = 1, .id = id, .key = key, .seen = value, .path = strdup(path) };
        if (!w->path)
                return -ENOMEM;
        d->count++;
        return 0;
}

static void remove_user(Drift *d, const char *path, LimitKey key) {
        Watch *w = find(d, path, key);

        if (w && --w->users == 0)
                drop(d, w);
}

/* Calls @each for every strict ancestor of @path but the root, which has no limits. */
static void each_ancestor(const char *path, void (*each)(const char *ancestor, void *userdata), void *userdata) {
        char part[4096];
        size_t length = strlen(path);

        if (length >= sizeof(part))
                return;
        memcpy(part, path, length + 1);
        for (;;) {
                char *slash = strrchr(part, '/');

                if (!slash || slash == part)
                        return;
                *slash = '\0';
                each(part, userdata);
        }
}

static void watch_ancestor(const char *ancestor, void *userdata) {
        Drift *d = userdata;
        _cleanup_close_ int dirfd = cgroupfs_open_path(d->fs, ancestor);
        uint64_t id;

        if (dirfd < 0 || cgroupfs_id(dirfd, &id) < 0)
                return;
        (void) add(d, id, ancestor, dirfd, LIMIT_MEMORY_MAX);
        (void) add(d, id, ancestor, dirfd, LIMIT_MEMORY_HIGH);
}

static void forget_ancestor(const char *ancestor, void *userdata) {
        remove_user(userdata, ancestor, LIMIT_MEMORY_MAX);
        remove_user(userdata, ancestor, LIMIT_MEMORY_HIGH);
}

int drift_watch(Drift *d, uint64_t id, const char *path, int dirfd) {
        Watch *mine = find(d, path, LIMIT_MEMORY_MIN);
        int64_t value;
        int result = 0;

        /* memory.min is watched for the cgroup's own sake only: the mark of a cgroup that was watched before. */
        if ((mine && mine->id == id) || cgroupfs_read_number(dirfd, limit_key_file(LIMIT_MEMORY_MIN), &value) < 0)
                return 0;
        for (int key = 0; key < LIMIT_MEMORY_COUNT; key++) {
                int r = add(d, id, path, dirfd, (LimitKey) key);

                if (r < 0)
                        result = r;
        }
        each_ancestor(path, watch_ancestor, d);
        return result;
}

int drift_watch_population(Drift *d, uint64_t id, const char *path, int dirfd) {
        Watch *w = find(d, path, POPULATION);

        return w && w->id == id ? 0 : add(d, id, path, dirfd, POPULATION);
}

void drift_forget(Drift *d, uint64_t id, const char *path) {
        Watch *mine;

        remove_user(d, path, POPULATION);
        mine = find(d, path, LIMIT_MEMORY_MIN);
        if (!mine || mine->id != id)
                return;
        for (int key = 0; key < LIMIT_MEMORY_COUNT; key++)
                remove_user(d, path, (LimitKey) key);
        each_ancestor(path, forget_ancestor, d);
}

void drift_expect(Drift *d, const char *path, LimitKey key, int64_t value) {
        Watch *w = find(d, path, key);

        if (w)
                w->seen = value;
}

static void compare(Drift *d, size_t index, void (*changed)(const DriftChange *change, void *userdata), void *userdata) {
        Watch *w = &d->watches[index];
        _cleanup_close_ int dirfd = w->key == POPULATION ? -1 : cgroupfs_open_sure(d->fs, w->id, w->path);
        DriftChange change = { .id = w->id, .key = w->key, .before = w->seen };
        _cleanup_free_ char *path = NULL;

        if (dirfd < 0 || cgroupfs_read_number(dirfd, limit_key_file((int) w->key), &change.after) < 0 ||
            change.after == w->seen)
                return;
        w->seen = change.after;
        path = strdup(w->path);
        if (!path)
                return;
        change.path = path;
        changed(&change, userdata);
}

void drift_read(Drift *d, void (*changed)(const DriftChange *change, void *userdata), void *userdata) {
        char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
        ssize_t n;

        while ((n = read(d->fd, buffer, sizeof(buffer))) > 0)
                for (char *p = buffer; p < buffer + n;) {
                        const struct inotify_event *event = (const struct inotify_event *) (void *) p;

                        p += sizeof(*event) + event->len;
                        for (size_t i = 0; i < d->count; i++)
                                if (event->wd == d->watches[i].wd || event->mask & IN_Q_OVERFLOW)
                                        compare(d, i, changed, userdata);
                }
}
