#pragma once
/* The black box: the last minutes of what is hot, in two halves of memory, stored with each kill and verdict. */
#include "supervisor/flow/state.h"
#include "supervisor/observe/capturing.h"
#include "supervisor/record/blackbox.h"

enum { CAPTUREBOX_END_BYTES = 64 };

/* Zeroed at first. */
struct CaptureBox {
        Capturing capturing;            /* writes into the active half */
        char *halves[2];                /* NULL before the first match of a rule */
        size_t lengths[2];
        uint64_t from_usec[2];          /* when the half's first section began; 0: empty */
        int active;
        Blackbox *files;                /* NULL: there are none, and none are written */
        sd_event_source *store_timer;
        uint64_t stored_usec, kills_sec;
        unsigned kills;                 /* of that second */
};

/* Looks for files of earlier runs. Returns 0 or -ENOMEM. */
int capturebox_open(Supervisor *s);

/* A rule matches something: takes the box's memory and makes the directory. What fails is left out. */
void capturebox_fill(Supervisor *s);

/* Stores what waits to be, and frees. */
void capturebox_close(Supervisor *s);

/* A round of looks, before the judge takes it. */
void capturebox_round(Supervisor *s, const Batch *b, uint64_t now_usec);

/* Whether a kill in one of these (0: none) concerns what the box tells of: not what no rule looks at. */
bool capturebox_concerns(const CaptureBox *c, uint64_t cgroup_id, uint64_t limit_id, bool host);

/* Counts a kill at @usec. Returns whether it is told: not all of a storm, which would wash out all else. */
bool capturebox_rate(CaptureBox *c, uint64_t usec);

/* Has a file written soon. */
void capturebox_store(Supervisor *s);

/* The texts that the box holds in their order, and an end to them. Returns how many. */
size_t capturebox_texts(CaptureBox *c, const char *texts[static 3], size_t lengths[static 3], char end[static CAPTUREBOX_END_BYTES],
                        uint64_t now_usec);
