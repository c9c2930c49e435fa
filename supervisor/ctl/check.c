#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policies/match.h"
#include "supervisor/base/fd.h"
#include "supervisor/ctl/configs.h"
#include "supervisor/ctl/named.h"
#include "supervisor/ctl/options.h"
#include "supervisor/ctl/print.h"

static const OptionsHelp help = {
        .usage = "check [FILE|DIR] [--effective CGROUP]",
        .text = "Reads a configuration as reeved would and tells all that is wrong with it, by file\n"
                "and line. Needs no daemon, no root and no cgroups. Without an argument it is the\n"
                "installed one (/etc/reeve, /run/reeve, /usr/lib/reeve); DIR replaces all three, as\n"
                "reeved --config does. With --effective: what all its sections come to for one\n"
                "cgroup (a /path, a unit, a container's id, id:N or pid:N), and which line each\n"
                "value is from.",
        .examples = "  reevectl check\n"
                    "  reevectl check ./reeve.conf --effective /system.slice/web-1.service",
        .takes = OPTION_EFFECTIVE,
        .most = 1,
};

static json_t *complaints_json(const Complaints *complaints) {
        json_t *list = json_array();

        for (size_t i = 0; i < complaints->count; i++) {
                const Complaint *one = &complaints->items[i];

                json_array_append_new(list, json_pack("{s:b, s:s?, s:o, s:s}", "warning", (int) one->warning, "file", one->file, "line",
                                                      one->line ? json_integer(one->line) : json_null(), "message", one->message));
        }
        return list;
}

static const char *place_of(const Origin *at, char cell[static PRINT_CELL_SIZE]) {
        char text[PRINT_CELL_SIZE];

        (void) snprintf(text, sizeof(text), "%s:%u", at->file, at->line);
        return print_cell(text, cell);
}

static json_t *effective_json(const char *path, const Budget *b, const BudgetFacts *facts) {
        json_t *keys = json_object();

        for (int k = 0; k < LIMIT_KEYS; k++) {
                char value[CONFIGS_VALUE_SIZE];
                int64_t number = budget_resolve((LimitKey) k, &b->limits[k], facts);

                if (b->limits[k].at.order == 0)
                        continue;
                json_object_set_new(keys, limit_key_to_string(k),
                                    json_pack("{s:s, s:o, s:s, s:I}", "value", configs_value((LimitKey) k, &b->limits[k], value), "bytes",
                                              k < LIMIT_MEMORY_COUNT && number != LIMIT_MAX ? json_integer(number) : json_null(), "file",
                                              b->limits[k].at.file, "line", (json_int_t) b->limits[k].at.line));
        }
        return json_pack("{s:s, s:o}", "cgroup", path, "limits", keys);
}

static void effective_print(const CtlContext *c, const char *path, const Budget *b, const BudgetFacts *facts) {
        static const TableColumn columns[] = {
                { .title = "KEY" },
                { .title = "VALUE", .right = true },
                { .title = "BYTES", .right = true },
                { .title = "FROM", .shrink = 1, .keep_end = true, .least = 12 },
        };
        Table t = TABLE_INIT(columns);
        char text[PRINT_CELL_SIZE];

        print_name(stdout, path);
        (void) puts(b->any ? ":" : ": no section matches it.");
        for (int k = 0; k < LIMIT_KEYS; k++) {
                char value[CONFIGS_VALUE_SIZE];
                int64_t number = budget_resolve((LimitKey) k, &b->limits[k], facts);

                if (b->limits[k].at.order == 0)
                        continue;
                table_add(&t, TABLE_BOLD, limit_key_to_string(k));
                table_add(&t, TABLE_PLAIN, configs_value((LimitKey) k, &b->limits[k], value));
                if (k < LIMIT_MEMORY_COUNT && number != LIMIT_MAX)
                        table_addf(&t, TABLE_DIM, "%" PRId64, number);
                else
                        table_add(&t, TABLE_DIM, "-");
                table_add(&t, TABLE_PLAIN, place_of(&b->limits[k].at, text));
        }
        if (t.n_cells > 0)
                (void) table_write(&t, stdout, c->width, c->color);
        table_clear(&t);
}

