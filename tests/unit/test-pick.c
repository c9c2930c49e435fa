#include "check.h"

#include <string.h>

#include "policies/pick.h"

enum { TOTAL = 100000 };

static size_t rank(const RuleSection *rule, const JudgeState *s, PickProcess *p, size_t n) {
        return pick_rank(rule, s, TOTAL, p, n);
}

/* Whom the kernel would take, but never those it never takes. */
static void test_the_kernels_choice(void **state) {
        PickProcess p[] = {
                { .pid = 1, .pages = 900000 },
                { .pid = 10, .pages = 5000, .start_usec = 10, .comm = "small" },
                { .pid = 11, .pages = 9000, .start_usec = 11, .comm = "big" },
                { .pid = 12, .pages = 80000, .start_usec = 12, .comm = "sheltered", .adj = -1000 },
                { .pid = 13, .pages = 100, .start_usec = 13, .comm = "volunteer", .adj = 500 },
                { .pid = 14, .pages = 9000, .start_usec = 14, .comm = "younger" },
        };
        static const int32_t order[] = { 13, 14, 11, 10 };
        JudgeState s = { .step = 0 };

        (void) state;
        assert_int_equal(rank(&(RuleSection) { .name = "r" }, &s, p, 6), 4);
        for (size_t i = 0; i < 4; i++) {
                assert_int_equal(p[i].pid, order[i]);
                assert_int_equal(p[i].rank, i + 1);
        }
        assert_int_equal(p[0].points, 100 + 500 * (TOTAL / 1000));
        assert_true(p[4].rank == 0 && p[5].rank == 0);
        assert_int_equal(rank(&(RuleSection) { .name = "r" }, &s, NULL, 0), 0);
}

static void test_names_come_first_and_last(void **state) {
        ConfigItem prefer[] = { { .text = "/a/path" }, { .text = "comm:work*" } }, avoid[] = { { .text = "comm:*" } };
        RuleSection rule = { .prefer = { prefer, 2 }, .avoid = { avoid, 1 } }, shy = { .avoid = { prefer, 2 } };
        PickProcess p[] = { { .pid = 10, .pages = 9000, .comm = "main" }, { .pid = 11, .pages = 10, .comm = "worker/3" },
                            { .pid = 12, .pages = 20, .comm = "work" } };
        JudgeState s = { .step = 0 };

        (void) state;
        assert_int_equal(rank(&rule, &s, p, 3), 3);
        assert_int_equal(p[0].pid, 12);
        assert_true(p[0].preference == 1 && p[1].preference == 1 && p[2].preference == -1);
        assert_int_equal(rank(&shy, &s, p, 3), 3);
        assert_int_equal(p[0].pid, 10);
}

static void test_who_would_not_end_is_passed(void **state) {
        PickProcess p[] = { { .pid = 10, .pages = 9000, .start_usec = 77 }, { .pid = 11, .pages = 10, .start_usec = 78 } };
        JudgeState s = { .passed = { pick_key(&p[0]) }, .n_passed = 1 };
        PickProcess reborn = { .pid = 10, .pages = 9000, .start_usec = 99 };

        (void) state;
        assert_int_equal(rank(&(RuleSection) { .name = "r" }, &s, p, 2), 1);
        assert_int_equal(p[0].pid, 11);
        assert_int_equal(rank(&(RuleSection) { .name = "r" }, &s, &reborn, 1), 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_kernels_choice),
                cmocka_unit_test(test_names_come_first_and_last),
                cmocka_unit_test(test_who_would_not_end_is_passed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
