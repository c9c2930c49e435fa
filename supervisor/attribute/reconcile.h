#pragma once
/* Reconciliation: what the kernel counted against what was recorded. What does not agree is a gap, said with its size and
 * cause. Pure: the caller reads the counters and brings the time. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reeve/words.h"

enum { RECONCILE_GAPS_MAX = 4, RECONCILE_CAUSES = REEVE_GAP_NOT_WATCHING + 1 };

/* All counters as they stood at one moment, each since its own beginning. Read vmstat and the hits BEFORE draining the
 * rings and the other figures after it: then a kill that is counted is recorded too, unless it is lost. */
typedef struct ReconcileReading {
        uint64_t time_nsec;             /* CLOCK_BOOTTIME */
        uint64_t vmstat_oom_kill;       /* /proc/vmstat */
        bool vmstat_known;
        bool probes_known;              /* tier kprobe; else the next four mean nothing */
        uint64_t hits;                  /* of __oom_kill_process's probe (kprobe_profile) */
        uint64_t read;                  /* its records taken from the rings: AssembleStats.attempts */
        uint64_t overruns, drops;       /* of the kills rings, all CPUs */
        uint64_t confirmed;             /* attempts accounted for; in tier log the Killed lines, repeats counted */
        uint64_t not_counted;
        uint64_t cut_short;             /* attempts read whose confirmation may have been overrun */
        uint64_t outside;               /* confirmed ones outside Watch=: part of confirmed */
        uint64_t recorded;              /* confirmed ones that stand in kill records: confirmed - outside */
        bool open;                      /* an OOM is under way: judge nothing yet */
        ReeveGapCause otherwise;        /* the cause where no counter tells one: unknown; kmsg; not_watching */
} ReconcileReading;

typedef struct ReconcileGap {
        uint64_t lost;                  /* kills (attempts) of which no record tells */
        uint64_t unread;                /* of these, hits that were not read either */
        ReeveGapCause cause;
        uint64_t from_nsec, to_nsec;
} ReconcileGap;

/* Running figures, as `status --counters` shows them. All since reconcile_begin(). */
typedef struct ReconcileCounters {
        uint64_t attempts;              /* growth of vmstat oom_kill; tier kprobe without vmstat: confirmed */
        uint64_t attributed;
        uint64_t outside;
        uint64_t not_counted;
        uint64_t unattributed[RECONCILE_CAUSES];        /* by ReeveGapCause */
        uint64_t resets;                /* how often a counter began anew */
} ReconcileCounters;

typedef struct Reconciler {
        bool begun;
        ReconcileReading base;          /* of the last look */
        uint64_t vmstat_owed, vmstat_surplus;   /* growth of vmstat beyond what was confirmed; and the other way round */
        uint64_t hits_owed, hits_surplus;       /* hits beyond what was read; and the other way round */
        uint64_t owed_nsec;             /* since when something has been owing */
        uint64_t settled_nsec;          /* when nothing was last */
        uint64_t overruns_seen, drops_seen, hits_seen, cut_short_seen;  /* since something has been owing */
        uint64_t told_before;           /* attempts still to come that an earlier run counted and attributed: set after the beginning */
        bool blind;                     /* of the last gap no probe was hit, and nobody was told yet */
        ReconcileCounters counters;
} Reconciler;

/* Begins at @first: what was before is not ours to explain. After a restart within one boot @first holds vmstat and hits
 * as they were stored at the last look before, and 0 for what this process counts itself. */
void reconcile_begin(Reconciler *r, const ReconcileReading *first);

/* Compares. Returns how many gaps stand in @ret_gaps. A difference becomes a gap when it was there at two looks at least
 * @settle_nsec apart with no OOM under way; until then reconcile_pending() is true and the caller looks again. */
size_t reconcile_look(Reconciler *r, const ReconcileReading *now, uint64_t settle_nsec, ReconcileGap ret_gaps[static RECONCILE_GAPS_MAX]);

/* Whether the kills of the last gap passed by all probes: these do not run any more. True once for each such gap. */
bool reconcile_take_blind(Reconciler *r);

/* Is there a difference that is not yet a gap? */
bool reconcile_pending(const Reconciler *r);
