#include "supervisor/text/kernfile.h"

#include <errno.h>
#include <string.h>

/* Walks a text line by line without needing a NUL at its end. */
typedef struct Lines {
        const char *at, *end;
} Lines;

static bool lines_next(Lines *l, const char **ret, size_t *ret_length) {
        const char *newline;

        if (l->at >= l->end)
                return false;
        newline = memchr(l->at, '\n', (size_t) (l->end - l->at));
        *ret = l->at;
        *ret_length = (size_t) ((newline ? newline : l->end) - l->at);
        l->at = newline ? newline + 1 : l->end;
        return true;
}

/* Digits at @s; what exceeds an int64 is KERNFILE_MAX. Returns how many bytes were digits. */
static size_t digits(const char *s, size_t length, int64_t *ret) {
        int64_t value = 0;
        size_t i;

        for (i = 0; i < length && s[i] >= '0' && s[i] <= '9'; i++) {
                int digit = s[i] - '0';

                if (value > (INT64_MAX - digit) / 10)
                        value = INT64_MAX;
                else
                        value = value * 10 + digit;
        }
        *ret = value;
        return i;
}

static size_t skip_spaces(const char *s, size_t length) {
        size_t i = 0;

        while (i < length && (s[i] == ' ' || s[i] == '\t'))
                i++;
        return i;
}

int kernfile_number(const char *text, size_t length, int64_t *ret) {
        size_t used;

        while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == ' '))
                length--;
        if (length == 3 && memcmp(text, "max", 3) == 0) {
                *ret = KERNFILE_MAX;
                return 0;
        }
        used = digits(text, length, ret);
        return used > 0 && used == length ? 0 : -EINVAL;
}

/* The value of a line "KEY[:] VALUE ...", KERNFILE_UNKNOWN where the line has another key. */
static int64_t line_value(const char *line, size_t length, const char *key, size_t key_length) {
        int64_t value;
        size_t at = key_length;

        if (length <= key_length || memcmp(line, key, key_length) != 0)
                return KERNFILE_UNKNOWN;
        if (line[at] == ':')
                at++;
        if (at >= length || (line[at] != ' ' && line[at] != '\t'))
                return KERNFILE_UNKNOWN;
        at += skip_spaces(line + at, length - at);
        if (length - at >= 3 && memcmp(line + at, "max", 3) == 0)
                return KERNFILE_MAX;
        return digits(line + at, length - at, &value) > 0 ? value : KERNFILE_UNKNOWN;
}

int64_t kernfile_key(const char *text, size_t length, const char *key) {
        Lines l = { text, text + length };
        size_t line_length, key_length = strlen(key);
        const char *line;

        while (lines_next(&l, &line, &line_length)) {
                int64_t value = line_value(line, line_length, key, key_length);

                if (value != KERNFILE_UNKNOWN)
                        return value;
        }
        return KERNFILE_UNKNOWN;
}

bool kernfile_has_word(const char *text, size_t length, const char *word) {
        Lines l = { text, text + length };
        size_t word_length = strlen(word), line_length, i = 0;
        const char *line;

        if (!lines_next(&l, &line, &line_length))
                return false;
        while (i < line_length) {
                const char *space = memchr(line + i, ' ', line_length - i);
                size_t n = space ? (size_t) (space - line) - i : line_length - i;

                if (n == word_length && memcmp(line + i, word, n) == 0)
                        return true;
                i += n + 1;
        }
        return false;
}

/* One wanted line: its key and where its number goes. */
typedef struct Want {
        const char *key;
        int64_t *to;
} Want;

/* One pass over the text for all of them: memory.stat has sixty lines, and is read for thousands of cgroups. */
static void collect(const char *text, size_t length, const Want *wants, size_t n) {
        Lines l = { text, text + length };
        size_t line_length;
        const char *line;

        for (size_t i = 0; i < n; i++)
                *wants[i].to = KERNFILE_UNKNOWN;
        while (lines_next(&l, &line, &line_length))
                for (size_t i = 0; i < n; i++) {
                        int64_t value = line_value(line, line_length, wants[i].key, strlen(wants[i].key));

                        if (value == KERNFILE_UNKNOWN)
                                continue;
                        *wants[i].to = value;
                        break;
                }
}

void memory_events_parse(MemoryEvents *ret, const char *text, size_t length) {
        const Want wants[] = {
                { "low", &ret->low },   { "high", &ret->high },         { "max", &ret->max },
                { "oom", &ret->oom },   { "oom_kill", &ret->oom_kill }, { "oom_group_kill", &ret->oom_group_kill },
        };

        collect(text, length, wants, sizeof(wants) / sizeof(*wants));
}

static int64_t sum(const int64_t *values, size_t n) {
        int64_t total = 0;

        for (size_t i = 0; i < n; i++)
                if (values[i] > 0 && __builtin_add_overflow(total, values[i], &total))
                        return KERNFILE_MAX;
        return total;
}

