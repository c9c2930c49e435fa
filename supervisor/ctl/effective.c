#include "supervisor/ctl/effective.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policies/match.h"
#include "supervisor/ctl/configs.h"
#include "supervisor/ctl/print.h"
#include "supervisor/text/escape.h"
#include "supervisor/text/size.h"

/* Takes one value; @bytes is LIMIT_MAX where it is no number of bytes, and @list where in JSON it stands. */
typedef void (*Take)(void *userdata, const char *list, const char *key, const char *value, int64_t bytes, const Origin *at);

typedef struct Walk {
        const char *path;
        const Config *config;
        const BudgetFacts *facts;
        Take take;
        void *userdata;
} Walk;

static void switch_take(const Walk *w, const char *key, const char *value, const Origin *at) {
        if (at->order != 0)
                w->take(w->userdata, "settings", key, value, LIMIT_MAX, at);
}

static void settings_take(const Walk *w, const Budget *b) {
        static const char *const own[] = { [BUDGET_OWN_NO] = "no", [BUDGET_OWN_CREATE] = "create", [BUDGET_OWN_ADOPT] = "adopt" };
        char per[32], quota[64];

        switch_take(w, "OOMScoreAdjustOf", b->adjust_of == BUDGET_ADJUST_ALL ? "all" : "main", &b->adjust_of_at);
        switch_take(w, "Own", own[b->own], &b->own_at);
        switch_take(w, "Risk", b->risk ? "yes" : "no", &b->risk_at);
        (void) snprintf(quota, sizeof(quota), "%" PRIu64 " per %s", b->kill_budget.count,
                        duration_format(per, sizeof(per), b->kill_budget.per_usec));
        switch_take(w, "KillBudget", quota, &b->kill_budget.at);
}

/* All that is given, limits first. Returns whether any section matches. */
static bool walk(const Walk *w) {
        const BudgetSection *sections = w->config->budgets;
        size_t n = w->config->n_budgets;
        const ConfigItem *item;
        Budget b;

        budget_collect(sections, n, w->path, &b);
        for (int k = 0; k < LIMIT_KEYS; k++) {
                int64_t number = budget_resolve((LimitKey) k, &b.limits[k], w->facts);
                char value[CONFIGS_VALUE_SIZE];

                if (b.limits[k].at.order != 0)
                        w->take(w->userdata, "limits", limit_key_to_string(k), configs_value((LimitKey) k, &b.limits[k], value),
                                k < LIMIT_MEMORY_COUNT ? number : LIMIT_MAX, &b.limits[k].at);
        }
        settings_take(w, &b);
        for (size_t i = 0; (item = budget_label(sections, n, w->path, i)); i++)
                w->take(w->userdata, "labels", "Label", item->text, LIMIT_MAX, &item->at);
        for (size_t i = 0; (item = budget_documentation(sections, n, w->path, i)); i++)
                w->take(w->userdata, "documentation", "Documentation", item->text, LIMIT_MAX, &item->at);
        return b.any;
}

/* The next rule at or after @at that is on and looks at @path; n_rules where there is none. */
static size_t rule_next(const Config *config, const char *path, size_t at) {
        for (; at < config->n_rules; at++)
                for (size_t i = 0; config->rules[at].enabled.value && i < config->rules[at].match.count; i++)
                        if (match_glob(config->rules[at].match.items[i].text, path))
                                return at;
        return at;
}

/* ---- a table ---- */

static void row_take(void *userdata, const char *list, const char *key, const char *value, int64_t bytes, const Origin *at) {
        char text[PRINT_CELL_SIZE], cell[PRINT_CELL_SIZE];
        Table *t = userdata;

        (void) list;
        table_add(t, TABLE_BOLD, key);
        table_add(t, TABLE_PLAIN, print_cell(value, cell));
        if (bytes != LIMIT_MAX)
                table_addf(t, TABLE_DIM, "%" PRId64, bytes);
        else
                table_add(t, TABLE_DIM, "-");
        (void) snprintf(text, sizeof(text), "%s:%u", at->file, at->line);
        table_add(t, TABLE_PLAIN, print_cell(text, cell));
}

