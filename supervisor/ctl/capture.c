#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "supervisor/base/clock.h"
#include "supervisor/base/fd.h"
#include "supervisor/ctl/print.h"
#include "supervisor/ctl/session.h"

static const OptionsHelp help = {
        .usage = "capture FILE [--for TIME]",
        .text = "Writes to FILE what reeved's rules are given to judge, and what they decide, until\n"
                "^C or for TIME: readings of every cgroup that a rule looks at and of who might be\n"
                "acted on, verdicts, and the kernel's kills. 'reevectl replay FILE' judges it again,\n"
                "also by other rules. Only what some enabled rule looks at is read at all. For root\n"
                "and the group reeve: it names every cgroup, and holds the configuration.",
        .examples = "  reevectl capture --for 10min /tmp/load.capture\n"
                    "  reevectl capture /tmp/load.capture          # until ^C",
        .takes = OPTION_FOR,
        .least = 1,
        .most = 1,
};

typedef struct Writing {
        const char *path;
        int fd, signal_fd;
        uint64_t bytes, begun_usec, until_usec; /* CLOCK_BOOTTIME; until 0: no end */
        bool stopped;                   /* by a signal, or the time is over */
        bool ended;                     /* reeved said so */
        bool looked;                    /* there was a round of looks */
} Writing;

static int file_fail(const Writing *w, int error) {
        (void) fputs("reevectl capture: ", stderr);
        print_name(stderr, w->path);
        (void) fprintf(stderr, ": %s\n", strerror(-error));
        return error == -EACCES || error == -EPERM ? CTL_NOT_ALLOWED : CTL_FAILED;
}

static int text_write(Writing *w, const char *text) {
        w->looked = w->looked || strncmp(text, "r ", 2) == 0 || strstr(text, "\nr ");
        for (size_t left = strlen(text); left > 0;) {
                ssize_t n = write(w->fd, text, left);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return file_fail(w, -errno);
                text += n;
                left -= (size_t) n;
                w->bytes += (uint64_t) n;
        }
        return CTL_DONE;
}

/* Waits for more from reeved, a signal, or the end of the time. */
static void wait_for_more(Writing *w, const reeve_capture *c) {
        struct pollfd fds[] = { { .fd = reeve_capture_fd(c), .events = POLLIN }, { .fd = w->signal_fd, .events = POLLIN } };
        uint64_t now = clock_usec(CLOCK_BOOTTIME);
        int timeout = -1;

        if (w->until_usec)
                timeout = w->until_usec <= now ? 0 : (int) ((w->until_usec - now) / 1000 < INT32_MAX ? (w->until_usec - now) / 1000 + 1 : INT32_MAX);
        if (poll(fds, 2, timeout) >= 0 && (fds[1].revents & POLLIN))
                w->stopped = true;
        if (w->until_usec && clock_usec(CLOCK_BOOTTIME) >= w->until_usec)
                w->stopped = true;
}

static int pieces_write(Writing *w, reeve_capture *c) {
        while (!w->stopped) {
                const char *text;
                int r = reeve_capture_next(c, 0, &text), e;

                if (r == 0) {
                        w->ended = true;
                        return CTL_DONE;
                }
                if (r < 0 && r != -EAGAIN)
                        return session_fail(r, reeve_capture_error_text(c), NULL);
                if (r == -EAGAIN)
                        wait_for_more(w, c);
                else if ((e = text_write(w, text)) != CTL_DONE)
                        return e;
        }
        return CTL_DONE;
}

/* What reeved did not say itself: that this is all. */
static int end_write(Writing *w) {
        char line[64];

        if (w->ended)
                return CTL_DONE;
        (void) snprintf(line, sizeof(line), "E %" PRIu64 " stopped\n", clock_usec(CLOCK_BOOTTIME));
        return text_write(w, line);
}

static int result_print(const Writing *w, const CtlContext *c) {
        char size[HUMAN_SIZE], span[HUMAN_SIZE];
        uint64_t took = clock_usec(CLOCK_BOOTTIME) - w->begun_usec;

        if (c->json) {
                json_auto_t *answer = json_pack("{s:s, s:I, s:I, s:b, s:b}", "file", w->path, "bytes", (json_int_t) w->bytes, "took_usec",
                                                (json_int_t) took, "ended_by_reeved", w->ended, "looked", w->looked);

                return answer ? print_json(c, answer) : CTL_FAILED;
        }
        (void) fprintf(stderr, "%sCaptured %s in %s; judge it again with: reevectl replay ", w->ended ? "reeved stopped. " : "",
                       human_bytes((int64_t) w->bytes, size), human_span(took, span));
        print_name(stderr, w->path);
        (void) fputc('\n', stderr);
        if (!w->looked)
                (void) fputs("Nothing was looked at meanwhile: no enabled rule matches a cgroup here.\n", stderr);
        return CTL_DONE;
}

static int signals_hold(void) {
        sigset_t set;

        (void) sigemptyset(&set);
        (void) sigaddset(&set, SIGINT);
        (void) sigaddset(&set, SIGTERM);
        (void) sigprocmask(SIG_BLOCK, &set, NULL);
        return signalfd(-1, &set, SFD_CLOEXEC);
}

/* reevectl capture. */
int ctl_capture(int argc, char **argv, const CtlContext *c) {
        _cleanup_reeve_ reeve *r = NULL;
        _cleanup_close_ int file = -1, signals = -1;
        reeve_capture *capture = NULL;
        Writing w = { .fd = STDOUT_FILENO };
        Options o;
        int e;

        if (options_parse(&o, &e, &help, argc, argv, c))
                return e;
        w.path = o.arguments[0];
        if ((e = session_open(&r, &o.context)) != CTL_DONE)
                return e;
        if ((e = reeve_capture_open(&capture, r, /* recent= */ false)) < 0)
                return session_call_fail(r, e, NULL);
        if (strcmp(w.path, "-") != 0) {
                /* It holds all names and the configuration: not for everybody. */
                w.fd = file = open(w.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
        }
        w.signal_fd = signals = signals_hold();
        w.begun_usec = clock_usec(CLOCK_BOOTTIME);
        w.until_usec = o.for_usec ? w.begun_usec + o.for_usec : 0;
        e = w.fd < 0 ? file_fail(&w, -errno) : pieces_write(&w, capture);
        if (e == CTL_DONE)
                e = end_write(&w);
        capture = reeve_capture_close(capture);
        return e == CTL_DONE ? result_print(&w, &o.context) : e;
}
