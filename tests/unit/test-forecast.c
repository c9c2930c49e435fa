#include "check.h"

#include <math.h>
#include <stdlib.h>

#include "policies/forecast.h"

#define SEC UINT64_C(1000000)
enum { RING = 32, MB = 1 << 20 };

typedef struct History {
        Reading ring[RING];
        Observation o;
        Reading last;
} History;

static void begin(History *h) {
        observation_init(&h->o, h->ring, RING, FORECAST_LONG_USEC);
        h->last = (Reading) { .limit = 1000 * MB, .unreclaimable = 100 * MB, .time_usec = SEC };
        observation_add(&h->o, &h->last);
}

static void add(History *h, uint64_t passed, int64_t bytes) {
        h->last.time_usec += passed;
        h->last.unreclaimable += bytes;
        observation_add(&h->o, &h->last);
}

static double left(History *h) {
        double usec;

        return forecast_time_to_limit(&h->o, &usec) ? usec / 1e6 : -1;
}

/* A steady growth is told exactly, from the first second on. */
static void test_steady_growth(void **state) {
        History h;

        (void) state;
        begin(&h);
        for (int i = 0; i < 3; i++)
                add(&h, SEC / 5, 4 * MB);
        assert_true(left(&h) < 0);
        add(&h, SEC / 5, 4 * MB);
        assert_true(fabs(left(&h) - (900 - 16) / 20.0) < 0.01);
        for (int i = 0; i < 50; i++)
                add(&h, SEC / 5, 2 * MB);
        assert_true(fabs(left(&h) - (900 - 116) / 10.0) < 0.2);
}

/* One leap is no growth: a line of least squares would be bent by it. */
static void test_a_leap_is_no_growth(void **state) {
        History h;
        double squares;

        (void) state;
        begin(&h);
        for (int i = 0; i < 80; i++)
                add(&h, SEC / 5, i == 70 ? 300 * MB : 0);
        assert_true(isinf(left(&h)));
        assert_true(observation_growth(&h.o, FORECAST_LONG_USEC, &squares) && squares > 10 * MB);
}

/* Up and down by the same (a heap that is collected): whatever the moment, the end is not near. */
static void test_a_saw_is_no_growth(void **state) {
        History h;

        (void) state;
        begin(&h);
        for (int i = 0; i < 200; i++) {
                add(&h, SEC / 2, i % 2 ? -20 * MB : 20 * MB);
                assert_true(left(&h) < 0 || isinf(left(&h)));
        }
}

/* It began a moment ago, after a long time in which nothing moved: the short window sees it. */
static void test_a_sudden_one_is_seen(void **state) {
        History h;

        (void) state;
        begin(&h);
        for (int i = 0; i < 60; i++)
                add(&h, SEC / 5, 0);
        assert_true(isinf(left(&h)));
        for (int i = 0; i < 15; i++)
                add(&h, SEC / 5, 10 * MB);
        assert_true(left(&h) < 25);
}

static void test_without_a_limit_there_is_no_end(void **state) {
        History h;

        (void) state;
        begin(&h);
        h.last.limit = READING_UNLIMITED;
        for (int i = 0; i < 20; i++)
                add(&h, SEC / 5, MB);
        assert_true(isinf(left(&h)));
        h.last.limit = READING_UNKNOWN;
        add(&h, SEC / 5, MB);
        assert_true(left(&h) < 0);
        h.last.limit = 10 * MB;
        add(&h, SEC / 5, MB);
        assert_true(left(&h) == 0);
}

/* What is stated: of growth with noise the true slope is exceeded by the bound in about one of forty, and not more than twice as often. */
static void test_the_confidence_is_as_stated(void **state) {
        enum { ROUNDS = 4000 };
        int above = 0;

        (void) state;
        srandom(11);
        for (int round = 0; round < ROUNDS; round++) {
                History h;
                double each;
                int64_t true_value = 100 * MB, noise;

                begin(&h);
                for (int i = 0; i < 18; i++) {
                        true_value += 2 * MB;
                        noise = 0;
                        for (int k = 0; k < 6; k++)
                                noise += random() % (6 * MB) - 3 * MB;
                        add(&h, SEC / 2, true_value + noise - h.last.unreclaimable);
                }
                assert_true(forecast_growth(&h.o, FORECAST_LONG_USEC, &each));
                above += each > 4.0 * MB;
        }
        if (above > ROUNDS / 20)
                fail_msg("%d of %d", above, ROUNDS);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_steady_growth),
                cmocka_unit_test(test_a_leap_is_no_growth),
                cmocka_unit_test(test_a_saw_is_no_growth),
                cmocka_unit_test(test_a_sudden_one_is_seen),
                cmocka_unit_test(test_without_a_limit_there_is_no_end),
                cmocka_unit_test(test_the_confidence_is_as_stated),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
