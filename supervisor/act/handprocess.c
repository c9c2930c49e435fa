#include "supervisor/act/handprocess.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "supervisor/act/inhabitants.h"
#include "supervisor/base/fd.h"
#include "supervisor/host/proc.h"

void handprocess_failed(HandTask *t, int error, const char *what) {
        t->outcome = error == -ENODEV ? REEVE_OUTCOME_GONE : REEVE_OUTCOME_FAILED;
        (void) snprintf(t->error, sizeof(t->error), "%s: %s", what, strerror(-error));
}

static int64_t known(int64_t value) {
        return value > 0 ? value : 0;
}

/* Who has ended with all his threads has no memory, and is nobody any more. */
static bool look_at(int32_t pid, int64_t page_size, PickProcess *ret) {
        ProcStatus s;
        ProcStat stat;
        int adj;

        if (proc_stat(pid, &stat) < 0 || proc_holder(pid, &s) < 0 || s.kernel_thread || proc_adj(pid, &adj) < 0)
                return false;
        *ret = (PickProcess) { .pid = pid, .start_usec = proc_start_nsec(stat.start_ticks) / 1000, .adj = adj };
        ret->pages = (known(s.anon_bytes) + known(s.file_bytes) + known(s.shmem_bytes) + known(s.swap_bytes) +
                      known(s.page_table_bytes)) / page_size;
        memcpy(ret->comm, stat.comm, sizeof(ret->comm));
        return true;
}

void handprocess_look(HandTask *t, int dirfd) {
        Inhabitants *in = inhabitants(dirfd);
        int64_t page_size = sysconf(_SC_PAGESIZE);

        t->processes = in ? calloc(in->n + 1, sizeof(*t->processes)) : NULL;
        for (size_t i = 0; t->processes && i < in->n; i++)
                t->n_processes += look_at(in->pids[i], page_size, &t->processes[t->n_processes]);
        free(in);
        if (!t->processes)
                handprocess_failed(t, -ENOMEM, "its processes");
        else if (t->n_processes > 0)
                t->outcome = REEVE_OUTCOME_DONE;
        else {
                t->outcome = REEVE_OUTCOME_GONE;
                (void) snprintf(t->error, sizeof(t->error), "nobody was in it any more");
        }
}

/* Whether what @fd holds is the process that was chosen: it is asked after the descriptor was had, and nobody else can bear
 * the number while that one is not reaped. */
static bool is_the_same(const HandTask *t, int fd, int dirfd) {
        Inhabitants *in;
        ProcStat stat;
        bool there;

        if (proc_stat(t->pid, &stat) < 0 || proc_start_nsec(stat.start_ticks) / 1000 != t->start_usec)
                return false;
        in = inhabitants(dirfd);
        there = in && inhabitants_have(in, t->pid);
        free(in);
        return there && pidfd_send_signal(fd, 0, NULL, 0) == 0;
}

static bool ended(int fd, uint64_t until_nsec) {
        for (;;) {
                struct pollfd p = { .fd = fd, .events = POLLIN };
                uint64_t now = clock_boottime_nsec();

                if (poll(&p, 1, now < until_nsec ? (int) ((until_nsec - now) / 1000000) + 1 : 0) > 0)
                        return true;
                if (clock_boottime_nsec() >= until_nsec)
                        return false;
        }
}

void handprocess_end(HandTask *t, int dirfd) {
        _cleanup_close_ int fd = pidfd_open(t->pid, 0);
        uint64_t now = clock_boottime_nsec();
        bool over;

        if (fd < 0 || !is_the_same(t, fd, dirfd)) {
                t->outcome = REEVE_OUTCOME_GONE;
                (void) snprintf(t->error, sizeof(t->error), "that process was there no more");
                return;
        }
        t->pids[t->n_pids++] = t->pid;
        if (pidfd_send_signal(fd, t->work == HAND_KILL ? SIGKILL : SIGTERM, NULL, 0) < 0) {
                handprocess_failed(t, -errno, "the signal");
                return;
        }
        over = ended(fd, now + t->wait_usec * 1000 / (t->work == HAND_KILL ? 4 : 1));
        /* Its memory at once, where it is held up in dying; before 5.15 it is waited for alone. */
        if (!over && t->work == HAND_KILL) {
                (void) syscall(SYS_process_mrelease, fd, 0);
                over = ended(fd, now + t->wait_usec * 1000);
        }
        t->outcome = over ? REEVE_OUTCOME_DONE : REEVE_OUTCOME_INEFFECTIVE;
        if (!over)
                (void) snprintf(t->error, sizeof(t->error), t->work == HAND_KILL ? "it does not die" : "it does not listen to SIGTERM");
}
