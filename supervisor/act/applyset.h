#pragma once
/* What a Set asks of one cgroup, by the right of who asks. Blocks. */
#include "supervisor/act/applier.h"

/* What Set asks of one cgroup. */
typedef struct ApplySet {
        uint64_t id;
        const char *path;
        const BudgetValue *values;       /* LIMIT_KEYS of them; order 0: not asked for */
        bool dry_run, risk;
        LimitRequester requester;
} ApplySet;

/* Does one Set request; its results come as those of budgets do. */
void applier_set(Applier *a, const ApplySet *set);
