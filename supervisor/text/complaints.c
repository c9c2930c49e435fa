#include "supervisor/text/config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/array.h"

void complaints_add(Complaints *c, bool warning, const char *file, unsigned line, const char *format, ...) {
        Complaint *items = array_grow(c->items, c->count, &c->room, sizeof(*items));
        char *message = NULL;
        va_list ap;
        int n;

        c->errors += !warning;
        if (!items)
                return;
        c->items = items;
        va_start(ap, format);
        n = vasprintf(&message, format, ap);
        va_end(ap);
        if (n < 0)
                return;
        c->items[c->count++] = (Complaint) {
                .warning = warning,
                .file = file ? strdup(file) : NULL,
                .line = line,
                .message = message,
        };
}

/* Insertion sort: it keeps the order of equals, and a file has few complaints. */
void complaints_sort(Complaints *c, size_t from) {
        for (size_t i = from + 1; i < c->count; i++)
                for (size_t k = i; k > from && c->items[k].line < c->items[k - 1].line; k--) {
                        Complaint t = c->items[k];

                        c->items[k] = c->items[k - 1];
                        c->items[k - 1] = t;
                }
}

const char *complaint_format(const Complaint *c, char *buf, size_t size) {
        if (c->file && c->line)
                (void) snprintf(buf, size, "%s:%u: %s", c->file, c->line, c->message);
        else if (c->file)
                (void) snprintf(buf, size, "%s: %s", c->file, c->message);
        else
                (void) snprintf(buf, size, "%s", c->message);
        return buf;
}

void complaints_done(Complaints *c) {
        for (size_t i = 0; i < c->count; i++) {
                free((void *) (uintptr_t) c->items[i].file);
                free((void *) (uintptr_t) c->items[i].message);
        }
        free(c->items);
        *c = (Complaints) COMPLAINTS_INIT;
}
