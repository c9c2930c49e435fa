#pragma once
/* A round of looks: many cgroups read one after another by an eye, for the rules. Made and kept by the event thread; the
 * eye's between eyes_post() and its answer. */
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policies/comms.h"
#include "policies/observation.h"
#include "supervisor/host/cgroupfs.h"
#include "supervisor/observe/limitwatch.h"

/* Where names of processes are looked for. */
typedef enum BatchComms { BATCH_COMMS_NOWHERE, BATCH_COMMS_THERE, BATCH_COMMS_BELOW } BatchComms;

/* One cgroup of the round: what to look at, and what was seen. */
typedef struct BatchItem {
        uint64_t id;
        size_t path;                    /* offset of its name in the batch's texts */
        bool points_wanted;             /* also the badness of its processes */
        bool bound_wanted;              /* also bound_id */
        BatchComms comms_wanted;        /* also comms */
        unsigned mark_files;            /* of its limits and those above these are to be marked; LIMITWATCH_* */
        bool hot;                       /* near what a rule is about, or below that */
        bool quick;                     /* reading is the one before: where neither use nor stall changed it stands as it is */
        bool close;                     /* reading is the one before: limits and such are taken over from it */
        bool given;                     /* reading is known already: nothing is read */

        bool gone, populated, oom_group;
        bool marked;                    /* they are, all of them */
        uint8_t marks;                  /* JUDGE_MARK_*, and whose directory it is */
        uint32_t owner;
        uint64_t bound_id;              /* the nearest ancestor that is full; 0: itself; BATCH_BOUND_HOST: none */
        uint32_t comms;                 /* which of the batch's comms live there */
        double points;                  /* the highest; -1: not known */
        Reading reading;
} BatchItem;

#define BATCH_BOUND_HOST UINT64_MAX

/* How much, in three numbers that those of the cgroups below it add up to (stalls at least to as much). */
typedef struct BatchTally {
        uint64_t id;
        size_t path;
        uint64_t time_usec;
        int64_t current, events, some_usec;     /* events: all of memory.events that rules ask for; READING_UNKNOWN */
} BatchTally;

/* Marks that were set. */
typedef struct BatchMark {
        uint64_t id;
        unsigned files;
        bool above;                     /* it lies above one that is looked at */
        int32_t wds[LIMITWATCH_FILES];
} BatchMark;

/* A trigger on stalls that is to be made. */
typedef struct BatchGuard {
        uint64_t id;
        size_t path;
        int fd;                         /* below 0: there is none; whoever takes it leaves -1 */
} BatchGuard;

typedef struct Batch {
        BatchItem *items;
        size_t n, size;
        BatchTally *tallies;            /* read first, one straight after another */
        size_t n_tallies, tallies_size;
        char *texts;
        size_t texts_length, texts_size;
        size_t comms[COMMS_MAX], n_comms;       /* offsets of the names that are looked for */
        int limits_fd;                  /* for marks; below 0: none are set */
        BatchMark *marks;               /* the eye's to fill in */
        size_t n_marks, marks_size;
        BatchGuard *guards;
        size_t n_guards, guards_size;
        HostReading host;               /* what lies in zram is not swap */
        int64_t swap_all;               /* ... but it limits what one cgroup may swap */
        bool hot;                       /* something is near what a rule is about */
        uint64_t began_usec;
        uint64_t cookie;                /* of the round */
        bool away;                      /* an eye has it, or its answer is on the way */
        atomic_bool read;               /* the eye is done with it */
} Batch;

/* Empties @b for a new round; its memory stays. */
void batch_clear(Batch *b);

/* Frees what it holds. */
void batch_done(Batch *b);

/* How to look at one of whom something is known. */
typedef enum BatchLook {
        BATCH_WHOLE,
        BATCH_CLOSE,                    /* all but limits, which were read not long ago */
        BATCH_QUICK,                    /* whether anything moved; only then all */
        BATCH_GIVEN,                    /* not at all: so it stood at a time when nothing moved there */
} BatchLook;

/* Adds a cgroup. @before: what was read of it before; NULL with BATCH_WHOLE. Returns 0 or -ENOMEM. */
int batch_add(Batch *b, uint64_t id, const char *path, bool points_wanted, BatchLook look, const Reading *before);

/* Adds a cgroup to the tallies. Returns 0 or -ENOMEM. */
int batch_add_tally(Batch *b, uint64_t id, const char *path);

/* Adds a name to be looked for, "comm:GLOB"; COMMS_MAX at most. Returns 0 or -ENOMEM. */
int batch_add_comm(Batch *b, const char *item);

/* The names of @b as an array, in @ret. */
void batch_comms(const Batch *b, const char *ret[static COMMS_MAX]);

/* All that memory.events counts, together; READING_UNKNOWN. */
int64_t batch_events(const Reading *r);

/* How many bytes more or less are no change, of who was read so. */
int64_t batch_little(const Reading *r);

/* Reads all of it. May stall: eyes only. */
void batch_read(Batch *b, const Cgroupfs *fs);

/* Adds a cgroup whose stalls are to trigger. Returns 0 or -ENOMEM. */
int batch_add_guard(Batch *b, uint64_t id, const char *path);

/* Makes the trigger, from a thread that began with batch_guards_thread(): it gives up CAP_SYS_RESOURCE, for with it the kernel would
 * start a thread for each. Eyes only. */
void batch_guards_thread(void);
void batch_guard_open(const Batch *b, BatchGuard *g, const Cgroupfs *fs);

/* Sets the marks that @i asks for, on the open cgroup @dirfd and those above it. Eyes only. */
void batch_marks_set(Batch *b, BatchItem *i, int dirfd);

/* Which of @b's names live in an open cgroup, and with @below anywhere below it; as far as can be told by so many processes as are
 * looked at. Eyes only. */
uint32_t batch_comms_read(const Batch *b, int dirfd, bool below);
