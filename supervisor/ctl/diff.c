#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "supervisor/base/fd.h"
#include "supervisor/ctl/configs.h"
#include "supervisor/ctl/diffverdicts.h"
#include "supervisor/ctl/options.h"
#include "supervisor/ctl/print.h"
#include "supervisor/text/escape.h"

static const OptionsHelp help = {
        .usage = "diff [DIR] [--config DIR]",
        .text = "Says which limits on this host would change if the configuration in DIR were\n"
                "loaded in place of the installed one (or of --config DIR). Without DIR: where the\n"
                "limits that the kernel has now differ from what the installed configuration asks\n"
                "for. Where there is no cgroup v2 the sections are compared. And with DIR which\n"
                "verdicts of the last minutes would have been others: what the black box of reeved\n"
                "has of those minutes is judged again. Changes nothing.",
        .examples = "  reevectl diff ./new-configuration\n"
                    "  reevectl diff            # what a reload, or a third party's write, would undo",
        .takes = OPTION_CONFIG,
        .most = 1,
};

typedef struct Diff {
        const CtlContext *context;
        Table table;
        size_t n;
} Diff;

static void raw_cell(const char *raw, char cell[static PRINT_CELL_SIZE]) {
        Strbuf b = { .data = cell, .size = PRINT_CELL_SIZE };

        cell[0] = '\0';
        escape_terminal(&b, raw, strlen(raw), /* escaped= */ false);
}

static void change_add(Diff *d, const char *path, LimitKey key, const char *before, const char *after, const Origin *from) {
        char cell[PRINT_CELL_SIZE], place[PRINT_CELL_SIZE] = "";

        raw_cell(path, cell);
        if (from->order > 0)
                (void) snprintf(place, sizeof(place), "%s:%u", from->file, from->line);
        d->n++;
        if (d->context->json) {
                json_auto_t *one = json_pack("{s:s, s:s, s:s, s:s, s:s?}", "cgroup", cell, "key", limit_key_to_string((int) key), "before", before,
                                             "after", after, "from", place[0] ? place : NULL);

                (void) print_json(d->context, one);
                return;
        }
        table_add(&d->table, TABLE_BOLD, cell);
        table_add(&d->table, TABLE_PLAIN, limit_key_to_string((int) key));
        table_add(&d->table, TABLE_PLAIN, before);
        table_add(&d->table, TABLE_YELLOW, after);
        table_add(&d->table, TABLE_DIM, print_cell(place, cell));
}

/* What @budget makes of @key: the resolved value in words; "-" where it says nothing. */
static const char *wanted_of(const Budget *budget, LimitKey key, const BudgetFacts *facts, char text[static CONFIGS_VALUE_SIZE]) {
        if (budget->limits[key].at.order == 0)
                (void) snprintf(text, CONFIGS_VALUE_SIZE, "-");
        else if (key < LIMIT_MEMORY_COUNT)
                return configs_number(key, budget_resolve(key, &budget->limits[key], facts), text);
        else
                return configs_value(key, &budget->limits[key], text);
        return text;
}

/* Two configurations on one cgroup. */
static void budgets_compare(Diff *d, const char *path, const Budget *before, const Budget *after, const BudgetFacts *facts) {
        for (int k = 0; k < LIMIT_KEYS; k++) {
                char a[CONFIGS_VALUE_SIZE], b[CONFIGS_VALUE_SIZE];

                (void) wanted_of(before, (LimitKey) k, facts, a);
                (void) wanted_of(after, (LimitKey) k, facts, b);
                if (strcmp(a, b) != 0)
                        change_add(d, path, (LimitKey) k, a, b, &after->limits[k].at);
        }
}

/* The kernel's limits against a configuration, on one cgroup: only what it asks for. */
static void live_compare(Diff *d, const LiveCgroup *g, const Budget *wanted, const BudgetFacts *facts) {
        for (int k = 0; k < LIMIT_MEMORY_COUNT; k++) {
                char a[CONFIGS_VALUE_SIZE], b[CONFIGS_VALUE_SIZE];
                int64_t value;

                if (wanted->limits[k].at.order == 0 || g->limits[k] == LIMIT_UNKNOWN)
                        continue;
                value = budget_resolve((LimitKey) k, &wanted->limits[k], facts);
                if (value != g->limits[k])
                        change_add(d, g->path, (LimitKey) k, configs_number((LimitKey) k, g->limits[k], a),
                                   configs_number((LimitKey) k, value, b), &wanted->limits[k].at);
        }
}

