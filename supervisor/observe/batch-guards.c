/* Triggers of the kernel's on stalls, so that nobody has to ask. */
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "supervisor/base/array.h"
#include "supervisor/base/fd.h"
#include "supervisor/observe/batch.h"

/* A hundredth of the time. Two seconds are the only window that costs no kernel thread, and is for who has no CAP_SYS_RESOURCE. */
static const char trigger[] = "some 20000 2000000";
/* What kernels that have such windows refuse to who has no CAP_SYS_RESOURCE. Others (5.10; 6.1 before 6.1.192) take it from anybody who
 * may write to the file, and start a thread for it. */
static const char too_short[] = "some 10000 1000000";

void batch_guards_thread(void) {
        struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct data[2];

        if (syscall(SYS_capget, &head, data) < 0)
                return;
        data[CAP_TO_INDEX(CAP_SYS_RESOURCE)].effective &= ~CAP_TO_MASK(CAP_SYS_RESOURCE);
        (void) syscall(SYS_capset, &head, data);
}

/* Whoever opened it with the capability would have a thread of the kernel's for it. */
static bool is_privileged(void) {
        struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct data[2];

        return syscall(SYS_capget, &head, data) < 0 || data[CAP_TO_INDEX(CAP_SYS_RESOURCE)].effective & CAP_TO_MASK(CAP_SYS_RESOURCE);
}

void batch_guard_open(const Batch *b, BatchGuard *g, const Cgroupfs *fs) {
        _cleanup_close_ int dirfd = is_privileged() ? -1 : cgroupfs_open_sure(fs, g->id, b->texts + g->path), fd = -1;

        if (dirfd >= 0)
                fd = cgroupfs_open_file(dirfd, "memory.pressure", O_RDWR | O_NONBLOCK);
        /* With the NUL: the kernel takes the last byte off. */
        if (fd >= 0 && write(fd, too_short, sizeof(too_short)) < 0 && write(fd, trigger, sizeof(trigger)) == sizeof(trigger))
                g->fd = fd_steal(&fd);
}
