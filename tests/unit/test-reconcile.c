#include "check.h"
#include "supervisor/attribute/reconcile.h"

enum { SECOND = 1000000000 };

/* All in order: n kills counted, hit, read, confirmed, recorded. */
static ReconcileReading at(uint64_t seconds, uint64_t n) {
        return (ReconcileReading) { .time_nsec = seconds * SECOND, .vmstat_oom_kill = n, .vmstat_known = true, .probes_known = true,
                                    .hits = n, .read = n, .confirmed = n, .recorded = n, .otherwise = REEVE_GAP_UNKNOWN };
}

static ReconcileGap gaps[RECONCILE_GAPS_MAX];

/* A reconciler whose first reading, at one second, was n of all. */
static Reconciler begun(uint64_t n) {
        Reconciler r = { 0 };
        ReconcileReading x = at(1, n);

        reconcile_begin(&r, &x);
        return r;
}

static size_t look(Reconciler *r, const ReconcileReading *x) {
        return reconcile_look(r, x, SECOND, gaps);
}

static void test_what_agrees_is_no_gap(void **state) {
        Reconciler r = begun(5);
        ReconcileReading x = at(2, 105);

        (void) state;
        x.outside = 7;
        x.recorded = 98;
        assert_int_equal(look(&r, &x), 0);
        assert_false(reconcile_pending(&r));
        assert_int_equal(r.counters.attempts, 100);
        assert_int_equal(r.counters.attributed, 93);
        assert_int_equal(r.counters.outside, 7);
}

static void test_a_kill_between_two_readings_is_no_gap(void **state) {
        Reconciler r = begun(0);
        ReconcileReading x = at(2, 1);

        (void) state;
        x.confirmed = x.read = 0;               /* counted, its record not yet there */
        assert_int_equal(look(&r, &x), 0);
        assert_true(reconcile_pending(&r));
        x = at(4, 1);
        assert_int_equal(look(&r, &x), 0);
        assert_false(reconcile_pending(&r));
        x = at(5, 1);
        x.confirmed = x.read = 2;               /* recorded before its count was read */
        assert_int_equal(look(&r, &x), 0);
        x = at(6, 2);
        assert_int_equal(look(&r, &x), 0);
        assert_false(reconcile_pending(&r));
}

/* Kprobes were disabled: the kernel counts, and no probe does. */
/* An earlier run recorded five of seven since both counts agreed; this run begins there, and tells of two. */
static void test_what_an_earlier_run_told_is_not_told_again(void **state) {
        ReconcileReading first = { .vmstat_known = true, .vmstat_oom_kill = 100, .confirmed = 50 }, now = first;
        Reconciler r = { .begun = false };

        (void) state;
        reconcile_begin(&r, &first);
        r.told_before = 5;
        now.vmstat_oom_kill = 104;
        now.confirmed = 56;
        now.recorded = 1;
        assert_int_equal(reconcile_look(&r, &now, 0, gaps), 0);
        assert_int_equal(r.counters.attempts, 0);
        now.vmstat_oom_kill = 107;
        now.confirmed = 57;
        now.recorded = 2;
        assert_int_equal(reconcile_look(&r, &now, 0, gaps), 0);
        assert_int_equal(r.counters.attempts, 2);
        assert_int_equal(r.counters.attributed, 2);
}

static void test_probes_that_do_not_run_are_found_out(void **state) {
        static const struct { const char *why; uint64_t hits; ReeveGapCause otherwise; bool blind; } rows[] = {
                { "no probe was hit", 0, REEVE_GAP_UNKNOWN, true },
                { "one was", 1, REEVE_GAP_UNKNOWN, false },
                { "there was none yet", 0, REEVE_GAP_NOT_WATCHING, false },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                Reconciler r = begun(0);
                ReconcileReading x = at(2, 2);

                x.hits = x.read = x.confirmed = x.recorded = rows[i].hits;
                x.otherwise = rows[i].otherwise;
                assert_int_equal(look(&r, &x), 0);
                assert_false(reconcile_take_blind(&r));
                x.time_nsec += SECOND;
                assert_int_equal(look(&r, &x), 1);
                if (reconcile_take_blind(&r) != rows[i].blind)
                        fail_msg("%s", rows[i].why);
                assert_false(reconcile_take_blind(&r));
        }
}

