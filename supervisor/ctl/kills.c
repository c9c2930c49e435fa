#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/fd.h"
#include "supervisor/ctl/print.h"
#include "supervisor/ctl/records.h"
#include "supervisor/ctl/session.h"
#include "supervisor/ctl/watched.h"
#include "supervisor/text/human.h"

enum { TERMINAL_LINES = 50 };

static const OptionsHelp help = {
        .usage = "kills [--by WHAT] [--all] [OPTIONS]",
        .text = "Lists OOM kills, oldest first: when, which record, whose process, by which limit.\n"
                "On a terminal the newest 50, else all that are kept. Each can be explained:\n"
                "'reevectl explain RECORD'.",
        .examples = "  reevectl kills --since yesterday\n"
                    "  reevectl kills --cgroup web.service --by reason\n"
                    "  reevectl kills --all -n 20          # a 137 that may have been no OOM kill\n"
                    "  reevectl kills -q --since -5min && echo somebody died",
        .takes = OPTION_SINCE | OPTION_LINES | OPTION_FOLLOW | OPTION_CGROUP | OPTION_QUIET | OPTION_ALL | OPTION_BY,
};

static const char *const only_kills[] = { "kill", NULL };
static const char *const all_kills[] = { "kill", "sigkill", NULL };

static const TableColumn columns[] = {
        { .title = "WHEN" },
        { .title = "RECORD", .right = true },
        { .title = "WHO", .shrink = 2, .least = 16, .keep_end = true },
        { .title = "PROCESS", .shrink = 2, .least = 16 },
        { .title = "WHY", .shrink = 1, .least = 18 },
};

static TableStyle style_of(const json_t *record) {
        const char *type = json_string_value(json_object_get(record, "type"));

        return type && strcmp(type, "sigkill") == 0 ? TABLE_DIM : TABLE_PLAIN;
}

static void row_add(Table *t, const CtlContext *c, const json_t *record) {
        char cell[PRINT_CELL_SIZE];
        TableStyle style = style_of(record);
        const char *late = json_is_true(json_object_get(record, "late")) ? " (late)" : "";

        table_add(t, TABLE_DIM, print_stamp(c, json_string_value(json_object_get(record, "time")), cell));
        table_addf(t, style, "%" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(record, "seq")));
        table_add(t, style == TABLE_DIM ? TABLE_DIM : TABLE_BOLD, print_who(record, cell));
        table_add(t, style, print_victims(record, cell));
        table_addf(t, style, "%s%s", print_why(record, cell), late);
}

static int list_print(const Records *list, const Options *o) {
        const CtlContext *c = &o->context;
        Table t = TABLE_INIT(columns);
        int e = CTL_DONE;

        if (c->json) {
                for (size_t i = 0; i < list->n && e == CTL_DONE; i++)
                        e = print_json(c, list->items[i]);
                return e;
        }
        for (size_t i = 0; i < list->n; i++)
                row_add(&t, c, list->items[i]);
        if (table_write(&t, stdout, c->width, c->color) < 0)
                e = CTL_FAILED;
        table_clear(&t);
        return e;
}

/* What --by counts. */
static const char *key_of(const json_t *record, const char *by, char cell[static PRINT_CELL_SIZE]) {
        const json_t *cgroup = json_object_get(record, "cgroup");

        if (strcmp(by, "unit") == 0)
                return print_who(record, cell);
        if (strcmp(by, "cgroup") == 0)
                return print_cell(json_string_value(json_object_get(cgroup, "path")), cell);
        return print_cell(json_string_value(json_object_get(record, by)), cell);
}

static int count_compare(const void *a, const void *b) {
        const json_t *x = *(const json_t *const *) a, *y = *(const json_t *const *) b;
        json_int_t n = json_integer_value(json_object_get(x, "kills")), m = json_integer_value(json_object_get(y, "kills"));

        return (n < m) - (n > m);
}

/* Counts @list by @by into an array of {by, kills, victims, last}, the most first. */
static json_t *counts_of(const Records *list, const char *by) {
        json_t *counts = json_object(), *one;
        const char *key;
        Records sorted = RECORDS_INIT;
        json_t *ret = json_array();

        for (size_t i = 0; i < list->n; i++) {
                char cell[PRINT_CELL_SIZE];
                const json_t *record = list->items[i];
                size_t victims = json_array_size(json_object_get(record, "victims"));

                key = key_of(record, by, cell);
                one = json_object_get(counts, key);
                if (!one) {
                        one = json_pack("{s:s, s:i, s:i, s:n}", by, *key ? key : "?", "kills", 0, "victims", 0, "last");
                        json_object_set_new(counts, key, one);
                }
                json_object_set_new(one, "kills", json_integer(json_integer_value(json_object_get(one, "kills")) + 1));
                json_object_set_new(one, "victims", json_integer(json_integer_value(json_object_get(one, "victims")) + (json_int_t) victims));
                json_object_set(one, "last", json_object_get(record, "time"));
        }
        sorted.items = calloc(json_object_size(counts) + 1, sizeof(*sorted.items));
        if (sorted.items)
                json_object_foreach(counts, key, one)
                        sorted.items[sorted.n++] = json_incref(one);
        if (sorted.n > 0)
                qsort(sorted.items, sorted.n, sizeof(*sorted.items), count_compare);
        for (size_t i = 0; i < sorted.n; i++)
                json_array_append(ret, sorted.items[i]);
        records_clear(&sorted);
        json_decref(counts);
        return ret;
}

