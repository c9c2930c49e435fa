#include "supervisor/act/inhabitants.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "supervisor/base/fd.h"
#include "supervisor/host/cgroupfs.h"

enum { LEVELS_MAX = 32, PROCS_SIZE = 16384 };

static void inhabitants_read(Inhabitants *in, int dirfd);

static int child_read(void *userdata, const char *name, uint64_t id) {
        Inhabitants *in = userdata;
        int above = in->dirfd;
        _cleanup_close_ int fd = openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        (void) id;
        if (fd >= 0 && in->level < LEVELS_MAX) {
                in->level++;
                inhabitants_read(in, fd);
                in->level--;
                in->dirfd = above;
        }
        return 0;
}

static void inhabitants_read(Inhabitants *in, int dirfd) {
        _cleanup_close_ int fd = cgroupfs_open_file(dirfd, "cgroup.procs", O_RDONLY);
        char text[PROCS_SIZE], *at = text, *end;
        ssize_t n;

        while (fd >= 0 && (n = read(fd, text, sizeof(text) - 1)) > 0) {
                text[n] = '\0';
                /* seq_file gives whole lines. */
                for (at = text; *at; at = *end == '\n' ? end + 1 : end) {
                        long pid = strtol(at, &end, 10);

                        if (end == at)
                                break;
                        if (pid > 0 && in->n < INHABITANTS_MAX)
                                in->pids[in->n++] = (int32_t) pid;
                }
        }
        in->dirfd = dirfd;
        (void) cgroupfs_children(dirfd, child_read, in);
}

Inhabitants *inhabitants(int dirfd) {
        Inhabitants *in = calloc(1, sizeof(*in));

        if (in)
                inhabitants_read(in, dirfd);
        return in;
}

bool inhabitants_have(const Inhabitants *in, int32_t pid) {
        for (size_t i = 0; i < in->n; i++)
                if (in->pids[i] == pid)
                        return true;
        return false;
}
