#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "supervisor/host/unitstate.h"
#include "supervisor/observe/unitwatch.h"

static UnitAfter asked(void) {
        UnitAfter a = { .seq = 1, .unit = "web.service", .kill_usec = 10000000, .n_victims = 2, .victims = { 50, 51 } };

        for (size_t i = 0; i < UNITWATCH_VICTIMS; i++)
                a.main[i] = -1;
        return a;
}

static UnitState state_of(const char *result, const char *active, int32_t main_pid, int32_t last) {
        UnitState s = { .main_pid = main_pid, .last_main_pid = last, .started_monotonic_usec = 5000000, .active_monotonic_usec = 5100000 };

        (void) snprintf(s.result, sizeof(s.result), "%s", result);
        (void) snprintf(s.active, sizeof(s.active), "%s", active);
        return s;
}

/* systemd has not seen the end yet, then has, then has started it again: the result is the one from in between. */
static void test_restarted_service(void **state) {
        UnitAfter a = asked();
        UnitState s = state_of("success", "active", 50, 50);

        (void) state;
        assert_int_equal(unitwatch_judge(&a, &s, 1000), UNITWATCH_SOON);
        assert_int_equal(a.main[0], 1);
        assert_int_equal(a.main[1], 0);
        s = state_of("oom-kill", "activating", 0, 50);
        assert_int_equal(unitwatch_judge(&a, &s, 80000), UNITWATCH_LATER);
        s = state_of("success", "active", 77, 77);
        s.started_monotonic_usec = 10200000;
        s.active_monotonic_usec = 10210000;
        s.active_realtime_usec = 1700000000000000;
        assert_int_equal(unitwatch_judge(&a, &s, 1000000), UNITWATCH_DONE);
        assert_string_equal(a.result, "oom-kill");
        assert_int_equal(a.main[0], 1);
        assert_int_equal(a.restarted_realtime_usec, 1700000000000000);
}

static void test_others(void **state) {
        static const struct { const char *result, *active; int32_t main_pid; uint64_t since; UnitwatchStep step; } rows[] = {
                { "success", "active", 40, 0, UNITWATCH_SOON },                 /* a child: the manager may still end it all */
                { "success", "active", 40, 600000, UNITWATCH_LATER },
                { "success", "active", 40, 1000000, UNITWATCH_DONE },
                { "oom-kill", "deactivating", 40, 1000000, UNITWATCH_LAST },    /* the rest is being stopped */
                { "oom-kill", "failed", 0, 1000000, UNITWATCH_DONE },
                { "signal", "activating", 0, 1000000, UNITWATCH_LAST },         /* waits for RestartSec= */
                { "signal", "activating", 0, 5000000, UNITWATCH_DONE },
                { "success", "active", 50, 1000000, UNITWATCH_LAST },           /* PID 1 is that slow */
                { "success", "active", 50, 5000000, UNITWATCH_DONE },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                UnitAfter a = asked();
                UnitState s = state_of(rows[i].result, rows[i].active, rows[i].main_pid, 40);

                if (unitwatch_judge(&a, &s, rows[i].since) != rows[i].step || strcmp(a.result, rows[i].result) != 0)
                        fail_msg("row %zu", i);
        }
}

/* Already started again when first asked: who was main before nobody says. */
static void test_too_late(void **state) {
        UnitAfter a = asked();
        UnitState s = state_of("success", "activating", 77, 77);

        (void) state;
        s.started_monotonic_usec = 10100000;
        s.started_realtime_usec = 5;
        assert_int_equal(unitwatch_judge(&a, &s, 300000), UNITWATCH_LAST);
        assert_int_equal(a.main[0], -1);
        assert_string_equal(a.result, "");
        assert_int_equal(a.restarted_realtime_usec, 5);

        /* "success" from before the death is no result of a life that has ended. */
        a = asked();
        s = state_of("success", "active", 50, 50);
        (void) unitwatch_judge(&a, &s, 1000);
        s.started_monotonic_usec = 10100000;
        s.main_pid = s.last_main_pid = 77;
        (void) unitwatch_judge(&a, &s, 1000000);
        assert_string_equal(a.result, "");
        assert_int_equal(a.main[0], 1);
}

/* The pids are still the old ones, the start is seen already: the answers came from around it. */
static void test_in_between(void **state) {
        UnitAfter a = asked();
        UnitState s = state_of("oom-kill", "activating", 0, 51);

        (void) state;
        s.started_monotonic_usec = 10100000;
        assert_int_equal(unitwatch_judge(&a, &s, 100000), UNITWATCH_LAST);
        assert_int_equal(a.main[1], 1);
        assert_int_equal(a.main[0], 0);
        assert_string_equal(a.result, "oom-kill");
}

static void test_bounded(void **state) {
        Unitwatch *w;
        UnitAfter a = asked();
        unsigned taken = 0;

        (void) state;
        assert_int_equal(unitwatch_new(&w), 0);
        for (int i = 0; i < 1000; i++)
                taken += unitwatch_ask(w, &a);
        assert_in_range(taken, 1, 16);
        assert_int_equal(unitwatch_skipped(w), 1000 - taken);
        assert_null(unitwatch_free(w));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_restarted_service),
                cmocka_unit_test(test_others),
                cmocka_unit_test(test_too_late),
                cmocka_unit_test(test_in_between),
                cmocka_unit_test(test_bounded),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