static void rule_rows(Table *t, const RuleSection *rule) {
        char cell[PRINT_CELL_SIZE], key[PRINT_CELL_SIZE + 8];

        (void) snprintf(key, sizeof(key), "%s: When", print_cell(rule->name, cell));
        for (size_t i = 0; i < rule->n_when; i++)
                row_take(t, NULL, key, rule->when[i].text, LIMIT_MAX, &rule->when[i].at);
        (void) snprintf(key, sizeof(key), "%s: Then", print_cell(rule->name, cell));
        for (size_t i = 0; i < rule->n_then; i++)
                row_take(t, NULL, key, rule->then[i].text, LIMIT_MAX, &rule->then[i].at);
}

void effective_print(const CtlContext *c, const char *path, const Config *config, const BudgetFacts *facts) {
        static const TableColumn columns[] = {
                { .title = "KEY" },
                { .title = "VALUE", .right = true },
                { .title = "BYTES", .right = true },
                { .title = "FROM", .shrink = 1, .keep_end = true, .least = 12 },
        };
        Table t = TABLE_INIT(columns);
        Walk w = { .path = path, .config = config, .facts = facts, .take = row_take, .userdata = &t };
        bool any = walk(&w);

        for (size_t i = 0; (i = rule_next(config, path, i)) < config->n_rules; i++) {
                rule_rows(&t, &config->rules[i]);
                any = true;
        }
        print_name(stdout, path);
        (void) puts(any ? ":" : ": no section matches it.");
        if (t.n_cells > 0)
                (void) table_write(&t, stdout, c->width, c->color);
        table_clear(&t);
}

/* ---- JSON ---- */

static void json_take(void *userdata, const char *list, const char *key, const char *value, int64_t bytes, const Origin *at) {
        json_t *o = json_object_get(userdata, list), *one;

        one = json_pack("{s:s}", "value", value);
        if (strcmp(list, "limits") == 0)
                (void) json_object_set_new(one, "bytes", bytes != LIMIT_MAX ? json_integer(bytes) : json_null());
        (void) json_object_set_new(one, "file", json_string(at->file));
        (void) json_object_set_new(one, "line", json_integer(at->line));
        if (json_is_array(o))
                (void) json_array_append_new(o, one);
        else
                (void) json_object_set_new(o, key, one);
}

static json_t *rule_json(const RuleSection *rule) {
        json_t *when = json_array(), *then = json_array();

        for (size_t i = 0; i < rule->n_when; i++)
                (void) json_array_append_new(when, json_string(rule->when[i].text));
        for (size_t i = 0; i < rule->n_then; i++)
                (void) json_array_append_new(then, json_string(rule->then[i].text));
        return json_pack("{s:s, s:o, s:o, s:b, s:s, s:i}", "rule", rule->name, "when", when, "then", then, "dry_run",
                         rule->dry_run.value, "file", rule->at.file, "line", (int) rule->at.line);
}

json_t *effective_json(const char *path, const Config *config, const BudgetFacts *facts) {
        char name[PRINT_CELL_SIZE];
        Strbuf out = STRBUF_INIT(name);
        json_t *o, *rules = json_array();

        name[0] = '\0';
        escape_text(&out, path);
        for (size_t i = 0; (i = rule_next(config, path, i)) < config->n_rules; i++)
                (void) json_array_append_new(rules, rule_json(&config->rules[i]));
        o = json_pack("{s:s, s:{}, s:{}, s:[], s:[], s:o}", "cgroup", name, "limits", "settings", "labels", "documentation", "rules", rules);
        if (o)
                (void) walk(&(Walk) { .path = path, .config = config, .facts = facts, .take = json_take, .userdata = o });
        return o;
}
