#include "supervisor/host/readfile.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "supervisor/base/fd.h"

ssize_t readfile_fd(int fd, char *ret, size_t size) {
        size_t used = 0;

        while (used + 1 < size) {
                ssize_t n = pread(fd, ret + used, size - used - 1, (off_t) used);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                used += (size_t) n;
        }
        ret[used] = '\0';
        return (ssize_t) used;
}

ssize_t readfile_path(const char *path, char *ret, size_t size) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

        return fd < 0 ? -errno : readfile_fd(fd, ret, size);
}
