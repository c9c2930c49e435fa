#include "supervisor/text/capturereading.h"

#include <inttypes.h>
#include <stddef.h>

const Reading capture_reading_none = {
        .some_usec = -1, .full_usec = -1, .current = -1, .unreclaimable = -1, .swap = -1, .protection = -1, .limit = -1,
        .swap_limit = -1, .throttle = -1, .refault = -1, .high = -1, .max = -1, .oom = -1, .oom_kill = -1, .max_local = -1,
        .oom_local = -1,
};

static const struct { char letter; size_t offset; } fields[] = {
        { 's', offsetof(Reading, some_usec) },     { 'f', offsetof(Reading, full_usec) },  { 'c', offsetof(Reading, current) },
        { 'u', offsetof(Reading, unreclaimable) }, { 'w', offsetof(Reading, swap) },       { 'p', offsetof(Reading, protection) },
        { 'l', offsetof(Reading, limit) },         { 'x', offsetof(Reading, swap_limit) }, { 'h', offsetof(Reading, throttle) },
        { 'r', offsetof(Reading, refault) },       { 'H', offsetof(Reading, high) },       { 'M', offsetof(Reading, max) },
        { 'O', offsetof(Reading, oom) },           { 'K', offsetof(Reading, oom_kill) },   { 'm', offsetof(Reading, max_local) },
        { 'o', offsetof(Reading, oom_local) },
};

const char capture_field_letters[OBSERVATION_FIELDS + 1] = {
        [OBSERVATION_HIGH] = 'H',      [OBSERVATION_MAX] = 'M',       [OBSERVATION_OOM] = 'O',  [OBSERVATION_OOM_KILL] = 'K',
        [OBSERVATION_MAX_LOCAL] = 'm', [OBSERVATION_OOM_LOCAL] = 'o', [OBSERVATION_SOME] = 's', [OBSERVATION_FULL] = 'f',
        [OBSERVATION_REFAULT] = 'r',   [OBSERVATION_SWAP] = 'w',      [OBSERVATION_UNRECLAIMABLE] = 'u',
};

enum { FIELDS = sizeof(fields) / sizeof(*fields) };

static int64_t value_of(const Reading *r, size_t i) {
        return *(const int64_t *) (const void *) ((const char *) r + fields[i].offset);
}

static bool plain(int64_t value) {
        return value >= 0 && value != READING_UNLIMITED;
}

static void value_put(Strbuf *out, char letter, int64_t now, int64_t before) {
        if (now < 0)
                strbuf_printf(out, "%c?", letter);
        else if (now == READING_UNLIMITED)
                strbuf_printf(out, "%c*", letter);
        else if (plain(before))
                strbuf_printf(out, "%c%+" PRId64, letter, now - before);
        else
                strbuf_printf(out, "%c=%" PRId64, letter, now);
}

void capture_reading_put(Strbuf *out, const Reading *now, const Reading *before) {
        size_t length = out->length;

        if (now->time_usec != before->time_usec)
                value_put(out, 't', (int64_t) now->time_usec, before->time_usec ? (int64_t) before->time_usec : -1);
        for (size_t i = 0; i < FIELDS; i++)
                if (value_of(now, i) != value_of(before, i))
                        value_put(out, fields[i].letter, value_of(now, i), value_of(before, i));
        if (out->length == length)
                strbuf_puts(out, "-");
}

bool capture_unsigned_take(Cursor *c, uint64_t *ret) {
        const char *s = c->p;
        uint64_t n = 0;

        for (; s < c->end && *s >= '0' && *s <= '9'; s++)
                if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, (uint64_t) (*s - '0'), &n))
                        return false;
        if (s == c->p)
                return false;
        c->p = s;
        *ret = n;
        return true;
}

bool capture_number_take(Cursor *c, int64_t *ret) {
        bool negative = cursor_word(c, "-");
        uint64_t n;

        if (!capture_unsigned_take(c, &n) || n > INT64_MAX)
                return false;
        *ret = negative ? -(int64_t) n : (int64_t) n;
        return true;
}

/* One value, behind its letter. */
static bool value_take(Cursor *c, int64_t before, int64_t *ret) {
        int64_t n;

        if (cursor_word(c, "?")) {
                *ret = READING_UNKNOWN;
                return true;
        }
        if (cursor_word(c, "*")) {
                *ret = READING_UNLIMITED;
                return true;
        }
        if (cursor_word(c, "="))
                return capture_number_take(c, ret) && *ret >= 0;
        if (!plain(before) || c->p == c->end || (*c->p != '+' && *c->p != '-'))
                return false;
        (void) cursor_word(c, "+");
        return capture_number_take(c, &n) && !__builtin_add_overflow(before, n, ret) && plain(*ret);
}

static bool field_take(Cursor *c, char letter, Reading *r) {
        int64_t *field = NULL;

        for (size_t i = 0; i < FIELDS; i++)
                if (fields[i].letter == letter)
                        field = (int64_t *) (void *) ((char *) r + fields[i].offset);
        return field && value_take(c, *field, field);
}

bool capture_reading_take(Cursor *c, const Reading *before, Reading *ret) {
        Reading r = *before;

        if (cursor_word(c, "-")) {
                *ret = r;
                return true;
        }
        while (c->p < c->end && *c->p != ' ') {
                char letter = *c->p++;
                int64_t time = (int64_t) r.time_usec;

                if (letter != 't' && !field_take(c, letter, &r))
                        return false;
                if (letter == 't' && (!value_take(c, time, &time) || !plain(time)))
                        return false;
                r.time_usec = letter == 't' ? (uint64_t) time : r.time_usec;
        }
        *ret = r;
        return true;
}
