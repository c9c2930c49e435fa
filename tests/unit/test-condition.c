#include "check.h"

#include <math.h>
#include <stdlib.h>

#include "policies/condition.h"

#define SEC UINT64_C(1000000)
enum { RING = 32, MB = 1 << 20 };

static const Reading blank = { .some_usec = 0, .full_usec = 0, .current = READING_UNKNOWN, .unreclaimable = READING_UNKNOWN,
                               .swap = READING_UNKNOWN, .protection = READING_UNKNOWN, .limit = READING_UNKNOWN,
                               .swap_limit = READING_UNKNOWN, .throttle = READING_UNKNOWN, .refault = READING_UNKNOWN,
                               .high = READING_UNKNOWN, .max = READING_UNKNOWN, .oom = READING_UNKNOWN, .oom_kill = READING_UNKNOWN,
                               .max_local = READING_UNKNOWN, .oom_local = READING_UNKNOWN };

static bool close_to(double a, double b) {
        return fabs(a - b) <= 1e-6 * (1 + fabs(b));
}

/* The share is that of exactly the window, not of the time between two looks. */
static void test_a_stall_is_measured_over_exactly_the_window(void **state) {
        Reading ring[RING], r = blank;
        Observation o;
        double share;

        (void) state;
        observation_init(&o, ring, RING, 0);
        r.time_usec = 10 * SEC;
        observation_add(&o, &r);
        assert_false(observation_stall(&o, false, SEC, &share));
        /* 3 s of which 1.5 s were stalled, then 1 s that was stalled whole. */
        r.time_usec = 13 * SEC;
        r.some_usec = 1500000;
        observation_add(&o, &r);
        r.time_usec = 14 * SEC;
        r.some_usec = 2500000;
        observation_add(&o, &r);
        assert_true(observation_stall(&o, false, SEC, &share));
        assert_true(close_to(share, 1));
        assert_true(observation_stall(&o, false, 2 * SEC, &share));
        assert_true(close_to(share, 0.75));
        assert_true(observation_stall(&o, false, 4 * SEC, &share));
        assert_true(close_to(share, 2.5 / 4));
        assert_false(observation_stall(&o, false, 4 * SEC + 1, &share));
}

static void test_a_counter_that_fell_begins_anew(void **state) {
        Reading ring[RING], r = blank;
        Observation o;
        int64_t n;

        (void) state;
        observation_init(&o, ring, RING, 0);
        for (int i = 0; i < 5; i++) {
                r.time_usec += SEC;
                r.high = 100 + i;
                observation_add(&o, &r);
        }
        assert_true(observation_count(&o, OBSERVATION_HIGH, 10 * SEC, &n));
        assert_int_equal(n, 4);
        r.time_usec += SEC;
        r.high = 1;
        observation_add(&o, &r);
        assert_false(observation_count(&o, OBSERVATION_HIGH, 10 * SEC, &n));
        r.time_usec += SEC;
        r.high = 3;
        observation_add(&o, &r);
        assert_true(observation_count(&o, OBSERVATION_HIGH, 10 * SEC, &n));
        assert_int_equal(n, 2);
}

static void test_growth_by_least_squares(void **state) {
        Reading ring[RING], r = blank;
        Observation o;
        double each;

        (void) state;
        observation_init(&o, ring, RING, 10 * SEC);
        r.limit = 100 * MB;
        for (int i = 0; i <= 50; i++) {
                r.time_usec = 5 * SEC + (uint64_t) i * SEC / 4;
                r.unreclaimable = 10 * MB + (int64_t) i * MB / 2 + (i % 2 ? 1000 : -1000);
                observation_add(&o, &r);
        }
        assert_true(observation_growth(&o, 10 * SEC, &each));
        assert_true(fabs(each - 2 * MB) < 2000);
        assert_false(observation_growth(&o, 60 * SEC, &each));
}

