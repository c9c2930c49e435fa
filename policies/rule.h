#pragma once
/* Rules as configured: when this, then that. Judged elsewhere; here are the words they are written in. */
#include <stdbool.h>
#include <stdint.h>

#include "policies/budget.h"

typedef enum RuleWhat {
        RULE_MEMORY_SOME,                /* stalled share of the last @over_usec */
        RULE_MEMORY_FULL,
        RULE_USAGE,                      /* bytes, or share of the effective limit */
        RULE_UNRECLAIMABLE,
        RULE_SWAP,
        RULE_GROWTH,                     /* bytes per s of unreclaimable memory over @over_usec */
        RULE_REFAULT,                    /* bytes per s */
        RULE_HIGH,                       /* so many events within a span */
        RULE_MAX,
        RULE_OOM,
        RULE_OOM_KILL,
        RULE_TIME_TO_LIMIT,              /* a time */
        RULE_LIVELOCK,                   /* true or not */
        RULE_HOST_AVAILABLE,             /* free: bytes or share */
        RULE_HOST_SWAP,
        RULE_WHATS
} RuleWhat;

/* "memory.full": the name in the configuration and in the record's `trigger`. NULL out of range. */
const char *rule_what_to_string(int what);

typedef enum RuleUnit { RULE_SHARE, RULE_BYTES, RULE_COUNT, RULE_TIME, RULE_TRUTH } RuleUnit;

typedef struct RuleCondition {
        const char *text;                /* as written */
        Origin at;
        RuleWhat what;
        bool local;                      /* ".local" */
        bool below;                      /* `<` rather than `>` */
        RuleUnit unit;
        double ratio;                    /* RULE_SHARE: 0 to 1 */
        uint64_t value;                  /* bytes, bytes per s, count, or microseconds */
        uint64_t per_usec;               /* RULE_COUNT */
        uint64_t over_usec;              /* what it is averaged over; 0: not given */
        uint64_t for_usec;               /* how long it must hold */
} RuleCondition;

typedef enum RuleAction {
        RULE_NOTIFY,
        RULE_RECLAIM,                    /* @bytes */
        RULE_THROTTLE,                   /* @ratio of present usage */
        RULE_RELAX,
        RULE_RAISE,                      /* by @ratio, up to @bytes */
        RULE_FREEZE,                     /* for @usec, at most 30 s */
        RULE_TERM,                       /* and wait @usec */
        RULE_KILL,
        RULE_RESTART,
        RULE_EXEC,                       /* @path */
        RULE_ACTIONS
} RuleAction;

/* "throttle": the word of the configuration and of the record's `action`. NULL out of range. */
const char *rule_action_to_string(int action);

typedef struct RuleStep {
        const char *text;                /* as written */
        Origin at;
        RuleAction action;
        uint64_t bytes;
        double ratio;
        uint64_t usec;
        const char *path;
} RuleStep;

typedef enum RuleRank { RANK_SIZE, RANK_GROWTH, RANK_PRESSURE, RANK_SWAP, RANK_REFAULT, RANK_OOM_SCORE, RANKS } RuleRank;

/* "oom_score". NULL out of range. */
const char *rule_rank_to_string(int rank);

typedef enum RuleVictim { RULE_VICTIM_CGROUP, RULE_VICTIM_PROCESS } RuleVictim;

/* A [rule NAME] with all that the files add to it. */
typedef struct RuleSection {
        const char *name;
        Origin at;
        ConfigList match, candidates;
        RuleCondition *when;
        size_t n_when;
        RuleStep *then;
        size_t n_then;
        BudgetSwitch victim;             /* RuleVictim */
        RuleRank rank[RANKS];
        size_t n_rank;                   /* 0: not given */
        ConfigList prefer, avoid, never; /* globs; "comm:NAME" in the first two */
        BudgetSwitch step_up;            /* after so many failures the parent; 0: never */
        uint64_t settle_usec;
        BudgetSwitch dry_run, own, enabled;
} RuleSection;
