/* Births and deaths as inotify tells them: by a name in a directory, whose id is to be found. */
#include <limits.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "supervisor/base/clock.h"
#include "supervisor/base/fd.h"
#include "supervisor/tree/dirwatch-private.h"

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
        p = dirwatch_pending(id, parent, above, name);
        if (p)
                dirwatch_visit(d, p);
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
        dirwatch_unwatch(d, id);
        tree_died(d->tree, id, NULL, clock_boottime_nsec());
        (void) dirwatch_news(d, DIRWATCH_DIED, id);
}

static void inotify_event(Dirwatch *d, const struct inotify_event *e) {
        uint64_t parent;

        if (e->mask & IN_Q_OVERFLOW) {
                d->overflows++;
                atomic_store(&d->again, true);
                (void) dirwatch_news(d, DIRWATCH_WALKING, 0);
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

void dirwatch_read(Dirwatch *d) {
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
        dirwatch_send(d);
}
