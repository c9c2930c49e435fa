/* What hands do. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "supervisor/act/deadline.h"
#include "supervisor/act/hand.h"
#include "supervisor/act/handprocess.h"
#include "supervisor/act/inhabitants.h"
#include "supervisor/base/clock.h"
#include "supervisor/base/fd.h"
#include "supervisor/host/proc.h"
#include "supervisor/text/kernfile.h"

enum { PASSES = 20 };

/* One of the two; 1, 0; -errno: gone. */
static int event_of(int eventsfd, bool frozen) {
        char text[256];
        CgroupEvents events;
        ssize_t n = cgroupfs_reread(eventsfd, text, sizeof(text));

        if (n < 0)
                return (int) n;
        cgroup_events_parse(&events, text, (size_t) n);
        return frozen ? events.frozen == 1 : events.populated != 0;
}

static int populated(int eventsfd) {
        return event_of(eventsfd, /* frozen= */ false);
}

/* Until nobody is left, or @until_nsec. Returns as populated() did last. */
static int wait_empty(int eventsfd, uint64_t until_nsec) {
        for (;;) {
                struct pollfd p = { .fd = eventsfd, .events = POLLPRI };
                int r = populated(eventsfd);
                uint64_t now = clock_boottime_nsec();

                if (r <= 0 || now >= until_nsec)
                        return r;
                (void) poll(&p, 1, (int) ((until_nsec - now) / 1000000) + 1);
        }
}

/* A signal to each that is there before and after it was opened: so no other bears its number. */
static size_t signal_each(int dirfd, int number) {
        Inhabitants *before = inhabitants(dirfd), *after = NULL;
        size_t sent = 0;
        int *fds = before ? calloc(before->n + 1, sizeof(*fds)) : NULL;

        for (size_t i = 0; fds && i < before->n; i++)
                fds[i] = pidfd_open(before->pids[i], 0);
        after = fds ? inhabitants(dirfd) : NULL;
        for (size_t i = 0; fds && i < before->n; i++) {
                if (fds[i] < 0)
                        continue;
                if (after && inhabitants_have(after, before->pids[i]) && pidfd_send_signal(fds[i], number, NULL, 0) == 0)
                        sent++;
                (void) close(fds[i]);
        }
        free(fds);
        free(before);
        free(after);
        return sent;
}

/* Their memory at once, where they are held up in dying. */
static void release_each(int dirfd) {
        Inhabitants *in = inhabitants(dirfd);

        for (size_t i = 0; in && i < in->n; i++) {
                _cleanup_close_ int fd = pidfd_open(in->pids[i], 0);

                if (fd >= 0)
                        (void) syscall(SYS_process_mrelease, fd, 0);
        }
        free(in);
}

static void remember(HandTask *t, int dirfd) {
        Inhabitants *in = inhabitants(dirfd);

        for (size_t i = 0; in && i < in->n && t->n_pids < HAND_PIDS_MAX; i++)
                t->pids[t->n_pids++] = in->pids[i];
        free(in);
}

/* What systemd looks at when a unit's cgroup becomes empty, so that it shows Result=oom-kill. It looks at once: what it shall see
 * must stand before the kill, and is taken back where there was none. Kernels and cgroups without such attributes: no matter. */
static long attribute_get(int dirfd, const char *name) {
        char text[24] = "";
        ssize_t n = fgetxattr(dirfd, name, text, sizeof(text) - 1);

        return n > 0 ? strtol(text, NULL, 10) : 0;
}

static void attribute_add(int dirfd, const char *name, long n) {
        char text[24];

        (void) snprintf(text, sizeof(text), "%ld", attribute_get(dirfd, name) + n);
        (void) fsetxattr(dirfd, name, text, strlen(text), 0);
}

static void tell_systemd(int dirfd, long kills, long processes) {
        attribute_add(dirfd, "user.oomd_ooms", kills);
        attribute_add(dirfd, "user.oomd_kill", processes);
}

/* Before 5.14 there is no cgroup.kill, and none for threads: then signals, until nobody new is found. */
static int kill_all(int dirfd, int eventsfd) {
        int r = cgroupfs_write(dirfd, "cgroup.kill", "1");

        if (r != -ENOENT && r != -EOPNOTSUPP)
                return r;
        for (int i = 0; i < PASSES && signal_each(dirfd, SIGKILL) > 0; i++)
                if (wait_empty(eventsfd, clock_boottime_nsec() + 20000000) <= 0)
                        break;
        return 0;
}

