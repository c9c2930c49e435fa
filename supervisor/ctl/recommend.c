#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policies/recommend.h"
#include "supervisor/ctl/evidence.h"
#include "supervisor/ctl/print.h"
#include "supervisor/ctl/records.h"
#include "supervisor/ctl/session.h"
#include "supervisor/text/escape.h"
#include "supervisor/text/size.h"

static const OptionsHelp help = {
        .usage = "recommend CGROUP",
        .text = "Recommends a budget for a cgroup, with the evidence and the risk in words: from\n"
                "what it holds now and its peak, the looks at it that the black box has kept, and\n"
                "its OOM kills in the ledger. Beside it what the JVMs below may take for their heaps\n"
                "(-Xmx, MaxRAMPercentage). Probes nobody's pages and changes nothing. The more a rule\n"
                "has looked at the cgroup, the better: 'When=... Then=notify' is enough.",
        .examples = "  reevectl recommend web.service\n"
                    "  reevectl recommend /system.slice/web.service --json",
        .least = 1,
        .most = 1,
};

static int64_t number_of(const json_t *object, const char *key) {
        const json_t *value = json_object_get(object, key);

        return json_is_integer(value) ? json_integer_value(value) : -1;
}

static const char *string_of(const json_t *object, const char *key) {
        const char *text = json_string_value(json_object_get(object, key));

        return text ? text : "";
}

/* ---- what was seen ---- */

/* Kills by the limit of that very cgroup. */
static int kills_read(RecommendSeen *seen, reeve *r, const char *path) {
        static const char *const types[] = { "kill", NULL };
        Records records = RECORDS_INIT;
        int e = records_read(&records, r, &(RecordsQuery) { .types = types, .cgroup = path, .since_usec = -1, .until_usec = -1 });

        for (size_t i = 0; i < records.n && e == CTL_DONE; i++) {
                const json_t *one = records.items[i];

                if (strcmp(string_of(json_object_get(one, "limit_cgroup"), "path"), path) != 0)
                        continue;
                seen->own_kills++;
                if (number_of(one, "limit_bytes") > seen->killed_at)
                        seen->killed_at = number_of(one, "limit_bytes");
        }
        records_clear(&records);
        return e;
}

/* The least limit of the ancestors, else RAM. */
static int64_t available_of(const json_t *status, const char *path) {
        long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
        int64_t least = pages > 0 && page > 0 ? (int64_t) pages * page : -1;
        const json_t *one;
        size_t i;

        json_array_foreach(json_object_get(status, "ancestors"), i, one) {
                int64_t max = number_of(one, "max_bytes");

                if (strcmp(string_of(json_object_get(one, "cgroup"), "path"), path) != 0 && max >= 0 && (least < 0 || max < least))
                        least = max;
        }
        return least;
}

static int by_need(const void *a, const void *b) {
        int64_t x = *(const int64_t *) a, y = *(const int64_t *) b;

        return x < y ? -1 : x > y;
}

static void looks_sum(RecommendSeen *seen, const Evidence *e) {
        int64_t *needs = calloc(e->n + 1, sizeof(*needs));

        seen->least = seen->median = seen->most = -1;
        if (!needs || e->n == 0) {
                free(needs);
                return;
        }
        for (size_t i = 0; i < e->n; i++)
                needs[i] = e->looks[i].need;
        qsort(needs, e->n, sizeof(*needs), by_need);
        seen->n = e->n;
        seen->span_usec = (uint64_t) (e->looks[e->n - 1].time_usec - e->looks[0].time_usec);
        seen->least = needs[0];
        seen->median = needs[e->n / 2];
        seen->most = needs[e->n - 1];
        free(needs);
}

/* The JVM reckons its share of the limit that it sees: its own, else one above. */
static void heaps_sum(RecommendSeen *seen, const Evidence *e) {
        seen->heap = e->n_jvms ? 0 : -1;
        for (size_t i = 0; i < e->n_jvms; i++)
                seen->heap += e->jvms[i].heap_bytes > 0 ? e->jvms[i].heap_bytes : 0;
}

/* ---- told ---- */

static json_t *bytes_json(int64_t bytes) {
        return bytes < 0 ? json_null() : json_integer((json_int_t) bytes);
}

