#include "supervisor/ctl/runloop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "supervisor/base/clock.h"
#include "supervisor/base/fd.h"

/* What we pass on. SIGWINCH needs no help: the command is in the terminal's foreground itself. */
static const int forwarded[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGCONT, SIGTSTP };

int runloop_begin(RunLoop *l) {
        sigset_t taken;

        (void) sigemptyset(&taken);
        (void) sigaddset(&taken, SIGCHLD);
        for (size_t i = 0; i < ELEMENTSOF(forwarded); i++)
                (void) sigaddset(&taken, forwarded[i]);
        /* A parent that ignores SIGCHLD bequeaths that to us: children would vanish before we saw their status. */
        (void) signal(SIGCHLD, SIG_DFL);
        if (sigprocmask(SIG_BLOCK, &taken, &l->mask) < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
                return -errno;
        l->signal_fd = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
        if (l->signal_fd < 0)
                return -errno;
        l->tty_fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
        if (l->tty_fd >= 0) {
                l->foreground = tcgetpgrp(l->tty_fd) == getpgrp();
                l->restore = l->foreground && tcgetattr(l->tty_fd, &l->modes) == 0;
        }
        return 0;
}

/* The command stopped (^Z, or it wanted the terminal from the background): so do we, for the shell to see it. SIGTSTP and
 * not SIGSTOP, as it stops nobody where there is no shell that could wake him. */
static void stop_with_child(const RunLoop *l) {
        sigset_t tstp;

        if (l->tty_fd < 0)
                return;
        (void) sigemptyset(&tstp);
        (void) sigaddset(&tstp, SIGTSTP);
        (void) raise(SIGTSTP);
        (void) sigprocmask(SIG_UNBLOCK, &tstp, NULL);   /* here we sleep */
        (void) sigprocmask(SIG_BLOCK, &tstp, NULL);
        (void) kill(l->child, SIGCONT);
}

static void reap(RunLoop *l) {
        int status;
        pid_t pid;

        while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
                if (pid != l->child)
                        continue;
                if (WIFSTOPPED(status)) {
                        stop_with_child(l);
                        continue;
                }
                l->exited = true;
                l->status = status;
        }
}

/* The terminal signals its whole foreground group, so that a command in our group has it already. */
static bool child_has_it(const RunLoop *l, const struct signalfd_siginfo *s) {
        return s->ssi_code == SI_KERNEL && getpgid(l->child) == getpgrp();
}

static void take_signal(RunLoop *l, const struct signalfd_siginfo *s) {
        int signo = (int) s->ssi_signo;

        if (signo == SIGCHLD) {
                reap(l);
                return;
        }
        if (l->exited) {
                if (signo == SIGINT || signo == SIGTERM || signo == SIGQUIT || signo == SIGHUP)
                        l->hurry = true;
                return;
        }
        if (!child_has_it(l, s))
                (void) kill(l->child, signo);
}

/* Sleeps until a signal, a change of @events_fd (-1: none) or @timeout_msec. */
static int turn(RunLoop *l, int events_fd, int timeout_msec) {
        struct pollfd fds[] = {
                { .fd = l->signal_fd, .events = POLLIN },
                { .fd = events_fd, .events = POLLPRI },
        };
        struct signalfd_siginfo s;

        if (poll(fds, ELEMENTSOF(fds), timeout_msec) < 0 && errno != EINTR)
                return -errno;
        while (read(l->signal_fd, &s, sizeof(s)) == (ssize_t) sizeof(s))
                take_signal(l, &s);
        return 0;
}

int runloop_until_exit(RunLoop *l) {
        int r = 0;

        while (!l->exited && r == 0)
                r = turn(l, -1, -1);
        return r;
}

int runloop_until_empty(RunLoop *l, const Payload *p, uint64_t timeout_usec) {
        uint64_t begun = clock_usec(CLOCK_MONOTONIC);

        for (;;) {
                uint64_t gone = clock_usec(CLOCK_MONOTONIC) - begun;
                int r = payload_is_populated(p);
                int timeout = -1;

                if (r <= 0)
                        return r < 0 ? r : 1;
                if (l->hurry || gone >= timeout_usec)
                        return 0;
                if (timeout_usec != UINT64_MAX)
                        timeout = (timeout_usec - gone) / 1000 < 60000 ? (int) ((timeout_usec - gone) / 1000) + 1 : 60000;
                r = turn(l, p->events_fd, timeout);
                if (r < 0)
                        return r;
        }
}

void runloop_end(RunLoop *l) {
        if (l->tty_fd >= 0 && l->foreground) {
                sigset_t ttou;

                /* We may be in the background now: taking the terminal back from there raises SIGTTOU. */
                (void) sigemptyset(&ttou);
                (void) sigaddset(&ttou, SIGTTOU);
                (void) sigprocmask(SIG_BLOCK, &ttou, NULL);
                if (tcgetpgrp(l->tty_fd) != getpgrp())
                        (void) tcsetpgrp(l->tty_fd, getpgrp());
                if (l->restore && l->exited && WIFSIGNALED(l->status))
                        (void) tcsetattr(l->tty_fd, TCSADRAIN, &l->modes);
        }
        fd_closep(&l->tty_fd);
        fd_closep(&l->signal_fd);
        l->tty_fd = l->signal_fd = -1;
}