void memory_stat_parse(MemoryStat *ret, const char *text, size_t length) {
        int64_t slab, percpu, vmalloc;
        const Want wants[] = {
                { "anon", &ret->anon },
                { "file", &ret->file },
                { "kernel", &ret->kernel },
                { "kernel_stack", &ret->kernel_stack },
                { "pagetables", &ret->pagetables },
                { "percpu", &percpu },
                { "sock", &ret->sock },
                { "vmalloc", &vmalloc },
                { "shmem", &ret->shmem },
                { "slab_unreclaimable", &ret->slab_unreclaimable },
                { "slab", &slab },
                { "unevictable", &ret->unevictable },
                { "workingset_refault_anon", &ret->workingset_refault_anon },
                { "workingset_refault_file", &ret->workingset_refault_file },
                { "pgscan", &ret->pgscan },
                { "pgsteal", &ret->pgsteal },
                { "pgmajfault", &ret->pgmajfault },
        };

        collect(text, length, wants, sizeof(wants) / sizeof(*wants));
        /* The sum came with 5.18; before it, its parts do (pagetables of 5.11). */
        if (ret->kernel == KERNFILE_UNKNOWN && slab != KERNFILE_UNKNOWN)
                ret->kernel = sum((const int64_t[]) { slab, ret->kernel_stack, ret->pagetables, percpu, vmalloc }, 5);
}

int64_t memory_stat_unreclaimable(const MemoryStat *stat) {
        if (stat->anon == KERNFILE_UNKNOWN)
                return KERNFILE_UNKNOWN;
        return sum((const int64_t[]) { stat->anon, stat->shmem, stat->slab_unreclaimable, stat->kernel_stack,
                                       stat->pagetables, stat->sock },
                   6);
}

static int64_t kilobytes(int64_t value) {
        if (value == KERNFILE_UNKNOWN || value > INT64_MAX / 1024)
                return value;
        return value * 1024;
}

void meminfo_parse(MemInfo *ret, const char *text, size_t length) {
        const Want wants[] = {
                { "MemTotal", &ret->total },       { "MemFree", &ret->free },      { "MemAvailable", &ret->available },
                { "SwapTotal", &ret->swap_total }, { "SwapFree", &ret->swap_free },
        };

        collect(text, length, wants, sizeof(wants) / sizeof(*wants));
        for (size_t i = 0; i < sizeof(wants) / sizeof(*wants); i++)
                *wants[i].to = kilobytes(*wants[i].to);
}

/* The @index-th word of a line, as a number; KERNFILE_UNKNOWN. */
static int64_t column(const char *line, size_t length, int index) {
        int64_t value;
        size_t at = skip_spaces(line, length);

        for (; index > 0; index--) {
                while (at < length && line[at] != ' ' && line[at] != '\t')
                        at++;
                at += skip_spaces(line + at, length - at);
        }
        return digits(line + at, length - at, &value) > 0 ? value : KERNFILE_UNKNOWN;
}

void swaps_parse(SwapsInRam *ret, const char *text, size_t length) {
        static const char zram[] = "/dev/zram";
        Lines l = { text, text + length };
        size_t line_length;
        const char *line;

        *ret = (SwapsInRam) { .total = 0 };
        while (lines_next(&l, &line, &line_length)) {
                int64_t size, used;

                if (line_length < sizeof(zram) || memcmp(line, zram, sizeof(zram) - 1) != 0)
                        continue;
                /* Filename Type Size Used Priority */
                size = kilobytes(column(line, line_length, 2));
                used = kilobytes(column(line, line_length, 3));
                if (size < 0 || used < 0 || size > INT64_MAX - ret->total || used > INT64_MAX - ret->used)
                        continue;
                ret->total += size;
                ret->used += used;
        }
}

/* "12.34" as 0.1234: the kernel prints percent with two digits behind the point. */
static double share(const char *s, size_t length) {
        int64_t whole, hundredths = 0;
        size_t used = digits(s, length, &whole);

        if (used == 0 || whole > 100)
                return -1;
        if (used + 2 < length && s[used] == '.')
                (void) digits(s + used + 1, 2, &hundredths);
        return (double) (whole * 100 + hundredths) / 10000;
}

static void pressure_line(PressureLine *ret, const char *line, size_t length) {
        size_t at = 4;

        while (at < length) {
                const char *field, *space, *equals;
                size_t n, key;

                at += skip_spaces(line + at, length - at);
                if (at >= length)
                        return;
                field = line + at;
                space = memchr(field, ' ', length - at);
                n = space ? (size_t) (space - field) : length - at;
                equals = memchr(field, '=', n);
                at += n;
                if (!equals)
                        continue;
                key = (size_t) (equals - field);
                equals++;
                if (key == 5 && memcmp(field, "avg10", 5) == 0)
                        ret->avg10 = share(equals, n - key - 1);
                else if (key == 5 && memcmp(field, "avg60", 5) == 0)
                        ret->avg60 = share(equals, n - key - 1);
                else if (key == 6 && memcmp(field, "avg300", 6) == 0)
                        ret->avg300 = share(equals, n - key - 1);
                else if (key == 5 && memcmp(field, "total", 5) == 0)
                        (void) digits(equals, n - key - 1, &ret->total_usec);
        }
}

void pressure_parse(Pressure *ret, const char *text, size_t length) {
        const PressureLine unknown = { -1, -1, -1, KERNFILE_UNKNOWN };
        Lines l = { text, text + length };
        size_t line_length;
        const char *line;

        ret->some = ret->full = unknown;
        while (lines_next(&l, &line, &line_length)) {
                if (line_length > 5 && memcmp(line, "some ", 5) == 0)
                        pressure_line(&ret->some, line, line_length);
                else if (line_length > 5 && memcmp(line, "full ", 5) == 0)
                        pressure_line(&ret->full, line, line_length);
        }
}

void cgroup_events_parse(CgroupEvents *ret, const char *text, size_t length) {
        const Want wants[] = { { "populated", &ret->populated }, { "frozen", &ret->frozen } };

        collect(text, length, wants, 2);
}