static void end_all(HandTask *t, int dirfd) {
        _cleanup_close_ int events = cgroupfs_open_file(dirfd, "cgroup.events", O_RDONLY);
        uint64_t until = clock_boottime_nsec() + t->wait_usec * 1000;
        int r = events < 0 ? events : populated(events);

        if (r < 0) {
                handprocess_failed(t, r, "cgroup.events");
                return;
        }
        if (r == 0) {
                t->outcome = REEVE_OUTCOME_GONE;
                (void) snprintf(t->error, sizeof(t->error), "nobody was in it any more");
                return;
        }
        remember(t, dirfd);
        if (t->work == HAND_KILL)
                tell_systemd(dirfd, 1, (long) t->n_pids);
        r = t->work == HAND_KILL ? kill_all(dirfd, events) : (int) signal_each(dirfd, SIGTERM);
        if (r < 0) {
                tell_systemd(dirfd, -1, -(long) t->n_pids);
                handprocess_failed(t, r, "cgroup.kill");
                return;
        }
        if (t->work == HAND_KILL && wait_empty(events, clock_boottime_nsec() + t->wait_usec * 1000 / 4) > 0)
                release_each(dirfd);
        r = wait_empty(events, until);
        t->outcome = r > 0 ? REEVE_OUTCOME_INEFFECTIVE : REEVE_OUTCOME_DONE;
        if (r > 0)
                (void) snprintf(t->error, sizeof(t->error), t->work == HAND_KILL ? "somebody in it does not die" : "somebody in it does not listen to SIGTERM");
}

/* Where it is the last one, its unit ends with it. */
static void end_one(HandTask *t, int dirfd) {
        Inhabitants *in = inhabitants(dirfd);
        bool last = in && in->n == 1 && t->work == HAND_KILL;

        free(in);
        if (last)
                tell_systemd(dirfd, 1, 1);
        handprocess_end(t, dirfd);
        if (last && t->outcome != REEVE_OUTCOME_DONE)
                tell_systemd(dirfd, -1, -1);
}

static void reclaim(HandTask *t, int dirfd) {
        char text[32];
        int r;

        (void) snprintf(text, sizeof(text), "%llu", (unsigned long long) t->bytes);
        deadline_arm(t->wait_usec);
        r = cgroupfs_write(dirfd, "memory.reclaim", text);
        deadline_disarm();
        if (r == -ENOENT) {
                t->outcome = REEVE_OUTCOME_REFUSED;
                t->lacking = true;
                (void) snprintf(t->error, sizeof(t->error), "this kernel has no memory.reclaim (5.19 has)");
        } else if (r == 0 || r == -EAGAIN || r == -EINTR) {
                t->outcome = r == 0 ? REEVE_OUTCOME_DONE : REEVE_OUTCOME_INEFFECTIVE;
                if (r < 0)
                        (void) snprintf(t->error, sizeof(t->error), r == -EINTR ? "it took too long" : "not as much could be reclaimed");
        } else
                handprocess_failed(t, r, "memory.reclaim");
}

/* Who was frozen by others is not ours to thaw. */
static void freeze(HandTask *t, int dirfd) {
        _cleanup_close_ int events = cgroupfs_open_file(dirfd, "cgroup.events", O_RDONLY);
        uint64_t until = clock_boottime_nsec() + UINT64_C(1000000000);
        int64_t frozen = 0;
        int r = events < 0 ? events : cgroupfs_read_number(dirfd, "cgroup.freeze", &frozen);

        if (r == 0 && frozen) {
                t->outcome = REEVE_OUTCOME_INEFFECTIVE;
                (void) snprintf(t->error, sizeof(t->error), "it stands still already, frozen by somebody else");
                return;
        }
        if (r == 0)
                r = cgroupfs_write(dirfd, "cgroup.freeze", "1");
        if (r < 0) {
                handprocess_failed(t, r, "cgroup.freeze");
                return;
        }
        t->outcome = REEVE_OUTCOME_DONE;
        while (event_of(events, /* frozen= */ true) == 0 && clock_boottime_nsec() < until) {
                struct pollfd p = { .fd = events, .events = POLLPRI };

                (void) poll(&p, 1, 100);
        }
        if (event_of(events, /* frozen= */ true) == 0)
                (void) snprintf(t->error, sizeof(t->error), "not all of it stands still yet");
}

static void thaw(HandTask *t, int dirfd) {
        int r = cgroupfs_write(dirfd, "cgroup.freeze", "0");

        t->outcome = REEVE_OUTCOME_DONE;
        if (r < 0)
                handprocess_failed(t, r, "cgroup.freeze");
}

void hand_do(const Cgroupfs *fs, HandTask *t) {
        _cleanup_close_ int dirfd = cgroupfs_open_sure(fs, t->cgroup_id, t->path);
        uint64_t began = clock_boottime_nsec();
        int64_t before = -1, after = -1;

        t->freed_bytes = -1;
        t->n_pids = 0;
        t->processes = NULL;
        t->n_processes = 0;
        t->error[0] = '\0';
        t->lacking = false;
        if (dirfd < 0) {
                handprocess_failed(t, dirfd, "it");
                return;
        }
        if (cgroupfs_read_number(dirfd, "memory.current", &before) < 0)
                before = -1;
        if (t->work == HAND_LOOK)
                handprocess_look(t, dirfd);
        else if (t->work == HAND_RECLAIM)
                reclaim(t, dirfd);
        else if (t->work == HAND_FREEZE)
                freeze(t, dirfd);
        else if (t->work == HAND_THAW)
                thaw(t, dirfd);
        else if (t->pid)
                end_one(t, dirfd);
        else
                end_all(t, dirfd);
        t->took_usec = (clock_boottime_nsec() - began) / 1000;
        /* A manager may have removed it already: then all of it is free. */
        if (cgroupfs_read_number(dirfd, "memory.current", &after) < 0)
                after = 0;
        if (before >= 0)
                t->freed_bytes = before > after ? before - after : 0;
}
