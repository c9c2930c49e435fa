#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "supervisor/base/clock.h"
#include "supervisor/ctl/ctl.h"

static const CtlCommand commands[] = {
        { "status", ctl_status, "how this host is watched, or how a cgroup stands" },
        { "kills", ctl_kills, "which processes the OOM killer took, by whose limit" },
        { "explain", ctl_explain, "one kill, or the newest of a cgroup or process, in plain words" },
        { "show", ctl_show, "all that one record says" },
        { "events", ctl_events, "the records as they were written, of every type" },
        { "why-not", ctl_whynot, "why no rule acted on a cgroup" },
        { "predict", ctl_predict, "whom the kernel would take next, in a cgroup or on the host" },
        { "recommend", ctl_recommend, "a budget for a cgroup, with the evidence and the risk" },
        { "doctor", ctl_doctor, "is this a good host for Reeve, and what to change" },
        { "run", ctl_run, "run a command under limits, and tell if the OOM killer came" },
        { "set", ctl_set, "set the limits of a cgroup; lowering kills nobody" },
        { "reload", ctl_reload, "have reeved read its configuration again" },
        { "pause", ctl_pause, "have rules only judge for a while" },
        { "resume", ctl_resume, "have them act again" },
        { "check", ctl_check, "all that is wrong with a configuration, by file and line" },
        { "diff", ctl_diff, "which limits a configuration would change here" },
        { "capture", ctl_capture, "write down what the rules are given to judge" },
        { "replay", ctl_replay, "judge a capture again, by these rules or others" },
        { "help", ctl_help, "what people ask about the OOM killer, answered" },
        { "version", ctl_version, "which Reeve this is" },
        { NULL, NULL, NULL },
};

static void usage_print(FILE *out) {
        (void) fprintf(out, "Usage: reevectl [--json] [--socket PATH] [COMMAND [ARGUMENTS]]\n\n"
                            "Without a command: is this host watched, what was killed, what is near a limit.\n\n"
                            "Commands:\n");
        for (const CtlCommand *k = commands; k->name; k++)
                (void) fprintf(out, "  %-10s %s\n", k->name, k->summary);
        (void) fprintf(out, "\n'reevectl COMMAND --help' explains each, 'reevectl help' what people ask.\n"
                            "Exit: 0 done, 1 failed or refused, 2 usage, 3 no daemon, 4 not allowed,\n"
                            "5 no such cgroup or record.\n");
}

static void context_init(CtlContext *c) {
        const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");
        struct winsize size;

        *c = (CtlContext) { .commands = commands, .terminal = isatty(STDOUT_FILENO) == 1 };
        c->now_usec = (int64_t) clock_usec(CLOCK_REALTIME);
        if (!c->terminal)
                return;
        c->color = !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
        c->width = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

static const CtlCommand *command_find(const char *name) {
        for (const CtlCommand *k = commands; k->name; k++)
                if (strcmp(k->name, name) == 0)
                        return k;
        return NULL;
}

/* The options before the subcommand. Returns 0 with optind at the subcommand, or 1 with the exit code. */
static int globals_parse(CtlContext *c, int *ret_exit, int argc, char **argv) {
        static const struct option longs[] = {
                { "json", no_argument, NULL, 'j' },
                { "socket", required_argument, NULL, 's' },
                { "help", no_argument, NULL, 'h' },
                { "version", no_argument, NULL, 'V' },
                { NULL, 0, NULL, 0 },
        };
        int code;

        *ret_exit = CTL_DONE;
        while ((code = getopt_long(argc, argv, "+hV", longs, NULL)) != -1) {
                switch (code) {
                case 'j': c->json = true; break;
                case 's': c->socket_path = optarg; break;
                case 'h':
                        usage_print(stdout);
                        return 1;
                case 'V':
                        *ret_exit = ctl_version(1, (char *[]) { (char[]) { "version" }, NULL }, c);
                        return 1;
                default:
                        (void) fprintf(stderr, "Try 'reevectl --help'.\n");
                        *ret_exit = CTL_USAGE;
                        return 1;
                }
        }
        return 0;
}

static int command_run(int argc, char **argv, const CtlContext *c) {
        if (argc == 0)
                return ctl_overview(1, (char *[]) { (char[]) { "reevectl" }, NULL }, c);

        const CtlCommand *k = command_find(argv[0]);

        if (k)
                return k->run(argc, argv, c);
        (void) fprintf(stderr, "reevectl: '%s' is no command.\nTry 'reevectl --help'.\n", argv[0]);
        return CTL_USAGE;
}

int main(int argc, char **argv) {
        CtlContext c;
        int e;

        context_init(&c);
        if (globals_parse(&c, &e, argc, argv) == 0)
                e = command_run(argc - optind, argv + optind, &c);
        /* A full disk behind stdout must not look like success. */
        if (fflush(stdout) != 0 && errno != EPIPE && e == CTL_DONE) {
                (void) fprintf(stderr, "reevectl: cannot write: %s\n", strerror(errno));
                e = CTL_FAILED;
        }
        return e;
}
