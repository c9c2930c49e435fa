#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "supervisor/ctl/print.h"
#include "supervisor/ctl/records.h"
#include "supervisor/ctl/session.h"

static const OptionsHelp help = {
        .usage = "why-not CGROUP",
        .text = "Says why no rule acted on a cgroup: which enabled rules look at it or at one above\n"
                "it, or have it among their Candidates=, how their conditions stand just now, what holds each back, what protects the\n"
                "cgroup, and what a rule decided last where it could have been chosen.",
        .examples = "  reevectl why-not web-2.service\n"
                    "  reevectl why-not /system.slice/web-2.service --json",
        .least = 1,
        .most = 1,
};

enum { LOOK_BACK = 500 };

static const char *string_of(const json_t *object, const char *key) {
        const char *text = json_string_value(json_object_get(object, key));

        return text ? text : "";
}

/* Whether @path could have been chosen by the verdict, and was not. */
static bool passed_by(const json_t *verdict, const char *path) {
        const json_t *candidates = json_object_get(verdict, "candidates"), *one;
        bool acted = strcmp(string_of(json_object_get(verdict, "outcome"), "result"), "done") == 0;
        size_t i;

        if (strcmp(string_of(json_object_get(verdict, "victim"), "path"), path) == 0)
                return !acted;
        if (strcmp(string_of(json_object_get(verdict, "cgroup"), "path"), path) == 0)
                return true;
        json_array_foreach(candidates, i, one)
                if (strcmp(string_of(json_object_get(one, "cgroup"), "path"), path) == 0)
                        return true;
        return false;
}

/* The newest such verdict; a new reference, NULL where there is none. */
static int verdict_find(json_t **ret, reeve *r, const char *path) {
        static const char *const types[] = { "verdict", NULL };
        Records records = RECORDS_INIT;
        int e = records_read(&records, r, &(RecordsQuery) { .types = types, .since_usec = -1, .until_usec = -1, .limit = LOOK_BACK });

        *ret = NULL;
        for (size_t i = records.n; e == CTL_DONE && !*ret && i-- > 0;)
                if (passed_by(records.items[i], path))
                        *ret = json_incref(records.items[i]);
        records_clear(&records);
        return e;
}

/* The first thing that holds a rule back. */
static void reason_print(const json_t *rule) {
        const char *state = string_of(rule, "state"), *shelter = string_of(rule, "protected_by");
        char cell[PRINT_CELL_SIZE];

        if (json_is_false(json_object_get(rule, "candidate")))
                (void) printf("it is not among its Candidates=");
        else if (*shelter && *string_of(rule, "never"))
                (void) printf("it is protected, by Never=%s", print_cell(string_of(rule, "never"), cell));
        else if (*shelter)
                (void) printf("it is protected (%s)", print_cell(shelter, cell));
        else if (strcmp(state, "calm") == 0)
                (void) printf("its conditions do not hold");
        else if (strcmp(state, "waiting") == 0)
                (void) printf("its conditions do not hold all, or not for long enough");
        else if (strcmp(state, "settling") == 0)
                (void) printf("it acted a moment ago and waits for the effect");
        else if (strcmp(state, "exhausted") == 0)
                (void) printf("all its steps were taken; it begins anew when the shortage is over");
        else if (strcmp(state, "kill_limit") == 0)
                (void) printf("KillLimit= is reached");
        else if (strcmp(state, "paused") == 0)
                (void) printf("rules are paused there (reevectl resume)");
        else if (strcmp(state, "acting") == 0)
                (void) printf("it is acting just now");
        else
                (void) printf("nothing holds it back");
        if (json_is_true(json_object_get(rule, "dry_run")))
                (void) printf("; and it only runs dry");
        (void) printf(": now %s.\n", print_cell(string_of(rule, "conditions"), cell));
}

static void rules_print(const CtlContext *c, const json_t *status, const char *path) {
        const json_t *rules = json_object_get(status, "rules"), *one;
        char cell[PRINT_CELL_SIZE];
        size_t i;

        if (json_array_size(rules) == 0) {
                (void) printf("No enabled rule looks at %s.\n", print_cell(path, cell));
                print_hint(c, "Rules are sections of the configuration, see reeve.conf(5); in Mode=watch none is looked at.");
                return;
        }
        json_array_foreach(rules, i, one) {
                print_style(c, TABLE_BOLD);
                (void) printf("Rule %s", print_cell(string_of(one, "rule"), cell));
                print_style(c, TABLE_PLAIN);
                (void) printf(" (%s)", print_cell(string_of(one, "rule_at"), cell));
                if (!json_is_true(json_object_get(one, "matches")))
                        (void) printf(", which looks at %s", print_cell(string_of(one, "of"), cell));
                (void) printf(": ");
                reason_print(one);
        }
}

static void verdict_print(const CtlContext *c, const json_t *verdict) {
        char text[PRINT_CELL_SIZE], time[PRINT_CELL_SIZE];

        if (!verdict)
                return;
        (void) printf("\nLast, %s: ", print_moment(c, string_of(verdict, "time"), time));
        (void) puts(print_cell(string_of(verdict, "text"), text));
        print_hint(c, "reevectl explain %s", print_cell(string_of(verdict, "id"), text));
}

/* reevectl why-not. */
int ctl_whynot(int argc, char **argv, const CtlContext *c) {
        _cleanup_reeve_ reeve *r = NULL;
        json_auto_t *status = NULL, *verdict = NULL, *answer = NULL;
        const char *path;
        Options o;
        int e;

        if (options_parse(&o, &e, &help, argc, argv, c))
                return e;
        e = session_open(&r, &o.context);
        if (e == CTL_DONE)
                e = session_status(r, o.arguments[0], &status);
        if (e != CTL_DONE)
                return e;
        path = string_of(json_object_get(status, "cgroup"), "path");
        e = verdict_find(&verdict, r, path);
        if (e != CTL_DONE)
                return e;
        if (!o.context.json) {
                rules_print(&o.context, status, path);
                verdict_print(&o.context, verdict);
                return CTL_DONE;
        }
        answer = json_pack("{s:O?, s:O?, s:O?}", "cgroup", json_object_get(status, "cgroup"), "rules",
                           json_object_get(status, "rules"), "verdict", verdict);
        return answer ? print_json(&o.context, answer) : CTL_FAILED;
}
