#include "supervisor/act/applyplan.h"

void apply_budget_of(const Applier *a, const char *path, Budget *ret) {
        if (a->config)
                budget_collect(a->config->budgets, a->config->n_budgets, path, ret);
        else
                *ret = (Budget) { 0 };
}

BudgetFacts apply_facts(const Job *j) {
        int64_t above = apply_least_above(j->a, j->e->path, LIMIT_MEMORY_MAX);

        return (BudgetFacts) {
                .ancestors_max = above == LIMIT_UNKNOWN ? LIMIT_MAX : above,
                .ram_bytes = j->a->ram_bytes,
                .page_size = j->a->page_size,
        };
}

void apply_plan_value(Job *j, LimitKey key, const BudgetValue *value, const BudgetFacts *facts, bool risk, ReeveReason reason) {
        Change *c = &j->changes[key];
        LimitValue *v = &j->e->values[key];

        *c = (Change) { .wanted = budget_resolve(key, value, facts), .before = apply_read(j, key), .risk = risk, .reason = reason };
        if (value->at.file)
                (void) origin_format(&value->at, c->origin, sizeof(c->origin));
        /* What holds already, and was told, is not told again. */
        if (v->applied || v->changed)
                c->active = c->before != c->wanted || v->wanted != c->wanted;
        else
                c->active = true;
        if (!c->active)
                v->applied = true;
}

static void plan_restore(Job *j, LimitKey key) {
        LimitValue *v = &j->e->values[key];

        j->changes[key] = (Change) {
                .active = true,
                .restore = true,
                .wanted = v->before,
                .before = apply_read(j, key),
                .reason = v->lever_over ? REEVE_REASON_INCIDENT_OVER : REEVE_REASON_BUDGET_GONE,
        };
}

static bool plan_key(Job *j, LimitKey key, const Budget *budget, const BudgetFacts *facts) {
        LimitValue *v = &j->e->values[key];

        if (v->lever)
                apply_plan_value(j, key, &(BudgetValue) { .value = v->lever_value }, facts, /* risk= */ true, REEVE_REASON_RULE);
        else if (v->set)
                apply_plan_value(j, key, &v->set_value, facts, v->set_risk, REEVE_REASON_REQUESTED);
        else if (budget->limits[key].at.order)
                apply_plan_value(j, key, &budget->limits[key], facts, budget->risk, REEVE_REASON_CONFIGURED);
        else if (v->changed)
                plan_restore(j, key);
        else
                *v = (LimitValue) { 0 };
        return j->changes[key].active;
}

bool apply_plan_key(Job *j, LimitKey key, const Budget *budget) {
        BudgetFacts facts = apply_facts(j);

        return plan_key(j, key, budget, &facts);
}

bool apply_holds_share(const LimitEntry *e, LimitKey key, const Budget *budget) {
        const LimitValue *v = &e->values[key];

        return key < LIMIT_MEMORY_COUNT && v->applied && (v->set ? v->set_value.percent : budget->limits[key].percent);
}

bool apply_plan(Job *j, const Budget *budget) {
        BudgetFacts facts = apply_facts(j);
        bool any = false;

        for (int key = 0; key < LIMIT_KEYS; key++)
                if (!j->shares || apply_holds_share(j->e, (LimitKey) key, budget))
                        any |= plan_key(j, (LimitKey) key, budget, &facts);
        return any;
}
