#pragma once
/* Judging: what the rules make of a round of looks. reeved runs it over what its eyes read, replay over what was captured: there is
 * no second judge. It knows no clock and does nothing; who calls it brings the time and carries out what was decided. */
#include "supervisor/observe/watchlist.h"
#include "supervisor/text/verdictrecord.h"

enum { JUDGING_PAUSES_MAX = 16, JUDGING_RECENT_MAX = 16 };

/* Rules told to hold still. */
typedef struct JudgingPause {
        uint64_t cgroup_id;              /* those that look at it or below it; 0: all */
        const char *path;                /* nobody acts on this one either; NULL: others may */
} JudgingPause;

/* Hands over a decision, made at decision->now_usec for @m; what it points to lives during the call only. Returns whether it was
 * taken on: then judging_done() ends it, at once or later. What nobody takes on was none, and the next look decides again. */
typedef bool JudgingDecide(WatchlistMatch *m, const VerdictDecision *decision, void *userdata);

/* A kill that may still be showing its effect. */
typedef struct JudgingKill {
        uint64_t match_id, bound_id;     /* the match that it was for, and what bounds that (BatchItem) */
        uint64_t usec;                   /* when it was done; 0: it is not */
} JudgingKill;

/* What must outlive a restart of reeved, or the next life would kill once more for the same shortage. Zeroed at first. */
typedef struct JudgingMemory {
        uint64_t version;
        uint64_t kills_usec[JUDGE_KILLS_MAX];           /* when it killed, in a ring */
        uint64_t n_kills;
        JudgingKill recent[JUDGING_RECENT_MAX];         /* the newest, also after a reload; a ring */
        uint64_t n_recent;
} JudgingMemory;

typedef struct Judging {
        Watchlist *watchlist;
        const Tree *tree;                /* the caller's */
        HostReading host;                /* of the last round */
        JudgingPause pauses[JUDGING_PAUSES_MAX];        /* reevectl pause */
        size_t n_pauses;
        const char *paused[JUDGING_PAUSES_MAX];         /* the paths of those, for judging_everywhere() */
        JudgingMemory *memory;           /* the caller's */
        char init_path[4096], own_path[4096];           /* cgroups of pid 1 and of reeved; "" where not known */
} Judging;

/* Takes in what was read and judges all matches, at @now_usec. Returns whether a second look is wanted at once. */
bool judging_round(Judging *j, const Batch *b, uint64_t now_usec, JudgingDecide *decide, void *userdata);

/* A decision was carried out, or could not be. @m: whose it was; NULL: its cgroup died or other rules rule. @match_id, @victim: ids
 * of cgroups. */
void judging_done(Judging *j, WatchlistMatch *m, uint64_t match_id, const JudgeVerdict *verdict, uint64_t victim, ReeveOutcome outcome,
                  uint64_t now_usec);

/* What comes of a decision without anybody doing anything (a dry run, a notice, a why-not): true,
 * with *@ret_known whether there is an outcome at all, and which. */
bool judging_at_once(const JudgeVerdict *verdict, bool *ret_known, ReeveOutcome *ret_outcome);

/* Takes up what an earlier life knew, at @now_usec: a kill of which it did not learn the end is done, as far as anybody knows. */
void judging_recall(Judging *j, uint64_t now_usec);

/* Whether KillLimit= is reached. */
bool judging_kill_limit(const Judging *j, uint64_t now_usec);

/* What of the configuration, and of pauses, concerns every rule. */
JudgeEverywhere judging_everywhere(Judging *j);

/* Whether rules that look at that cgroup hold still. */
bool judging_paused(const Judging *j, uint64_t cgroup_id);
