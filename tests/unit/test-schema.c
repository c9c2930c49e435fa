/* The JSON Schema that is installed says of records what the writers write, and knows the words of words.h. */
#include <dirent.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "schemacheck.h"
#include "supervisor/text/record.h"
#include "supervisor/text/verdictrecord.h"

static json_t *schema;

static int schema_read(void **state) {
        json_error_t error;

        (void) state;
        schema = json_load_file(REEVE_SOURCE "/packaging/reeve-record.schema.json", JSON_REJECT_DUPLICATES, &error);
        if (!schema)
                print_error("line %d: %s\n", error.line, error.text);
        return schema ? 0 : -1;
}

static int schema_free(void **state) {
        (void) state;
        json_decref(schema);
        return 0;
}

static void assert_valid(const json_t *record, const char *what) {
        Checked k = { .root = schema };

        assert_non_null(record);
        if (!check_value(&k, schema, record, ""))
                fail_msg("%s: %s", what, k.why);
}

static void assert_text_valid(const Strbuf *text, const char *what) {
        json_t *record = json_loads(text->data, JSON_REJECT_DUPLICATES, NULL);

        assert_valid(record, what);
        json_decref(record);
}

static void test_fixtures(void **state) {
        DIR *d = opendir(REEVE_FIXTURES "/records");
        struct dirent *e;
        size_t n = 0;

        (void) state;
        assert_non_null(d);
        while ((e = readdir(d))) {
                char path[4096];
                json_t *record;

                if (e->d_name[0] == '.')
                        continue;
                (void) snprintf(path, sizeof(path), REEVE_FIXTURES "/records/%s", e->d_name);
                record = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
                assert_valid(record, e->d_name);
                json_decref(record);
                n++;
        }
        (void) closedir(d);
        assert_true(n > 10);
}

/* ---- what each writer writes, with as much known as can be, and with nothing known ---- */

static const Identity somebody = { .kind = REEVE_IDENTITY_UNIT, .unit = "web.service", .certain = true, .owner_uid = 0 };

static const char *path_of(void *userdata, uint64_t id) {
        (void) userdata;
        return id == 5 ? "/system.slice/web.service" : NULL;
}

static const Identity *identity_of(void *userdata, uint64_t id) {
        (void) userdata;
        return id == 5 ? &somebody : NULL;
}

static int64_t owner_of(void *userdata, uint64_t id) {
        (void) userdata;
        return id == 5 ? 33 : RECORD_UNKNOWN;
}

static bool process_of(void *userdata, int32_t tgid, uint64_t start_nsec, RecordProcess *ret) {
        (void) userdata;
        (void) start_nsec;
        *ret = (RecordProcess) { .comm = "java", .cmdline = "java\0-jar", .cmdline_length = 9, .unit = "web.service", .ppid = 1,
                                 .ns_pid = 7, .uid = 33, .cgroup_id = 5, .main = tgid == 100 };
        return true;
}

static const RecordContext nothing_known = { .seq = 7, .ledger_id = "r7k2m9x4" };
static const RecordContext all_known = {
        .boot_id = "b00t", .machine_id = "m", .hostname = "h", .ledger_id = "r7k2m9x4", .seq = 7, .recorded_usec = 9000,
        .configuration_hash = "9d2f", .rule_at = "web.conf:12", .command_line = true,
        .sources = { .path = path_of, .identity = identity_of, .owner_uid = owner_of, .process = process_of },
};

