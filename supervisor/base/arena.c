#include "supervisor/base/arena.h"

#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>

static _Thread_local Arena *current;

static void *arena_malloc(size_t size) {
        Arena *a = current;
        size_t rounded = (size + 15) & ~(size_t) 15;

        if (!a)
                return malloc(size);
        if (rounded > a->size - a->used) {
                a->overflows++;
                return malloc(size);
        }
        a->used += rounded;
        if (a->used > a->high_water)
                a->high_water = a->used;
        return a->base + a->used - rounded;
}

/* Which arena a pointer came from is told by its address alone, so a value made outside may be freed inside. */
static void arena_free(void *p) {
        Arena *a = current;

        if (a && (char *) p >= a->base && (char *) p < a->base + a->size)
                return;
        free(p);
}

void arena_install(void) {
        json_object_seed(0);
        json_set_alloc_funcs(arena_malloc, arena_free);
}

void arena_enter(Arena *a) {
        a->used = 0;
        current = a;
}

void arena_leave(Arena *a) {
        a->used = 0;
        current = NULL;
}
