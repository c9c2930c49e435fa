#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "check.h"
#include "policies/limit.h"
#include "supervisor/text/record.h"

static const RecordContext context = { .boot_id = "b00t", .ledger_id = "r7k2m9x4", .seq = 7, .recorded_usec = 9000 };

static json_t *parsed(const char *text) {
        json_t *o = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

        assert_non_null(o);
        return o;
}

static void test_gap(void **state) {
        char text[2048];
        Strbuf b = STRBUF_INIT(text);
        RecordGap g = { .lost = 3, .cause = REEVE_GAP_OVERRUN, .from_nsec = 1000000, .to_nsec = 2000000 };
        json_t *o;

        (void) state;
        assert_int_equal(record_gap(&b, &context, &g), 0);
        o = parsed(text);
        assert_int_equal(json_integer_value(json_object_get(o, "lost")), 3);
        assert_string_equal(json_string_value(json_object_get(o, "cause")), "overrun");
        assert_string_equal(json_string_value(json_object_get(json_object_get(o, "between"), "to_time")), "1970-01-01T00:00:00.002000Z");
        json_decref(o);
}

/* What another boot's log tells of is recorded now, whatever that boot's clock was (a kill of last week was "recorded" hours
 * after its boot). */
static void test_recorded_now_of_another_boot(void **state) {
        RecordContext other = context;
        char text[2048];
        Strbuf b = STRBUF_INIT(text);
        RecordGap g = { .lost = 1, .to_nsec = 5000000 };
        json_t *o;

        (void) state;
        other.realtime_offset_usec = 1000000;
        other.recorded_usec = 90000000;
        assert_int_equal(record_gap(&b, &other, &g), 0);
        o = parsed(text);
        assert_string_equal(json_string_value(json_object_get(o, "time")), "1970-01-01T00:00:01.005000Z");
        assert_string_equal(json_string_value(json_object_get(o, "recorded_time")), "1970-01-01T00:01:30.000000Z");
        json_decref(o);
}

static void test_limit(void **state) {
        char text[4096];
        Strbuf b = STRBUF_INIT(text);
        RecordLimit l = { .cgroup = { .id = 5, .path = "/a" }, .key = "MemoryMax", .state = RECORD_LIMIT_APPLIED, .wanted = 1 << 20,
                          .before = KILL_UNLIMITED, .after = 1 << 20, .effective_bytes = 1 << 20, .by = "reeve",
                          .reason = REEVE_REASON_CONFIGURED, .outcome = REEVE_OUTCOME_DONE };
        json_t *o;

        (void) state;
        assert_int_equal(record_limit(&b, &context, &l), 0);
        o = parsed(text);
        assert_true(json_is_null(json_object_get(o, "before")));
        assert_string_equal(json_string_value(json_array_get(json_object_get(o, "unlimited"), 0)), "before");
        assert_true(json_is_null(json_object_get(o, "requested_by")));
        assert_string_equal(json_string_value(json_object_get(o, "text")), "MemoryMax of /a was set from max to 1M.");
        json_decref(o);
}

/* What would be done is not told as done. */
static void test_limit_of_a_dry_run(void **state) {
        char text[4096];
        Strbuf b = STRBUF_INIT(text);
        RecordLimit l = { .cgroup = { .id = 5, .path = "/a" }, .key = "MemoryMax", .dry_run = true, .wanted = 1 << 20, .before = 2 << 20,
                          .after = 2 << 20, .by = "reeve", .reason = REEVE_REASON_REQUESTED };
        json_t *o;

        (void) state;
        assert_int_equal(record_limit(&b, &context, &l), 0);
        o = parsed(text);
        assert_true(json_is_true(json_object_get(o, "dry_run")));
        assert_true(json_is_null(json_object_get(o, "outcome")));
        assert_string_equal(json_string_value(json_object_get(o, "text")), "MemoryMax of /a would be set from 2M to 1M (dry run).");
        json_decref(o);
        l.state = RECORD_LIMIT_REFUSED;
        l.outcome = REEVE_OUTCOME_REFUSED;
        b = (Strbuf) STRBUF_INIT(text);
        assert_int_equal(record_limit(&b, &context, &l), 0);
        o = parsed(text);
        assert_string_equal(json_string_value(json_object_get(json_object_get(o, "outcome"), "result")), "refused");
        json_decref(o);
}

