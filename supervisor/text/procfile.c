#include "supervisor/text/procfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The next word of a line of numbers, as a number; @at moves behind it. Negative ones read as their digits negated. */
static bool next_number(const char **at, const char *end, int64_t *ret) {
        bool negative = false, any = false;
        int64_t value = 0;

        while (*at < end && (**at == ' ' || **at == '\t'))
                (*at)++;
        if (*at < end && **at == '-') {
                negative = true;
                (*at)++;
        }
        for (; *at < end && **at >= '0' && **at <= '9'; (*at)++) {
                any = true;
                if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, **at - '0', &value))
                        value = INT64_MAX / 16;
        }
        *ret = negative ? -value : value;
        return any;
}

int proc_stat_parse(ProcStat *ret, const char *text, size_t length) {
        enum { BEFORE_START = 17 };     /* numbers between ppid and starttime: fields 5 to 21 */
        const char *open = memchr(text, '(', length), *close = memrchr(text, ')', length), *end = text + length;
        const char *at = text;
        int64_t number;
        size_t n;

        if (!open || !close || close < open || !next_number(&at, open, &number) || number > INT32_MAX)
                return -EINVAL;
        *ret = (ProcStat) { .pid = (int32_t) number };
        n = (size_t) (close - open - 1);
        if (n >= sizeof(ret->comm))
                n = sizeof(ret->comm) - 1;
        memcpy(ret->comm, open + 1, n);
        at = close + 1;
        if (end - at < 3 || at[0] != ' ')
                return -EINVAL;
        ret->state = at[1];
        at += 2;
        if (!next_number(&at, end, &number))
                return -EINVAL;
        ret->ppid = (int32_t) number;
        for (int i = 0; i < BEFORE_START; i++)
                if (!next_number(&at, end, &number))
                        return -EINVAL;
        if (!next_number(&at, end, &number) || number < 0)
                return -EINVAL;
        ret->start_ticks = (uint64_t) number;
        return 0;
}

/* The value part of the line that begins with "@key:"; NULL where there is none. */
static const char *find_line(const char *text, size_t length, const char *key, size_t *ret_length) {
        const char *at = text, *end = text + length;
        size_t key_length = strlen(key);

        while (at < end) {
                const char *newline = memchr(at, '\n', (size_t) (end - at));
                const char *stop = newline ? newline : end;

                if ((size_t) (stop - at) > key_length && memcmp(at, key, key_length) == 0 && at[key_length] == ':') {
                        *ret_length = (size_t) (stop - at) - key_length - 1;
                        return at + key_length + 1;
                }
                at = newline ? newline + 1 : end;
        }
        return NULL;
}

/* The first (or, @last, the last) number of that line; -1 where there is none. */
static int64_t line_number(const char *text, size_t length, const char *key, bool last) {
        size_t n = 0;
        const char *at = find_line(text, length, key, &n), *end;
        int64_t found = -1, number;

        if (!at)
                return -1;
        end = at + n;
        while (at < end && next_number(&at, end, &number)) {
                found = number;
                if (!last)
                        break;
        }
        return found;
}

static int64_t line_bytes(const char *text, size_t length, const char *key) {
        int64_t kb = line_number(text, length, key, false);

        return kb < 0 || kb > INT64_MAX / 1024 ? -1 : kb * 1024;
}

static int32_t line_pid(const char *text, size_t length, const char *key, bool last) {
        int64_t number = line_number(text, length, key, last);

        return number < 0 || number > INT32_MAX ? -1 : (int32_t) number;
}

int proc_status_parse(ProcStatus *ret, const char *text, size_t length) {
        size_t n = 0;
        const char *state = find_line(text, length, "State", &n);

        if (!state)
                return -EINVAL;
        while (n > 0 && (*state == ' ' || *state == '\t')) {
                state++;
                n--;
        }
        *ret = (ProcStatus) {
                .uid = line_number(text, length, "Uid", false),
                .tgid = line_pid(text, length, "Tgid", false),
                .ppid = line_pid(text, length, "PPid", false),
                .ns_pid = line_pid(text, length, "NSpid", true),
                .anon_bytes = line_bytes(text, length, "RssAnon"),
                .file_bytes = line_bytes(text, length, "RssFile"),
                .shmem_bytes = line_bytes(text, length, "RssShmem"),
                .swap_bytes = line_bytes(text, length, "VmSwap"),
                .page_table_bytes = line_bytes(text, length, "VmPTE"),
                .state = n > 0 ? *state : '?',
        };
        ret->kernel_thread = ret->state != 'Z' && ret->state != 'X' && line_bytes(text, length, "VmSize") < 0;
        return 0;
}

int32_t proc_pid_parse(const char *word) {
        size_t n = strlen(word);

        return n > 0 && n <= 9 && strspn(word, "0123456789") == n ? (int32_t) strtol(word, NULL, 10) : 0;
}

int proc_cgroup_parse(ProcCgroup *ret, const char *text, size_t length) {
        static const char deleted[] = " (deleted)";
        const char *at = text, *end = text + length;

        while (at < end) {
                const char *newline = memchr(at, '\n', (size_t) (end - at));
                const char *stop = newline ? newline : end;

                if (stop - at > 3 && memcmp(at, "0::/", 4) == 0) {
                        size_t n = (size_t) (stop - at) - 3, d = sizeof(deleted) - 1;

                        *ret = (ProcCgroup) { .path = at + 3, .length = n };
                        if (n > d && memcmp(ret->path + n - d, deleted, d) == 0) {
                                ret->deleted = true;
                                ret->length -= d;
                        }
                        ret->outside = ret->length >= 3 && memcmp(ret->path, "/..", 3) == 0 &&
                                       (ret->length == 3 || ret->path[3] == '/');
                        return 0;
                }
                at = newline ? newline + 1 : end;
        }
        return -ENOENT;
}
