#pragma once
/* Names of cgroups, packed: four sizes cut from larger blocks, each with a list of free ones, since ten thousand
 * malloc()s of forty bytes cost more in headers than in names. Longer ones go to malloc(). */
#include <stddef.h>

enum { NAMES_CLASSES = 4 };

typedef struct NamesBlock NamesBlock;

typedef struct Names {
        void *free[NAMES_CLASSES];      /* lists through the first word of each free cell */
        size_t n_free[NAMES_CLASSES];
        NamesBlock *blocks;
        size_t bytes;
} Names;

/* Copies @length bytes and a NUL. Returns NULL without memory. */
char *names_copy(Names *n, const char *name, size_t length);

/* Gives back what names_copy() gave; NULL is fine. */
void names_release(Names *n, char *name);

/* Sees to it that a few of each size are free. */
void names_prepare(Names *n);

/* Frees all blocks; longer names must have been released before. */
void names_clear(Names *n);