static const struct { RecommendDoubt doubt; const char *word, *text; } doubts[] = {
        { RECOMMEND_FEW, "few_looks", "It was hardly looked at. An enabled rule on it, with notify alone, has it looked at and kept in the black box." },
        { RECOMMEND_HOUR, "less_than_an_hour", "What is known spans less than an hour: a start, a nightly job, a busy day may need more." },
        { RECOMMEND_DAY, "less_than_a_day", "What is known spans less than a day: its busiest hour may not be in it." },
        { RECOMMEND_KILLED, "killed", "It was killed at its own limit: it wanted more than that, and how much more nobody knows." },
        { RECOMMEND_SPREAD, "spread", "It is unsteady: at most it held over twice of what it holds half of the time." },
        { RECOMMEND_HEAP, "heap", "Its JVMs may take more for their heaps than that: lower -Xmx or MaxRAMPercentage, or give more." },
        { RECOMMEND_ABOVE, "limit_above", "A limit above it, or the host's memory, is lower: that one will be met first." },
};

static json_t *doubts_json(unsigned bits) {
        json_t *list = json_array();

        for (size_t i = 0; i < sizeof(doubts) / sizeof(*doubts); i++)
                if (bits & doubts[i].doubt)
                        json_array_append_new(list, json_pack("{s:s, s:s}", "reason", doubts[i].word, "text", doubts[i].text));
        return list;
}

static json_t *jvms_json(const Evidence *e) {
        json_t *list = json_array();

        for (size_t i = 0; i < e->n_jvms; i++) {
                const EvidenceJvm *j = &e->jvms[i];

                json_array_append_new(list, json_pack("{s:i, s:o, s:o, s:o}", "pid", (int) j->pid, "xmx_bytes", bytes_json(j->xmx_bytes),
                                                      "max_ram_ratio", j->permyriad < 0 ? json_null() : json_real(j->permyriad / 10000.0),
                                                      "heap_bytes", bytes_json(j->heap_bytes)));
        }
        return list;
}

static int all_json(const CtlContext *c, const json_t *status, const RecommendSeen *s, const Evidence *e, const Recommendation *r) {
        json_auto_t *answer = json_pack(
                "{s:O, s:o?, s:{s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:I, s:o, s:o}, s:o, s:o?}", "cgroup", json_object_get(status, "cgroup"),
                "recommendation",
                r ? json_pack("{s:I, s:I, s:I, s:I, s:i}", "low_bytes", (json_int_t) r->low, "high_bytes", (json_int_t) r->high, "max_bytes",
                              (json_int_t) r->max, "need_bytes", (json_int_t) r->need, "margin_percent", (int) r->margin_percent) : NULL,
                "evidence", "looks", (json_int_t) s->n, "files", (json_int_t) e->files, "span_usec", (json_int_t) s->span_usec, "least_bytes",
                bytes_json(s->least), "median_bytes", bytes_json(s->median), "most_bytes", bytes_json(s->most), "peak_bytes", bytes_json(s->peak),
                "own_kills", (json_int_t) s->own_kills, "killed_at_bytes", bytes_json(s->own_kills ? s->killed_at : -1), "available_bytes",
                bytes_json(s->available), "jvms", jvms_json(e), "risk",
                r ? json_pack("{s:s, s:o}", "level", recommend_risk_to_string((int) r->risk), "reasons", doubts_json(r->doubts)) : NULL);

        return answer ? print_json(c, answer) : CTL_FAILED;
}

static void evidence_print(const RecommendSeen *s, const Evidence *e) {
        char a[HUMAN_SIZE], b[HUMAN_SIZE], d[HUMAN_SIZE], span[HUMAN_SIZE];

        (void) printf("\nEvidence\n");
        if (s->n > 0)
                (void) printf("  %zu look%s over %s: unreclaimable memory and swap were %s at least, %s half of the time, %s at most.\n", s->n,
                              s->n == 1 ? "" : "s", human_span(s->span_usec, span), human_bytes(s->least, a), human_bytes(s->median, b),
                              human_bytes(s->most, d));
        if (s->peak >= 0)
                (void) printf("  Its peak was %s, page cache included, which can be given back.\n", human_bytes(s->peak, a));
        if (s->own_kills > 0)
                (void) printf("  %" PRIu64 " OOM kill%s by its own limit, the highest at %s.\n", s->own_kills, s->own_kills == 1 ? "" : "s",
                              human_bytes(s->killed_at, a));
        else
                (void) printf("  No OOM kill by its own limit is on record.\n");
        for (size_t i = 0; i < e->n_jvms; i++)
                (void) printf("  JVM %d: heap up to %s (%s).\n", (int) e->jvms[i].pid, human_bytes(e->jvms[i].heap_bytes, a),
                              e->jvms[i].xmx_bytes >= 0 ? "-Xmx" : e->jvms[i].permyriad >= 0 ? "MaxRAMPercentage" : "a quarter, as nothing is said");
        if (e->n_jvms > 1)
                (void) printf("  All heaps together: %s. JVMs take more beside their heaps: threads, code, metaspace, buffers.\n", human_bytes(s->heap, a));
}

