#pragma once
/* A line of the kernel's taken apart from both ends. What is taken is gone from the cursor; a
 * word or number that is not there leaves it as it was. */
#include <stdbool.h>
#include <stdint.h>

#include "supervisor/text/kmsg.h"

/* A text that is taken from both ends. */
typedef struct Cursor {
        const char *p, *end;
} Cursor;

/* Takes @word off the beginning, off the end. */
bool cursor_word(Cursor *c, const char *word);
bool cursor_word_back(Cursor *c, const char *word);

/* Takes a signed decimal off the beginning, off the end; at most 18 digits, so it never overflows. */
bool cursor_number(Cursor *c, int64_t *ret);
bool cursor_number_back(Cursor *c, int64_t *ret);

/* Takes "0x3c" off the beginning. */
bool cursor_hex(Cursor *c, int64_t *ret);

/* Takes what blanks there are off the beginning. */
void cursor_blanks(Cursor *c);

/* The text from @from up to @to. */
KmsgSlice cursor_slice(const char *from, const char *to);

/* The first, the last occurrence of @word in the cursor; NULL if there is none. */
const char *cursor_first(const Cursor *c, const char *word);
const char *cursor_last(const Cursor *c, const char *word);

/* The bytes of "anon-rss:6012kB" for @word "anon-rss:", somewhere in figures that hold no names; KMSG_UNKNOWN. */
int64_t cursor_size_after(const Cursor *c, const char *word);

/* The same for a plain number; @otherwise where there is none. */
int64_t cursor_number_after(const Cursor *c, const char *word, int64_t otherwise);
