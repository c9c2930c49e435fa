#pragma once
/* What identity's files share: the levels of a path and matchers on one of them. */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "supervisor/attribute/identity.h"

/* A stretch of the path under inspection. Levels are split at slashes; a matcher takes levels and fills in names. */
typedef struct Level {
        const char *s;
        size_t n;
} Level;

/* The levels of a path, from the root down. */
typedef struct Levels {
        Level level[IDENTITY_LEVELS_MAX];
        size_t n;
} Levels;

/* How many levels from @l on (of @n) a pattern takes, 0 for no match; what it tells goes into @i. */
typedef size_t (*Pattern)(Identity *i, const Level *l, size_t n);

/* Tries the patterns of containers in their order; as Pattern. */
size_t identity_match_container(Identity *i, const Level *l, size_t n);

/* Copies @n bytes and ends them, cut to @size. */
static inline void copy(char *to, size_t size, const char *s, size_t n) {
        if (n >= size)
                n = size - 1;
        memcpy(to, s, n);
        to[n] = '\0';
}
#define COPY(field, s, n) copy((field), sizeof(field), (s), (n))

/* Each takes what it names off the level where it is there. */
static inline bool starts(Level *l, const char *prefix) {
        size_t n = strlen(prefix);

        if (l->n < n || memcmp(l->s, prefix, n) != 0)
                return false;
        l->s += n;
        l->n -= n;
        return true;
}

/* Takes @suffix off the level's end, if it is there. */
static inline bool ends(Level *l, const char *suffix) {
        size_t n = strlen(suffix);

        if (l->n < n || memcmp(l->s + l->n - n, suffix, n) != 0)
                return false;
        l->n -= n;
        return true;
}

/* The level is exactly @word. */
static inline bool equals(Level l, const char *word) {
        return l.n == strlen(word) && memcmp(l.s, word, l.n) == 0;
}

/* The level is a number. */
static inline bool all_digits(Level l) {
        for (size_t i = 0; i < l.n; i++)
                if (l.s[i] < '0' || l.s[i] > '9')
                        return false;
        return l.n > 0;
}
