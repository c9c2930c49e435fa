#pragma once
/* Unitwatch: what became of a unit after a kill in it. A thread of its own asks systemd at once who the main process was,
 * until systemd has seen its end how the unit ended, and once more later whether it was started again. It sleeps while
 * nothing was killed, and starts with the first kill. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "supervisor/base/ring.h"

typedef struct Unitwatch Unitwatch;

enum { UNITWATCH_VICTIMS = 16, UNITWATCH_UNIT_SIZE = 256 };

/* A question, and later its answer. */
typedef struct UnitAfter {
        uint64_t seq, cgroup_id;                /* of the kill's record; come back in the answer */
        char unit[UNITWATCH_UNIT_SIZE];
        uint64_t kill_usec;                     /* CLOCK_MONOTONIC */
        size_t n_victims;                       /* those in the unit's cgroup, the first one's */
        int32_t victims[UNITWATCH_VICTIMS];
        /* the answer */
        int main[UNITWATCH_VICTIMS];            /* 1: was its main process, 0: was not, -1: not known */
        char result[32];                        /* systemd's word; "": not known */
        int64_t restarted_realtime_usec;        /* 0: it was not started again, as far as was looked */
} UnitAfter;

/* How a question goes on; unitwatch_judge() decides. */
typedef enum UnitwatchStep {
        UNITWATCH_SOON,         /* systemd has not seen the death yet: ask again in a moment */
        UNITWATCH_LATER,        /* all but the restart is known */
        UNITWATCH_LAST,         /* it is coming down or up just now: once more at the last moment */
        UNITWATCH_DONE,
} UnitwatchStep;

struct UnitState;

/* Makes one; no thread yet. Returns 0, -ENOMEM, -errno of eventfd(). */
int unitwatch_new(Unitwatch **ret);

/* Ends the thread (NULL is fine); one that waits for PID 1 is left behind with its memory. Returns NULL. */
Unitwatch *unitwatch_free(Unitwatch *w);

/* Asks, without waiting. Returns true, or false where this is one too many (counted): at most eight a second, four on average, and
 * sixteen under way. */
bool unitwatch_ask(Unitwatch *w, const UnitAfter *question);

/* Where answers arrive; free() what unitwatch_take() gives. */
Ring *unitwatch_ring(Unitwatch *w);
UnitAfter *unitwatch_take(Unitwatch *w);

/* How many kills of units were not asked about. */
uint64_t unitwatch_skipped(Unitwatch *w);

/* Takes into @a what systemd says @since_usec after the kill. Pure. */
UnitwatchStep unitwatch_judge(UnitAfter *a, const struct UnitState *state, uint64_t since_usec);