/* Calls @write with both contexts and holds what it wrote to the schema. */
#define ASSERT_WRITTEN(write, argument)                                                         \
        do {                                                                                    \
                static char text_[65536];                                                       \
                const RecordContext *contexts_[] = { &all_known, &nothing_known };              \
                for (size_t i_ = 0; i_ < 2; i_++) {                                             \
                        Strbuf out_ = STRBUF_INIT(text_);                                       \
                        assert_int_equal(write(&out_, contexts_[i_], argument), 0);             \
                        assert_text_valid(&out_, i_ ? #write ", nothing known" : #write);       \
                }                                                                               \
        } while (0)

static void test_kill(void **state) {
        KillVictim victims[2] = {
                { .tgid = 100, .tid = 101, .start_nsec = 5000, .comm = "java", .uid = 33, .cgroup = { .id = 5 }, .anon_bytes = 1 << 20,
                  .file_bytes = 0, .shmem_bytes = 0, .swap_bytes = 0, .page_table_bytes = 4096, .points = 300 },
                { .tgid = 102, .comm = "x\n\"", .uid = KILL_UNKNOWN, .why = REEVE_VICTIM_GROUP, .cgroup = { .id = 6 },
                  .anon_bytes = KILL_UNKNOWN, .file_bytes = KILL_UNKNOWN, .shmem_bytes = KILL_UNKNOWN, .swap_bytes = KILL_UNKNOWN,
                  .page_table_bytes = KILL_UNKNOWN, .oom_score_adj = KILL_ADJ_UNKNOWN, .points = KILL_UNKNOWN },
        };
        Kill k = { .killer = REEVE_KILLER_KERNEL, .scope = REEVE_SCOPE_SELF, .constraint = REEVE_CONSTRAINT_MEMCG,
                   .selection = REEVE_SELECTION_BADNESS, .reason = REEVE_REASON_OWN_LIMIT, .limit = { .id = 5 }, .limit_bytes = 1 << 20,
                   .invoker_tid = 101, .invoker_comm = "java", .gfp = 0xcc0, .group_kill = true, .kill_cgroup = { .id = 5 },
                   .attempts = 3, .victims = victims, .n_victims = 2, .victims_complete = true, .sources = 3,
                   .tier = REEVE_TIER_KPROBE, .confidence = REEVE_CONFIDENCE_CERTAIN };
        Kill counted = { .limit_bytes = KILL_UNLIMITED, .limit_current_bytes = KILL_UNKNOWN, .limit_peak_bytes = KILL_UNKNOWN,
                         .limit_swap_bytes = KILL_UNKNOWN, .gfp = KILL_UNKNOWN, .order = KILL_ADJ_UNKNOWN, .tier = REEVE_TIER_LOG };
        Kill managed = { .killer = REEVE_KILLER_OOM_MANAGER, .killer_process = { .pid = 9, .comm = "systemd-oomd" },
                         .scope = REEVE_SCOPE_NONE, .victims = victims, .n_victims = 1, .reason = REEVE_REASON_MANAGER };

        (void) state;
        ASSERT_WRITTEN(record_kill, &k);
        ASSERT_WRITTEN(record_kill, &counted);
        counted.group_unknown = true;
        ASSERT_WRITTEN(record_kill, &counted);
        ASSERT_WRITTEN(record_kill, &managed);
}

static void test_sigkill(void **state) {
        Sigkill by_somebody = { .signal = 9, .means = REEVE_MEANS_KILL, .sender_tid = 8, .pid = 100, .comm = "java",
                                .cgroup = { .id = 5 }, .uid = 33, .start_nsec = 5000 };
        Sigkill by_kernel = { .signal = 9, .means = REEVE_MEANS_KERNEL, .pid = 100, .uid = KILL_UNKNOWN };

        (void) state;
        ASSERT_WRITTEN(record_sigkill, &by_somebody);
        ASSERT_WRITTEN(record_sigkill, &by_kernel);
}

static void test_limit(void **state) {
        RecordLimit asked = { .cgroup = { .id = 5 }, .key = "MemoryMax", .wanted = 1 << 20, .before = KILL_UNLIMITED, .after = 1 << 20,
                              .effective_bytes = 1 << 20, .by = "reeve", .reason = REEVE_REASON_REQUESTED, .requested = true,
                              .requested_pid = 4, .requested_comm = "reevectl" };
        RecordLimit refused = { .cgroup = { .id = 6, .path = "/a" }, .key = "MemoryMax", .state = RECORD_LIMIT_REFUSED, .wanted = 1,
                                .before = RECORD_UNKNOWN, .after = RECORD_UNKNOWN, .effective_bytes = RECORD_UNKNOWN, .by = "reeve",
                                .reason = REEVE_REASON_NOT_OWNED, .outcome = REEVE_OUTCOME_REFUSED, .error = "not yours" };
        RecordLimit drift = { .cgroup = { .id = 5 }, .key = "MemoryMax", .state = RECORD_LIMIT_CHANGED, .wanted = 1, .before = 1,
                              .after = KILL_UNLIMITED, .by = "other", .reason = REEVE_REASON_CHANGED_BY_OTHER };

        (void) state;
        ASSERT_WRITTEN(record_limit, &asked);
        ASSERT_WRITTEN(record_limit, &refused);
        ASSERT_WRITTEN(record_limit, &drift);
        asked.dry_run = true;
        ASSERT_WRITTEN(record_limit, &asked);
}

/* A decision with all that there can be, each way it can go. */
static void test_verdict(void **state) {
        RuleCondition when[] = { { .what = RULE_UNRECLAIMABLE, .unit = RULE_SHARE, .ratio = 0.8, .text = "unreclaimable > 80%" },
                                 { .what = RULE_TIME_TO_LIMIT, .unit = RULE_TIME, .value = 5, .below = true, .text = "time_to_limit < 5us" } };
        RuleStep then[] = { { .action = RULE_NOTIFY, .text = "notify" }, { .action = RULE_KILL, .text = "kill" } };
        RuleSection rule = { .name = "we\nb", .when = when, .n_when = 2, .then = then, .n_then = 2 };
        JudgeState judge = { .conditions = { { .over = true, .holds = true, .last = { true, 0.9, 0.8 } } } };
        JudgeCandidate candidates[] = { { .id = 5, .path = "/a\"/\x1b", .rank = 1, .parts = { 5, -1, 0.25 }, .preference = 1 },
                                        { .id = 6, .path = "/b", .shelter = JUDGE_NEVER, .never = "/b*" } };
        static const int32_t pids[] = { 4711, 4712 };

        (void) state;
        for (int reason = 0; reeve_reason_to_string(reason); reason++) {
                JudgeVerdict verdict = { .action = reason % 3 == 0 ? -1 : reason % 2 ? RULE_KILL : RULE_NOTIFY, .step = (size_t) reason % 2,
                                         .reason = (ReeveReason) reason, .victim = reason % 2 ? 0 : SIZE_MAX, .dry_run = reason % 5 == 0 };
                VerdictDecision decision = { .rule = &rule, .state = &judge, .verdict = &verdict, .cgroup_id = 5, .path = "/a",
                                             .candidates = candidates, .n = 2, .open = 1, .now_usec = 9 };
                VerdictOutcome outcome = { .time_nsec = 5000, .known = reason % 4 != 0, .freed_bytes = reason % 2 ? -1 : 4096, .took_usec = -1,
                                           .result = (ReeveOutcome) (reason % 6), .error = reason % 3 ? NULL : "a \"word\"\n",
                                           .pids = pids, .n_pids = 2 };
                PickProcess processes[12] = { { .pid = 8, .start_usec = 5, .comm = "a\x1b", .points = 7, .preference = 1, .rank = 1 },
                                              { .pid = 1, .points = PREDICT_NEVER }, { .pid = 9, .passed = true } };
                VerdictNote note;

                assert_int_equal(verdict_note(&note, &decision), 0);
                if (verdict.victim == 0)
                        assert_int_equal(verdict_note_processes(&note, processes, reason % 3 ? 3 : 12, reason % 4 ? 1 : 0), 0);
                outcome.note = &note;
                ASSERT_WRITTEN(record_verdict, &outcome);
                verdict_note_clear(&note);
        }
}

static void test_gap_and_supervisor(void **state) {
        static const char *const events[] = { "started", "stopped", "tier", "configuration_loaded", "configuration_refused", "watch_lost" };

        (void) state;
        for (int cause = 0; reeve_gap_cause_to_string(cause); cause++) {
                RecordGap gap = { .lost = 2, .cause = (ReeveGapCause) cause, .to_nsec = 5000 };

                ASSERT_WRITTEN(record_gap, &gap);
        }
        ASSERT_WRITTEN(record_retention, 5000);
        for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++) {
                RecordSupervisor s = { .event = events[i], .tier = REEVE_TIER_LOG, .details = "{\"version\":\"0.1\"}" };

                ASSERT_WRITTEN(record_supervisor, &s);
        }
}

