#include "policies/tally.h"

#include <string.h>

/* Moves on to the part that @now_usec lies in; the parts in between were empty. A clock that went back counts in the newest. */
static void turn(Tally *t, uint64_t per_usec, uint64_t now_usec) {
        uint64_t length = per_usec / (TALLY_PARTS - 1) + 1, part = now_usec / length;

        if (part <= t->newest)
                return;
        if (part - t->newest >= TALLY_PARTS)
                memset(t->counts, 0, sizeof(t->counts));
        else
                for (uint64_t i = t->newest + 1; i <= part; i++)
                        t->counts[i % TALLY_PARTS] = 0;
        t->newest = part;
}

void tally_add(Tally *t, uint64_t per_usec, uint64_t now_usec, uint64_t n) {
        turn(t, per_usec, now_usec);
        t->counts[t->newest % TALLY_PARTS] += n;
}

uint64_t tally_sum(Tally *t, uint64_t per_usec, uint64_t now_usec) {
        uint64_t sum = 0;

        turn(t, per_usec, now_usec);
        for (int i = 0; i < TALLY_PARTS; i++)
                sum += t->counts[i];
        return sum;
}
