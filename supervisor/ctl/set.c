#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/base/fd.h"
#include "supervisor/ctl/configs.h"
#include "supervisor/ctl/print.h"
#include "supervisor/ctl/saved.h"
#include "supervisor/ctl/session.h"
#include "supervisor/text/config.h"

static const OptionsHelp help = {
        .usage = "set CGROUP KEY=VALUE... [--save] [--risk] [--dry-run]",
        .text = "Sets limits of a cgroup through reeved, which knows whose they are to set: units\n"
                "through systemd, owned cgroups directly, the rest is refused with the reason.\n"
                "Lowering a limit kills nobody: memory is reclaimed first, and where that is not\n"
                "enough it is refused, unless --risk is given. The value lasts until the cgroup\n"
                "goes; with --save (root) it is also in /etc/reeve/policies.d/50-set.conf.\n"
                "Keys: MemoryMin, MemoryLow, MemoryHigh, MemoryMax, MemorySwapMax, OOMGroup,\n"
                "OOMScoreAdjust.",
        .examples = "  reevectl set web.service MemoryMax=768M MemoryHigh=700M\n"
                    "  reevectl set web.service MemoryMax=50% --save\n"
                    "  reevectl set web.service MemoryMax=256M --dry-run",
        .takes = OPTION_SAVE | OPTION_RISK | OPTION_DRY_RUN,
        .least = 2,
        .most = -1,
};

/* KEY=VALUE... as an object; complains of what no configuration would take. Returns an exit code. */
static int values_parse(json_t *ret, const Options *o) {
        for (int i = 1; i < o->n_arguments; i++) {
                const char *text = o->arguments[i], *equals = strchr(text, '=');
                _cleanup_free_ char *key = equals ? strndup(text, (size_t) (equals - text)) : NULL;
                BudgetValue value;
                char why[256] = "";

                if (!key)
                        return options_complain("set", "'%s' is not KEY=VALUE", text);
                if (limit_key_from_string(key) < 0)
                        return options_complain("set", "'%s' is no limit (MemoryMax, MemoryHigh ...)", key);
                if (config_parse_limit((LimitKey) limit_key_from_string(key), equals + 1, &value, why, sizeof(why)) < 0)
                        return options_complain("set", "%s: %s", key, why);
                if (json_object_set_new(ret, key, json_string(equals + 1)) < 0)
                        return options_complain("set", "%s: the value is not UTF-8", key);
        }
        return CTL_DONE;
}

/* Whether @record says that what was wanted was not done. */
static bool refused(const json_t *record) {
        const json_t *outcome = json_object_get(record, "outcome");
        const char *result = json_string_value(json_is_object(outcome) ? json_object_get(outcome, "result") : outcome);

        return result && strcmp(result, "done") != 0 && strcmp(result, "recovered") != 0;
}

/* Prints the records of a Set. Returns CTL_FAILED where one was refused. */
static int records_print(const Options *o, const json_t *records) {
        const json_t *one;
        int e = CTL_DONE;
        size_t i;

        json_array_foreach(records, i, one) {
                char cell[PRINT_CELL_SIZE];
                bool not_done = refused(one);

                if (not_done)
                        e = CTL_FAILED;
                if (o->context.json) {
                        (void) print_json(&o->context, one);
                        continue;
                }
                if (not_done)
                        print_style(&o->context, TABLE_RED);
                (void) puts(print_sentence(one, cell));
                if (not_done)
                        print_style(&o->context, TABLE_PLAIN);
        }
        return e;
}

/* Names the lines that are read after 50-set.conf and say otherwise: the last one wins when the cgroup is made anew. */
static void defeated_warn(const char *path, const json_t *values) {
        Complaints complaints = COMPLAINTS_INIT;
        Config *config = NULL;
        Budget budget = { 0 };
        const char *key;
        json_t *value;

        if (configs_load(NULL, &config, &complaints) >= 0) {
                budget_collect(config->budgets, config->n_budgets, path, &budget);
                json_object_foreach((json_t *) (uintptr_t) values, key, value) {
                        const Origin *at = &budget.limits[limit_key_from_string(key)].at;

                        if (at->order == 0 || !at->file || strstr(at->file, "/50-set.conf"))
                                continue;
                        (void) fprintf(stderr, "reevectl set: %s:%u is read later and sets %s too: it wins for the next cgroup of this name\n",
                                       at->file, at->line, key);
                }
        }
        config_unref(config);
        complaints_done(&complaints);
}

/* Keeps what was set, under the path that the daemon says the cgroup has, and has it loaded. */
static int save(reeve *r, const Options *o, const json_t *records, const json_t *values) {
        const char *path = json_string_value(json_object_get(json_object_get(json_array_get(records, 0), "cgroup"), "path"));
        char why[512] = "";
        char *changes = NULL;
        int error;

        if (!path && o->arguments[0][0] == '/')
                path = o->arguments[0];
        if (!path) {
                (void) fprintf(stderr, "reevectl set: set, but not saved: the path of %s is not known\n", o->arguments[0]);
                return CTL_FAILED;
        }
        error = saved_update(NULL, path, values, why, sizeof(why));
        if (error < 0) {
                (void) fprintf(stderr, "reevectl set: set, but not saved: %s\n", why);
                return error == -EACCES || error == -EPERM ? CTL_NOT_ALLOWED : CTL_FAILED;
        }
        error = reeve_reload(r, &changes);
        free(changes);
        if (error < 0)
                return session_call_fail(r, error, NULL);
        if (!o->context.json)
                (void) puts("Saved in /etc/reeve/policies.d/50-set.conf.");
        defeated_warn(path, values);
        return CTL_DONE;
}

/* reevectl set. */
int ctl_set(int argc, char **argv, const CtlContext *c) {
        _cleanup_reeve_ reeve *r = NULL;
        json_auto_t *values = json_object();
        _cleanup_free_ char *text = NULL;
        char *answer = NULL;
        Options o;
        int e, error;

        if (options_parse(&o, &e, &help, argc, argv, c))
                return e;
        if ((e = values_parse(values, &o)) != CTL_DONE)
                return e;
        if (o.save && geteuid() != 0) {
                (void) fprintf(stderr, "reevectl set: --save writes to /etc/reeve, which only root may\n");
                return CTL_NOT_ALLOWED;
        }
        if ((e = session_open(&r, &o.context)) != CTL_DONE)
                return e;
        text = json_dumps(values, JSON_COMPACT);
        /* Reclaim before a lowered limit may take a while, and ends by itself. */
        reeve_set_timeout(r, 120000);
        error = text ? reeve_set(r, o.arguments[0], text, o.dry_run, o.risk, &answer) : -ENOMEM;
        if (error < 0)
                return session_call_fail(r, error, o.arguments[0]);

        json_auto_t *records = session_json(answer);

        e = records_print(&o, records);
        if (e == CTL_DONE && o.save && !o.dry_run)
                e = save(r, &o, records, values);
        return e;
}
