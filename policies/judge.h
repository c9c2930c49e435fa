#pragma once
/* Judge: what a rule says about one of the cgroups that it matches, look after look. Pure: the caller brings readings,
 * candidates and the time, and does what the verdict says; the same input gives the same verdict. */
#include "policies/condition.h"
#include "reeve/words.h"

/* SettleSec= where it is not given, and how long after a step that ends nobody. */
#define JUDGE_SETTLE_USEC UINT64_C(15000000)
#define JUDGE_LOOK_AGAIN_USEC UINT64_C(2000000)

/* Growth, pressure and refault of who was seen for less are not known. */
#define JUDGE_HISTORY_USEC UINT64_C(400000)

/* So long a choice may wait for what it is to be made by. */
#define JUDGE_WAIT_USEC UINT64_C(1500000)

enum { JUDGE_PASSED_MAX = 8, JUDGE_WHEN_MAX = 16 };

/* KillLimit= can count so many. */
enum { JUDGE_KILLS_MAX = 256 };

/* ---- candidates ---- */

/* Why one is not to be chosen. */
typedef enum JudgeShelter {
        JUDGE_OPEN,                      /* it is */
        JUDGE_NEVER,                     /* a Never= */
        JUDGE_NEVER_BELOW,               /* of something below it */
        JUDGE_INIT,                      /* the first process' cgroup */
        JUDGE_REEVE,                     /* Reeve's own */
        JUDGE_EMPTY,                     /* no process in it */
        JUDGE_PASSED,                    /* it would not end, a moment ago */
        JUDGE_OMIT,                      /* its own user.oomd_omit */
        JUDGE_PAUSED,                    /* reevectl pause, of it or a part of it */
        JUDGE_UNREAD,                    /* what it holds could not be read: nobody is chosen by a guess */
} JudgeShelter;

/* "never", "init" ...: protected_by of the record; NULL for JUDGE_OPEN. */
const char *judge_shelter_to_string(int shelter);

/* What a cgroup says of itself, by user.oomd_prefer, _avoid and _omit: heard where root owns it, or who owns the match. */
enum { JUDGE_MARK_PREFER = 1, JUDGE_MARK_AVOID = 2, JUDGE_MARK_OMIT = 4 };

typedef struct JudgeCandidate {
        uint64_t id;
        const char *path;                /* the caller's */
        bool populated;                  /* or not known */
        int64_t size_bytes;              /* unreclaimable and swap; READING_UNKNOWN */
        double parts[RANKS];             /* by RuleRank; bytes, bytes per s, share, points. Below 0: not known */
        JudgeShelter shelter;
        const char *never;               /* the glob, of JUDGE_NEVER and JUDGE_NEVER_BELOW */
        int preference;                  /* 1: Prefer=, -1: Avoid= */
        bool unnamed;                    /* these ask for names of processes, and nobody looked for them yet */
        unsigned rank;                   /* 1: the victim; 0: sheltered */
} JudgeCandidate;

/* Those of the whole configuration that concern each rule. */
typedef struct JudgeEverywhere {
        const ConfigList *never;         /* [reeve] Never= */
        const char *init_path, *own_path;/* "" where not known */
        const char *const *paused;       /* cgroups that nobody may act on for now */
        size_t n_paused;
} JudgeEverywhere;

/* Whether @path may not be acted on; @ret_never gets the glob that says so. Of what lies below a victim the caller asks
 * with the paths there, and JUDGE_NEVER there is JUDGE_NEVER_BELOW here. */
JudgeShelter judge_shelter(const RuleSection *rule, const JudgeEverywhere *everywhere, const char *path, const char **ret_never);

/* 1: Prefer= names it or, by @named (comms_preference_of()), a process in it; -1: Avoid=; where neither does what its @marks say; 0.
 * What comes first in this wins. */
int judge_preference(const RuleSection *rule, const char *path, int named, unsigned marks);

/* Fills @c's parts from what was seen of it, protection by memory.min and memory.low discounted. @points: the highest of
 * its processes; below 0: not known. */
