#pragma once
/* The command line of reeved. */
#include <stdbool.h>
#include <stddef.h>

#include "reeve/words.h"

typedef enum OptionsAction { OPTIONS_RUN, OPTIONS_CHECK_HOST, OPTIONS_UNINSTALL, OPTIONS_HELP, OPTIONS_VERSION } OptionsAction;

typedef struct Options {
        OptionsAction action;
        const char *config_directory;           /* NULL: the three directories, of --user user_config */
        char user_config[1024];                 /* of --user; it need not exist */
        const char *cgroup_root;                /* NULL: found */
        char state_directory[1024];
        char runtime_directory[1024];
        int source;                             /* ConfigSource, -1: as configured */
        int mode;                               /* ReeveMode, -1: as configured */
        bool user;
} Options;

/* Fills @ret from the arguments and the environment (systemd's STATE_DIRECTORY and RUNTIME_DIRECTORY). Returns 0, or
 * -EINVAL with the reason in @reterr. Texts point into argv. */
int options_parse(Options *ret, int argc, char **argv, char *reterr, size_t err_size);

/* What --help prints. */
extern const char options_help[];