static void test_storms(void **state) {
        static const RecordStormCount counts[] = { { .cgroup = { .id = 7, .path = "/u/a\n\"" }, .kills = 3 }, { .kills = 1 } };
        RecordStorm s = { .time_nsec = 5000, .owner_uid = 1000, .second = 1795172903, .counts = counts, .n_counts = 2 };

        (void) state;
        ASSERT_WRITTEN(record_storm, &s);
        s.n_counts = 0;
        ASSERT_WRITTEN(record_storm, &s);
}

static void test_more(void **state) {
        static const char fragment[] = "{\"memory\":{\"anon_bytes\":5}}";
        char text[4096];
        Strbuf out = STRBUF_INIT(text);

        (void) state;
        assert_int_equal(record_more(&out, &all_known, "r7k2m9x4-3", 5000, fragment, strlen(fragment)), 0);
        assert_text_valid(&out, "record_more");
}

/* ---- the words ---- */

typedef const char *Word(int value);

/* The words that the schema knows at @path ("kill.tier": in $defs/kill) are those of @word, each of them, in no order. */
static void assert_words(const char *where, const char *member, Word *word) {
        const json_t *defs = json_object_get(schema, "$defs"), *of = where ? json_object_get(defs, where) : schema;
        const json_t *list = json_object_get(json_object_get(of, "properties"), member);
        size_t n = 0;

        if (strcmp(member, "sources") == 0)
                list = json_object_get(list, "items");
        list = json_object_get(list, "enum");
        assert_true(json_is_array(list));
        while (word((int) n)) {
                json_t *one = json_string(word((int) n++));

                if (!is_among(one, list))
                        fail_msg("%s.%s: %s is missing", where ? where : "", member, json_string_value(one));
                json_decref(one);
        }
        /* null: not known, may stand among them. */
        for (size_t i = 0; i < json_array_size(list); i++)
                n += json_is_null(json_array_get(list, i));
        assert_int_equal(json_array_size(list), n);
}

