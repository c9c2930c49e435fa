#pragma once
/* What a step of a rule does to a limit for as long as its incident lasts, and how that is taken back. Blocks. */
#include "policies/rule.h"
#include "supervisor/act/applier.h"

typedef struct ApplyLever {
        uint64_t id;
        const char *path;
        RuleAction action;               /* RULE_THROTTLE, RULE_RELAX, RULE_RAISE */
        double ratio;                    /* of present use; by how much more */
        int64_t bytes;                   /* RULE_RAISE: up to */
        BudgetOwn own;                   /* the rule's */
        uint64_t incident;               /* its beginning; 0: none yet */
        const char *origin;              /* "web.conf:12" */
} ApplyLever;

/* What came of it. */
typedef struct ApplyLeverTold {
        ReeveOutcome outcome;
        ReeveReason reason;
        int64_t before, after;           /* LIMIT_UNKNOWN where nothing was tried */
        char error[256];
} ApplyLeverTold;

/* The limit that @action means. */
LimitKey apply_lever_key(RuleAction action);

/* Does it: ineffective where the limit is there or past it already. What was before is on disk first, and returns by
 * applier_lift(), or by the next applier_configure() of another life. */
void applier_lever(Applier *a, const ApplyLever *lever, ApplyLeverTold *ret);

/* Says, as a refused limit without a wanted value, if the cgroup is not such that this could be written there; else nothing. */
void applier_probe(Applier *a, const ApplyLever *lever);

/* Takes it back: the value is again what budgets and Sets ask, or what was before. Also in Mode=watch. */
void applier_lift(Applier *a, uint64_t id, LimitKey key, ApplyLeverTold *ret);
