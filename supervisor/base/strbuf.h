#pragma once
/* A text under construction in memory the caller owns: never allocates, never overruns, remembers that it was cut. */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct Strbuf {
        char *data;      /* always NUL-terminated when size > 0 */
        size_t size;     /* bytes of room, the NUL included */
        size_t length;   /* bytes written, the NUL not counted */
        bool truncated;  /* something did not fit; what is there is a prefix of the whole */
} Strbuf;

/* A Strbuf over a char array in scope. */
#define STRBUF_INIT(array) { .data = (array), .size = sizeof(array) }

/* Appends @length bytes of @data as they are. */
void strbuf_append(Strbuf *b, const char *data, size_t length);

/* Appends the text @s. */
void strbuf_puts(Strbuf *b, const char *s);

/* Appends what printf() would print. */
void strbuf_printf(Strbuf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* As strbuf_printf(), with the arguments already collected. */
void strbuf_vprintf(Strbuf *b, const char *format, va_list ap) __attribute__((format(printf, 2, 0)));
