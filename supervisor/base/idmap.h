#pragma once
/* Numbers to numbers: open addressing, growing by doubling. The key 0 is not allowed. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct IdmapCell {
        uint64_t key, value;
} IdmapCell;

typedef struct Idmap {
        IdmapCell *cells;
        size_t size, n;
} Idmap;

#define IDMAP_INIT { .cells = NULL }

/* Sets or replaces. Returns 0, -ENOMEM. */
int idmap_set(Idmap *m, uint64_t key, uint64_t value);

/* Returns true and the value where @key is there. */
bool idmap_get(const Idmap *m, uint64_t key, uint64_t *ret);

/* Removes; unknown keys are ignored. */
void idmap_remove(Idmap *m, uint64_t key);

/* Forgets all and keeps the room, so that as much again allocates nothing. */
void idmap_reset(Idmap *m);

/* Forgets all and frees. */
void idmap_clear(Idmap *m);
