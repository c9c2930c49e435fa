#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "policies/predict.h"

enum { PAGE = 4096, MB = 1 << 20 };

static void test_total_pages(void **state) {
        static const struct { const char *why; PredictDomain d; int64_t want; } rows[] = {
                { "the host: RAM and swap", { .max_bytes = -1, .ram_bytes = 256 * MB, .swap_bytes = 64 * MB }, 81920 },
                { "no limit is the host", { .max_bytes = INT64_MAX, .ram_bytes = 256 * MB }, 65536 },
                { "a limit without swap", { .max_bytes = 40 * MB, .swap_max_bytes = 0, .swap_bytes = 64 * MB, .ram_bytes = MB }, 10240 },
                { "the lesser of swap.max and swap", { .max_bytes = 4 * MB, .swap_max_bytes = 8 * MB, .swap_bytes = 6 * MB }, 2560 },
                { "swap.max is max", { .max_bytes = 4 * MB, .swap_max_bytes = INT64_MAX, .swap_bytes = 8 * MB }, 3072 },
                { "swappiness 0", { .max_bytes = 4 * MB, .swap_max_bytes = INT64_MAX, .swap_bytes = 8 * MB, .no_swap = true }, 1024 },
                { "a limit of nothing is 1", { .max_bytes = 0, .swap_max_bytes = 0 }, 1 },
                { "nothing known", { .max_bytes = -1, .ram_bytes = -1, .swap_bytes = -1 }, 0 },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                PredictDomain d = rows[i].d;

                d.page_size = PAGE;
                if (predict_total_pages(&d) != rows[i].want)
                        fail_msg("%s: %ld instead of %ld", rows[i].why, (long) predict_total_pages(&d), (long) rows[i].want);
        }
}

static void test_badness(void **state) {
        static const struct { const char *why; int64_t pages; int adj; bool init; int64_t total, want; } rows[] = {
                { "its pages", 5120, 0, false, 10240, 5120 },
                /* kernel.md 11: limit 40M, big adj 0 and small adj 200: the kernel took the big one. */
                { "adj in thousandths, divided first", 1646, 200, false, 10240, 3646 },
                { "below 1000 pages adj is nothing", 100, 900, false, 999, 100 },
                { "at 1000 it is something", 100, 900, false, 1000, 1000 },
                { "less than nothing", 10, -500, false, 10240, -4990 },
                { "never", 99999, -1000, false, 10240, PREDICT_NEVER },
                { "never, small domain", 99999, -1000, false, 10, PREDICT_NEVER },
                { "init", 99999, 0, true, 10240, PREDICT_NEVER },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
                if (predict_badness(rows[i].pages, rows[i].adj, rows[i].init, rows[i].total) != rows[i].want)
                        fail_msg("%s", rows[i].why);
}

static void test_of_equals_the_last_is_taken(void **state) {
        PredictProcess p[] = { { 7, 1, 0 }, { 9, 2, 1 }, { PREDICT_NEVER, 9, 2 }, { 9, 5, 3 }, { -4, 6, 4 } };

        (void) state;
        assert_int_equal(predict_sort(p, 5), 4);
        assert_int_equal(p[0].index, 3);
        assert_int_equal(p[1].index, 1);
        assert_int_equal(p[3].index, 4);
        assert_int_equal(p[4].index, 2);
        assert_int_equal(predict_sort(p + 4, 1), 0);
        assert_int_equal(predict_sort(NULL, 0), 0);
}

static void test_too_near_to_tell(void **state) {
        PredictProcess far[] = { { 20000, 1, 0 }, { 19799, 2, 1 } }, near[] = { { 20000, 1, 0 }, { 19800, 2, 1 } },
                       few[] = { { 1000, 1, 0 }, { 872, 2, 1 } }, never[] = { { 5, 1, 0 }, { PREDICT_NEVER, 2, 1 } };

        (void) state;
        assert_false(predict_close(far, 2, 2));
        assert_true(predict_close(near, 2, 2));
        assert_true(predict_close(few, 2, 2));
        assert_false(predict_close(few, 2, 1));
        assert_false(predict_close(far, 1, 64));
        assert_false(predict_close(never, 2, 1));
}

static void test_the_highest_flag_widens(void **state) {
        const bool none[] = { false, false }, both[] = { false, true, true };

        (void) state;
        assert_int_equal(predict_widen(none, 2), SIZE_MAX);
        assert_int_equal(predict_widen(both, 3), 1);
        assert_int_equal(predict_widen(both, 0), SIZE_MAX);
}

/* The kernel's own loop: whoever has no fewer points than the best so far replaces it. */
static size_t kernel_chooses(const PredictProcess *p, size_t n) {
        int64_t points = PREDICT_NEVER;
        size_t chosen = SIZE_MAX;

        for (uint64_t order = 0; order < n; order++)
                for (size_t i = 0; i < n; i++)
                        if (p[i].order == order && p[i].points != PREDICT_NEVER && p[i].points >= points) {
                                points = p[i].points;
                                chosen = p[i].index;
                        }
        return chosen;
}

static void test_any_population_as_the_kernel_would(void **state) {
        (void) state;
        srandom(11);
        for (int round = 0; round < 5000; round++) {
                PredictProcess p[12], shuffled[12];
                size_t n = (size_t) random() % 12 + 1, taken;

                for (size_t i = 0; i < n; i++)
                        p[i] = (PredictProcess) { .order = i, .index = i,
                                                  .points = random() % 9 == 0 ? PREDICT_NEVER : random() % 20 - 5 };
                memcpy(shuffled, p, sizeof(p));
                for (size_t i = n; i > 1; i--) {
                        size_t j = (size_t) random() % i;
                        PredictProcess one = shuffled[i - 1];

                        shuffled[i - 1] = shuffled[j];
                        shuffled[j] = one;
                }
                taken = predict_sort(shuffled, n);
                assert_int_equal(taken ? shuffled[0].index : SIZE_MAX, kernel_chooses(p, n));
        }
}

/* More memory never makes a process safer, nor does a higher oom_score_adj. */
static void test_badness_only_grows(void **state) {
        (void) state;
        srandom(12);
        for (int round = 0; round < 5000; round++) {
                int64_t pages = random() % 100000, more = pages + random() % 1000, total = random() % 1000000;
                int adj = (int) (random() % 1999) - 999, higher = adj + (int) (random() % (1001 - adj));

                assert_true(predict_badness(more, adj, false, total) >= predict_badness(pages, adj, false, total));
                assert_true(predict_badness(pages, higher, false, total) >= predict_badness(pages, adj, false, total));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_total_pages),
                cmocka_unit_test(test_badness),
                cmocka_unit_test(test_of_equals_the_last_is_taken),
                cmocka_unit_test(test_too_near_to_tell),
                cmocka_unit_test(test_the_highest_flag_widens),
                cmocka_unit_test(test_any_population_as_the_kernel_would),
                cmocka_unit_test(test_badness_only_grows),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
