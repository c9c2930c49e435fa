#pragma once
/* Ended: joins what taskstats tells of ended processes with the victims of recent kills. Either may come first: the exit of a
 * kill read from the log is there before its record. Bounded, the oldest gives way. Event thread only; pure but for its memory. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "supervisor/attribute/kill.h"
#include "supervisor/base/strbuf.h"

enum { ENDED_EXITS = 256, ENDED_VICTIMS = 512 };

/* An ended process, by when it was told of. */
typedef struct EndedExit {
        int32_t tgid;                   /* 0: free */
        uint64_t seen_nsec;             /* CLOCK_BOOTTIME */
        uint64_t runtime_nsec;
        uint64_t peak_rss_bytes;
} EndedExit;

/* A victim whose exit is awaited, or found and not yet told of. */
typedef struct EndedVictim {
        uint64_t seq, cgroup_id;        /* of the kill's record; seq 0: free */
        uint64_t start_nsec, kill_nsec;
        int32_t tgid;
        bool found;
        uint64_t runtime_nsec, peak_rss_bytes;
} EndedVictim;

typedef struct Ended {
        EndedExit exits[ENDED_EXITS];
        EndedVictim victims[ENDED_VICTIMS];
        size_t next_exit, next_victim;
} Ended;

/* The victims of @kill, recorded as @seq. @suspended_nsec: how long the host slept since it started, which run times leave out.
 * Returns true where an exit of one of them is known already. */
bool ended_expect(Ended *e, uint64_t seq, const Kill *kill, uint64_t suspended_nsec);

/* A process ended. Returns true where it is an awaited victim; others are kept for kills still to come. */
bool ended_take(Ended *e, const EndedExit *exit, uint64_t suspended_nsec);

/* Whether a process that is no victim of a kill was told to have ended, by its start (CLOCK_BOOTTIME): 1, 0; -ENODATA where it may
 * have been and gave way. */
int ended_tells(const Ended *e, int32_t tgid, uint64_t start_nsec, uint64_t suspended_nsec);

/* What was found and not yet told of one kill: *@ret_seq, its victims' cgroup, and the fields of a `more` record in @out:
 * {"victims":[{pid, start_usec, peak_rss_bytes, runtime_usec}], "sources":["taskstats"]}. Returns false where nothing is. */
bool ended_next(Ended *e, uint64_t *ret_seq, uint64_t *ret_cgroup_id, Strbuf *out);