/* However often one looks, the ring reaches back as far as it was asked to. */
static void test_the_ring_reaches_back_at_any_speed(void **state) {
        static const uint64_t steps[] = { 1000, 50000, 200000, 1000000, 3000000 };

        (void) state;
        for (size_t k = 0; k < sizeof(steps) / sizeof(*steps); k++) {
                Reading ring[RING], r = blank;
                Observation o;
                double share = -1;

                observation_init(&o, ring, RING, 10 * SEC);
                for (uint64_t i = 1; i * steps[k] <= 40 * SEC; i++) {
                        r.time_usec = i * steps[k];
                        r.some_usec = r.full_usec = (int64_t) (r.time_usec / 4);
                        observation_add(&o, &r);
                        if (r.time_usec > 11 * SEC + steps[k] && !observation_stall(&o, true, 10 * SEC, &share))
                                fail_msg("step %lu at %lu", (unsigned long) steps[k], (unsigned long) r.time_usec);
                }
                assert_true(fabs(share - 0.25) < 1e-3);
                assert_int_equal(observation_last(&o)->time_usec, 40 * SEC / steps[k] * steps[k]);
        }
}

static void test_livelock(void **state) {
        Reading ring[RING], r = blank;
        Observation o;
        bool is;

        (void) state;
        observation_init(&o, ring, RING, CONDITION_LIVELOCK_USEC);
        r = (Reading) { .throttle = 50 * MB, .unreclaimable = 50 * MB, .swap = 0, .limit = READING_UNLIMITED };
        for (int i = 0; i < 30; i++) {
                r.time_usec += SEC / 2;
                r.some_usec += (int64_t) SEC * 2 / 5;
                r.high += 3;
                observation_add(&o, &r);
        }
        assert_true(observation_livelock(&o, CONDITION_LIVELOCK_USEC, &is) && is);
        /* It swaps: that is slow, and no livelock. */
        for (int i = 0; i < 30; i++) {
                r.time_usec += SEC / 2;
                r.some_usec += (int64_t) SEC * 2 / 5;
                r.high += 3;
                r.swap += 4 * MB;
                observation_add(&o, &r);
        }
        assert_true(observation_livelock(&o, CONDITION_LIVELOCK_USEC, &is) && !is);
        observation_init(&o, ring, RING, CONDITION_LIVELOCK_USEC);
        assert_false(observation_livelock(&o, CONDITION_LIVELOCK_USEC, &is));
}

static void test_what_is_compared_with_what(void **state) {
        static const struct {
                const char *why;
                RuleCondition c;
                bool known;
                double value;
        } rows[] = {
                { "bytes", { .what = RULE_USAGE, .unit = RULE_BYTES, .value = 5 }, true, 80 * MB },
                { "a share of the limit", { .what = RULE_UNRECLAIMABLE, .unit = RULE_SHARE, .ratio = 0.9 }, true, 0.6 },
                { "of no limit nothing is a share", { .what = RULE_SWAP, .unit = RULE_SHARE, .ratio = 0.1 }, true, 0 },
                { "the host's share", { .what = RULE_HOST_AVAILABLE, .unit = RULE_SHARE, .ratio = 0.1, .below = true }, true, 0.25 },
                { "no swap has none free", { .what = RULE_HOST_SWAP, .unit = RULE_SHARE, .ratio = 0.1, .below = true }, true, 0 },
                { "no history, no pressure", { .what = RULE_MEMORY_FULL, .unit = RULE_SHARE, .over_usec = 2 * SEC }, false, 0 },
                { "no history, no growth", { .what = RULE_GROWTH, .unit = RULE_BYTES, .over_usec = 2 * SEC }, false, 0 },
                { "no history, no count", { .what = RULE_OOM, .unit = RULE_COUNT, .per_usec = 2 * SEC }, false, 0 },
                { "no history, no end", { .what = RULE_TIME_TO_LIMIT, .unit = RULE_TIME, .value = 5, .below = true }, false, 0 },
        };
        const HostReading host = { .total = 400, .available = 100, .swap_total = 0, .swap_free = 0 };
        Reading ring[RING], r = blank;
        Observation o;

        (void) state;
        r.time_usec = SEC;
        r.current = 80 * MB;
        r.unreclaimable = 60 * MB;
        r.swap = 10 * MB;
        r.limit = 100 * MB;
        r.swap_limit = READING_UNLIMITED;
        observation_init(&o, ring, RING, 0);
        observation_add(&o, &r);
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                ConditionValue v = condition_measure(&rows[i].c, &o, &host);

                if (v.known != rows[i].known || (v.known && !close_to(v.value, rows[i].value)))
                        fail_msg("%s: %d %g", rows[i].why, v.known, v.value);
        }
        assert_false(condition_measure(&rows[3].c, &o, NULL).known);
}

