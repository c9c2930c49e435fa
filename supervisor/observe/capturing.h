#pragma once
/* Capturing: writes down what the judge is given and what it says, as it goes, so that replay can judge it again. Of what is far
 * from everything nothing is written unless all is wanted; what comes near is told with its history, so that nothing is missing. */
#include "supervisor/base/idmap.h"
#include "supervisor/observe/judging.h"
#include "supervisor/text/capture.h"

/* Zeroed at first but for what the caller fills in. */
typedef struct Capturing {
        const Judging *judging;
        CaptureHead head;               /* boot, ledger, page size, root: the caller's; the rest is filled in */
        Strbuf out;                     /* memory of the caller's; between rounds he takes what stands there, and sets length to 0 */
        bool all;                       /* also what is far */
        bool listed;                    /* a rule has Candidates= */
        JudgingPause pauses[JUDGING_PAUSES_MAX];        /* as told */
        size_t n_pauses;
        bool whole;                     /* a section is begun and nothing was left out of it */
        bool asleep;                    /* rounds were left out since: nothing was near */
        Idmap told;                     /* of this section: cgroups, by what was last told of them */
        uint64_t last_usec;             /* of the newest round ... */
        size_t round_at;                /* ... and where it begins in out */
        uint64_t lost;                  /* rounds that found no room, since the beginning */
} Capturing;

/* Begins a section at @now_usec: its head, kills, what is being done. What does not fit leaves it not whole. */
void capturing_begin(Capturing *c, uint64_t now_usec, int64_t offset_usec);

/* Forgets the section: nothing more is written before the next begins. */
void capturing_end(Capturing *c);

/* A decision that is being carried out, for capturing_begin()'s caller to add. */
void capturing_pending(Capturing *c, const CaptureVerdict *verdict, const char *rule);

/* A round of looks, before the judge takes it; and what came of it. */
void capturing_round(Capturing *c, const Batch *b, uint64_t now_usec);
void capturing_decided(Capturing *c, const CaptureVerdict *verdict, const char *rule);
/* Whom a decision could mean of a cgroup's processes, as pick_rank() left them; @members: the record's now. */
void capturing_looked(Capturing *c, uint64_t cookie, int64_t total_pages, const PickProcess *processes, size_t n, size_t open,
                      const char *members);
/* @victim: as judging_done() gets it. */
void capturing_done(Capturing *c, uint64_t cookie, uint64_t now_usec, ReeveOutcome outcome, bool known, uint64_t victim);

/* A cgroup was born, died; the kernel killed in one. */
void capturing_born(Capturing *c, uint64_t id);
void capturing_died(Capturing *c, uint64_t id);
void capturing_kernel(Capturing *c, uint64_t time_usec, uint64_t cgroup_id, uint64_t limit_id, const char *path);

/* Frees what it holds; not the memory of the caller's. */
void capturing_clear(Capturing *c);
