#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policies/match.h"
#include "supervisor/base/fd.h"
#include "supervisor/ctl/configs.h"
#include "supervisor/ctl/effective.h"
#include "supervisor/ctl/named.h"
#include "supervisor/ctl/options.h"
#include "supervisor/ctl/print.h"

static const OptionsHelp help = {
        .usage = "check [FILE|DIR|-] [--effective CGROUP]",
        .text = "Reads a configuration as reeved would and tells all that is wrong with it, by file\n"
                "and line. Needs no daemon, no root and no cgroups. Without an argument it is the\n"
                "installed one (/etc/reeve, /run/reeve, /usr/lib/reeve); DIR replaces all three, as\n"
                "reeved --config does, and - is standard input. With --effective: what all its sections come to for one\n"
                "cgroup (a /path, a unit, a container's id, id:N or pid:N), by which rules it is\n"
                "judged, and which line each value is from.",
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

static int check_json(const Options *o, const Config *config, const Complaints *complaints, const char *path, const BudgetFacts *facts) {
        json_auto_t *answer = json_pack("{s:b, s:o}", "ok", complaints->errors == 0, "complaints", complaints_json(complaints));

        if (config) {
                json_object_set_new(answer, "budgets", json_integer((json_int_t) config->n_budgets));
                json_object_set_new(answer, "rules", json_integer((json_int_t) config->n_rules));
                json_object_set_new(answer, "alerts", json_integer((json_int_t) config->n_alerts));
                json_object_set_new(answer, "hash", json_string(config->hash));
        }
        if (path)
                json_object_set_new(answer, "effective", effective_json(path, config, facts));
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
        BudgetFacts facts = { 0 };
        int e, named = CTL_DONE;
        Options o;

        if (options_parse(&o, &e, &help, argc, argv, c))
                return e;
        (void) livetree_read(&tree, /* usage= */ false);
        e = configs_load(o.n_arguments > 0 ? o.arguments[0] : NULL, &config, &complaints);
        if (e == 0) {
                matches_check(config, &tree, &complaints);
                if (o.effective && (path = named_path_to_be("check", o.effective, &named)))
                        facts = configs_facts(&tree, livetree_find(&tree, path));
        } else if (complaints.errors == 0)
                complaints_add(&complaints, /* warning= */ false, NULL, 0, "%s", strerror(-e));
        if (o.context.json)
                (void) check_json(&o, config, &complaints, path, &facts);
        else {
                check_print(&o, config, &complaints);
                if (path)
                        effective_print(&o.context, path, config, &facts);
        }
        e = complaints.errors > 0 ? CTL_FAILED : named;
        config = config_unref(config);
        complaints_done(&complaints);
        livetree_clear(&tree);
        return e;
}