static void test_holds_only_when_unbroken(void **state) {
        static const struct { const char *why; uint64_t at; bool known; double value; bool want; } rows[] = {
                { "the first value starts the clock", 0, true, 0.9, false },
                { "exactly long enough", 10, true, 0.9, true },
                { "a twentieth below it still holds", 11, true, 0.77, true },
                { "more than that does not", 12, true, 0.75, false },
                { "at the threshold is not past it", 13, true, 0.8, false },
                { "the clock starts again", 14, true, 0.81, false },
                { "not known breaks it", 20, false, 0, false },
                { "so it starts once more", 24, true, 0.9, false },
                { "and must run its full length", 33, true, 0.9, false },
                { "which it did", 34, true, 0.9, true },
                { "not known ends it", 35, false, 0.9, false },
        };
        const RuleCondition c = { .what = RULE_UNRECLAIMABLE, .unit = RULE_SHARE, .ratio = 0.8, .for_usec = 10 };
        ConditionState s = { .over = false };

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
                if (condition_feed(&s, &c, (ConditionValue) { rows[i].known, rows[i].value, 0.8 }, rows[i].at) != rows[i].want)
                        fail_msg("%s", rows[i].why);
}

/* Whatever was seen: a higher threshold never holds where a lower one does not. */
static void test_a_threshold_is_monotone(void **state) {
        (void) state;
        srandom(4);
        for (int round = 0; round < 2000; round++) {
                Reading ring[RING], r = blank;
                Observation o;
                bool below = random() % 2;
                double low = (double) (random() % 90) / 100, high = low + 0.1;
                RuleCondition c = { .what = RULE_UNRECLAIMABLE, .unit = RULE_SHARE, .below = below, .for_usec = (uint64_t) random() % 5 * SEC };
                ConditionState a = { .over = false }, b = { .over = false };

                observation_init(&o, ring, RING, 0);
                r.limit = 1000;
                r.unreclaimable = random() % 1000;
                for (int i = 1; i < 40; i++) {
                        bool at_low, at_high;

                        r.time_usec = (uint64_t) i * SEC;
                        r.unreclaimable = random() % 8 ? llabs(r.unreclaimable + random() % 200 - 100) : READING_UNKNOWN;
                        observation_add(&o, &r);
                        c.ratio = low;
                        at_low = condition_feed(&a, &c, condition_measure(&c, &o, NULL), r.time_usec);
                        c.ratio = high;
                        at_high = condition_feed(&b, &c, condition_measure(&c, &o, NULL), r.time_usec);
                        assert_true(below ? !at_low || at_high : !at_high || at_low);
                        if (r.unreclaimable < 0)
                                assert_false(at_low || at_high);
                        r.unreclaimable = r.unreclaimable < 0 ? 500 : r.unreclaimable;
                }
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_stall_is_measured_over_exactly_the_window),
                cmocka_unit_test(test_a_counter_that_fell_begins_anew),
                cmocka_unit_test(test_growth_by_least_squares),
                cmocka_unit_test(test_the_ring_reaches_back_at_any_speed),
                cmocka_unit_test(test_livelock),
                cmocka_unit_test(test_what_is_compared_with_what),
                cmocka_unit_test(test_holds_only_when_unbroken),
                cmocka_unit_test(test_a_threshold_is_monotone),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