/* Adds a warning for each Match= that no cgroup of this host has; where there is no tree nothing can be said. */
static void matches_check(const Config *config, const LiveTree *t, Complaints *complaints) {
        for (size_t s = 0; t->n > 0 && s < config->n_budgets; s++)
                for (size_t m = 0; m < config->budgets[s].match.count; m++) {
                        const ConfigItem *item = &config->budgets[s].match.items[m];
                        bool found = false;

                        for (size_t i = 0; i < t->n && !found; i++)
                                found = match_glob(item->text, t->items[i].path);
                        if (!found && config->budgets[s].own.value != BUDGET_OWN_CREATE)
                                complaints_add(complaints, /* warning= */ true, item->at.file, item->at.line,
                                               "Match=%s: no cgroup of this host matches now", item->text);
                }
}

static int check_json(const Options *o, const Config *config, const Complaints *complaints, const char *path, const Budget *b,
                      const BudgetFacts *facts) {
        json_auto_t *answer = json_pack("{s:b, s:o}", "ok", complaints->errors == 0, "complaints", complaints_json(complaints));

        if (config) {
                json_object_set_new(answer, "budgets", json_integer((json_int_t) config->n_budgets));
                json_object_set_new(answer, "rules", json_integer((json_int_t) config->n_rules));
                json_object_set_new(answer, "alerts", json_integer((json_int_t) config->n_alerts));
                json_object_set_new(answer, "hash", json_string(config->hash));
        }
        if (path)
                json_object_set_new(answer, "effective", effective_json(path, b, facts));
        return print_json(&o->context, answer);
}

static void check_print(const Options *o, const Config *config, const Complaints *complaints) {
        /* What was asked for goes to stdout, complaints included: they are the answer. */
        configs_complaints_print(stdout, complaints);
        if (!config || o->effective)
                return;
        (void) printf("%sOK: %zu file%s, %zu budget%s, %zu rule%s, %zu alert%s.\n", complaints->count ? "Otherwise " : "", config->n_files,
                      config->n_files == 1 ? "" : "s", config->n_budgets, config->n_budgets == 1 ? "" : "s", config->n_rules,
                      config->n_rules == 1 ? "" : "s", config->n_alerts, config->n_alerts == 1 ? "" : "s");
}

/* reevectl check. */
int ctl_check(int argc, char **argv, const CtlContext *c) {
        _cleanup_free_ char *path = NULL;
        Complaints complaints = COMPLAINTS_INIT;
        LiveTree tree = LIVETREE_INIT;
        Config *config = NULL;
        Budget budget = { 0 };
        BudgetFacts facts = { 0 };
        int e, named = CTL_DONE;
        Options o;

        if (options_parse(&o, &e, &help, argc, argv, c))
                return e;
        (void) livetree_read(&tree, /* usage= */ false);
        e = configs_load(o.n_arguments > 0 ? o.arguments[0] : NULL, &config, &complaints);
        if (e == 0) {
                matches_check(config, &tree, &complaints);
                if (o.effective && (path = named_path_to_be("check", o.effective, &named))) {
                        facts = configs_facts(&tree, livetree_find(&tree, path));
                        budget_collect(config->budgets, config->n_budgets, path, &budget);
                }
        } else if (complaints.errors == 0)
                complaints_add(&complaints, /* warning= */ false, NULL, 0, "%s", strerror(-e));
        if (o.context.json)
                (void) check_json(&o, config, &complaints, path, &budget, &facts);
        else {
                check_print(&o, config, &complaints);
                if (path)
                        effective_print(&o.context, path, &budget, &facts);
        }
        e = complaints.errors > 0 ? CTL_FAILED : named;
        config = config_unref(config);
        complaints_done(&complaints);
        livetree_clear(&tree);
        return e;
}
