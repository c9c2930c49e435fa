#include "supervisor/act/lowering.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "supervisor/act/deadline.h"
#include "supervisor/base/clock.h"
#include "supervisor/base/fd.h"
#include "supervisor/host/cgroupfs.h"

static const uint64_t FREEZE_USEC = 100000;

enum { FRUITLESS_MAX = 3 };

/* A little more than needed, or the next page charged is the first one too many. */
static int64_t headroom(int64_t target) {
        int64_t h = target / 64;

        return h > 2 << 20 ? 2 << 20 : h;
}

int lowering_reclaim(const Lowering *l, int64_t *ret_current) {
        uint64_t end = clock_usec(CLOCK_MONOTONIC) + l->reclaim_usec;
        int64_t current, before;
        unsigned fruitless = 0;
        int r = cgroupfs_read_number(l->dirfd, "memory.current", &current);

        while (r == 0 && current > l->target_bytes) {
                uint64_t now = clock_usec(CLOCK_MONOTONIC);
                char text[32];

                *ret_current = before = current;
                if (now >= end || fruitless == FRUITLESS_MAX)
                        return -EDQUOT;
                (void) snprintf(text, sizeof(text), "%lld",
                                (long long) (current - l->target_bytes + headroom(l->target_bytes)));
                deadline_arm(end - now);
                r = cgroupfs_write(l->dirfd, "memory.reclaim", text);
                deadline_disarm();
                if (r == -ENOENT)
                        return -EOPNOTSUPP;
                if (r < 0 && r != -EAGAIN && r != -EINTR)
                        return r;
                r = cgroupfs_read_number(l->dirfd, "memory.current", &current);
                fruitless = r == 0 && current < before ? 0 : fruitless + 1;
        }
        if (r < 0)
                return r;
        *ret_current = current;
        return 0;
}

static bool is_frozen(int dirfd) {
        char events[256];

        return cgroupfs_read(dirfd, "cgroup.events", events, sizeof(events)) > 0 && strstr(events, "frozen 1");
}

/* Waits until every task stands still, half of the time at most. */
static void wait_frozen(int dirfd) {
        uint64_t end = clock_usec(CLOCK_MONOTONIC) + FREEZE_USEC / 2;

        while (!is_frozen(dirfd) && clock_usec(CLOCK_MONOTONIC) < end) {
                const struct timespec pause = { .tv_nsec = 1000000 };

                (void) nanosleep(&pause, NULL);
        }
}

static int look_and_write(const Lowering *l, int64_t *ret_current) {
        int r = cgroupfs_read_number(l->dirfd, "memory.current", ret_current);

        if (r < 0)
                return r;
        return *ret_current > l->target_bytes ? -EDQUOT : l->write(l->userdata);
}

int lowering_write(const Lowering *l, int64_t *ret_current) {
        _cleanup_close_ int fd = -1;
        char state[8] = "";
        int r;

        if (l->may_freeze)
                fd = cgroupfs_open_file(l->dirfd, "cgroup.freeze", O_RDWR);
        /* Who froze it thaws it: one that is frozen already is left so. */
        if (fd < 0 || pread(fd, state, sizeof(state) - 1, 0) <= 0 || *state != '0')
                return look_and_write(l, ret_current);
        if (l->freezing)
                l->freezing(true, l->userdata);
        deadline_thaw(fd, FREEZE_USEC);
        r = write(fd, "1", 1) == 1 ? 0 : -errno;
        if (r == 0)
                wait_frozen(l->dirfd);
        r = look_and_write(l, ret_current);
        deadline_thaw(-1, 0);
        (void) !write(fd, "0", 1);
        if (l->freezing)
                l->freezing(false, l->userdata);
        return r;
}
