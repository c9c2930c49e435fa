#pragma once
/* Options that subcommands have in common, read in one way and explained in one way. */
#include <limits.h>
#include <stdint.h>

#include "supervisor/ctl/ctl.h"

/* Which options a subcommand takes. All take --json, --socket and --help. */
enum {
        OPTION_SINCE = 1 << 0,          /* --since, --until */
        OPTION_LINES = 1 << 1,          /* -n */
        OPTION_FOLLOW = 1 << 2,         /* -f */
        OPTION_CGROUP = 1 << 3,
        OPTION_QUIET = 1 << 4,          /* -q */
        OPTION_ALL = 1 << 5,
        OPTION_BY = 1 << 6,
        OPTION_COUNTERS = 1 << 7,
        OPTION_SAVE = 1 << 8,
        OPTION_RISK = 1 << 9,
        OPTION_EFFECTIVE = 1 << 10,
        OPTION_DRY_RUN = 1 << 11,
        OPTION_TYPE = 1 << 12,
        OPTION_CONFIG = 1 << 13,
        OPTION_FOR = 1 << 14,
        OPTION_POLICIES = 1 << 15,
        OPTION_AGAINST = 1 << 16,
};

/* The words of --help. */
typedef struct OptionsHelp {
        const char *usage;              /* "kills [OPTIONS]" */
        const char *text;               /* what it does, lines of at most 78 columns */
        const char *examples;           /* lines of "  reevectl ...", or NULL */
        unsigned takes;                 /* OPTION_* */
        int least, most;                /* how many arguments; most -1: any number */
} OptionsHelp;

#define OPTIONS_ALL_LINES LONG_MAX

typedef struct Options {
        CtlContext context;             /* with --json and --socket of the subcommand */
        int64_t since_usec, until_usec; /* since 1970; -1: not given */
        uint64_t for_usec;              /* 0: not given */
        long lines;                     /* -1: not given; OPTIONS_ALL_LINES */
        bool follow, quiet, all, counters, save, risk, dry_run, against;
        const char *cgroup, *by, *effective, *type, *config, *policies;
        char **arguments;               /* what is no option */
        int n_arguments;
} Options;

/* How many records -n asks for, as a RecordsQuery wants it: 0 where there is no bound. */
static inline uint64_t options_limit(const Options *o) {
        return o->lines > 0 && o->lines != OPTIONS_ALL_LINES ? (uint64_t) o->lines : 0;
}

/* Reads @argv as @help says. Returns 0 and fills @ret; or 1: the answer was given (help or a complaint), with what to
 * exit with in @ret_exit. */
int options_parse(Options *ret, int *ret_exit, const OptionsHelp *help, int argc, char **argv, const CtlContext *c);

/* Complains about the use of subcommand @name on stderr and returns CTL_USAGE. */
int options_complain(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));
