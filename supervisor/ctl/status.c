#include "supervisor/ctl/status.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/fd.h"
#include "supervisor/ctl/options.h"
#include "supervisor/ctl/print.h"
#include "supervisor/ctl/session.h"
#include "supervisor/ctl/standing.h"
#include "supervisor/ctl/watched.h"
#include "supervisor/text/human.h"

static const OptionsHelp help = {
        .usage = "status [CGROUP] [--counters] [-q]",
        .text = "Without CGROUP: how reeved watches (tier, sources and why not a better one), what it\n"
                "knows and what it lost. With CGROUP: how that cgroup stands, against which limits\n"
                "('reevectl check --effective CGROUP' says by which lines of the configuration).\n"
                "With -q: exit 0 where it watches without a gap, else 1.",
        .examples = "  reevectl status web.service\n"
                    "  reevectl status --counters\n"
                    "  reevectl status -q || echo 'this host is not watched well'",
        .takes = OPTION_COUNTERS | OPTION_QUIET,
        .most = 1,
};

/* Fields that only --counters shows. */
static const char *const counter_fields[] = { "attempts", "attributed",   "unattributed", "outside",        "not_counted",
                                              "probes",   "rings",        "kernel_bytes", "ledger",         "eyes",
                                              "details_missed", "signals_skipped", "journal_dropped", "cgroups_refused",
                                              "rule_matches", "rule_matches_refused", "black_box", "late_waiting", "pages_unspooled", "events_undecoded",
                                              "units_skipped", "ownerless", "bounds" };

static const char *string_of(const json_t *object, const char *key) {
        const char *text = json_string_value(json_object_get(object, key));

        return text && *text ? text : NULL;
}

static const char *count_of(const json_t *object, const char *key, char text[static HUMAN_SIZE]) {
        const json_t *value = json_object_get(object, key);

        if (json_is_integer(value))
                return human_count(json_integer_value(value), text);
        (void) snprintf(text, HUMAN_SIZE, "?");
        return text;
}

void status_headline(const CtlContext *c, const json_t *status) {
        const char *state = string_of(status, "state"), *tier = string_of(status, "tier"), *mode = string_of(status, "mode");
        char cell[PRINT_CELL_SIZE];
        bool well = watched_well(status);
        int64_t since;

        print_style(c, well ? TABLE_GREEN : TABLE_RED);
        (void) printf("reeved: %s", state ? print_cell(state, cell) : "state not known");
        print_style(c, TABLE_PLAIN);
        if (string_of(status, "since"))
                (void) printf(" since %s", print_moment(c, string_of(status, "since"), cell));
        if (human_rfc3339_parse(string_of(status, "since"), &since) == 0 && c->now_usec > since) {
                char span[HUMAN_SIZE];

                (void) printf(" (%s)", human_span((uint64_t) (c->now_usec - since), span));
        }
        if (tier)
                (void) printf(", tier %s", print_cell(tier, cell));
        if (mode)
                (void) printf(", mode %s", print_cell(mode, cell));
        (void) puts(".");
}

/* The sources as a table; nothing where there are none. */
static void sources_print(const CtlContext *c, const json_t *status) {
        static const TableColumn columns[] = {
                { .title = "SOURCE" },
                { .title = "STATE" },
                { .title = "WHY", .shrink = 1, .least = 20 },
        };
        Table t = TABLE_INIT(columns);
        const json_t *one;
        char cell[PRINT_CELL_SIZE];
        size_t i;

        json_array_foreach(json_object_get(status, "sources"), i, one) {
                const char *state = string_of(one, "state"), *tier = string_of(status, "tier"), *name = string_of(one, "name");
                bool used = name && tier && strcmp(name, tier) == 0;

                table_add(&t, used ? TABLE_BOLD : TABLE_PLAIN, print_cell(name, cell));
                table_add(&t, used ? TABLE_GREEN : TABLE_PLAIN, print_cell(state, cell));
                table_add(&t, TABLE_PLAIN, print_cell(string_of(one, "why"), cell));
        }
        if (t.n_cells > 0)
                (void) table_write(&t, stdout, /* why is worth its lines */ 0, c->color);
        table_clear(&t);
}

void status_why_not_better(const CtlContext *c, const json_t *status) {
        const char *tier = string_of(status, "tier");
        const json_t *one;
        size_t i;

        if (!tier || strcmp(tier, "kprobe") == 0)
                return;
        json_array_foreach(json_object_get(status, "sources"), i, one) {
                const char *name = string_of(one, "name"), *why = string_of(one, "why");

                if (!name || strcmp(name, "kprobe") != 0 || !why)
                        continue;
                _cleanup_free_ char *line = NULL;

                if (asprintf(&line, "Not by the better source kprobe: %s", why) < 0) {
                        line = NULL;
                        return;
                }
                print_explanation(c, line);
        }
}

/* "3 budgets" of "budget". */
static void counted_print(const json_t *status, const char *key, const char *one) {
        char text[HUMAN_SIZE];

        (void) printf("%s %s%s", count_of(status, key, text), one, json_integer_value(json_object_get(status, key)) == 1 ? "" : "s");
}

