#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policies/comms.h"
#include "policies/judge.h"
#include "policies/match.h"
#include "supervisor/text/configread.h"

static const char OWNED_ROOT[] = "/system.slice/reeve-groups.service/";

/* What a check has at hand. */
typedef struct Check {
        Complaints *complaints;
        const ConfigList *faults;
} Check;

/* Complains of a section without @key, unless it was given and is complained of itself. */
static void missing(const Check *check, const Origin *at, const char *kind, const char *name, const char *key) {
        char fault[256];

        (void) snprintf(fault, sizeof(fault), "%s %s %s", kind, name, key);
        for (size_t i = 0; i < check->faults->count; i++)
                if (strcmp(check->faults->items[i].text, fault) == 0)
                        return;
        complaints_add(check->complaints, false, at->file, at->line, "%s %s: wants %s %s=", kind, name,
                       strchr("AO", *key) ? "an" : "a", key);
}

/* Own=create names the very cgroups that shall be made: whole paths, below the unit that holds them. */
static void check_created(Complaints *c, const BudgetSection *b) {
        for (size_t i = 0; i < b->match.count; i++) {
                const ConfigItem *m = &b->match.items[i];
                const char *below = m->text + sizeof(OWNED_ROOT) - 1;

                if (!match_is_literal(m->text))
                        complaints_add(c, false, m->at.file, m->at.line,
                                       "Match: with Own=create '%s' must be a whole path, without wildcards", m->text);
                else if (strncmp(m->text, OWNED_ROOT, sizeof(OWNED_ROOT) - 1) != 0)
                        complaints_add(c, false, m->at.file, m->at.line,
                                       "Match: with Own=create '%s' must lie below /system.slice/reeve-groups.service", m->text);
                else if (*below == '.')
                        complaints_add(c, false, m->at.file, m->at.line,
                                       "Match: '%s' is kept for Reeve itself", m->text);
        }
}

static void check_order(Complaints *c, const BudgetSection *b, LimitKey low, LimitKey high) {
        const BudgetValue *l = &b->limits[low], *h = &b->limits[high];

        if (l->at.order && h->at.order && !l->percent && !h->percent && l->value != LIMIT_MAX && l->value > h->value)
                complaints_add(c, true, l->at.file, l->at.line, "budget %s: %s= is above %s=", b->name, limit_key_to_string((int) low),
                               limit_key_to_string((int) high));
}

static void check_budget(const Check *check, const BudgetSection *b) {
        Complaints *c = check->complaints;
        bool asks = b->kill_budget.at.order || b->labels.count || b->documentation.count;

        if (b->match.count == 0)
                missing(check, &b->at, "budget", b->name, "Match");
        for (size_t key = 0; key < LIMIT_KEYS; key++)
                asks = asks || b->limits[key].at.order;
        if (b->own.value == BUDGET_OWN_CREATE) {
                check_created(c, b);
                asks = true;
        }
        if (!asks)
                complaints_add(c, true, b->at.file, b->at.line, "budget %s: asks for nothing", b->name);
        if (b->kill_budget.at.order && b->enabled.value)
                complaints_add(c, true, b->kill_budget.at.file, b->kill_budget.at.line,
                               "budget %s: this version of Reeve does not act on KillBudget=", b->name);
        check_order(c, b, LIMIT_MEMORY_HIGH, LIMIT_MEMORY_MAX);
        check_order(c, b, LIMIT_MEMORY_MIN, LIMIT_MEMORY_MAX);
        check_order(c, b, LIMIT_MEMORY_LOW, LIMIT_MEMORY_MAX);
        if (b->adjust_of.at.order && !b->limits[LIMIT_OOM_SCORE_ADJUST].at.order)
                complaints_add(c, true, b->adjust_of.at.file, b->adjust_of.at.line,
                               "budget %s: OOMScoreAdjustOf= without OOMScoreAdjust=", b->name);
}

