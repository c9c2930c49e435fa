#pragma once
/* A tally: how often something happened within the last stretch of time, in room that does not grow. */
#include <stdint.h>

enum { TALLY_PARTS = 32 };

/* Zeroed before its first use. */
typedef struct Tally {
        uint64_t newest;                /* the part that is being counted: its number since the clock's beginning */
        uint64_t counts[TALLY_PARTS];
} Tally;

/* Counts @n more at @now_usec, of a stretch of @per_usec. */
void tally_add(Tally *t, uint64_t per_usec, uint64_t now_usec, uint64_t n);

/* How many there were within the last @per_usec; what is older by up to a 32nd of it may still be among them. */
uint64_t tally_sum(Tally *t, uint64_t per_usec, uint64_t now_usec);
