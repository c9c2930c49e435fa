#include "supervisor/base/strbuf.h"

#include <stdio.h>
#include <string.h>

void strbuf_append(Strbuf *b, const char *data, size_t length) {
        size_t room = b->size > b->length ? b->size - b->length - 1 : 0;

        if (length > room) {
                length = room;
                b->truncated = true;
        }
        if (b->size == 0)
                return;
        memcpy(b->data + b->length, data, length);
        b->length += length;
        b->data[b->length] = '\0';
}

void strbuf_puts(Strbuf *b, const char *s) {
        strbuf_append(b, s, strlen(s));
}

void strbuf_vprintf(Strbuf *b, const char *format, va_list ap) {
        size_t room = b->size - b->length;
        int n;

        if (b->size == 0) {
                b->truncated = true;
                return;
        }
        n = vsnprintf(b->data + b->length, room, format, ap);
        if (n < 0)
                return;
        if ((size_t) n >= room) {
                b->length = b->size - 1;
                b->truncated = true;
        } else
                b->length += (size_t) n;
}

void strbuf_printf(Strbuf *b, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        strbuf_vprintf(b, format, ap);
        va_end(ap);
}
