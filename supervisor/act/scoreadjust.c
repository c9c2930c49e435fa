#include "supervisor/act/scoreadjust.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policies/limit.h"
#include "policies/path.h"
#include "supervisor/base/fd.h"
#include "supervisor/host/cgroupfs.h"

enum { PROCS_SIZE = 64 * 1024 };

/* Opens /proc/PID if that process is in the cgroup whose path is @path or below it. */
static int process_open(int32_t pid, const char *path) {
        _cleanup_close_ int dir = -1, fd = -1;
        char name[32], text[4200], *line;
        ssize_t got;

        (void) snprintf(name, sizeof(name), "/proc/%d", (int) pid);
        dir = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir < 0)
                return -ESRCH;
        fd = openat(dir, "cgroup", O_RDONLY | O_CLOEXEC);
        got = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
        if (got <= 0)
                return -ESRCH;
        text[got] = '\0';
        line = strstr(text, "0::");
        if (!line || (line != text && line[-1] != '\n'))
                return -ESRCH;
        line += 3;
        line[strcspn(line, "\n")] = '\0';
        return path_is_below(line, path) ? fd_steal(&dir) : -ESRCH;
}

static int adjust_read(int dir, int64_t *ret) {
        _cleanup_close_ int fd = openat(dir, "oom_score_adj", O_RDONLY | O_CLOEXEC);
        char text[16] = "";

        if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
                return -ESRCH;
        *ret = strtol(text, NULL, 10);
        return 0;
}

static int adjust_write(int dir, int64_t value) {
        _cleanup_close_ int fd = openat(dir, "oom_score_adj", O_WRONLY | O_CLOEXEC);
        char text[16];
        int n = snprintf(text, sizeof(text), "%lld", (long long) value);

        if (fd < 0)
                return -errno;
        return write(fd, text, (size_t) n) == n ? 0 : -errno;
}

int32_t scoreadjust_first(int dirfd) {
        char *procs = malloc(PROCS_SIZE);
        int32_t pid = 0;

        if (procs && cgroupfs_read(dirfd, "cgroup.procs", procs, PROCS_SIZE) > 0)
                pid = (int32_t) strtol(procs, NULL, 10);
        free(procs);
        return pid;
}

void scoreadjust_each(int dirfd, void (*each)(int32_t pid, void *userdata), void *userdata) {
        char *procs = malloc(PROCS_SIZE), *rest = NULL;

        if (procs && cgroupfs_read(dirfd, "cgroup.procs", procs, PROCS_SIZE) > 0)
                for (char *line = strtok_r(procs, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
                        each((int32_t) strtol(line, NULL, 10), userdata);
        free(procs);
}

int64_t scoreadjust_read(int32_t pid, const char *path) {
        _cleanup_close_ int dir = process_open(pid, path);
        int64_t value;

        return dir >= 0 && adjust_read(dir, &value) == 0 ? value : LIMIT_ADJ_UNKNOWN;
}

int scoreadjust_set(int32_t pid, const char *path, int64_t wanted) {
        _cleanup_close_ int dir = process_open(pid, path);
        int64_t now;
        int r;

        if (dir < 0 || adjust_read(dir, &now) < 0 || now == wanted)
                return 0;
        r = adjust_write(dir, wanted);
        if (r == -ESRCH)
                return 0;
        return r < 0 ? r : 1;
}
