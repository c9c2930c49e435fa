#pragma once
/* What is asked of a cgroup: its budget, the Sets before it, and what is to return. */
#include "supervisor/act/applyjob.h"

/* The budget of the cgroup at @path; none where there is no configuration. */
void apply_budget_of(const Applier *a, const char *path, Budget *ret);

/* What shares of memory are counted by. Reads the limits above. */
BudgetFacts apply_facts(const Job *j);

/* Plans the change of @key to @value: it is active unless the cgroup has that already and it was told. */
void apply_plan_value(Job *j, LimitKey key, const BudgetValue *value, const BudgetFacts *facts, bool risk, ReeveReason reason);

/* Plans what @budget and an earlier Set ask of @key alone. Returns whether there is anything to do. */
bool apply_plan_key(Job *j, LimitKey key, const Budget *budget);

/* Whether @key of @e is held at a share of the limits above it, by @budget or an earlier Set. */
bool apply_holds_share(const LimitEntry *e, LimitKey key, const Budget *budget);

/* Plans all that @budget and earlier Sets ask (of a @j of shares: only those that are one), and what is to return. Returns whether there is anything to do. */
bool apply_plan(Job *j, const Budget *budget);
