#include "supervisor/text/configread.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct PoolBlock {
        struct PoolBlock *next;
        max_align_t data[];
} PoolBlock;

void *pool_alloc(Pool *p, size_t size) {
        PoolBlock *b = calloc(1, sizeof(*b) + size);

        if (!b)
                return NULL;
        b->next = p->blocks;
        p->blocks = b;
        return b->data;
}

char *pool_copy(Pool *p, const char *s, size_t length) {
        char *copy = pool_alloc(p, length + 1);

        if (copy)
                memcpy(copy, s, length);
        return copy;
}

void *pool_grow(Pool *p, void *array, size_t n, size_t size) {
        void *bigger;

        /* The room is always the next power of two: full when n is one. */
        if (n & (n - 1))
                return array;
        bigger = pool_alloc(p, (n ? n * 2 : 1) * size);
        if (bigger && n)
                memcpy(bigger, array, n * size);
        return bigger;
}

void pool_done(Pool *p) {
        while (p->blocks) {
                PoolBlock *b = p->blocks;

                p->blocks = b->next;
                free(b);
        }
}

void reader_complain(Reader *r, const char *format, ...) {
        char text[1024];
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        if (r->key)
                complaints_add(r->complaints, false, r->file, r->line, "%s: %s", r->key, text);
        else
                complaints_add(r->complaints, false, r->file, r->line, "%s", text);
}

Origin reader_origin(const Reader *r) {
        return (Origin) { .file = r->file, .line = r->line, .order = r->order };
}

void config_list_add(Reader *r, ConfigList *list, const char *text) {
        ConfigItem *items = pool_grow(r->pool, list->items, list->count, sizeof(*items));
        char *copy = pool_copy(r->pool, text, strlen(text));

        if (!items || !copy) {
                r->no_memory = true;
                return;
        }
        list->items = items;
        list->items[list->count++] = (ConfigItem) { .text = copy, .at = reader_origin(r) };
}
