/* The way into the world: number, text, spool, ledger. */
#include "check.h"
#include "ledgers.h"

#include <jansson.h>

#include "supervisor/base/clock.h"
#include "supervisor/flow/emit.h"
#include "supervisor/text/human.h"

#define HOUR_USEC INT64_C(3600000000)

static Emit emitter;

static int set_up(void **state) {
        ClerkOptions options = { .path = file, .bounds = LEDGER_BOUNDS_DEFAULT };
        char spool[128], note[256];
        LedgerOpening opening;

        (void) folder_make(state);
        (void) snprintf(spool, sizeof(spool), "%s/spool", folder);
        assert_int_equal(emit_init(&emitter), 0);
        assert_int_equal(spool_open(&emitter.spool, spool, &(SpoolOptions) { .boot_id = "boot", .record_bytes = 65536 }, note, sizeof(note)), 0);
        assert_int_equal(clerk_new(&emitter.clerk, &options, &opening, note, sizeof(note)), 0);
        emitter.context = (RecordContext) { .boot_id = "boot", .ledger_id = clerk_ledger_id(emitter.clerk),
                                            .realtime_offset_usec = (int64_t) (clock_usec(CLOCK_REALTIME) - clock_boottime_nsec() / 1000) };
        return 0;
}

static int tear_down(void **state) {
        emitter.clerk = clerk_free(emitter.clerk, 5000000);
        emitter.spool = spool_close(emitter.spool);
        return folder_remove(state);
}

static int write_gap(Strbuf *out, const RecordContext *context, const void *what) {
        return record_gap(out, context, what);
}

static int64_t moment_of(const json_t *o, const char *key) {
        int64_t usec = 0;

        assert_int_equal(human_rfc3339_parse(json_string_value(json_object_get(o, key)), &usec), 0);
        return usec;
}

/* What an earlier boot's log told of happened by that boot's clock, and is recorded by ours. */
static void test_another_boots_is_recorded_now(void **state) {
        uint64_t now_nsec = clock_boottime_nsec();
        int64_t now_usec = (int64_t) clock_usec(CLOCK_REALTIME);
        RecordGap gap = { .lost = 1, .to_nsec = now_nsec };
        RecordContext other = emitter.context;
        EmitHead head = { .type = REEVE_RECORD_GAP, .time_nsec = now_nsec, .owner_uid = RECORD_OWNER_UNKNOWN, .context = &other };
        SpoolRecord stands;
        uint64_t seq;
        json_t *o;

        (void) state;
        other.boot_id = "another";
        other.realtime_offset_usec -= 100 * HOUR_USEC;
        seq = emit_record(&emitter, &head, write_gap, &gap);
        assert_true(seq > 0);
        assert_int_equal(spool_record_find(emitter.spool, seq, &stands), 0);
        o = json_loadb(stands.json, stands.json_size, 0, NULL);
        assert_non_null(o);
        assert_string_equal(json_string_value(json_object_get(o, "boot_id")), "another");
        assert_true(llabs(moment_of(o, "time") - (now_usec - 100 * HOUR_USEC)) < HOUR_USEC);
        assert_true(llabs(moment_of(o, "recorded_time") - now_usec) < HOUR_USEC);
        json_decref(o);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_another_boots_is_recorded_now, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
