#include "check.h"
#include "supervisor/observe/ahead.h"

#include <string.h>

#define SEC UINT64_C(1000000000)

static void test_growth_is_over_a_minute_or_not_known(void **state) {
        (void) state;
        Ahead *a = NULL;
        int64_t growth = 0;

        assert_int_equal(ahead_new(&a, 4), 0);
        assert_false(ahead_growth(a, 7, 100 * SEC, 500, &growth));
        ahead_usage(a, 7, 100 * SEC, 500);
        assert_false(ahead_growth(a, 7, 130 * SEC, 900, &growth));      /* half a minute says nothing of a whole one */
        ahead_usage(a, 7, 120 * SEC, 600);
        assert_true(ahead_growth(a, 7, 165 * SEC, 900, &growth));
        assert_int_equal(growth, 400);                                   /* 65 s ago is nearer than 45 s ago */
        assert_true(ahead_growth(a, 7, 185 * SEC, 100, &growth));
        assert_int_equal(growth, -500);
        assert_false(ahead_growth(a, 7, 300 * SEC, 900, &growth));
        for (uint64_t id = 100; id < 1200; id++)
                ahead_usage(a, id, 400 * SEC, 1);
        assert_false(ahead_growth(a, 7, 165 * SEC, 900, &growth));       /* overwritten by later ones */
        ahead_free(a);
}

static void test_processes_are_known_by_pid_and_start(void **state) {
        (void) state;
        Ahead *a = NULL;
        EyesProcess p = { .tgid = 10, .start_nsec = 50 * 10000000, .cmdline = "first" }, found;

        assert_int_equal(ahead_new(&a, 4), 0);
        ahead_put(a, &p);
        assert_true(ahead_get(a, 10, 50 * 10000000 + 1234567, &found));
        assert_false(ahead_get(a, 10, 51 * 10000000, &found));
        assert_true(ahead_get(a, 10, 0, &found));
        strcpy(p.cmdline, "renewed");
        ahead_put(a, &p);
        assert_true(ahead_get(a, 10, 0, &found));
        assert_string_equal(found.cmdline, "renewed");
        for (p.tgid = 11; p.tgid < 15; p.tgid++)
                ahead_put(a, &p);
        assert_false(ahead_get(a, 10, 0, &found));
        assert_true(ahead_get(a, 14, 0, &found));
        ahead_forget(a);
        assert_false(ahead_get(a, 14, 0, &found));
        ahead_free(a);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_growth_is_over_a_minute_or_not_known),
                                            cmocka_unit_test(test_processes_are_known_by_pid_and_start) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
