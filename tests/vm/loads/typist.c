/* typist: runs a command on a terminal of its own (a pty) and types at it, as a person would.
 *
 *   typist STEP... -- COMMAND [ARGUMENTS]
 *
 * STEPs, in order: send:TEXT (with \n, \\ and \xHH), expect:TEXT (within 30 s, in what came since the last expect),
 * sleep:SECONDS. Exits 0, or 1 with what was missing and what was there instead. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char seen[1 << 16];
static size_t length;
static int terminal;

static double now(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

/* Takes what comes within @seconds; false at the end of the terminal. */
static int take(double seconds) {
        struct pollfd p = { .fd = terminal, .events = POLLIN };
        ssize_t n;

        if (poll(&p, 1, (int) (seconds * 1000)) <= 0)
                return 1;
        if (length == sizeof(seen) - 1)
                length = 0;
        n = read(terminal, seen + length, sizeof(seen) - 1 - length);
        if (n <= 0)
                return 0;
        length += (size_t) n;
        return 1;
}

static int expect(const char *text) {
        double end = now() + 30;
        char *at;

        for (int more = 1;;) {
                at = memmem(seen, length, text, strlen(text));
                if (at) {
                        size_t used = (size_t) (at - seen) + strlen(text);

                        memmove(seen, seen + used, length - used);
                        length -= used;
                        return 1;
                }
                if (!more || now() > end)
                        break;
                more = take(0.2);
        }
        fprintf(stderr, "typist: expected \"%s\", got:\n%.*s\n", text, (int) length, seen);
        return 0;
}

static void send_text(const char *text) {
        for (; *text; text++) {
                char c = *text;
                unsigned code;

                if (c == '\\' && text[1] == 'n') {
                        c = '\n';
                        text++;
                } else if (c == '\\' && text[1] == 'x' && sscanf(text + 2, "%2x", &code) == 1) {
                        c = (char) code;
                        text += 3;
                } else if (c == '\\' && text[1] == '\\')
                        text++;
                if (write(terminal, &c, 1) != 1)
                        return;
        }
}

static int step(const char *s) {
        if (strncmp(s, "send:", 5) == 0)
                send_text(s + 5);
        else if (strncmp(s, "expect:", 7) == 0)
                return expect(s + 7);
        else if (strncmp(s, "sleep:", 6) == 0)
                for (double end = now() + atof(s + 6); now() < end;)
                        take(0.05);
        return 1;
}

int main(int argc, char **argv) {
        int i, ok = 1, command = 1;
        pid_t pid;

        while (command < argc && strcmp(argv[command], "--") != 0)
                command++;
        if (command + 1 >= argc)
                return 2;
        pid = forkpty(&terminal, NULL, NULL, NULL);
        if (pid == 0) {
                execvp(argv[command + 1], argv + command + 1);
                _exit(127);
        }
        for (i = 1; ok && i < command; i++)
                ok = step(argv[i]);
        close(terminal);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        return ok ? 0 : 1;
}
