#pragma once
/* How many cgroups each uid has, living and dead, so that no tenant fills the tree. */
#include <stddef.h>
#include <stdint.h>

typedef struct Owner {
        uint32_t uid;
        uint32_t tomb_head, tomb_tail;  /* his tombstones, oldest first; 0: none */
        size_t alive, dead;
        size_t used;                    /* this cell of the table is taken */
} Owner;

typedef struct Owners {
        Owner *cells;
        size_t size, n;
} Owners;

/* The counter of @uid, made at need. Pointers live until the next call with a new uid. NULL without memory. */
Owner *owners_get(Owners *o, uint32_t uid);

/* A round: NULL begins; NULL at the end. */
Owner *owners_next(Owners *o, Owner *last);

/* Forgets all and frees. */
void owners_clear(Owners *o);