/* Every literal or wildcard Match= of both stands for the cgroups that it would match: without a tree that is all there is. */
static void sections_compare(Diff *d, const Config *before, const Config *after) {
        const Config *both[] = { before, after };
        const LiveTree none = LIVETREE_INIT;
        const BudgetFacts facts = configs_facts(&none, SIZE_MAX);

        for (size_t w = 0; w < ELEMENTSOF(both); w++)
                for (size_t s = 0; s < both[w]->n_budgets; s++)
                        for (size_t m = 0; m < both[w]->budgets[s].match.count; m++) {
                                const char *glob = both[w]->budgets[s].match.items[m].text;
                                Budget a, b;

                                budget_collect(before->budgets, before->n_budgets, glob, &a);
                                budget_collect(after->budgets, after->n_budgets, glob, &b);
                                /* What the old one matched too was compared in its turn. */
                                if (w == 0 || !a.any)
                                        budgets_compare(d, glob, &a, &b, &facts);
                        }
}

static void tree_compare(Diff *d, const LiveTree *t, const Config *before, const Config *after) {
        for (size_t i = 0; i < t->n; i++) {
                const BudgetFacts facts = configs_facts(t, i);
                Budget a, b;

                budget_collect(after->budgets, after->n_budgets, t->items[i].path, &b);
                if (!before) {
                        live_compare(d, &t->items[i], &b, &facts);
                        continue;
                }
                budget_collect(before->budgets, before->n_budgets, t->items[i].path, &a);
                budgets_compare(d, t->items[i].path, &a, &b, &facts);
        }
}

/* Loads, or complains and returns what to exit with. */
static int load(Config **ret, const char *path) {
        Complaints complaints = COMPLAINTS_INIT;
        int e = configs_load(path, ret, &complaints);

        if (e < 0) {
                configs_complaints_print(stderr, &complaints);
                (void) fprintf(stderr, "reevectl diff: %s cannot be loaded\n", path ? path : "the installed configuration");
        }
        complaints_done(&complaints);
        return e < 0 ? CTL_FAILED : CTL_DONE;
}

static int diff_finish(Diff *d, const char *path) {
        int e = CTL_DONE;

        if (d->context->json)
                return e;
        if (d->n == 0)
                (void) puts(path ? "No limit would change." : "The limits are what the configuration asks for.");
        else if (table_write(&d->table, stdout, d->context->width, d->context->color) < 0)
                e = CTL_FAILED;
        return e;
}

/* reevectl diff. */
int ctl_diff(int argc, char **argv, const CtlContext *c) {
        static const TableColumn columns[] = {
                { .title = "CGROUP", .shrink = 2, .least = 20, .keep_end = true },
                { .title = "KEY" },
                { .title = "NOW", .right = true },
                { .title = "THEN", .right = true },
                { .title = "FROM", .shrink = 3, .least = 12, .keep_end = true },
        };
        Config *before = NULL, *after = NULL;
        LiveTree tree = LIVETREE_INIT;
        const char *path;
        Options o;
        int e;

        if (options_parse(&o, &e, &help, argc, argv, c))
                return e;
        path = o.n_arguments > 0 ? o.arguments[0] : NULL;

        Diff d = { .context = &o.context, .table = TABLE_INIT(columns) };
        int no_tree = livetree_read(&tree, /* usage= */ false);

        e = load(&after, path ? path : o.config);
        if (e == CTL_DONE && path)
                e = load(&before, o.config);
        if (e == CTL_DONE && no_tree == 0)
                tree_compare(&d, &tree, before, after);
        else if (e == CTL_DONE && before)
                sections_compare(&d, before, after);
        else if (e == CTL_DONE) {
                (void) fprintf(stderr, "reevectl diff: no cgroup v2 memory controller here, so there are no limits to compare with: give DIR\n");
                e = CTL_FAILED;
        }
        if (e == CTL_DONE)
                e = diff_finish(&d, path);
        if (e == CTL_DONE && path && no_tree == 0)
                e = diffverdicts_print(&o.context, after);
        table_clear(&d.table);
        before = config_unref(before);
        after = config_unref(after);
        livetree_clear(&tree);
        return e;
}
