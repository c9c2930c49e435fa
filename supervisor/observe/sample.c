#include "supervisor/observe/sample.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/base/fd.h"
#include "supervisor/host/proc.h"

enum { STAT_SIZE = 16384 };

static int64_t number(int dirfd, const char *file) {
        int64_t value;

        return cgroupfs_read_number(dirfd, file, &value) < 0 ? KERNFILE_UNKNOWN : value;
}

int sample_read(int dirfd, Sample *ret) {
        char text[STAT_SIZE];
        ssize_t n;

        *ret = (Sample) { .time_nsec = clock_boottime_nsec() };
        ret->current = number(dirfd, "memory.current");
        ret->peak = number(dirfd, "memory.peak");
        ret->min = number(dirfd, "memory.min");
        ret->low = number(dirfd, "memory.low");
        ret->high = number(dirfd, "memory.high");
        ret->max = number(dirfd, "memory.max");
        ret->swap = number(dirfd, "memory.swap.current");
        ret->swap_max = number(dirfd, "memory.swap.max");
        n = cgroupfs_read(dirfd, "memory.stat", text, sizeof(text));
        memory_stat_parse(&ret->stat, text, n < 0 ? 0 : (size_t) n);
        ret->unreclaimable = memory_stat_unreclaimable(&ret->stat);
        return n < 0 ? (int) n : 0;
}

int sample_events(int dirfd, const char *file, MemoryEvents *ret) {
        char text[1024];
        ssize_t n = cgroupfs_read(dirfd, file, text, sizeof(text));

        memory_events_parse(ret, text, n < 0 ? 0 : (size_t) n);
        return n < 0 ? (int) n : 0;
}

void sample_host(MemInfo *ret) {
        char text[4096];
        _cleanup_close_ int fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text));

        meminfo_parse(ret, text, n < 0 ? 0 : (size_t) n);
}

int sample_effective(const Cgroupfs *fs, const char *path, int64_t *ret, size_t *ret_length) {
        char name[4096];
        size_t n = strlen(path);
        int found = 0;

        if (n >= sizeof(name))
                return -ENAMETOOLONG;
        memcpy(name, path, n + 1);
        while (n > 1) {
                _cleanup_close_ int fd = cgroupfs_open_path(fs, name);
                int64_t max;

                if (fd < 0)
                        return fd;
                max = number(fd, "memory.max");
                if (max >= 0 && max != KERNFILE_MAX && (!found || max < *ret)) {
                        *ret = max;
                        *ret_length = n;
                        found = 1;
                }
                while (n > 1 && name[n - 1] != '/')
                        n--;
                name[--n] = '\0';
        }
        return found;
}
