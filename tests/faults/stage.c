#include "tests/faults/stage.h"

#include <errno.h>
#include <ftw.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FDS_MAX = 4096 };

static int log_of[FDS_MAX];             /* by the inotify descriptor given out for it: the file's, plus one */

const char *stage(void) {
        return getenv("REEVE_STAGE");
}

static void stage_path(const char *part, char ret[4096]) {
        (void) snprintf(ret, 4096, "%s/%s", stage(), part);
}

bool stage_has(const char *path, const char *part) {
        char whole[4096];
        size_t n;

        if (!stage())
                return false;
        stage_path(part, whole);
        n = strlen(whole);
        return strncmp(path, whole, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* Of the program itself, not of the room alone (--wrap): the flow reads the kernel's count of kills. */
int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...) {
        char staged[4096];
        mode_t mode = 0;
        va_list ap;

        va_start(ap, flags);
        if (flags & (O_CREAT | O_TMPFILE))
                mode = va_arg(ap, mode_t);
        va_end(ap);
        if (stage() && strcmp(path, "/proc/vmstat") == 0) {
                stage_path("vmstat", staged);
                path = staged;
        }
        return __real_open(path, flags, mode);
}

void stage_statfs(const char *path, struct statfs *fs) {
        if (stage_has(path, "cgroup"))
                fs->f_type = CGROUP2_SUPER_MAGIC;
}

static _Thread_local struct {
        uint64_t id;
        int flags, fd;
} wanted;

static int found(const char *path, const struct stat *st, int kind) {
        if (kind == FTW_D && st->st_ino == wanted.id)
                wanted.fd = open(path, wanted.flags);
        return wanted.fd >= 0;
}

int stage_open_handle(const struct file_handle *handle, int flags) {
        char root[4096];

        stage_path("cgroup", root);
        wanted.fd = -1;
        wanted.flags = flags;
        memcpy(&wanted.id, handle->f_handle, sizeof(wanted.id));
        if (ftw(root, found, 16) <= 0)
                errno = ESTALE;
        return wanted.fd;
}

int stage_kmsg_open(void) {
        char path[4096];
        int file, fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

        stage_path("kmsg", path);
        file = open(path, O_RDONLY | O_CLOEXEC);
        if (file < 0 || fd < 0 || fd >= FDS_MAX || inotify_add_watch(fd, path, IN_MODIFY) < 0)
                abort();
        log_of[fd] = file + 1;
        return fd;
}

bool stage_kmsg_is(int fd) {
        return fd >= 0 && fd < FDS_MAX && log_of[fd] > 0;
}

ssize_t stage_kmsg_read(int fd, void *buffer, size_t size) {
        int file = log_of[fd] - 1;
        off_t at = lseek(file, 0, SEEK_CUR);
        char events[4096], *newline;
        ssize_t n;

        while (read(fd, events, sizeof(events)) > 0)
                ;
        n = pread(file, buffer, size, at);
        newline = n > 0 ? memchr(buffer, '\n', (size_t) n) : NULL;
        if (!newline) {
                errno = EAGAIN;
                return -1;
        }
        n = newline + 1 - (char *) buffer;
        (void) lseek(file, at + n, SEEK_SET);
        return n;
}

int stage_kmsg_end(int fd) {
        return lseek(log_of[fd] - 1, 0, SEEK_END) < 0 ? -1 : 0;
}

void stage_kmsg_close(int fd) {
        (void) close(log_of[fd] - 1);
        log_of[fd] = 0;
}
