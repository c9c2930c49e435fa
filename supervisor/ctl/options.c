#include "supervisor/ctl/options.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/base/fd.h"
#include "supervisor/text/human.h"
#include "supervisor/text/size.h"

/* getopt codes of what has no letter. */
enum {
        CODE_JSON = 256,
        CODE_SOCKET,
        CODE_CGROUP,
        CODE_ALL,
        CODE_BY,
        CODE_COUNTERS,
        CODE_SAVE,
        CODE_RISK,
        CODE_EFFECTIVE,
        CODE_DRY_RUN,
        CODE_TYPE,
        CODE_CONFIG,
        CODE_FOR,
        CODE_POLICIES,
        CODE_AGAINST,
};

enum { LINES_DEFAULT = 10 };

typedef struct OptionEntry {
        unsigned takes;         /* 0: every subcommand */
        int code;
        const char *name;
        const char *argument;   /* NULL: a flag */
        const char *help;
} OptionEntry;

static const OptionEntry entries[] = {
        { OPTION_SINCE, 'S', "since", "WHEN", "from then on: 09:14, yesterday, -2h, 2026-11-20" },
        { OPTION_SINCE, 'U', "until", "WHEN", "up to then" },
        { OPTION_LINES, 'n', "lines", "N", "only the newest N (without a number 10), or all" },
        { OPTION_FOLLOW, 'f', "follow", NULL, "go on as new ones come" },
        { OPTION_CGROUP, CODE_CGROUP, "cgroup", "CGROUP", "only this cgroup and what is below it" },
        { OPTION_ALL, CODE_ALL, "all", NULL, "also SIGKILLs that were no OOM kill" },
        { OPTION_BY, CODE_BY, "by", "WHAT", "count by unit, cgroup, reason or killer" },
        { OPTION_TYPE, CODE_TYPE, "type", "TYPE,...", "only records of these types" },
        { OPTION_COUNTERS, CODE_COUNTERS, "counters", NULL, "also what was counted, probe by probe, ring by ring" },
        { OPTION_SAVE, CODE_SAVE, "save", NULL, "also keep it, in policies.d/50-set.conf (root only)" },
        { OPTION_RISK, CODE_RISK, "risk", NULL, "lower it even if that may kill" },
        { OPTION_DRY_RUN, CODE_DRY_RUN, "dry-run", NULL, "say what would be done, and do nothing" },
        { OPTION_EFFECTIVE, CODE_EFFECTIVE, "effective", "CGROUP", "what the configuration gives this cgroup" },
        { OPTION_CONFIG, CODE_CONFIG, "config", "DIR", "what is loaded now is here, not in /etc/reeve" },
        { OPTION_FOR, CODE_FOR, "for", "TIME", "so long: 30s, 10min, 1h, 2d" },
        { OPTION_POLICIES, CODE_POLICIES, "policies", "DIR", "judge by the configuration in DIR (or that file)" },
        { OPTION_AGAINST, CODE_AGAINST, "against", NULL, "against what was decided then" },
        { OPTION_QUIET, 'q', "quiet", NULL, "print nothing, answer by exit code" },
        { 0, CODE_JSON, "json", NULL, "print JSON" },
        { 0, CODE_SOCKET, "socket", "PATH", "talk to reeved there" },
        { 0, 'h', "help", NULL, "print this" },
};

int options_complain(const char *name, const char *format, ...) {
        va_list ap;

        (void) fprintf(stderr, "reevectl %s: ", name);
        va_start(ap, format);
        (void) vfprintf(stderr, format, ap);
        va_end(ap);
        (void) fprintf(stderr, "\nTry 'reevectl %s --help'.\n", name);
        return CTL_USAGE;
}

static bool entry_taken(const OptionEntry *e, const OptionsHelp *help) {
        return e->takes == 0 || (e->takes & help->takes);
}

static void help_print(const OptionsHelp *help) {
        (void) printf("Usage: reevectl %s\n\n%s\n\nOptions:\n", help->usage, help->text);
        for (size_t i = 0; i < ELEMENTSOF(entries); i++) {
                const OptionEntry *e = &entries[i];
                char name[64];

                if (!entry_taken(e, help))
                        continue;
                (void) snprintf(name, sizeof(name), "--%s%s%s", e->name, e->argument ? " " : "", e->argument ? e->argument : "");
                if (e->code < CODE_JSON)
                        (void) printf("  -%c, %-18s %s\n", e->code, name, e->help);
                else
                        (void) printf("      %-18s %s\n", name, e->help);
        }
        if (help->examples)
                (void) printf("\nExamples:\n%s\n", help->examples);
}

