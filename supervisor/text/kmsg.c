#include "supervisor/text/kmsg.h"

#include <errno.h>
#include <string.h>

#include "policies/hex.h"

/* ---- records ---- */

/* Reads decimal digits at *@p, moving it. Returns false without a digit or above 64 bits. */
static bool read_number(const char **p, const char *end, uint64_t *ret) {
        uint64_t n = 0;
        const char *s = *p;

        if (s == end || *s < '0' || *s > '9')
                return false;
        for (; s < end && *s >= '0' && *s <= '9'; s++) {
                if (n > (UINT64_MAX - 9) / 10)
                        return false;
                n = n * 10 + (uint64_t) (*s - '0');
        }
        *p = s;
        *ret = n;
        return true;
}

static bool read_mark(const char **p, const char *end, char mark) {
        if (*p == end || **p != mark)
                return false;
        (*p)++;
        return true;
}

/* The kernel writes \xNN for what is not printable and for the backslash itself, so nothing else has that form. */
static int copy_text(KmsgRecord *r, const char *s, const char *end) {
        while (s < end && *s != '\n') {
                char c = *s;
                size_t step = 1;

                if (end - s >= 4 && s[0] == '\\' && s[1] == 'x' && hex_digit_lower(s[2]) >= 0 && hex_digit_lower(s[3]) >= 0) {
                        c = (char) (hex_digit_lower(s[2]) << 4 | hex_digit_lower(s[3]));
                        step = 4;
                }
                if (r->length + 1 >= sizeof(r->text)) {
                        r->text[r->length] = '\0';
                        return -ENOBUFS;
                }
                r->text[r->length++] = c;
                s += step;
        }
        r->text[r->length] = '\0';
        return 0;
}

int kmsg_parse(KmsgRecord *ret, const char *data, size_t length) {
        const char *p = data, *end = data + length;
        uint64_t prefix;

        ret->length = 0;
        ret->text[0] = '\0';
        if (!read_number(&p, end, &prefix) || !read_mark(&p, end, ',') || !read_number(&p, end, &ret->seq) ||
            !read_mark(&p, end, ',') || !read_number(&p, end, &ret->usec) || !read_mark(&p, end, ',') || p == end)
                return -EBADMSG;
        ret->level = (unsigned) (prefix & 7);
        ret->kernel = prefix < 8;
        ret->continuation = *p == 'c';
        p = memchr(p, ';', (size_t) (end - p));
        if (!p)
                return -EBADMSG;
        return copy_text(ret, p + 1, end);
}

static const char *skip_blanks(const char *p, const char *end) {
        while (p < end && *p == ' ')
                p++;
        return p;
}

/* "<6>" */
static const char *strip_level(const char *p, const char *end) {
        const char *q = p;
        uint64_t level;

        if (read_mark(&q, end, '<') && read_number(&q, end, &level) && read_mark(&q, end, '>'))
                return q;
        return p;
}

/* "[   12.345678] " */
static const char *strip_time(const char *p, const char *end, int64_t *ret_usec) {
        const char *q = p;
        uint64_t seconds, fraction;

        if (!read_mark(&q, end, '['))
                return p;
        q = skip_blanks(q, end);
        if (!read_number(&q, end, &seconds) || seconds > INT64_MAX / 1000000 - 1 || !read_mark(&q, end, '.') || end - q < 7 ||
            q[6] != ']' || !read_number(&q, end, &fraction) || *q != ']')
                return p;
        *ret_usec = (int64_t) (seconds * 1000000 + fraction);
        return q + 1 < end && q[1] == ' ' ? q + 2 : q + 1;
}

/* "[  T123] " of CONFIG_PRINTK_CALLER */
static const char *strip_caller(const char *p, const char *end) {
        const char *q = p;
        uint64_t id;

        if (!read_mark(&q, end, '['))
                return p;
        q = skip_blanks(q, end);
        if (q == end || (*q != 'T' && *q != 'C'))
                return p;
        q++;
        if (!read_number(&q, end, &id) || !read_mark(&q, end, ']'))
                return p;
        return q < end && *q == ' ' ? q + 1 : q;
}

void kmsg_strip(const char *line, size_t length, int64_t *ret_usec, KmsgSlice *ret_text) {
        const char *end = line + length, *p;

        *ret_usec = KMSG_UNKNOWN;
        while (length > 0 && (end[-1] == '\n' || end[-1] == '\r'))
                end--, length--;
        p = strip_level(line, end);
        p = strip_time(p, end, ret_usec);
        if (*ret_usec != KMSG_UNKNOWN)
                p = strip_caller(p, end);
        *ret_text = (KmsgSlice) { .data = p, .length = (size_t) (end - p) };
}

/* ---- putting split lines together ---- */

static bool starts(const char *text, size_t length, const char *with) {
        size_t n = strlen(with);

        return length >= n && memcmp(text, with, n) == 0;
}

/* Does the line end in ",pid=N,uid=N"? So each oom-kill line does, and only there does the kernel write last. */
static bool ends_whole(const char *text, size_t length) {
        static const char *const words[] = { ",uid=", ",pid=" };
        size_t end = length;

        for (size_t i = 0; i < 2; i++) {
                size_t digits = 0, n = strlen(words[i]);

                while (end > 0 && text[end - 1] >= '0' && text[end - 1] <= '9')
                        end--, digits++;
                if (digits == 0 || end < n || memcmp(text + end - n, words[i], n) != 0)
                        return false;
                end -= n;
        }
        return true;
}

static void append_pending(KmsgJoiner *j, const char *text, size_t length) {
        size_t room = sizeof(j->text) - j->length;

        if (length > room) {
                length = room;
                j->overflow = true;
        }
        memcpy(j->text + j->length, text, length);
        j->length += length;
}

/* A name may end in ",pid=1,uid=0" too, and the kernel may stop right there: so the pieces it uses are asked for too:
 * the constraint, the paths or "global_oom", the task. */
static bool is_whole(const char *text, size_t length) {
        return ends_whole(text, length) && memmem(text, length, ",task_memcg=", strlen(",task_memcg=")) &&
               memmem(text, length, ",task=", strlen(",task="));
}

KmsgJoin kmsg_join(KmsgJoiner *j, const char *text, size_t length, uint64_t seq, uint64_t usec, bool continuation) {
        enum { PATIENCE = 64 };         /* lines of other CPUs that may come in between */

        if (starts(text, length, "oom-kill:constraint=") && !is_whole(text, length)) {
                *j = (KmsgJoiner) { .pending = true, .seq = seq, .usec = usec };
                append_pending(j, text, length);
                return KMSG_JOIN_KEPT;
        }
        if (!j->pending)
                return KMSG_JOIN_ALONE;
        /* The pieces the kernel prints: ",task_memcg=", a path, ",task=...": none looks like another line's beginning. */
        if (continuation || (length > 0 && (text[0] == ',' || text[0] == '/'))) {
                append_pending(j, text, length);
                if (j->overflow) {
                        j->pending = false;
                        return KMSG_JOIN_KEPT;
                }
                if (!is_whole(j->text, j->length))
                        return KMSG_JOIN_KEPT;
                j->pending = false;
                return KMSG_JOIN_WHOLE;
        }
        if (++j->age > PATIENCE)
                j->pending = false;
        return KMSG_JOIN_ALONE;
}