static int counts_print(const Records *list, const Options *o) {
        const TableColumn by_columns[] = {
                { .title = "KILLS", .right = true },
                { .title = "VICTIMS", .right = true },
                { .title = "LAST" },
                { .title = strcmp(o->by, "unit") == 0     ? "UNIT" :
                           strcmp(o->by, "cgroup") == 0   ? "CGROUP" :
                           strcmp(o->by, "reason") == 0   ? "REASON" :
                                                            "KILLER",
                  .shrink = 1, .keep_end = true, .least = 20 },
        };
        json_auto_t *counts = counts_of(list, o->by);
        const CtlContext *c = &o->context;
        Table t = TABLE_INIT(by_columns);
        const json_t *one;
        size_t i;
        int e = CTL_DONE;

        json_array_foreach(counts, i, one) {
                char cell[PRINT_CELL_SIZE];

                if (c->json) {
                        e = print_json(c, one);
                        continue;
                }
                table_addf(&t, TABLE_BOLD, "%" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(one, "kills")));
                table_addf(&t, TABLE_PLAIN, "%" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(one, "victims")));
                table_add(&t, TABLE_DIM, print_stamp(c, json_string_value(json_object_get(one, "last")), cell));
                table_add(&t, TABLE_PLAIN, json_string_value(json_object_get(one, o->by)));
        }
        if (!c->json && table_write(&t, stdout, c->width, c->color) < 0)
                e = CTL_FAILED;
        table_clear(&t);
        return e;
}

static int follow_one(const json_t *record, void *userdata) {
        const CtlContext *c = userdata;
        char when[PRINT_CELL_SIZE], who[PRINT_CELL_SIZE], victims[PRINT_CELL_SIZE], why[PRINT_CELL_SIZE];
        int e = CTL_DONE;

        if (c->json)
                e = print_json(c, record);
        else
                (void) printf("%s  %6" JSON_INTEGER_FORMAT "  %s  %s  %s\n", print_stamp(c, json_string_value(json_object_get(record, "time")), when),
                              json_integer_value(json_object_get(record, "seq")), print_who(record, who), print_victims(record, victims),
                              print_why(record, why));
        return fflush(stdout) == 0 ? e : CTL_FAILED;
}

/* Under a table on a terminal: what was left out, and how to go on from here. */
static void footer_print(const Options *o, const Records *list, bool cut) {
        const CtlContext *c = &o->context;

        if (!c->terminal || c->json || list->n == 0)
                return;
        (void) fputc('\n', stdout);
        if (cut)
                print_hint(c, "The newest %d; -n N or --since shows more.\n", TERMINAL_LINES);
        print_hint(c, "'reevectl explain %" JSON_INTEGER_FORMAT "' tells who filled it, why this process, and what to do.\n",
                   json_integer_value(json_object_get(list->items[list->n - 1], "seq")));
}

static int list_answer(reeve *r, const Options *o, Records *list, bool cut) {
        int e = list->n > 0 && !(o->by && !o->context.json) ? records_join(list, r) : CTL_DONE;

        if (e != CTL_DONE)
                return e;
        if (list->n == 0)
                return o->context.json ? CTL_DONE : watched_print_empty(r, o, o->all ? "OOM kills or SIGKILLs" : "OOM kills");
        if (o->by)
                return counts_print(list, o);
        /* What was read back late stands where it belongs. */
        records_sort(list);
        e = list_print(list, o);
        footer_print(o, list, cut);
        return e;
}

static bool by_known(const char *by) {
        static const char *const words[] = { "unit", "cgroup", "reason", "killer" };

        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                if (strcmp(words[i], by) == 0)
                        return true;
        return false;
}

/* reevectl kills. */
int ctl_kills(int argc, char **argv, const CtlContext *c) {
        _cleanup_reeve_ reeve *r = NULL;
        Records list = RECORDS_INIT;
        char room[SESSION_NAME_SIZE];
        Options o;
        int e;

        if (options_parse(&o, &e, &help, argc, argv, c))
                return e;
        if (o.by && !by_known(o.by))
                return options_complain("kills", "--by: '%s' is none of unit, cgroup, reason, killer", o.by);

        bool short_list = o.context.terminal && !o.context.json && o.lines < 0 && o.since_usec < 0 && !o.by && !o.quiet;
        RecordsQuery q = {
                .types = o.all ? all_kills : only_kills,
                .since_usec = o.since_usec,
                .until_usec = o.until_usec,
                .limit = o.quiet ? 1 : short_list ? TERMINAL_LINES : options_limit(&o),
        };

        if ((e = session_open(&r, &o.context)) != CTL_DONE || (e = session_cgroup(r, o.cgroup, SESSION_BY_PATH, room, &q.cgroup)) != CTL_DONE)
                return e;
        if (o.follow) {
                q.follow = true;
                return records_each(r, &q, follow_one, &o.context);
        }
        /* None was asked for: nothing is said of whether there are any. */
        if (o.lines == 0 && !o.quiet)
                return CTL_DONE;
        e = records_read(&list, r, &q);
        if (e == CTL_DONE)
                e = o.quiet ? (list.n > 0 ? CTL_DONE : CTL_FAILED) : list_answer(r, &o, &list, short_list && list.n == TERMINAL_LINES);
        records_clear(&list);
        return e;
}
