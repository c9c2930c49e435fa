#include "supervisor/text/runoptions.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "supervisor/text/size.h"

int run_limit_parse(RunLimit *ret, const char *text) {
        RunLimit limit = { .kind = RUN_LIMIT_MAX };
        size_t length = strlen(text);
        uint32_t permyriad;
        int r;

        if (strcmp(text, "max") == 0 || strcmp(text, "infinity") == 0) {
                *ret = limit;
                return 0;
        }
        if (length > 0 && text[length - 1] == '%') {
                r = percent_parse(text, &permyriad);
                limit = (RunLimit) { .kind = RUN_LIMIT_PERMYRIAD, .value = permyriad };
        } else {
                limit.kind = RUN_LIMIT_BYTES;
                r = size_parse(text, &limit.value);
        }
        if (r == 0)
                *ret = limit;
        return r;
}

uint64_t run_limit_bytes(const RunLimit *limit, uint64_t base_bytes, uint64_t page_bytes) {
        uint64_t bytes = UINT64_MAX;

        if (limit->kind == RUN_LIMIT_BYTES)
                bytes = limit->value;
        if (limit->kind == RUN_LIMIT_PERMYRIAD)
                bytes = (uint64_t) ((unsigned __int128) base_bytes * limit->value / 10000);
        return bytes == UINT64_MAX ? bytes : bytes - bytes % page_bytes;
}

/* What systemd takes as a unit name, so that the complaint comes from us, in words. */
static bool unit_name_is_valid(const char *name) {
        if (*name == 0 || *name == '.')
                return false;
        for (; *name; name++)
                if (!isalnum((unsigned char) *name) && !strchr(":-_.\\@", *name))
                        return false;
        return true;
}

static int take_unit_name(char *ret, size_t size, const char *value, const char *suffix, const char *option, char *reterr,
                          size_t err_size) {
        size_t length = strlen(value), end = strlen(suffix);
        bool has_suffix = length > end && strcmp(value + length - end, suffix) == 0;

        if (!unit_name_is_valid(value) || length + end >= size) {
                (void) snprintf(reterr, err_size, "--%s=%s is no unit name (letters, digits and :-_.\\@, at most %zu)", option,
                                value, size - end - 1);
                return -EINVAL;
        }
        memcpy(ret, value, length + 1);
        if (!has_suffix)
                memcpy(ret + length, suffix, end + 1);
        return 0;
}

static int take_limit(RunLimit *ret, const char *value, const char *option, char *reterr, size_t err_size) {
        if (run_limit_parse(ret, value) == 0)
                return 0;
        (void) snprintf(reterr, err_size, "--%s=%s is no size: bytes with K, M, G or T, a percentage up to 100%%, or max", option,
                        value);
        return -EINVAL;
}

enum { OPT_MIN = 256, OPT_LOW, OPT_HIGH, OPT_MAX, OPT_SWAP, OPT_GROUP, OPT_NAME, OPT_SLICE, OPT_KILL_AFTER, OPT_WAIT, OPT_USER,
       OPT_SYSTEM, OPT_NO_SYSTEMD, OPT_JSON };

static const struct option long_options[] = {
        { "memory-min", required_argument, NULL, OPT_MIN },     { "memory-low", required_argument, NULL, OPT_LOW },
        { "memory-high", required_argument, NULL, OPT_HIGH },   { "memory-max", required_argument, NULL, OPT_MAX },
        { "swap-max", required_argument, NULL, OPT_SWAP },      { "memory-swap-max", required_argument, NULL, OPT_SWAP },
        { "oom-group", no_argument, NULL, OPT_GROUP },          { "name", required_argument, NULL, OPT_NAME },
        { "slice", required_argument, NULL, OPT_SLICE },        { "kill-after", required_argument, NULL, OPT_KILL_AFTER },
        { "wait", no_argument, NULL, OPT_WAIT },                { "user", no_argument, NULL, OPT_USER },
        { "system", no_argument, NULL, OPT_SYSTEM },            { "no-systemd", no_argument, NULL, OPT_NO_SYSTEMD },
        { "json", no_argument, NULL, OPT_JSON },                { "quiet", no_argument, NULL, 'q' },
        { "help", no_argument, NULL, 'h' },                     { NULL, 0, NULL, 0 },
};

static const char *option_name(int c) {
        for (const struct option *o = long_options; o->name; o++)
                if (o->val == c)
                        return o->name;
        return "?";
}

static int take_option(RunOptions *o, int c, const char *value, char *reterr, size_t err_size) {
        RunLimit *limit = c == OPT_MIN ? &o->memory_min : c == OPT_LOW ? &o->memory_low : c == OPT_HIGH ? &o->memory_high :
                          c == OPT_MAX ? &o->memory_max : c == OPT_SWAP ? &o->swap_max : NULL;

        if (limit)
                return take_limit(limit, value, option_name(c), reterr, err_size);
        switch (c) {
        case OPT_GROUP: o->oom_group = true; return 0;
        case OPT_WAIT: o->wait = true; return 0;
        case OPT_JSON: o->json = true; return 0;
        case 'q': o->quiet = true; return 0;
        case 'h': o->help = true; return 0;
        case OPT_USER: o->manager = RUN_MANAGER_USER; return 0;
        case OPT_SYSTEM: o->manager = RUN_MANAGER_SYSTEM; return 0;
        case OPT_NO_SYSTEMD: o->manager = RUN_MANAGER_NONE; return 0;
        case OPT_NAME: return take_unit_name(o->name, sizeof(o->name), value, ".scope", "name", reterr, err_size);
        case OPT_SLICE: return take_unit_name(o->slice, sizeof(o->slice), value, ".slice", "slice", reterr, err_size);
        default: break;
        }
        if (duration_parse(value, &o->kill_after_usec) == 0)
                return 0;
        (void) snprintf(reterr, err_size, "--kill-after=%s is no time: 5s, 500ms, 2min", value);
        return -EINVAL;
}

int run_options_parse(RunOptions *ret, int argc, char **argv, char *reterr, size_t err_size) {
        RunOptions o = { .kill_after_usec = 5 * 1000 * 1000 };
        int c, r, before;

        optind = 0;               /* glibc: start over, wherever main() left off */
        opterr = 0;
        for (;;) {
                before = optind ? optind : 1;
                c = getopt_long(argc, argv, "+:qh", long_options, NULL);
                if (c < 0)
                        break;
                if (c == '?' || c == ':') {
                        (void) snprintf(reterr, err_size, c == ':' ? "%s needs a value" : "unknown option %s",
                                        before < argc ? argv[before] : "?");
                        return -EINVAL;
                }
                r = take_option(&o, c, optarg, reterr, err_size);
                if (r < 0)
                        return r;
        }
        o.command = argv + optind;
        if (optind >= argc && !o.help) {
                (void) snprintf(reterr, err_size, "no COMMAND: reevectl run [OPTIONS] -- COMMAND [ARGUMENT...]");
                return -EINVAL;
        }
        *ret = o;
        return 0;
}