/* -1 is a value like others, -32768 is none. */
static void test_limit_below_zero(void **state) {
        static const struct { int64_t before, wanted; const char *text; } rows[] = {
                { 0, -500, "OOMScoreAdjust of /a was set from 0 to -500." },
                { 1000, -1, "OOMScoreAdjust of /a was set from 1000 to -1." },
                { LIMIT_ADJ_UNKNOWN, 5, "OOMScoreAdjust of /a was set from not known to 5." },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                char text[4096];
                Strbuf b = STRBUF_INIT(text);
                RecordLimit l = { .cgroup = { .id = 5, .path = "/a" }, .key = "OOMScoreAdjust", .wanted = rows[i].wanted,
                                  .before = rows[i].before, .after = rows[i].wanted, .effective_bytes = RECORD_UNKNOWN, .by = "reeve" };
                json_t *o;

                assert_int_equal(record_limit(&b, &context, &l), 0);
                o = parsed(text);
                assert_int_equal(json_integer_value(json_object_get(o, "wanted")), rows[i].wanted);
                assert_true(json_is_integer(json_object_get(o, "wanted")));
                assert_true(json_is_null(json_object_get(o, "before")) == (rows[i].before == LIMIT_ADJ_UNKNOWN));
                assert_true(json_is_null(json_object_get(o, "effective_bytes")));
                assert_string_equal(json_string_value(json_object_get(o, "text")), rows[i].text);
                json_decref(o);
        }
}

static void test_supervisor(void **state) {
        char text[4096];
        Strbuf b = STRBUF_INIT(text);
        RecordSupervisor s = { .event = "started", .tier = REEVE_TIER_KPROBE, .configuration_text = "[reeve]\nMode=act\n",
                               .details = "{\"version\":\"0.1\",\"seq\":99}" };
        json_t *o;

        (void) state;
        assert_int_equal(record_supervisor(&b, &context, &s), 0);
        o = parsed(text);
        assert_int_equal(json_integer_value(json_object_get(o, "seq")), 7);
        assert_string_equal(json_string_value(json_object_get(o, "version")), "0.1");
        assert_string_equal(json_string_value(json_object_get(o, "configuration_text")), "[reeve]\nMode=act\n");
        assert_string_equal(json_string_value(json_object_get(o, "text")), "Reeve started and watches by tier kprobe.");
        json_decref(o);
}

static void test_more_cannot_replace_what_is_common(void **state) {
        static const char fragment[] = "{\"id\":\"forged\",\"of\":\"forged\",\"memory\":{\"anon_bytes\":5}}";
        char text[4096];
        Strbuf b = STRBUF_INIT(text);
        json_t *o;

        (void) state;
        assert_int_equal(record_more(&b, &context, "r7k2m9x4-3", 5000, fragment, strlen(fragment)), 0);
        o = parsed(text);
        assert_string_equal(json_string_value(json_object_get(o, "id")), "r7k2m9x4-7");
        assert_string_equal(json_string_value(json_object_get(o, "of")), "r7k2m9x4-3");
        assert_int_equal(json_integer_value(json_object_get(json_object_get(o, "memory"), "anon_bytes")), 5);
        json_decref(o);
        assert_int_equal(record_more(&b, &context, "x", 0, "[1]", 3), -EBADMSG);
        assert_int_equal(record_more(&b, &context, "x", 0, "{\"a\"", 4), -EBADMSG);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_gap),
                cmocka_unit_test(test_recorded_now_of_another_boot),
                cmocka_unit_test(test_limit),
                cmocka_unit_test(test_limit_of_a_dry_run),
                cmocka_unit_test(test_limit_below_zero),
                cmocka_unit_test(test_supervisor),
                cmocka_unit_test(test_more_cannot_replace_what_is_common),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
