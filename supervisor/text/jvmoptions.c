#include "supervisor/text/jvmoptions.h"

#include <stdio.h>
#include <string.h>

#include "supervisor/text/size.h"

enum { ARGUMENT_MAX = 256 };

static bool separates(char c) {
        return c == '\0' || c == ' ';
}

/* The next argument, cut where it is long; false at the end. */
static bool argument_next(const char **p, const char *end, char ret[static ARGUMENT_MAX]) {
        size_t n = 0;

        while (*p < end && separates(**p))
                (*p)++;
        if (*p == end)
                return false;
        for (; *p < end && !separates(**p); (*p)++)
                if (n + 1 < ARGUMENT_MAX)
                        ret[n++] = **p;
        ret[n] = '\0';
        return true;
}

/* "512m", "2G", "1048576": letters as the JVM takes them are those of sizes, in either case. */
static void size_take(const char *text, int64_t *ret) {
        char upper[32];
        uint64_t bytes;
        size_t n = strlen(text);

        if (n == 0 || n >= sizeof(upper))
                return;
        memcpy(upper, text, n + 1);
        if (upper[n - 1] >= 'a' && upper[n - 1] <= 'z')
                upper[n - 1] = (char) (upper[n - 1] - 'a' + 'A');
        if (size_parse(upper, &bytes) == 0 && bytes <= INT64_MAX)
                *ret = (int64_t) bytes;
}

static void percentage_take(const char *text, int32_t *ret) {
        char percent[ARGUMENT_MAX + 2];
        uint32_t permyriad;

        (void) snprintf(percent, sizeof(percent), "%s%%", text);
        if (percent_parse(percent, &permyriad) == 0)
                *ret = (int32_t) permyriad;
}

static const char *after(const char *argument, const char *option) {
        size_t n = strlen(option);

        return strncmp(argument, option, n) == 0 ? argument + n : NULL;
}

static void option_take(JvmOptions *o, const char *argument) {
        const char *value;

        if ((value = after(argument, "-Xmx")) || (value = after(argument, "-XX:MaxHeapSize=")))
                size_take(value, &o->xmx_bytes);
        else if ((value = after(argument, "-XX:MaxRAMPercentage=")))
                percentage_take(value, &o->max_ram_permyriad);
        else if ((value = after(argument, "-XX:MaxRAM=")))
                size_take(value, &o->max_ram_bytes);
}

bool jvmoptions_parse(JvmOptions *ret, const char *cmdline, size_t length) {
        const char *p = cmdline, *end = cmdline + length, *name;
        char argument[ARGUMENT_MAX];

        *ret = (JvmOptions) { .xmx_bytes = -1, .max_ram_permyriad = -1, .max_ram_bytes = -1 };
        if (!argument_next(&p, end, argument))
                return false;
        name = strrchr(argument, '/');
        if (strcmp(name ? name + 1 : argument, "java") != 0)
                return false;
        /* Options end where the program begins. */
        while (argument_next(&p, end, argument) && strcmp(argument, "-jar") != 0)
                option_take(ret, argument);
        return true;
}

int64_t jvmoptions_heap(const JvmOptions *o, int64_t available_bytes) {
        int64_t sees = o->max_ram_bytes >= 0 && o->max_ram_bytes < available_bytes ? o->max_ram_bytes : available_bytes;
        int32_t permyriad = o->max_ram_permyriad >= 0 ? o->max_ram_permyriad : JVM_DEFAULT_PERMYRIAD;

        if (o->xmx_bytes >= 0)
                return o->xmx_bytes;
        return sees < 0 ? -1 : (int64_t) ((double) sees * permyriad / 10000);
}