static void totals_print(const CtlContext *c, const json_t *status) {
        bool whole = json_integer_value(json_object_get(status, "lost")) == 0;
        char text[HUMAN_SIZE];

        counted_print(status, "cgroups", "cgroup");
        (void) fputs(", ", stdout);
        counted_print(status, "budgets", "budget");
        if (json_is_integer(json_object_get(status, "budgeted_cgroups")))
                (void) printf(" (on %s of them)", count_of(status, "budgeted_cgroups", text));
        (void) fputs(", ", stdout);
        counted_print(status, "rules", "rule");
        (void) fputs("; ", stdout);
        print_style(c, whole ? TABLE_PLAIN : TABLE_RED);
        counted_print(status, "lost", "kill");
        (void) fputs(" lost", stdout);
        print_style(c, TABLE_PLAIN);
        (void) puts(whole ? "." : ": 'reevectl events --type gap' says when.");
}

void status_pauses(const CtlContext *c, const json_t *status) {
        const json_t *one;
        size_t i;

        json_array_foreach(json_object_get(status, "pauses"), i, one) {
                const char *path = string_of(json_object_get(one, "cgroup"), "path"), *until = string_of(one, "until");
                char cell[PRINT_CELL_SIZE];

                print_style(c, TABLE_RED);
                (void) printf("Rules are paused, on %s, ", path ? print_cell(path, cell) : "all cgroups");
                (void) printf("%s%s", until ? "until " : "until 'reevectl resume'", until ? print_moment(c, until, cell) : "");
                print_style(c, TABLE_PLAIN);
                (void) puts(".");
        }
}

/* What is wrong with the configuration, where the status says so by @key: @title above it. */
static void complaints_print(const CtlContext *c, const json_t *status, const char *key, const char *title) {
        const json_t *list = json_object_get(status, key), *one;
        size_t i;

        json_array_foreach(list, i, one) {
                if (i == 0) {
                        print_style(c, TABLE_RED);
                        (void) puts(title);
                        print_style(c, TABLE_PLAIN);
                }
                (void) fputs("  ", stdout);
                print_name(stdout, json_string_value(one));
                (void) fputc('\n', stdout);
        }
}

/* Which Reeve, where, with which configuration. */
static void self_print(const CtlContext *c, const json_t *status) {
        const char *version = string_of(status, "version"), *ledger = string_of(status, "ledger_id");
        const char *hash = string_of(status, "configuration"), *root = string_of(status, "cgroup_root");
        const char *since = string_of(status, "watched_since");
        char cell[PRINT_CELL_SIZE];

        if (since)
                (void) printf("Watched without a gap since %s.\n", print_moment(c, since, cell));
        (void) printf("reeved %s", version ? print_cell(version, cell) : "of an unknown version");
        if (ledger)
                (void) printf(", ledger %s", print_cell(ledger, cell));
        if (hash)
                (void) printf(", configuration %s", print_cell(hash, cell));
        if (root)
                (void) printf(", cgroups at %s", print_cell(root, cell));
        (void) puts(".");
}

/* Whether reeved watches, with the configuration it was given. */
static bool is_up(const json_t *status) {
        const char *state = string_of(status, "state");

        return state && (strcmp(state, "watching") == 0 || strcmp(state, "running") == 0) &&
               json_array_size(json_object_get(status, "complaints")) == 0;
}

static int daemon_status(const Options *o, json_t *status) {
        int e = CTL_DONE;

        if (!o->counters)
                for (size_t i = 0; i < ELEMENTSOF(counter_fields); i++)
                        json_object_del(status, counter_fields[i]);
        if (o->quiet)
                return watched_well(status) ? CTL_DONE : CTL_FAILED;
        if (o->context.json)
                e = print_json(&o->context, status);
        else {
                status_headline(&o->context, status);
                complaints_print(&o->context, status, "complaints", "The configuration was refused:");
                complaints_print(&o->context, status, "warnings", "Warnings about the configuration:");
                totals_print(&o->context, status);
                status_pauses(&o->context, status);
                (void) fputc('\n', stdout);
                sources_print(&o->context, status);
                (void) fputc('\n', stdout);
                self_print(&o->context, status);
                if (o->counters)
                        counters_print(&o->context, status);
        }
        /* On defaults because the configuration was refused, or blind: who asks by exit code shall know without -q, too. */
        return e == CTL_DONE && !is_up(status) ? CTL_FAILED : e;
}

/* reevectl status. */
int ctl_status(int argc, char **argv, const CtlContext *c) {
        _cleanup_reeve_ reeve *r = NULL;
        json_auto_t *status = NULL;
        const char *cgroup;
        Options o;
        int e;

        if (options_parse(&o, &e, &help, argc, argv, c))
                return e;
        cgroup = o.n_arguments > 0 ? o.arguments[0] : NULL;
        e = session_open(&r, &o.context);
        if (e == CTL_DONE)
                e = session_status(r, cgroup, &status);
        if (e != CTL_DONE)
                return e;
        if (!cgroup)
                return daemon_status(&o, status);
        if (o.quiet)
                return CTL_DONE;
        if (o.context.json)
                return print_json(&o.context, status);
        standing_print(&o.context, status);
        return CTL_DONE;
}
