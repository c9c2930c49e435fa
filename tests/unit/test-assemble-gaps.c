/* Evidence late, twice, cut off, out of order and lost: nothing is made up, nothing counted twice. */
#include "check.h"
#include "assembling.h"

static void test_what_has_no_end_is_closed_and_says_so(void **state) {
        Bench b = bench(&(AssembleOptions) { 0 });

        (void) state;
        feed(&b, oom(5, 1000, 30));
        feed(&b, victim(5, 1001, 99, 3));
        feed(&b, signal_of(5, 1002, 99, 0));
        feed(&b, oom(5, 2000, 30));
        assert_int_equal(b.seen->n_kills, 1);
        assert_false(b.seen->kills[0].victims_complete);
        feed(&b, victim(5, 2001, 98, 3));
        feed(&b, signal_of(5, 2002, 98, 0));
        assemble_expire(b.a, 5000002002, &b.sink);
        assert_int_equal(b.seen->n_kills, 1);
        assemble_expire(b.a, 5000002003, &b.sink);
        assert_int_equal(b.seen->n_kills, 2);
        assert_false(b.seen->kills[1].victims_complete);
        assert_int_equal(assemble_stats(b.a)->unclosed, 2);
        bench_end(&b);
}

static void test_what_is_fed_again_counts_once(void **state) {
        Bench b = bench(&(AssembleOptions) { 0 });

        (void) state;
        feed(&b, oom(5, 1000, 30));
        feed(&b, victim(5, 1001, 99, 3));
        feed(&b, signal_of(5, 1002, 99, 0));
        assemble_forget(b.a);
        assert_int_equal(assemble_oldest(b.a), UINT64_MAX);
        feed(&b, oom(5, 1000, 30));
        feed(&b, victim(5, 1001, 99, 3));
        feed(&b, signal_of(5, 1002, 99, 0));
        feed(&b, oom(5, 2000, 30));
        assert_int_equal(b.seen->n_kills, 1);
        assert_int_equal(assemble_stats(b.a)->attempts, 1);
        assert_int_equal(assemble_stats(b.a)->confirmed, 1);
        bench_end(&b);
}

static void test_a_slow_console_loses_nothing(void **state) {
        Bench b = bench(&(AssembleOptions) { 0 });

        (void) state;
        feed(&b, oom(5, 1000, 30));
        assemble_expire(b.a, UINT64_C(60000000000), &b.sink);
        feed(&b, victim(5, UINT64_C(60000000001), 99, 3));
        feed(&b, signal_of(5, UINT64_C(60000000002), 99, 0));
        feed(&b, end(5, UINT64_C(60000000003)));
        assert_int_equal(b.seen->n_kills, 1);
        assert_int_equal(b.seen->kills[0].scope, REEVE_SCOPE_SELF);
        assert_true(b.seen->kills[0].victims_complete);
        bench_end(&b);
}

static void test_a_victim_without_its_head_is_kept(void **state) {
        Bench b = bench(&(AssembleOptions) { 0 });

        (void) state;
        feed(&b, victim(5, 1001, 99, 3));
        feed(&b, signal_of(5, 1002, 99, 0));
        feed(&b, end(5, 1003));
        assert_int_equal(b.seen->n_kills, 1);
        assert_int_equal(b.seen->kills[0].scope, REEVE_SCOPE_UNKNOWN);
        assert_int_equal(b.seen->kills[0].confidence, REEVE_CONFIDENCE_LIKELY);
        assert_false(b.seen->kills[0].victims_complete);
        assert_true(b.seen->kills[0].group_unknown);
        assert_int_equal(b.seen->victims[0][0].why, KILL_WHY_UNKNOWN);
        bench_end(&b);
}

static Evidence lost(uint64_t from, uint64_t to) {
        return (Evidence) { .kind = EVIDENCE_LOST, .time_nsec = from, .lost.to_nsec = to };
}

/* One OOM from 1000 to 1003 beside an overrun of another CPU's ring: is it whole? */
static void test_an_overrun_meanwhile_makes_nothing_sure(void **state) {
        static const struct {
                const char *why;
                uint64_t from, to;
                bool before, complete;
        } rows[] = {
                { "begins while it is under way", 1001, 1500, false, false },
                { "was told before it began, and ends after", 900, 1002, true, false },
                { "was over before it began", 900, 999, true, true },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                Bench b = bench(&(AssembleOptions) { 0 });

                if (rows[i].before)
                        feed(&b, lost(rows[i].from, rows[i].to));
                feed(&b, oom(5, 1000, 10));
                feed(&b, victim(5, 1001, 99, 3));
                if (!rows[i].before)
                        feed(&b, lost(rows[i].from, rows[i].to));
                feed(&b, signal_of(5, 1002, 99, 0));
                feed(&b, end(5, 1003));
                if (b.seen->n_kills != 1 || b.seen->kills[0].victims_complete != rows[i].complete ||
                    b.seen->kills[0].group_unknown == rows[i].complete || b.seen->kills[0].scope != REEVE_SCOPE_ANCESTOR)
                        fail_msg("%s", rows[i].why);
                bench_end(&b);
        }
}

