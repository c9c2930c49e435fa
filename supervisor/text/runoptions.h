#pragma once
/* The arguments of `reevectl run`, from text to struct. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum RunLimitKind {
        RUN_LIMIT_UNSET,          /* not asked for: the kernel's default stays */
        RUN_LIMIT_BYTES,
        RUN_LIMIT_PERMYRIAD,      /* of the least memory.max over the ancestors, or of RAM */
        RUN_LIMIT_MAX,            /* no limit */
} RunLimitKind;

typedef struct RunLimit {
        RunLimitKind kind;
        uint64_t value;           /* bytes, or hundredths of a percent */
} RunLimit;

/* Whose systemd makes the scope. */
typedef enum RunManager { RUN_MANAGER_AUTO, RUN_MANAGER_SYSTEM, RUN_MANAGER_USER, RUN_MANAGER_NONE } RunManager;

typedef struct RunOptions {
        RunLimit memory_min, memory_low, memory_high, memory_max, swap_max;
        bool oom_group, wait, json, quiet, help;
        uint64_t kill_after_usec; /* 5 s by default */
        RunManager manager;
        char name[224];           /* unit name with its suffix, or empty */
        char slice[224];          /* or empty */
        char **command;           /* points into argv, ends with NULL */
} RunOptions;

/* Reads @text: "512M", "1.5G", "50%", "max", "infinity" (sizes as size_parse()). Returns 0 or -EINVAL, -ERANGE. */
int run_limit_parse(RunLimit *ret, const char *text);

/* Reads argv (argv[0] is "run"). Returns 0 or -EINVAL with the complaint in @reterr. Without a command and without --help
 * it is a complaint too. Names in argv are kept, not copied: argv outlives @ret. */
int run_options_parse(RunOptions *ret, int argc, char **argv, char *reterr, size_t err_size);

/* How many bytes @limit means where @base_bytes are 100 %, rounded down to whole pages of @page_bytes. UINT64_MAX: no limit. */
uint64_t run_limit_bytes(const RunLimit *limit, uint64_t base_bytes, uint64_t page_bytes);
