#pragma once
/* A round of looks: many cgroups read one after another by an eye, for the rules. Made and kept by the event thread; the
 * eye's between eyes_post() and its answer. */
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policies/observation.h"
#include "supervisor/host/cgroupfs.h"

/* One cgroup of the round: what to look at, and what was seen. */
typedef struct BatchItem {
        uint64_t id;
        size_t path;                    /* offset of its name in the batch's texts */
        bool points_wanted;             /* also the badness of its processes */
        bool quick;                     /* reading is the one before: where neither use nor stall changed it stands as it is */

        bool gone, populated, oom_group;
        double points;                  /* the highest; -1: not known */
        Reading reading;
} BatchItem;

typedef struct Batch {
        BatchItem *items;
        size_t n, size;
        char *texts;
        size_t texts_length, texts_size;
        HostReading host;
        uint64_t began_usec;
        uint64_t cookie;                /* of the round */
        bool away;                      /* an eye has it, or its answer is on the way */
        atomic_bool read;               /* the eye is done with it */
} Batch;

/* Empties @b for a new round; its memory stays. */
void batch_clear(Batch *b);

/* Frees what it holds. */
void batch_done(Batch *b);

/* Adds a cgroup. @before (NULL: look at all) was read of it not long ago, when all was far. Returns 0 or -ENOMEM. */
int batch_add(Batch *b, uint64_t id, const char *path, bool points_wanted, const Reading *before);

/* Reads all of it. May stall: eyes only. */
void batch_read(Batch *b, const Cgroupfs *fs);