static void test_words(void **state) {
        (void) state;
        assert_words(NULL, "type", reeve_record_type_to_string);
        assert_words("kill", "killer", reeve_killer_to_string);
        assert_words("kill", "scope", reeve_scope_to_string);
        assert_words("kill", "constraint", reeve_constraint_to_string);
        assert_words("kill", "selection", reeve_selection_to_string);
        assert_words("kill", "tier", reeve_tier_to_string);
        assert_words("kill", "confidence", reeve_confidence_to_string);
        assert_words("kill", "sources", reeve_source_to_string);
        assert_words("kill", "reason", reeve_reason_to_string);
        assert_words("victim", "why", reeve_victim_why_to_string);
        assert_words("identity", "kind", reeve_identity_kind_to_string);
        assert_words("sigkill", "means", reeve_kill_means_to_string);
        assert_words("gap", "cause", reeve_gap_cause_to_string);
        assert_words("limit", "by", reeve_limit_by_to_string);
        assert_words("limit", "reason", reeve_reason_to_string);
        assert_words("verdict", "reason", reeve_reason_to_string);
        assert_words("supervisor", "tier", reeve_tier_to_string);
}

/* The checker itself: what is wrong is seen. */
static void test_wrong_records(void **state) {
        static const struct {
                const char *member;
                const char *value;      /* NULL: the member is missing */
        } rows[] = {
                { "schema", "2" },      { "seq", "\"7\"" },         { "type", "\"murder\"" },  { "lost", NULL },  { "cause", "\"boredom\"" },
                { "between", "null" },  { "configuration", "{}" },  { "text", "5" },           { "id", NULL },
        };
        json_t *good = json_load_file(REEVE_FIXTURES "/records/gap.json", 0, NULL);

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                json_t *bad = json_deep_copy(good);
                Checked k = { .root = schema };

                if (rows[i].value)
                        json_object_set_new(bad, rows[i].member, json_loads(rows[i].value, JSON_DECODE_ANY, NULL));
                else
                        json_object_del(bad, rows[i].member);
                if (check_value(&k, schema, bad, ""))
                        fail_msg("%s = %s passed", rows[i].member, rows[i].value ? rows[i].value : "(missing)");
                json_decref(bad);
        }
        json_decref(good);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_fixtures),
                cmocka_unit_test(test_kill),
                cmocka_unit_test(test_sigkill),
                cmocka_unit_test(test_limit),
                cmocka_unit_test(test_verdict),
                cmocka_unit_test(test_gap_and_supervisor),
                cmocka_unit_test(test_storms),
                cmocka_unit_test(test_more),
                cmocka_unit_test(test_words),
                cmocka_unit_test(test_wrong_records),
        };

        return cmocka_run_group_tests(tests, schema_read, schema_free);
}
