#pragma once
/* What a rule decided, as a `verdict` record. Its parts are written when it decides; how it went is joined to them when
 * that is known. */
#include "policies/pick.h"
#include "supervisor/text/record.h"

/* The decision. Paths are raw bytes and the caller's. */
typedef struct VerdictDecision {
        const RuleSection *rule;
        const JudgeState *state;         /* its conditions */
        const JudgeVerdict *verdict;
        uint64_t cgroup_id;              /* the match */
        const char *path;
        const JudgeCandidate *candidates;
        size_t n, open;
        uint64_t now_usec;
} VerdictDecision;

enum { VERDICT_NAME_SIZE = 256, VERDICT_TARGET_SIZE = 512, VERDICT_WHY_SIZE = 512 };

/* A decision that waits for how it goes; texts are escaped already. */
typedef struct VerdictNote {
        char *members;                   /* JSON, the decision's part of the record; to be freed */
        int action;                      /* RuleAction; -1: none */
        bool dry_run;
        ReeveReason reason;
        char rule[VERDICT_NAME_SIZE], target[VERDICT_TARGET_SIZE], step[VERDICT_NAME_SIZE], why[VERDICT_WHY_SIZE];
} VerdictNote;

/* Writes down @d. Returns 0 or -ENOMEM. */
int verdict_note(VerdictNote *ret, const VerdictDecision *d);

/* Adds to a decision whom of the @n processes of the chosen cgroup it means: the first, where @open, which may be chosen, is not
 * 0. As pick_rank() left them. Returns 0 or -ENOMEM. */
int verdict_note_processes(VerdictNote *note, const PickProcess *processes, size_t n, size_t open);

/* Frees what it holds. */
void verdict_note_clear(VerdictNote *n);

/* How it went. */
typedef struct VerdictOutcome {
        const VerdictNote *note;
        uint64_t time_nsec;              /* when it was decided */
        bool known;                      /* false: nothing was to be done */
        ReeveOutcome result;
        int64_t freed_bytes;             /* below 0: not known */
        int64_t took_usec;
        const char *error;               /* NULL or "": none */
        const int32_t *pids;
        size_t n_pids;
} VerdictOutcome;

/* Writes a `verdict` record as record_kill() does. */
int record_verdict(Strbuf *out, const RecordContext *c, const VerdictOutcome *o);

/* "memory.full 43 % > 20 %, unreclaimable 480M > 450M": the conditions as they were measured. */
void verdict_say_conditions(Strbuf *out, const RuleSection *rule, const JudgeState *state);