/* Usage counts page cache, which is no sign of need: alone it is no ground to end anybody. */
static void check_usage_alone(Complaints *c, const RuleSection *rule) {
        for (size_t i = 0; i < rule->n_when; i++)
                if (rule->when[i].what != RULE_USAGE)
                        return;
        for (size_t i = 0; i < rule->n_then; i++)
                if (judge_ends_somebody((int) rule->then[i].action)) {
                        complaints_add(c, true, rule->when[0].at.file, rule->when[0].at.line,
                                       "rule %s: usage counts page cache and alone leads to %s; unreclaimable does not", rule->name,
                                       rule_action_to_string((int) rule->then[i].action));
                        return;
                }
}

/* Said at load, not only when it would be needed. */
static void check_void(Complaints *c, const RuleSection *rule) {
        if (rule->n_when > JUDGE_WHEN_MAX)
                complaints_add(c, false, rule->at.file, rule->at.line, "rule %s: %zu conditions; %d at most", rule->name, rule->n_when,
                               JUDGE_WHEN_MAX);
}

static void check_rule(const Check *check, const RuleSection *rule) {
        Complaints *c = check->complaints;

        if (rule->match.count == 0)
                missing(check, &rule->at, "rule", rule->name, "Match");
        if (rule->n_when == 0)
                missing(check, &rule->at, "rule", rule->name, "When");
        if (rule->n_then == 0)
                missing(check, &rule->at, "rule", rule->name, "Then");
        if (rule->own.value == BUDGET_OWN_CREATE)
                complaints_add(c, false, rule->own.at.file, rule->own.at.line, "Own: a rule makes no cgroups: no or adopt");
        for (size_t i = 0; i + 1 < rule->n_then; i++)
                if (rule->then[i].action == RULE_KILL && rule->victim.value == RULE_VICTIM_CGROUP && !rule->step_up.value)
                        complaints_add(c, true, rule->then[i + 1].at.file, rule->then[i + 1].at.line,
                                       "rule %s: a step after kill is reached only where the kill did not help", rule->name);
        if (rule->n_when && rule->n_then)
                check_usage_alone(c, rule);
        if (rule->enabled.value)
                check_void(c, rule);
}

/* Read, so that a configuration may have them already; but nobody shall wait for an alert that never comes. */
static void check_alert(const Check *check, const AlertSection *alert) {
        if (!alert->on)
                missing(check, &alert->at, "alert", alert->name, "On");
        if (alert->enabled.value)
                complaints_add(check->complaints, true, alert->at.file, alert->at.line,
                               "alert %s: this version of Reeve does not act on alerts", alert->name);
}

static void check_reeve(Complaints *c, const ConfigReeve *r) {
        if (r->kill_limit.count > JUDGE_KILLS_MAX)
                complaints_add(c, false, r->kill_limit.at.file, r->kill_limit.at.line, "KillLimit: %d kills at most can be counted",
                               JUDGE_KILLS_MAX);
}

static void check_comms(Complaints *c, const Config *config) {
        const char *items[COMMS_MAX];
        const ConfigItem *over;

        (void) comms_collect(config->rules, config->n_rules, items, &over);
        if (over)
                complaints_add(c, false, over->at.file, over->at.line, "%s: so many different names can be looked for in cgroups: %d", over->text,
                               COMMS_MAX);
}

/* Beside errors, warnings only distract. */
static void warnings_drop(Complaints *c) {
        size_t kept = 0;

        for (size_t i = 0; i < c->count; i++)
                if (c->items[i].warning) {
                        free((void *) (uintptr_t) c->items[i].file);
                        free((void *) (uintptr_t) c->items[i].message);
                } else
                        c->items[kept++] = c->items[i];
        c->count = kept;
}

void config_check(const Config *c, const ConfigList *faults, Complaints *complaints) {
        const Check check = { .complaints = complaints, .faults = faults };

        check_reeve(complaints, &c->reeve);
        for (size_t i = 0; i < c->n_budgets; i++)
                check_budget(&check, &c->budgets[i]);
        for (size_t i = 0; i < c->n_rules; i++)
                check_rule(&check, &c->rules[i]);
        check_comms(complaints, c);
        for (size_t i = 0; i < c->n_alerts; i++)
                check_alert(&check, &c->alerts[i]);
        if (complaints->errors)
                warnings_drop(complaints);
}
