/* reevectl, bare: what somebody needs who was just woken up. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/base/fd.h"
#include "supervisor/ctl/livetree.h"
#include "supervisor/ctl/options.h"
#include "supervisor/ctl/print.h"
#include "supervisor/ctl/records.h"
#include "supervisor/ctl/session.h"
#include "supervisor/ctl/status.h"
#include "supervisor/ctl/watched.h"
#include "supervisor/host/hostcheck.h"
#include "supervisor/text/escape.h"
#include "supervisor/text/human.h"

enum { NEAREST = 5, FINDINGS = 3, RECENT = 5 };

#define WEEK_USEC (INT64_C(7) * 86400 * 1000000)

static void title(const CtlContext *c, const char *text) {
        (void) fputc('\n', stdout);
        print_style(c, TABLE_BOLD);
        (void) puts(text);
        print_style(c, TABLE_PLAIN);
}

/* "limit 512M of /shop.slice": how near a cgroup is to what binds it. */
typedef struct Near {
        size_t index, whose;
        int64_t limit;
        double share;
} Near;

static int near_compare(const void *a, const void *b) {
        double x = ((const Near *) a)->share, y = ((const Near *) b)->share;

        return (x < y) - (x > y);
}

/* Fills @ret with the cgroups of @t nearest their effective limit. Returns how many. A cgroup whose child is as near to the
 * same limit says nothing that the child does not. */
static size_t nearest_find(const LiveTree *t, Near ret[static NEAREST]) {
        _cleanup_free_ Near *all = calloc(t->n ? t->n : 1, sizeof(*all));
        size_t n = 0, taken = 0;

        for (size_t i = 0; all && i < t->n; i++) {
                Near near = { .index = i };

                near.limit = livetree_effective_max(t, i, &near.whose);
                if (near.limit == LIMIT_MAX || near.limit <= 0 || t->items[i].unreclaimable <= 0)
                        continue;
                near.share = (double) t->items[i].unreclaimable / (double) near.limit;
                all[n++] = near;
        }
        if (n > 0)
                qsort(all, n, sizeof(*all), near_compare);
        for (size_t i = 0; i < n && taken < NEAREST; i++)
                ret[taken++] = all[i];
        return taken;
}

static void raw_cell(const char *raw, char cell[static PRINT_CELL_SIZE]) {
        Strbuf b = { .data = cell, .size = PRINT_CELL_SIZE };

        cell[0] = '\0';
        escape_terminal(&b, raw, strlen(raw), /* escaped= */ false);
}

static json_t *nearest_json(const LiveTree *t, const Near *near, size_t n) {
        json_t *list = json_array();

        for (size_t i = 0; i < n; i++) {
                char path[PRINT_CELL_SIZE], whose[PRINT_CELL_SIZE];

                raw_cell(t->items[near[i].index].path, path);
                raw_cell(t->items[near[i].whose].path, whose);
                json_array_append_new(list, json_pack("{s:s, s:I, s:I, s:s}", "cgroup", path, "unreclaimable_bytes",
                                                      (json_int_t) t->items[near[i].index].unreclaimable, "effective_bytes",
                                                      (json_int_t) near[i].limit, "effective_cgroup", whose));
        }
        return list;
}

static void nearest_print(const CtlContext *c, const LiveTree *t, const Near *near, size_t n) {
        static const TableColumn columns[] = {
                { .title = "USED", .right = true },
                { .title = "OF", .right = true },
                { .title = "SHARE", .right = true },
                { .title = "CGROUP", .shrink = 2, .least = 24, .keep_end = true },
                { .title = "LIMIT OF", .shrink = 1, .least = 10, .keep_end = true },
        };
        Table table = TABLE_INIT(columns);

        title(c, "Nearest to their limit (memory that cannot be reclaimed)");
        for (size_t i = 0; i < n; i++) {
                const LiveCgroup *g = &t->items[near[i].index];
                char text[HUMAN_SIZE], cell[PRINT_CELL_SIZE];

                table_add(&table, TABLE_PLAIN, human_bytes(g->unreclaimable, text));
                table_add(&table, TABLE_PLAIN, human_bytes(near[i].limit, text));
                table_add(&table, near[i].share > 0.9 ? TABLE_RED : near[i].share > 0.75 ? TABLE_YELLOW : TABLE_PLAIN,
                          human_share(g->unreclaimable, near[i].limit, text));
                raw_cell(g->path, cell);
                table_add(&table, TABLE_BOLD, cell);
                raw_cell(t->items[near[i].whose].path, cell);
                table_add(&table, TABLE_DIM, near[i].whose == near[i].index ? "its own" : cell);
        }
        (void) table_write(&table, stdout, c->width, c->color);
        table_clear(&table);
}

