/* reevectl status --counters: what was seen against what was counted, and what each ring and thread went through. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "supervisor/ctl/print.h"
#include "supervisor/ctl/standing.h"
#include "supervisor/text/human.h"

static const char *number_of(const json_t *object, const char *key, char text[static HUMAN_SIZE]) {
        const json_t *value = json_object_get(object, key);

        if (json_is_integer(value))
                return human_count(json_integer_value(value), text);
        (void) snprintf(text, HUMAN_SIZE, "?");
        return text;
}

/* "LABEL        value unit, value unit": one line of a list of pairs (key, unit); NULL ends it. */
static void line_print(const CtlContext *c, const char *label, const json_t *object, const char *const pairs[][2]) {
        char text[HUMAN_SIZE];

        print_style(c, TABLE_DIM);
        (void) printf("%-15s ", label);
        print_style(c, TABLE_PLAIN);
        for (size_t i = 0; pairs[i][0]; i++)
                (void) printf("%s%s %s", i > 0 ? ", " : "", number_of(object, pairs[i][0], text), pairs[i][1]);
        (void) fputc('\n', stdout);
}

static void causes_print(const CtlContext *c, const json_t *causes) {
        const char *cause, *between = "";
        char text[HUMAN_SIZE], cell[PRINT_CELL_SIZE];
        json_t *value;

        print_style(c, TABLE_DIM);
        (void) printf("%-15s ", "not attributed");
        print_style(c, TABLE_PLAIN);
        json_object_foreach((json_t *) (uintptr_t) causes, cause, value) {
                if (json_integer_value(value) == 0)
                        continue;
                (void) printf("%s%s %s", between, human_count(json_integer_value(value), text), print_cell(cause, cell));
                between = ", ";
        }
        (void) puts(*between ? "" : "none");
}

static void kills_print(const CtlContext *c, const json_t *status) {
        static const char *const kills[][2] = { { "attempts", "of the kernel" }, { "attributed", "attributed" },
                                                { "outside", "outside of Watch=" }, { "not_counted", "that ended before their signal" },
                                                { "ownerless", "that memory.events did not count" }, { NULL, NULL } };

        line_print(c, "OOM kills", status, kills);
        causes_print(c, json_object_get(status, "unattributed"));
}

/* Writes the objects of @list as rows of @t: the name, then their numbers @keys. Returns whether there were any. */
static bool rows_print(const CtlContext *c, const json_t *list, Table *t, const char *const keys[]) {
        char text[HUMAN_SIZE], cell[PRINT_CELL_SIZE];
        const json_t *one;
        bool any;
        size_t i;

        json_array_foreach(list, i, one) {
                table_add(t, TABLE_PLAIN, print_cell(json_string_value(json_object_get(one, "name")), cell));
                for (size_t k = 0; keys[k]; k++)
                        table_add(t, TABLE_PLAIN,
                                  strcmp(keys[k], "size_bytes") == 0
                                          ? human_bytes(json_integer_value(json_object_get(one, keys[k])), text)
                                          : number_of(one, keys[k], text));
        }
        any = t->n_cells > 0;
        if (any) {
                (void) fputc('\n', stdout);
                (void) table_write(t, stdout, c->width, c->color);
        }
        table_clear(t);
        return any;
}

static void probes_print(const CtlContext *c, const json_t *status) {
        static const TableColumn columns[] = { { .title = "PROBE" }, { .title = "HITS", .right = true }, { .title = "READ", .right = true } };
        static const char *const keys[] = { "hits", "read", NULL };
        Table t = TABLE_INIT(columns);

        (void) rows_print(c, json_object_get(status, "probes"), &t, keys);
}

static void rings_print(const CtlContext *c, const json_t *status) {
        static const TableColumn columns[] = {
                { .title = "RING" },
                { .title = "CPU", .right = true },
                { .title = "SIZE", .right = true },
                { .title = "OVERRUNS", .right = true },
                { .title = "DROPS", .right = true },
        };
        static const char *const keys[] = { "cpu", "size_bytes", "overruns", "drops", NULL };
        Table t = TABLE_INIT(columns);
        char text[HUMAN_SIZE];

        if (rows_print(c, json_object_get(status, "rings"), &t, keys))
                (void) printf("Together they take %s of the kernel's memory.\n",
                              human_bytes(json_integer_value(json_object_get(status, "kernel_bytes")), text));
}

void counters_print(const CtlContext *c, const json_t *status) {
        static const char *const ledger[][2] = { { "inserted", "records written" }, { "evicted", "let go by age or size" },
                                                 { "retries", "writes tried again" }, { NULL, NULL } };
        static const char *const eyes[][2] = { { "answered", "done" }, { "refused", "not begun" },
                                               { "stalled", "stuck" }, { NULL, NULL } };
        static const char *const missed[][2] = { { "details_missed", "kills without details" }, { "signals_skipped", "SIGKILLs not recorded" },
                                                 { "journal_dropped", "journal entries dropped" },
                                                 { "units_skipped", "units not asked about" },
                                                 { "rule_matches", "cgroups that rules look at" },
                                                 { "rule_matches_refused", "cgroups too many for rules to look at" },
                                                 { "pressure_triggers", "cgroups of whose stalls the kernel tells" },
                                                 { "limits_unwatched", "cgroups whose limits are looked at now and then only" },
                                                 { "cgroups_refused", "cgroups over MaxGroups=" },
                                                 { "pages_unspooled", "pages a crash would have lost" },
                                                 { "events_undecoded", "events of unknown form" }, { NULL, NULL } };

        static const char *const bounds[][2] = { { "connections_refused", "connections refused" },
                                                 { "cgroups_outside", "cgroups outside of Watch=" },
                                                 { "cgroups_forgotten", "dead cgroups forgotten early" },
                                                 { "victims_left_out", "victims beyond what a record holds" },
                                                 { "ooms_pushed_out", "OOM kills told before their end" },
                                                 { "read_back_dropped", "old kills not read back" },
                                                 { "budget_messages_lost", "messages about budgets lost" }, { NULL, NULL } };

        (void) fputc('\n', stdout);
        kills_print(c, status);
        line_print(c, "ledger", json_object_get(status, "ledger"), ledger);
        line_print(c, "slow readings", json_object_get(status, "eyes"), eyes);
        line_print(c, "left out", status, missed);
        line_print(c, "bounds", json_object_get(status, "bounds"), bounds);
        probes_print(c, status);
        rings_print(c, status);
}
