#pragma once
/* What the files of replay share. */
#include "supervisor/base/idmap.h"
#include "supervisor/observe/replaying.h"

/* A verdict of the capture, found when it is read through. */
typedef struct ReplayRecorded {
        CaptureVerdict verdict;         /* members point into the text */
        char rule[CAPTURE_NAME_SIZE];
        uint64_t round;                 /* in which it was decided, from 1 */
        bool met;                       /* the replay decided so too */
        bool known, done;               /* done: its outcome stands in the capture; known: there is one */
        ReeveOutcome outcome;
        uint64_t done_usec;
        /* Victim=process: who could be chosen in the victim, and what the record said then; members NULL: not in the capture. */
        PickProcess *processes;
        size_t n_processes, size_processes;
        uint64_t open;
        int64_t total_pages;
        const char *members;            /* points into the text */
        size_t members_length;
} ReplayRecorded;

/* What was decided and is not done yet. */
typedef struct ReplayPending {
        uint64_t cookie, match_id, victim_id;
        char rule[CAPTURE_NAME_SIZE];
        JudgeVerdict verdict;
} ReplayPending;

typedef struct Replay {
        const ReplayOptions *options;
        ReplaySums sums;
        const CaptureHead *head;
        Config *config;                 /* that judges now */
        bool own;                       /* it is the capture's */
        Config *theirs;                 /* the capture's where it is not; NULL: not known */
        Judging judging;
        JudgingMemory memory;
        Tree *tree;
        Batch batch;
        bool in_round;
        uint64_t round, round_usec;
        ReplayRecorded *recorded;
        size_t n_recorded, size_recorded, next;         /* next: the first of this round or later */
        ReplayPending *pending;
        size_t n_pending, size_pending;
        Idmap seen;                     /* ids of cgroups that were looked at */
        char paused[JUDGING_PAUSES_MAX][CAPTURE_PATH_SIZE];
} Replay;

/* Reads the whole capture: whether it is one, and what was decided, into p->recorded. Returns 0, -EINVAL with @reterr, -ENOMEM. */
int replay_read_through(Replay *p, const char *text, size_t length, CaptureError *reterr);

/* Hands over @e, with what is the same for all of a section. */
void replay_tell(Replay *p, ReplayEvent *e);

/* The path of a cgroup, raw bytes, "?" where it is not known. Returns it, in @buf perhaps. */
const char *replay_path(const Replay *p, uint64_t id, char *buf, size_t size);

/* Keeps a decision until its outcome comes. Returns false without memory. */
bool replay_pending_add(Replay *p, const ReplayPending *d);

/* All looks of a round are in: judges them, where there is one, and tells what was decided now and then. */
void replay_round_end(Replay *p);

/* What came of a decision that the capture and the replay have in common. */
void replay_take_outcome(Replay *p, const CaptureEvent *e);
