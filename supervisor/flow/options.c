#include "supervisor/flow/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/text/config.h"

const char options_help[] =
        "reeved [OPTION...]\n\n"
        "The memory supervisor for cgroup v2 hosts: keeps budgets, sees and explains every OOM kill.\n\n"
        "  --config DIR             read reeve.conf, reeve.conf.d and policies.d below DIR only\n"
        "  --cgroup-root DIR        the cgroup2 mount (default: found in /proc/self/mountinfo)\n"
        "  --state-directory DIR    ledger.db and limits.json (default: /var/lib/reeve)\n"
        "  --runtime-directory DIR  spool and socket (default: /run/reeve)\n"
        "  --source auto|kprobe|log force a source of facts\n"
        "  --mode watch|dry-run|act whether to act\n"
        "  --user                   serve this user's cgroups, without privileges\n"
        "  --check-host             is there a cgroup v2 memory controller? exit 0 yes, 3 no\n"
        "  --uninstall              remove probes and drop-ins, put back every limit\n"
        "  --help, --version\n\n"
        "Exit status: 0 stopped, 1 failure, 2 usage, 3 no cgroup v2 memory controller, 4 already running.\n";

enum { OPT_CONFIG = 256, OPT_CGROUP_ROOT, OPT_STATE, OPT_RUNTIME, OPT_SOURCE, OPT_MODE, OPT_USER, OPT_CHECK, OPT_UNINSTALL,
       OPT_HELP, OPT_VERSION };

static const struct option long_options[] = {
        { "config", required_argument, NULL, OPT_CONFIG },
        { "cgroup-root", required_argument, NULL, OPT_CGROUP_ROOT },
        { "state-directory", required_argument, NULL, OPT_STATE },
        { "runtime-directory", required_argument, NULL, OPT_RUNTIME },
        { "source", required_argument, NULL, OPT_SOURCE },
        { "mode", required_argument, NULL, OPT_MODE },
        { "user", no_argument, NULL, OPT_USER },
        { "check-host", no_argument, NULL, OPT_CHECK },
        { "uninstall", no_argument, NULL, OPT_UNINSTALL },
        { "help", no_argument, NULL, OPT_HELP },
        { "version", no_argument, NULL, OPT_VERSION },
        { 0 },
};

static int word_index(const char *word, const char *const words[]) {
        for (int i = 0; words[i]; i++)
                if (strcmp(word, words[i]) == 0)
                        return i;
        return -1;
}

static int refuse(char *reterr, size_t size, const char *what, const char *word) {
        (void) snprintf(reterr, size, "%s: \"%s\"; see reeved --help", what, word);
        return -EINVAL;
}

static int copy_directory(char *ret, const char *from, char *reterr, size_t size) {
        if (from[0] != '/')
                return refuse(reterr, size, "a directory must be an absolute path", from);
        if (strlen(from) >= sizeof(((Options *) NULL)->state_directory))
                return refuse(reterr, size, "the name of a directory is too long", from);
        (void) strcpy(ret, from);
        return 0;
}

static int take(Options *o, int c, char *reterr, size_t size) {
        static const char *const sources[] = { "auto", "kprobe", "log", NULL };         /* in the order of ConfigSource */
        static const char *const modes[] = { "watch", "dry-run", "act", NULL };         /* in the order of ReeveMode */

        switch (c) {
        case OPT_CONFIG:
                o->config_directory = optarg;
                return 0;
        case OPT_CGROUP_ROOT:
                o->cgroup_root = optarg;
                return 0;
        case OPT_STATE:
                return copy_directory(o->state_directory, optarg, reterr, size);
        case OPT_RUNTIME:
                return copy_directory(o->runtime_directory, optarg, reterr, size);
        case OPT_SOURCE:
                o->source = word_index(optarg, sources);
                return o->source < 0 ? refuse(reterr, size, "--source takes auto, kprobe or log", optarg) : 0;
        case OPT_MODE:
                o->mode = word_index(optarg, modes);
                return o->mode < 0 ? refuse(reterr, size, "--mode takes watch, dry-run or act", optarg) : 0;
        case OPT_USER:
                o->user = true;
                return 0;
        case OPT_CHECK:
                o->action = OPTIONS_CHECK_HOST;
                return 0;
        case OPT_UNINSTALL:
                o->action = OPTIONS_UNINSTALL;
                return 0;
        case OPT_HELP:
                o->action = OPTIONS_HELP;
                return 0;
        default:
                o->action = OPTIONS_VERSION;
                return 0;
        }
}

/* systemd's variables may list several directories, apart by ':'; ours is the first. */
static int default_directory(char *ret, const char *variable, const char *system, const char *user_variable,
                             const char *user_default, bool user, char *reterr, size_t size) {
        const char *given = getenv(variable), *base = user ? getenv(user_variable) : NULL, *home = getenv("HOME");
        char text[1024];

        if (given && given[0] == '/')
                (void) snprintf(text, sizeof(text), "%.*s", (int) strcspn(given, ":"), given);
        else if (base)
                (void) snprintf(text, sizeof(text), "%s/reeve", base);
        else if (user && home)
                (void) snprintf(text, sizeof(text), "%s/%s", home, user_default);
        else
                (void) snprintf(text, sizeof(text), "%s", system);
        return copy_directory(ret, text, reterr, size);
}

int options_parse(Options *ret, int argc, char **argv, char *reterr, size_t err_size) {
        Options o = { .source = -1, .mode = -1 };
        int c, r;

        opterr = 0;
        while ((c = getopt_long(argc, argv, "+h", long_options, NULL)) >= 0) {
                if (c == '?')
                        return refuse(reterr, err_size, "unknown option, or an option without its value", argv[optind - 1]);
                r = take(&o, c == 'h' ? OPT_HELP : c, reterr, err_size);
                if (r < 0)
                        return r;
        }
        if (optind < argc)
                return refuse(reterr, err_size, "no arguments are expected", argv[optind]);
        if (!o.state_directory[0]) {
                r = default_directory(o.state_directory, "STATE_DIRECTORY", "/var/lib/reeve", "XDG_STATE_HOME",
                                      ".local/state/reeve", o.user, reterr, err_size);
                if (r < 0)
                        return r;
        }
        if (!o.runtime_directory[0]) {
                r = default_directory(o.runtime_directory, "RUNTIME_DIRECTORY", "/run/reeve", "XDG_RUNTIME_DIR",
                                      ".cache/reeve", o.user, reterr, err_size);
                if (r < 0)
                        return r;
        }
        if (o.user) {
                r = default_directory(o.user_config, "CONFIGURATION_DIRECTORY", "/etc/reeve", "XDG_CONFIG_HOME", ".config/reeve",
                                      /* user= */ true, reterr, err_size);
                if (r < 0)
                        return r;
        }
        *ret = o;
        return 0;
}
