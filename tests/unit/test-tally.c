#include <stdlib.h>

#include "check.h"
#include "policies/tally.h"

enum { PER = 3100 };

static void test_what_is_old_is_forgotten(void **state) {
        Tally t = { 0 };

        (void) state;
        tally_add(&t, PER, 1000, 3);
        tally_add(&t, PER, 2000, 2);
        assert_int_equal(tally_sum(&t, PER, 2000), 5);
        assert_int_equal(tally_sum(&t, PER, 1000 + PER - 1), 5);
        assert_int_equal(tally_sum(&t, PER, 1000 + PER + PER / 31 + 1), 2);
        assert_int_equal(tally_sum(&t, PER, 2000 + PER + PER / 31 + 1), 0);
}

static void test_a_long_silence_and_a_clock_that_goes_back(void **state) {
        Tally t = { 0 };

        (void) state;
        tally_add(&t, PER, 1000000, 7);
        tally_add(&t, PER, 900000, 1);
        assert_int_equal(tally_sum(&t, PER, 1000000), 8);
        assert_int_equal(tally_sum(&t, PER, 1000000000), 0);
}

/* Against a list of all that was added: never less than within the stretch, never more than within it and a 32nd. */
static void test_against_a_list(void **state) {
        uint64_t when[2000], now = 50000;
        Tally t = { 0 };

        (void) state;
        srand(7);
        for (size_t n = 0; n < 2000; n++) {
                uint64_t least = 0, most = 0;

                now += (uint64_t) (rand() % 40);
                when[n] = now;
                tally_add(&t, PER, now, 1);
                for (size_t i = 0; i <= n; i++) {
                        least += now - when[i] < PER - PER / 31;
                        most += now - when[i] <= PER + PER / 15;
                }
                assert_in_range(tally_sum(&t, PER, now), least, most);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_is_old_is_forgotten),
                cmocka_unit_test(test_a_long_silence_and_a_clock_that_goes_back),
                cmocka_unit_test(test_against_a_list),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