void judge_measure(JudgeCandidate *c, const Observation *o, double points);

/* Orders @n candidates, the victim first, the sheltered last, and numbers them. By Rank= in its order (size, where not
 * given), values within a fifth of each other being equal for all but the last word; then by id. Returns how many may be
 * chosen. */
size_t judge_rank(const RuleSection *rule, JudgeCandidate *candidates, size_t n);

/* ---- one rule on one cgroup ---- */

/* Zeroed at first. */
typedef struct JudgeState {
        ConditionState conditions[JUDGE_WHEN_MAX];
        bool crossed;                    /* all conditions hold */
        uint64_t crossed_usec;           /* since then; or, while they do not, when they ceased */
        uint64_t incident;               /* the time it began; 0: none */
        size_t step;                     /* the next of the ladder */
        bool acting;                     /* a step is being done */
        bool exhausted;                  /* the ladder came to its end */
        uint64_t settle_until_usec;
        int told;                        /* the ReeveReason of the why-not last told in this incident; 0: none */
        unsigned failures;               /* victims that would not end, or whose end did not help */
        bool ended;                      /* somebody, and whether that helps is to be seen */
        uint64_t passed[JUDGE_PASSED_MAX];      /* ids that would not end */
        size_t n_passed;
} JudgeState;

typedef enum JudgeNext {
        JUDGE_NOTHING,
        JUDGE_CHOOSE,                    /* all conditions hold: bring candidates to judge_choose() */
        JUDGE_CLEARED,                   /* the incident is over */
} JudgeNext;

/* Feeds what was seen at @now_usec. Conditions past JUDGE_WHEN_MAX never hold. */
JudgeNext judge_look(JudgeState *s, const RuleSection *rule, const Observation *o, const HostReading *host, uint64_t now_usec);

/* Whether any condition is past its threshold, if not yet for long enough: time to look closely. */
bool judge_near(const JudgeState *s, const RuleSection *rule);

/* What holds a rule back from outside. */
typedef struct JudgeBounds {
        bool dry_run;                    /* Mode=dry-run */
        bool kill_limit;                 /* KillLimit= is reached */
        bool pausing;                    /* reevectl pause */
} JudgeBounds;

/* StepUp=: how many levels above the next victim its ancestor is to be taken as a whole. */
unsigned judge_level(const JudgeState *s, const RuleSection *rule);

/* Whether choosing should wait for another look: the next step ends somebody, by something that is not known yet of any who
 * might be chosen, and the shortage is younger than JUDGE_WAIT_USEC. */
bool judge_waits(const JudgeState *s, const RuleSection *rule, const JudgeCandidate *candidates, size_t open, uint64_t now_usec);

typedef struct JudgeVerdict {
        int action;                      /* RuleAction; -1: none */
        size_t step;                     /* of the ladder */
        ReeveReason reason;
        size_t victim;                   /* index into the candidates; SIZE_MAX: the matched cgroup itself, or nobody */
        bool dry_run;
        bool tell;                       /* worth a record: not the why-not told already */
} JudgeVerdict;

/* Whether a step ends processes. */
bool judge_ends_somebody(int action);

/* Whether a step is done to a candidate, and not to the matched cgroup. */
bool judge_has_victim(int action);

/* Whether a step is undone when its incident ends. */
bool judge_is_temporary(int action);

/* Chooses, after JUDGE_CHOOSE, among candidates that judge_rank() ordered (@open of them may be chosen). */
void judge_choose(JudgeState *s, const RuleSection *rule, const JudgeBounds *bounds, const JudgeCandidate *candidates, size_t open,
                  size_t n, uint64_t now_usec, JudgeVerdict *ret);

/* The verdict was carried out, or could not be. @victim: its id; 0: none. */
void judge_done(JudgeState *s, const RuleSection *rule, const JudgeVerdict *verdict, uint64_t victim, ReeveOutcome outcome,
                uint64_t now_usec);
