#pragma once
/* Observation: what was seen of one cgroup (or the host), complete enough to judge: a short history of readings in memory
 * of the caller's, and what follows from it over windows that end with the newest. What is not known makes nothing true. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define READING_UNKNOWN INT64_C(-1)
#define READING_UNLIMITED INT64_MAX

/* One look. Bytes, microseconds and counts as the kernel has them since the cgroup was made; READING_UNKNOWN. */
typedef struct Reading {
        uint64_t time_usec;              /* CLOCK_BOOTTIME */
        int64_t some_usec, full_usec;    /* stalled for memory, memory.pressure's total */
        int64_t current, unreclaimable, swap;
        int64_t protection;              /* the greater of memory.min and memory.low */
        int64_t limit, swap_limit;       /* effective: the least over the ancestors; READING_UNLIMITED */
        int64_t throttle;                /* memory.high; READING_UNLIMITED */
        int64_t refault;                 /* bytes, anonymous and file */
        int64_t high, max, oom, oom_kill, max_local, oom_local;
} Reading;

/* What the host has to give. */
typedef struct HostReading {
        int64_t total, available, swap_total, swap_free;        /* bytes */
} HostReading;

/* Which part of a reading. */
typedef enum ObservationField {
        OBSERVATION_HIGH, OBSERVATION_MAX, OBSERVATION_OOM, OBSERVATION_OOM_KILL, OBSERVATION_MAX_LOCAL, OBSERVATION_OOM_LOCAL,
        OBSERVATION_SOME, OBSERVATION_FULL, OBSERVATION_REFAULT, OBSERVATION_UNRECLAIMABLE, OBSERVATION_SWAP,
        OBSERVATION_FIELDS
} ObservationField;

enum { OBSERVATION_TRACK_POINTS = 32 };

/* One field alone, as far back as one window asks: a ring that reaches back an hour has nothing to say of the last seconds. */
typedef struct ObservationTrack {
        uint64_t reach_usec;
        ObservationField field;
        unsigned first, n;
        struct { uint64_t time_usec; int64_t value; } points[OBSERVATION_TRACK_POINTS];
} ObservationTrack;

/* The readings of one cgroup, oldest first. The last may be replaced by a newer one as long as it follows the one before it
 * by less than the spacing, so that a ring of fixed length reaches back far enough whatever the speed of looking; the first
 * quarter are all kept. Tracks are kept likewise, each by its own reach. */
typedef struct Observation {
        Reading *ring;                   /* the caller's */
        size_t size, first, n;
        uint64_t reach_usec;             /* 0: all are kept */
        ObservationTrack *tracks;        /* the caller's */
        size_t n_tracks;
} Observation;

/* Starts @o anew in @ring, room for @size (3 at least), to reach back @reach_usec. */
void observation_init(Observation *o, Reading *ring, size_t size, uint64_t reach_usec);

/* Adds @n tracks, of which field and reach are given, to @o: a window is measured by the track of its field with the least reach
 * that is enough, or by the ring. */
void observation_track(Observation *o, ObservationTrack *tracks, size_t n);

/* The track of that field and reach, empty, for observation_restore(); NULL: there is none. */
ObservationTrack *observation_track_clear(Observation *o, ObservationField field, uint64_t reach_usec);

/* Adds to one track what it held, the oldest first: the same again comes of it. What is not newer is left out. */
void observation_restore(ObservationTrack *t, const Reading *reading);

/* Its @index-th reading, the oldest first: fills in time and field of *@ret alone. */
void observation_track_get(const ObservationTrack *t, size_t index, Reading *ret);

/* Forgets all readings. */
void observation_clear(Observation *o);

/* Adds a reading. One that is not newer than the last is left out; a counter that fell (the cgroup was made anew, or its
 * controller switched off and on) forgets all before it. */
void observation_add(Observation *o, const Reading *reading);

/* The newest reading, or NULL. */
const Reading *observation_last(const Observation *o);

/* The @index-th reading, the oldest first; there are o->n. */
const Reading *observation_at(const Observation *o, size_t index);

/* How far back the history reaches, microseconds. */
uint64_t observation_span(const Observation *o);

/* Each answers for the @over_usec before the newest reading. false: the history is too short, or a reading did not tell.
 *
 * The share of that time in which some or (@full) all tasks were stalled for memory, 0 to 1. */
bool observation_stall(const Observation *o, bool full, uint64_t over_usec, double *ret);

/* Growth of unreclaimable memory in bytes per second, by least squares over three readings at least. */
bool observation_growth(const Observation *o, uint64_t over_usec, double *ret);

/* As observation_growth() of memory in swap. */
bool observation_swapping(const Observation *o, uint64_t over_usec, double *ret);

/* Bytes per second that came back after they had been evicted. */
bool observation_refault(const Observation *o, uint64_t over_usec, double *ret);

/* How many of the counter's events there were, at least: of a history that is shorter only what it holds is counted, so never too many. false
 * with fewer than two readings. */
bool observation_count(const Observation *o, ObservationField counter, uint64_t over_usec, int64_t *ret);

/* Throttled at memory.high, stalled for half of the last @over_usec, and nine tenths of memory.high cannot be reclaimed
 * and do not go to swap: it will not get better by itself. */
bool observation_livelock(const Observation *o, uint64_t over_usec, bool *ret);
