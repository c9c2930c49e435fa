#include "supervisor/observe/limitwatch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "supervisor/base/idmap.h"

static const char *const files_of[LIMITWATCH_FILES] = { "memory.max", "memory.swap.max", "memory.high" };

struct Limitwatch {
        int fd;
        Idmap by_wd;                    /* id of the cgroup */
        Idmap by_file[LIMITWATCH_FILES];        /* wd, by id */
};

int limitwatch_new(Limitwatch **ret) {
        Limitwatch *l = calloc(1, sizeof(*l));

        if (!l)
                return -ENOMEM;
        l->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        if (l->fd < 0) {
                int error = -errno;

                free(l);
                return error;
        }
        *ret = l;
        return 0;
}

Limitwatch *limitwatch_free(Limitwatch *l) {
        if (!l)
                return NULL;
        (void) close(l->fd);
        idmap_clear(&l->by_wd);
        for (int i = 0; i < LIMITWATCH_FILES; i++)
                idmap_clear(&l->by_file[i]);
        free(l);
        return NULL;
}

int limitwatch_fd(const Limitwatch *l) {
        return l->fd;
}

bool limitwatch_mark(int fd, int dirfd, unsigned files, int32_t ret_wds[static LIMITWATCH_FILES]) {
        bool all = true;

        for (int i = 0; i < LIMITWATCH_FILES; i++) {
                char file[64];
                int wd = 0;

                /* By the descriptor, not by the name, which another cgroup may bear by now. */
                (void) snprintf(file, sizeof(file), "/proc/self/fd/%d/%s", dirfd, files_of[i]);
                if (files & 1U << i)
                        wd = inotify_add_watch(fd, file, IN_MODIFY);
                all = all && (wd >= 0 || errno == ENOENT || errno == ENODEV);
                ret_wds[i] = wd > 0 ? wd : 0;
        }
        return all;
}

static void unmark(Limitwatch *l, uint64_t wd) {
        (void) inotify_rm_watch(l->fd, (int) wd);
        idmap_remove(&l->by_wd, wd);
}

void limitwatch_took(Limitwatch *l, uint64_t id, const int32_t wds[static LIMITWATCH_FILES]) {
        for (int i = 0; i < LIMITWATCH_FILES; i++)
                if (wds[i] > 0 && (idmap_set(&l->by_wd, (uint64_t) wds[i], id) < 0 || idmap_set(&l->by_file[i], id, (uint64_t) wds[i]) < 0))
                        unmark(l, (uint64_t) wds[i]);
}

void limitwatch_forget(Limitwatch *l, uint64_t id) {
        for (int i = 0; i < LIMITWATCH_FILES; i++) {
                uint64_t wd;

                if (!idmap_get(&l->by_file[i], id, &wd))
                        continue;
                unmark(l, wd);
                idmap_remove(&l->by_file[i], id);
        }
}

void limitwatch_clear(Limitwatch *l) {
        for (size_t i = 0; i < l->by_wd.size; i++)
                if (l->by_wd.cells[i].key)
                        (void) inotify_rm_watch(l->fd, (int) l->by_wd.cells[i].key);
        idmap_clear(&l->by_wd);
        for (int i = 0; i < LIMITWATCH_FILES; i++)
                idmap_clear(&l->by_file[i]);
}

void limitwatch_drain(Limitwatch *l, void (*told)(void *userdata, uint64_t id), void *userdata) {
        char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
        ssize_t n;

        while ((n = read(l->fd, buffer, sizeof(buffer))) > 0)
                for (char *p = buffer; p < buffer + n;) {
                        const struct inotify_event *event = (const struct inotify_event *) (void *) p;
                        uint64_t id = 0;

                        p += sizeof(*event) + event->len;
                        if (event->mask & IN_Q_OVERFLOW || (event->mask & IN_MODIFY && idmap_get(&l->by_wd, (uint64_t) event->wd, &id)))
                                told(userdata, id);
                }
}

size_t limitwatch_count(const Limitwatch *l) {
        return l->by_wd.n;
}
