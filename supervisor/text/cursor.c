#include "supervisor/text/cursor.h"

#include <string.h>

bool cursor_word(Cursor *c, const char *word) {
        size_t n = strlen(word);

        if ((size_t) (c->end - c->p) < n || memcmp(c->p, word, n) != 0)
                return false;
        c->p += n;
        return true;
}

bool cursor_word_back(Cursor *c, const char *word) {
        size_t n = strlen(word);

        if ((size_t) (c->end - c->p) < n || memcmp(c->end - n, word, n) != 0)
                return false;
        c->end -= n;
        return true;
}

bool cursor_number(Cursor *c, int64_t *ret) {
        const char *s = c->p;
        bool negative = s < c->end && *s == '-';
        int64_t n = 0;
        int digits = 0;

        if (negative)
                s++;
        for (; s < c->end && *s >= '0' && *s <= '9' && digits < 18; s++, digits++)
                n = n * 10 + (*s - '0');
        if (digits == 0 || (s < c->end && *s >= '0' && *s <= '9'))
                return false;
        c->p = s;
        *ret = negative ? -n : n;
        return true;
}

bool cursor_number_back(Cursor *c, int64_t *ret) {
        Cursor number;
        const char *s = c->end;

        while (s > c->p && s[-1] >= '0' && s[-1] <= '9')
                s--;
        if (s > c->p && s[-1] == '-')
                s--;
        number = (Cursor) { .p = s, .end = c->end };
        if (!cursor_number(&number, ret))
                return false;
        c->end = s;
        return true;
}

bool cursor_hex(Cursor *c, int64_t *ret) {
        int64_t n = 0;
        int digits = 0;

        if (!cursor_word(c, "0x"))
                return false;
        for (; c->p < c->end && digits < 15; c->p++, digits++) {
                char d = *c->p;

                if (d >= '0' && d <= '9')
                        n = n << 4 | (d - '0');
                else if (d >= 'a' && d <= 'f')
                        n = n << 4 | (d - 'a' + 10);
                else
                        break;
        }
        *ret = n;
        return digits > 0;
}

void cursor_blanks(Cursor *c) {
        while (c->p < c->end && *c->p == ' ')
                c->p++;
}

KmsgSlice cursor_slice(const char *from, const char *to) {
        return (KmsgSlice) { .data = from, .length = (size_t) (to - from) };
}

const char *cursor_last(const Cursor *c, const char *word) {
        size_t n = strlen(word), length = (size_t) (c->end - c->p);

        for (size_t i = length >= n ? length - n + 1 : 0; i > 0; i--)
                if (memcmp(c->p + i - 1, word, n) == 0)
                        return c->p + i - 1;
        return NULL;
}

const char *cursor_first(const Cursor *c, const char *word) {
        return memmem(c->p, (size_t) (c->end - c->p), word, strlen(word));
}

int64_t cursor_size_after(const Cursor *c, const char *word) {
        const char *s = cursor_first(c, word);
        Cursor number;
        int64_t kb;

        if (!s)
                return KMSG_UNKNOWN;
        number = (Cursor) { .p = s + strlen(word), .end = c->end };
        if (!cursor_number(&number, &kb) || kb < 0 || kb > INT64_MAX / 1024 || !cursor_word(&number, "kB"))
                return KMSG_UNKNOWN;
        return kb * 1024;
}

int64_t cursor_number_after(const Cursor *c, const char *word, int64_t otherwise) {
        const char *s = cursor_first(c, word);
        Cursor number;
        int64_t n;

        if (!s)
                return otherwise;
        number = (Cursor) { .p = s + strlen(word), .end = c->end };
        return cursor_number(&number, &n) ? n : otherwise;
}