static void all_print(const CtlContext *c, const char *path, const RecommendSeen *s, const Evidence *e, const Recommendation *r) {
        char cell[PRINT_CELL_SIZE], low[16], high[16], max[16], need[HUMAN_SIZE];

        print_style(c, TABLE_BOLD);
        (void) printf("%s", print_cell(path, cell));
        print_style(c, TABLE_PLAIN);
        if (!r) {
                (void) printf(": nothing was seen that would carry a recommendation.\n");
                evidence_print(s, e);
                return;
        }
        (void) printf(": MemoryMax=%s MemoryHigh=%s", size_format(max, sizeof(max), (uint64_t) r->max),
                      size_format(high, sizeof(high), (uint64_t) r->high));
        if (r->low > 0)
                (void) printf(" MemoryLow=%s", size_format(low, sizeof(low), (uint64_t) r->low));
        (void) printf("\n  %s that it needs, and %u %% on top.\n", human_bytes(r->need, need), r->margin_percent);
        evidence_print(s, e);
        (void) printf("\nRisk: %s\n", recommend_risk_to_string((int) r->risk));
        for (size_t i = 0; i < sizeof(doubts) / sizeof(*doubts); i++)
                if (r->doubts & doubts[i].doubt) {
                        (void) fputs("  ", stdout);
                        print_indented(c, doubts[i].text, /* indent= */ 2);
                }
        if (r->doubts == 0)
                (void) puts("  It was watched for days, and is steady.");
        if (e->not_allowed)
                print_hint(c, "The black box may only be read by root and the group reeve: with it there would be more to say.");
        print_hint(c, "reevectl set %s MemoryMax=%s --dry-run", print_cell(path, cell), max);
}

/* reevectl recommend. */
int ctl_recommend(int argc, char **argv, const CtlContext *c) {
        _cleanup_reeve_ reeve *r = NULL;
        json_auto_t *of_all = NULL, *status = NULL;
        RecommendSeen seen = { .killed_at = -1 };
        Evidence evidence = EVIDENCE_INIT;
        Recommendation result;
        const char *path, *box;
        char raw[4096];
        Options o;
        int e;

        if (options_parse(&o, &e, &help, argc, argv, c))
                return e;
        e = session_open(&r, &o.context);
        if (e == CTL_DONE)
                e = session_status(r, NULL, &of_all);
        if (e == CTL_DONE)
                e = session_status(r, o.arguments[0], &status);
        if (e != CTL_DONE)
                return e;
        path = string_of(json_object_get(status, "cgroup"), "path");
        if (escape_undo(raw, sizeof(raw), path, NULL) < 0)
                return CTL_FAILED;
        if ((e = kills_read(&seen, r, path)) != CTL_DONE)
                return e;

        const json_t *memory = json_object_get(status, "memory");
        int64_t now = number_of(memory, "unreclaimable_bytes"), swap = number_of(memory, "swap_bytes"), own = number_of(memory, "max_bytes");

        seen.peak = number_of(memory, "peak_bytes");
        seen.available = available_of(status, path);
        box = string_of(json_object_get(of_all, "black_box"), "directory");
        evidence_boxes(&evidence, r, *box ? box : NULL, raw);
        if (now >= 0)
                evidence_add(&evidence, o.context.now_usec, now + (swap > 0 ? swap : 0));
        evidence_jvms(&evidence, raw, own >= 0 && (seen.available < 0 || own < seen.available) ? own : seen.available);
        evidence_sort(&evidence);
        looks_sum(&seen, &evidence);
        heaps_sum(&seen, &evidence);

        bool carries = recommend_budget(&seen, &result);

        if (o.context.json)
                e = all_json(&o.context, status, &seen, &evidence, carries ? &result : NULL);
        else
                all_print(&o.context, path, &seen, &evidence, carries ? &result : NULL);
        evidence_clear(&evidence);
        return e;
}