/* Builds what getopt_long() wants from those entries that @help takes. */
static void getopt_tables(const OptionsHelp *help, struct option *longs, char *shorts) {
        for (size_t i = 0; i < ELEMENTSOF(entries); i++) {
                const OptionEntry *e = &entries[i];

                if (!entry_taken(e, help))
                        continue;
                *longs++ = (struct option) { e->name, !e->argument ? no_argument : e->code == 'n' ? optional_argument : required_argument,
                                             NULL, e->code };
                if (e->code < CODE_JSON) {
                        *shorts++ = (char) e->code;
                        if (e->argument)
                                *shorts++ = ':';
                        if (e->code == 'n')
                                *shorts++ = ':';
                }
        }
        *longs = (struct option) { 0 };
        *shorts = '\0';
}

static int when_take(int64_t *ret, const char *name, const char *option, const char *text, int64_t now_usec) {
        if (human_when_parse(text, now_usec, ret) < 0)
                return options_complain(name, "%s: '%s' is no point in time (09:14, yesterday, -2h, 2026-11-20 09:14)", option, text);
        return 0;
}

/* @text: NULL where -n stands alone. */
static int lines_take(long *ret, const char *name, const char *text) {
        char *end;

        *ret = !text ? LINES_DEFAULT : OPTIONS_ALL_LINES;
        if (!text || strcmp(text, "all") == 0)
                return 0;
        errno = 0;
        *ret = strtol(text, &end, 10);
        if (errno || end == text || *end || *ret < 0)
                return options_complain(name, "-n: '%s' is no number, and not all", text);
        return 0;
}

static int span_take(uint64_t *ret, const char *name, const char *text) {
        if (duration_parse(text, ret) < 0 || *ret == 0 || *ret == DURATION_INFINITY)
                return options_complain(name, "--for: '%s' is no time (30s, 10min, 1h, 2d)", text);
        return 0;
}

/* Takes one option. Returns 0, or what to exit with. */
static int option_take(Options *o, const char *name, int code, const char *argument) {
        switch (code) {
        case 'S': return when_take(&o->since_usec, name, "--since", argument, o->context.now_usec);
        case 'U': return when_take(&o->until_usec, name, "--until", argument, o->context.now_usec);
        case 'n': return lines_take(&o->lines, name, argument);
        case 'f': o->follow = true; break;
        case 'q': o->quiet = true; break;
        case CODE_ALL: o->all = true; break;
        case CODE_COUNTERS: o->counters = true; break;
        case CODE_SAVE: o->save = true; break;
        case CODE_RISK: o->risk = true; break;
        case CODE_DRY_RUN: o->dry_run = true; break;
        case CODE_JSON: o->context.json = true; break;
        case CODE_CGROUP: o->cgroup = argument; break;
        case CODE_BY: o->by = argument; break;
        case CODE_TYPE: o->type = argument; break;
        case CODE_FOR: return span_take(&o->for_usec, name, argument);
        case CODE_CONFIG: o->config = argument; break;
        case CODE_POLICIES: o->policies = argument; break;
        case CODE_AGAINST: o->against = true; break;
        case CODE_EFFECTIVE: o->effective = argument; break;
        case CODE_SOCKET: o->context.socket_path = argument; break;
        default: return options_complain(name, "this option is not known");
        }
        return 0;
}

/* Also of what went wrong the exit code tells. */
static void silence(void) {
        _cleanup_close_ int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

        if (fd >= 0)
                (void) dup2(fd, STDERR_FILENO);
}

int options_parse(Options *ret, int *ret_exit, const OptionsHelp *help, int argc, char **argv, const CtlContext *c) {
        struct option longs[ELEMENTSOF(entries) + 1];
        char shorts[2 * ELEMENTSOF(entries) + 3] = ":";
        Options o = { .context = *c, .since_usec = -1, .until_usec = -1, .lines = -1 };
        int code;

        getopt_tables(help, longs, shorts + 1);
        optind = 0;
        opterr = 0;
        while ((code = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
                *ret_exit = CTL_DONE;
                if (code == 'h') {
                        help_print(help);
                        return 1;
                }
                if (code == ':')
                        *ret_exit = options_complain(argv[0], "'%s' wants an argument", argv[optind - 1]);
                else if (code == '?')
                        *ret_exit = options_complain(argv[0], "'%s' is no option here", argv[optind - 1]);
                else {
                        /* getopt wants what is optional in the same word; people do not. */
                        if (code == 'n' && !optarg && optind < argc && argv[optind][0] != '-')
                                optarg = argv[optind++];
                        *ret_exit = option_take(&o, argv[0], code, optarg);
                }
                if (*ret_exit != CTL_DONE)
                        return 1;
        }
        o.arguments = argv + optind;
        o.n_arguments = argc - optind;
        if (o.n_arguments < help->least || (help->most >= 0 && o.n_arguments > help->most)) {
                *ret_exit = options_complain(argv[0], "it is: reevectl %s", help->usage);
                return 1;
        }
        if (o.since_usec >= 0 && o.until_usec >= 0 && o.until_usec < o.since_usec) {
                *ret_exit = options_complain(argv[0], "--until= is before --since=");
                return 1;
        }
        if (o.quiet)
                silence();
        *ret = o;
        return 0;
}