static void test_losses_have_size_and_cause(void **state) {
        static const struct { const char *why; uint64_t hits, read, confirmed, overruns, cut_short, unread; ReeveGapCause otherwise; size_t n; uint64_t lost[2]; ReeveGapCause cause[2]; } rows[] = {
                { "the ring was overrun", 10, 7, 7, 90, 0, 3, REEVE_GAP_UNKNOWN, 1, { 3 }, { REEVE_GAP_OVERRUN } },
                { "the kernel dropped them", 10, 9, 9, 0, 0, 1, REEVE_GAP_UNKNOWN, 1, { 1 }, { REEVE_GAP_DROPPED } },
                { "the probe did not fire", 8, 8, 8, 0, 0, 0, REEVE_GAP_UNKNOWN, 1, { 2 }, { REEVE_GAP_UNKNOWN } },
                { "the log moved on", 10, 10, 4, 0, 0, 0, REEVE_GAP_KMSG, 1, { 6 }, { REEVE_GAP_KMSG } },
                { "the ring was overrun between a victim and its signal", 10, 7, 6, 9, 1, 3, REEVE_GAP_UNKNOWN, 1, { 4 }, { REEVE_GAP_OVERRUN } },
                { "a signal alone was overrun", 10, 10, 9, 0, 3, 0, REEVE_GAP_UNKNOWN, 1, { 1 }, { REEVE_GAP_OVERRUN } },
                { "both", 8, 7, 7, 5, 0, 1, REEVE_GAP_UNKNOWN, 2, { 1, 2 }, { REEVE_GAP_OVERRUN, REEVE_GAP_UNKNOWN } },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                Reconciler r = begun(0);
                ReconcileReading x = at(2, 10);
                size_t n;

                x.hits = rows[i].hits;
                x.read = rows[i].read;
                x.confirmed = x.recorded = rows[i].confirmed;
                x.overruns = rows[i].overruns;
                x.cut_short = rows[i].cut_short;
                x.otherwise = rows[i].otherwise;
                assert_int_equal(look(&r, &x), 0);
                x.time_nsec = 2500000000;
                assert_int_equal(look(&r, &x), 0);
                x.time_nsec = UINT64_C(3) * SECOND;
                x.open = true;
                assert_int_equal(look(&r, &x), 0);
                x.open = false;
                n = look(&r, &x);
                if (n != rows[i].n)
                        fail_msg("%s: %zu gaps", rows[i].why, n);
                for (size_t g = 0; g < n; g++) {
                        if (gaps[g].lost != rows[i].lost[g] || gaps[g].cause != rows[i].cause[g])
                                fail_msg("%s: gap %zu of %lu, cause %d", rows[i].why, g, (unsigned long) gaps[g].lost, gaps[g].cause);
                        assert_int_equal(gaps[g].from_nsec, SECOND);
                        assert_int_equal(gaps[g].unread, g == 0 ? rows[i].unread : 0);
                        assert_int_equal(r.counters.unattributed[gaps[g].cause], rows[i].lost[g]);
                }
                assert_false(reconcile_pending(&r));
                x.time_nsec = UINT64_C(9) * SECOND;
                assert_int_equal(look(&r, &x), 0);
        }
}

static void test_a_counter_that_begins_anew(void **state) {
        Reconciler r = begun(50);
        ReconcileReading x = at(2, 52);

        (void) state;
        x.hits = x.read = 2;                    /* the probes were made again */
        assert_int_equal(look(&r, &x), 0);
        assert_false(reconcile_pending(&r));
        assert_int_equal(r.counters.resets, 1);
        assert_int_equal(r.counters.attempts, 2);
}

static void test_a_lasting_surplus_hides_nothing(void **state) {
        Reconciler r = begun(0);
        ReconcileReading x = at(2, 1);

        (void) state;
        x.confirmed = 2;
        (void) look(&r, &x);
        x.time_nsec = UINT64_C(4) * SECOND;
        (void) look(&r, &x);
        x = at(5, 2);
        x.confirmed = 2;                        /* one more counted, none more confirmed */
        (void) look(&r, &x);
        x.time_nsec = UINT64_C(7) * SECOND;
        assert_int_equal(look(&r, &x), 1);
        assert_int_equal(gaps[0].lost, 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_agrees_is_no_gap),
                cmocka_unit_test(test_a_kill_between_two_readings_is_no_gap),
                cmocka_unit_test(test_what_an_earlier_run_told_is_not_told_again),
                cmocka_unit_test(test_probes_that_do_not_run_are_found_out),
                cmocka_unit_test(test_losses_have_size_and_cause),
                cmocka_unit_test(test_a_counter_that_begins_anew),
                cmocka_unit_test(test_a_lasting_surplus_hides_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