/* The victim and the end of the first one were overwritten: it held all gaps back for two minutes. */
static void test_what_an_overrun_cut_short_is_not_waited_for(void **state) {
        Bench b = bench(&(AssembleOptions) { 0 });

        (void) state;
        feed(&b, oom(5, 1000, 10));
        feed(&b, lost(1001, 1999));
        feed(&b, oom(6, 2000, 10));
        assert_int_equal(assemble_oldest(b.a), 2000);
        feed(&b, victim(6, 2001, 98, 3));
        feed(&b, signal_of(6, 2002, 98, 0));
        feed(&b, end(6, 2003));
        assert_int_equal(b.seen->n_kills, 1);
        assert_true(b.seen->kills[0].victims_complete);
        feed(&b, oom(7, 3000, 10));
        feed(&b, victim(7, 3001, 97, 3));
        feed(&b, lost(3002, 3999));
        assemble_expire(b.a, UINT64_C(5000003001), &b.sink);
        assert_int_equal(assemble_oldest(b.a), 3000);
        assemble_expire(b.a, UINT64_C(5000003002), &b.sink);
        assert_int_equal(assemble_oldest(b.a), UINT64_MAX);
        assert_int_equal(b.seen->n_kills, 1);
        assert_int_equal(assemble_stats(b.a)->empty, 2);
        assert_int_equal(assemble_stats(b.a)->cut_short, 1);
        assert_int_equal(assemble_stats(b.a)->not_counted, 0);
        bench_end(&b);
}

static void test_bounds_are_counted(void **state) {
        Bench b = bench(&(AssembleOptions) { .max_victims = 2, .max_open = 1, .path_bytes = 8 });

        (void) state;
        feed(&b, oom(5, 1000, 30));
        for (int32_t i = 0; i < 4; i++) {
                feed(&b, victim(5, 1001, 90 + i, 3));
                feed(&b, signal_of(5, 1002, 90 + i, 0));
        }
        feed(&b, oom(6, 1500, 30));             /* pushes the first one out */
        assert_int_equal(b.seen->n_kills, 1);
        assert_int_equal(b.seen->kills[0].n_victims, 2);
        assert_int_equal(b.seen->kills[0].attempts, 4);
        assert_int_equal(b.seen->kills[0].confirmed, 4);
        assert_false(b.seen->kills[0].victims_complete);
        assert_int_equal(assemble_stats(b.a)->victims_left_out, 2);
        assert_int_equal(assemble_stats(b.a)->ooms_pushed_out, 1);
        assert_string_equal(b.seen->victim_path[0], "/a/b/c");
        assert_int_equal(assemble_oldest(b.a), 1500);
        bench_end(&b);
}

static int by_invoker(const void *x, const void *y) {
        const Kill *a = x, *b = y;

        return a->invoker_tid < b->invoker_tid ? -1 : a->invoker_tid > b->invoker_tid ? 1 : a->time_nsec < b->time_nsec ? -1 : 1;
}

/* However the streams of several invokers are shuffled together, the same kills come out. */
static void test_interleaving_changes_nothing(void **state) {
        enum { INVOKERS = 6, OOMS = 4, VICTIMS = 3, STEPS = OOMS * (2 + 2 * VICTIMS) };
        static Evidence streams[INVOKERS][STEPS];
        Kill want[64];
        size_t n_want = 0;

        (void) state;
        srand(20261120);
        for (int32_t i = 0; i < INVOKERS; i++)
                for (int o = 0; o < OOMS; o++) {
                        Evidence *s = &streams[i][o * (2 + 2 * VICTIMS)];
                        uint64_t t = (uint64_t) (1000 * i + 100 * o);

                        *s++ = oom(100 + i, t, (uint64_t) (10 * (1 + o % 3)));
                        for (int32_t v = 0; v < VICTIMS; v++) {
                                *s++ = victim(100 + i, t + 1, 1000 * i + 10 * o + v, 3);
                                *s++ = signal_of(100 + i, t + 2, 1000 * i + 10 * o + v, 0);
                        }
                        *s = end(100 + i, t + 3);
                }
        for (int round = 0; round < 200; round++) {
                Bench b = bench(&(AssembleOptions) { .max_victims = 16 });
                int at[INVOKERS] = { 0 }, left = INVOKERS * STEPS;

                while (left > 0) {
                        int i = round == 0 ? (INVOKERS * STEPS - left) / STEPS : rand() % INVOKERS;

                        if (at[i] == STEPS)
                                continue;
                        feed(&b, streams[i][at[i]++]);
                        left--;
                }
                qsort(b.seen->kills, b.seen->n_kills, sizeof(Kill), by_invoker);
                if (round == 0) {
                        n_want = b.seen->n_kills;
                        memcpy(want, b.seen->kills, n_want * sizeof(Kill));
                        assert_int_equal(n_want, INVOKERS * OOMS);
                }
                assert_int_equal(b.seen->n_kills, n_want);
                for (size_t i = 0; i < n_want; i++) {
                        assert_int_equal(b.seen->kills[i].time_nsec, want[i].time_nsec);
                        assert_int_equal(b.seen->kills[i].limit.id, want[i].limit.id);
                        assert_int_equal(b.seen->kills[i].n_victims, VICTIMS);
                        assert_int_equal(b.seen->kills[i].confirmed, VICTIMS);
                        assert_int_equal(b.seen->kills[i].scope, want[i].scope);
                        assert_true(b.seen->kills[i].victims_complete);
                }
                bench_end(&b);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_has_no_end_is_closed_and_says_so),
                cmocka_unit_test(test_what_is_fed_again_counts_once),
                cmocka_unit_test(test_a_slow_console_loses_nothing),
                cmocka_unit_test(test_a_victim_without_its_head_is_kept),
                cmocka_unit_test(test_an_overrun_meanwhile_makes_nothing_sure),
                cmocka_unit_test(test_what_an_overrun_cut_short_is_not_waited_for),
                cmocka_unit_test(test_bounds_are_counted),
                cmocka_unit_test(test_interleaving_changes_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