static void recent_print(const CtlContext *c, const Records *kills) {
        static const TableColumn columns[] = {
                { .title = "WHEN" },
                { .title = "RECORD", .right = true },
                { .title = "WHO", .shrink = 2, .least = 16, .keep_end = true },
                { .title = "PROCESS", .shrink = 2, .least = 16 },
                { .title = "WHY", .shrink = 1, .least = 18 },
        };
        Table t = TABLE_INIT(columns);
        char line[128], cell[PRINT_CELL_SIZE];
        size_t first = kills->n > RECENT ? kills->n - RECENT : 0;

        (void) snprintf(line, sizeof(line), "%zu OOM kill%s in the last 7 days%s", kills->n, kills->n == 1 ? "" : "s",
                        first > 0 ? ", the newest:" : "");
        title(c, line);
        for (size_t i = first; i < kills->n; i++) {
                const json_t *k = kills->items[i];

                table_add(&t, TABLE_DIM, print_stamp(c, json_string_value(json_object_get(k, "time")), cell));
                table_addf(&t, TABLE_PLAIN, "%" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(k, "seq")));
                table_add(&t, TABLE_BOLD, print_who(k, cell));
                table_add(&t, TABLE_PLAIN, print_victims(k, cell));
                table_add(&t, TABLE_PLAIN, print_why(k, cell));
        }
        (void) table_write(&t, stdout, c->width, c->color);
        table_clear(&t);
}

/* The findings that matter most: problems, then warnings. */
static size_t findings_pick(const Findings *all, const Finding *ret[static FINDINGS]) {
        size_t n = 0;

        for (int state = FINDING_PROBLEM; state >= (int) FINDING_WARNING; state--)
                for (size_t i = 0; i < all->n && n < FINDINGS; i++)
                        if ((int) all->items[i].state == state)
                                ret[n++] = &all->items[i];
        return n;
}

static void findings_print(const CtlContext *c, const Finding *const *found, size_t n) {
        title(c, "Worth a look (reevectl doctor)");
        for (size_t i = 0; i < n; i++) {
                char line[1200];

                (void) snprintf(line, sizeof(line), "- %s: %s", found[i]->value, found[i]->meaning);
                print_explanation(c, line);
        }
}

static json_t *findings_json(const Finding *const *found, size_t n) {
        json_t *list = json_array();

        for (size_t i = 0; i < n; i++)
                json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", found[i]->name, "state",
                                                      finding_state_to_string(found[i]->state), "value", found[i]->value, "meaning",
                                                      found[i]->meaning, "change", found[i]->change));
        return list;
}

typedef struct Overview {
        json_t *status;
        Records kills;
        LiveTree tree;
        Near near[NEAREST];
        size_t n_near;
        Findings findings;
        const Finding *found[FINDINGS];
        size_t n_found;
} Overview;

static void overview_clear(Overview *v) {
        json_decref(v->status);
        records_clear(&v->kills);
        livetree_clear(&v->tree);
        findings_clear(&v->findings);
}

static int overview_read(Overview *v, reeve *r, const Options *o) {
        static const char *const types[] = { "kill", NULL };
        HostcheckOptions check = { .root = "", .uid = geteuid() };
        int e = session_status(r, NULL, &v->status);

        if (e == CTL_DONE)
                e = records_read(&v->kills, r, &(RecordsQuery) { .types = types, .since_usec = o->context.now_usec - WEEK_USEC, .until_usec = -1 });
        if (e != CTL_DONE)
                return e;
        records_sort(&v->kills);
        if (livetree_read(&v->tree, /* usage= */ true) == 0)
                v->n_near = nearest_find(&v->tree, v->near);
        if (hostcheck_run(&v->findings, &check) == 0)
                v->n_found = findings_pick(&v->findings, v->found);
        return CTL_DONE;
}

static int overview_json(const CtlContext *c, Overview *v) {
        json_t *kills = json_array();
        json_auto_t *all = NULL;

        for (size_t i = 0; i < v->kills.n; i++)
                json_array_append(kills, v->kills.items[i]);
        all = json_pack("{s:O, s:o, s:o, s:o}", "status", v->status, "kills", kills, "nearest", nearest_json(&v->tree, v->near, v->n_near),
                        "findings", findings_json(v->found, v->n_found));
        return all ? print_json(c, all) : CTL_FAILED;
}

static int overview_print(reeve *r, const Options *o, const Overview *v) {
        const CtlContext *c = &o->context;
        int e = CTL_DONE;

        status_headline(c, v->status);
        status_why_not_better(c, v->status);
        status_pauses(c, v->status);
        if (v->kills.n > 0)
                recent_print(c, &v->kills);
        else {
                /* The kills of a week were asked for, so no more than a week can be told of. */
                Options week = *o;

                week.since_usec = c->now_usec - WEEK_USEC;
                (void) fputc('\n', stdout);
                e = watched_print_empty_status(r, &week, "OOM kills", v->status);
        }
        if (v->n_near > 0)
                nearest_print(c, &v->tree, v->near, v->n_near);
        if (v->n_found > 0)
                findings_print(c, v->found, v->n_found);
        if (c->terminal) {
                (void) fputc('\n', stdout);
                print_hint(c, "%s'reevectl --help' lists the commands.\n", v->kills.n > 0 ? "'reevectl explain last' tells the newest in full; " : "");
        }
        return e;
}

/* reevectl without a command. */
int ctl_overview(int argc, char **argv, const CtlContext *c) {
        static const OptionsHelp help = {
                .usage = "",
                .text = "Is this host watched, what was killed, what is near its limit.",
        };
        _cleanup_reeve_ reeve *r = NULL;
        Overview v = { .findings = FINDINGS_INIT };
        Options o;
        int e;

        if (options_parse(&o, &e, &help, argc, argv, c))
                return e;
        if ((e = session_open(&r, &o.context)) != CTL_DONE)
                return e;
        e = overview_read(&v, r, &o);
        if (e == CTL_DONE)
                e = o.context.json ? overview_json(&o.context, &v) : overview_print(r, &o, &v);
        overview_clear(&v);
        return e;
}
