#include <errno.h>
#include <string.h>

#include "check.h"
#include "supervisor/observe/ended.h"

#define SEC UINT64_C(1000000000)

static Kill kill_of(KillVictim *victims, size_t n, uint64_t start_nsec) {
        for (size_t i = 0; i < n; i++)
                victims[i] = (KillVictim) { .tgid = 100 + (int32_t) i, .start_nsec = start_nsec, .cgroup.id = 7 };
        return (Kill) { .time_nsec = 60 * SEC, .victims = victims, .n_victims = n };
}

static void expect_text(Ended *e, uint64_t seq, const char *text) {
        char buf[1024] = "";
        Strbuf out = STRBUF_INIT(buf);
        uint64_t got = 0, cgroup = 0;

        assert_int_equal(ended_next(e, &got, &cgroup, &out), text != NULL);
        if (!text)
                return;
        assert_int_equal(got, seq);
        assert_int_equal(cgroup, 7);
        assert_string_equal(buf, text);
}

static void test_exit_after_record(void **state) {
        static Ended e;
        KillVictim victims[2];
        Kill kill = kill_of(victims, 2, 50 * SEC);
        EndedExit one = { .tgid = 100, .seen_nsec = 61 * SEC, .runtime_nsec = 11 * SEC, .peak_rss_bytes = 4096 };
        EndedExit other = { .tgid = 102, .seen_nsec = 61 * SEC, .runtime_nsec = 11 * SEC, .peak_rss_bytes = 1 };

        (void) state;
        memset(&e, 0, sizeof(e));
        assert_false(ended_expect(&e, 9, &kill, 0));
        expect_text(&e, 0, NULL);
        assert_false(ended_take(&e, &other, 0));
        assert_true(ended_take(&e, &one, 0));
        one.tgid = 101;
        one.peak_rss_bytes = 0;         /* not known: left out */
        assert_true(ended_take(&e, &one, 0));
        assert_false(ended_take(&e, &one, 0));
        expect_text(&e, 9, "{\"victims\":[{\"pid\":100,\"start_usec\":50000000,\"peak_rss_bytes\":4096,\"runtime_usec\":11000000},"
                           "{\"pid\":101,\"start_usec\":50000000,\"runtime_usec\":11000000}],\"sources\":[\"taskstats\"]}");
        expect_text(&e, 0, NULL);
}

/* As in tier log: the record is written a moment after the process is gone, and its start is not known. */
static void test_exit_before_record(void **state) {
        static Ended e;
        KillVictim victims[1];
        Kill kill = kill_of(victims, 1, 0);
        EndedExit one = { .tgid = 100, .seen_nsec = 60 * SEC + 1000, .runtime_nsec = 3 * SEC, .peak_rss_bytes = 8192 };

        (void) state;
        memset(&e, 0, sizeof(e));
        assert_false(ended_take(&e, &one, 0));
        assert_true(ended_expect(&e, 4, &kill, 0));
        expect_text(&e, 4, "{\"victims\":[{\"pid\":100,\"peak_rss_bytes\":8192,\"runtime_usec\":3000000}],\"sources\":[\"taskstats\"]}");
        /* That exit is used up. */
        assert_false(ended_expect(&e, 5, &kill, 0));
}

static void test_another_process(void **state) {
        static const struct { uint64_t seen, runtime, suspended; bool match; } rows[] = {
                { 61 * SEC, 11 * SEC, 0, true },
                { 64 * SEC, 11 * SEC, 0, true },                /* read late */
                { 61 * SEC, 1 * SEC, 0, false },                /* got the pid later */
                { 61 * SEC, 30 * SEC, 0, false },               /* had it before */
                { 61 * SEC, 1 * SEC, 10 * SEC, true },          /* the host slept in between */
        };

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                static Ended e;
                KillVictim victims[1];
                Kill kill = kill_of(victims, 1, 50 * SEC);
                EndedExit one = { .tgid = 100, .seen_nsec = rows[i].seen, .runtime_nsec = rows[i].runtime, .peak_rss_bytes = 1 };

                memset(&e, 0, sizeof(e));
                (void) ended_expect(&e, 1, &kill, rows[i].suspended);
                if (ended_take(&e, &one, rows[i].suspended) != rows[i].match)
                        fail_msg("row %zu", i);
        }
}

static void test_bounds(void **state) {
        static Ended e;
        static KillVictim victims[1000];
        Kill kill = kill_of(victims, 1000, 50 * SEC);

        (void) state;
        memset(&e, 0, sizeof(e));
        for (int i = 0; i < 10; i++)
                (void) ended_expect(&e, 1 + (uint64_t) i, &kill, 0);
        for (int i = 0; i < 10000; i++)
                (void) ended_take(&e, &(EndedExit) { .tgid = 5000 + i, .seen_nsec = 61 * SEC, .runtime_nsec = 11 * SEC }, 0);
        assert_true(ended_take(&e, &(EndedExit) { .tgid = 100, .seen_nsec = 61 * SEC, .runtime_nsec = 11 * SEC }, 0));
}

/* Which of two that are gone was killed? What gave way is not said to have ended by itself. */
static void test_who_was_told_of(void **state) {
        static Ended e;

        (void) state;
        memset(&e, 0, sizeof(e));
        (void) ended_take(&e, &(EndedExit) { .tgid = 7, .seen_nsec = 61 * SEC, .runtime_nsec = 11 * SEC }, 0);
        assert_int_equal(ended_tells(&e, 7, 50 * SEC, 0), 1);
        assert_int_equal(ended_tells(&e, 7, 20 * SEC, 0), 0);
        assert_int_equal(ended_tells(&e, 8, 50 * SEC, 0), 0);
        for (int i = 0; i < ENDED_EXITS; i++)
                (void) ended_take(&e, &(EndedExit) { .tgid = 5000 + i, .seen_nsec = 70 * SEC, .runtime_nsec = SEC }, 0);
        assert_int_equal(ended_tells(&e, 7, 50 * SEC, 0), -ENODATA);
        assert_int_equal(ended_tells(&e, 7, 71 * SEC, 0), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_exit_after_record),
                cmocka_unit_test(test_exit_before_record),
                cmocka_unit_test(test_another_process),
                cmocka_unit_test(test_bounds),
                cmocka_unit_test(test_who_was_told_of),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
