#pragma once
/* Replaying: a capture judged again, by the loop that judged it first, under its own configuration or another. What another
 * configuration would have changed afterwards nobody knows: what was seen stays what was seen. */
#include "supervisor/observe/judging.h"
#include "supervisor/text/capture.h"

/* How a verdict of the replay and one of the capture stand to each other. */
typedef enum ReplayStand {
        REPLAY_SAME,                    /* there as here */
        REPLAY_NEW,                     /* only the replay decides so */
        REPLAY_MISSING,                 /* only the capture did */
        REPLAY_KERNEL,                  /* no verdict: the kernel killed */
} ReplayStand;

/* One thing that was decided, or that happened. Texts live during the call only. */
typedef struct ReplayEvent {
        ReplayStand stand;
        uint64_t time_usec;             /* CLOCK_BOOTTIME */
        int64_t offset_usec;            /* of CLOCK_REALTIME to it */
        uint64_t incident_usec;         /* when the incident began; 0: not known */
        const char *ledger_id;
        const char *rule, *rule_at;     /* raw bytes; rule_at NULL: not known */
        int action;                     /* RuleAction; -1: none */
        ReeveReason reason;
        bool dry_run;
        const char *cgroup;             /* where the conditions were measured, of KERNEL where it killed; raw bytes */
        const char *target;             /* who was to be acted on; raw bytes */
        const char *why;                /* the conditions as measured; "" of MISSING */
        const char *members;            /* of the record, JSON; NULL of KERNEL */
        size_t members_length;
        bool exact;                     /* SAME: byte for byte */
        bool outcome_known;             /* of SAME and MISSING: what came of it */
        ReeveOutcome outcome;
} ReplayEvent;

/* Takes one event. */
typedef void ReplayTell(const ReplayEvent *event, void *userdata);

typedef struct ReplayOptions {
        Config *config;                 /* NULL: the capture's own */
        ReplayTell *tell;
        void *userdata;
} ReplayOptions;

/* What was gone through. */
typedef struct ReplaySums {
        uint64_t from_usec, to_usec;    /* CLOCK_BOOTTIME, of the first section on */
        int64_t offset_usec;
        char hash[17];                  /* of the capture's first configuration */
        bool own_config;                /* judged by one of the same hash */
        bool ended;                     /* the capture says that it ends */
        ReeveMode mode;                 /* in which it was judged */
        uint64_t rounds, looks, cgroups, verdicts, same, exact, new_ones, missing, kernel, lost_rounds;
        uint64_t matched, unseen;       /* cgroups that rules match; of those, what was never looked at */
} ReplaySums;

/* Judges @text again. First all of it is read: where it is no capture nothing was told. Returns 0; -EINVAL with @reterr; -ENODATA:
 * the capture's configuration is not in it, or is none (@reterr says why); -ENOMEM. */
int replay_run(const char *text, size_t length, const ReplayOptions *options, ReplaySums *ret, CaptureError *reterr);
