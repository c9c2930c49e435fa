/* What must hold of the judge whatever it sees. The seed is printed; REEVE_SEED=N repeats a run. */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policies/judge.h"
#include "policies/match.h"

#define SEC UINT64_C(1000000)
enum { RING = 32, MB = 1 << 20, MANY = 24, LOOKS = 120, ROUNDS = 400 };

static unsigned seed;

static unsigned below(unsigned n) {
        return (unsigned) random() % n;
}

/* ---- whatever may be seen ---- */

/* One look after the last: mostly steady, now and then a leap, a counter made anew, something not known. */
static Reading next_reading(const Reading *last) {
        Reading r = *last;
        uint64_t passed = 50000 + below(400000);

        r.time_usec += passed;
        r.some_usec += below(2) ? below((unsigned) passed) : 0;
        r.full_usec += below(3) == 0 ? below((unsigned) passed) : 0;
        r.unreclaimable = below(20) ? r.unreclaimable + (int64_t) below(8 * MB) - 3 * MB : (int64_t) below(400) * MB;
        if (r.unreclaimable < 0)
                r.unreclaimable = 0;
        r.current = r.unreclaimable + (int64_t) below(20 * MB);
        r.swap = below(3) ? r.swap : (int64_t) below(50) * MB;
        r.refault += below(4) ? 0 : below(10 * MB);
        r.high += below(3);
        r.max += below(3);
        r.oom += below(10) == 0;
        r.oom_kill += below(20) == 0;
        if (below(60) == 0)
                r.high = r.max = r.oom = r.oom_kill = r.some_usec = r.full_usec = r.refault = 0;
        return r;
}

static Reading first_reading(void) {
        return (Reading) { .time_usec = 100 * SEC, .limit = below(5) ? 300 * MB : READING_UNLIMITED, .swap_limit = 100 * MB,
                           .throttle = below(2) ? 200 * MB : READING_UNLIMITED, .unreclaimable = (int64_t) below(300) * MB };
}

/* What an eye may fail to read. */
static Reading as_read(const Reading *r) {
        Reading seen = *r;

        if (below(15) == 0)
                seen.unreclaimable = READING_UNKNOWN;
        if (below(15) == 0)
                seen.some_usec = seen.full_usec = READING_UNKNOWN;
        if (below(15) == 0)
                seen.limit = READING_UNKNOWN;
        return seen;
}

static RuleCondition any_condition(void) {
        static const RuleCondition some[] = {
                { .what = RULE_MEMORY_SOME, .unit = RULE_SHARE, .ratio = 0.3, .over_usec = 2 * SEC },
                { .what = RULE_MEMORY_FULL, .unit = RULE_SHARE, .ratio = 0.2, .over_usec = SEC },
                { .what = RULE_USAGE, .unit = RULE_SHARE, .ratio = 0.8 },
                { .what = RULE_UNRECLAIMABLE, .unit = RULE_BYTES, .value = 200 * MB },
                { .what = RULE_SWAP, .unit = RULE_SHARE, .ratio = 0.3 },
                { .what = RULE_GROWTH, .unit = RULE_BYTES, .value = 4 * MB, .over_usec = 2 * SEC },
                { .what = RULE_REFAULT, .unit = RULE_BYTES, .value = MB, .over_usec = 2 * SEC },
                { .what = RULE_HIGH, .unit = RULE_COUNT, .value = 3, .per_usec = 2 * SEC },
                { .what = RULE_MAX, .unit = RULE_COUNT, .value = 2, .per_usec = SEC },
                { .what = RULE_OOM_KILL, .unit = RULE_COUNT, .value = 1, .per_usec = 5 * SEC },
                { .what = RULE_TIME_TO_LIMIT, .unit = RULE_TIME, .value = 30 * SEC, .below = true },
                { .what = RULE_LIVELOCK, .unit = RULE_TRUTH },
                { .what = RULE_HOST_AVAILABLE, .unit = RULE_SHARE, .ratio = 0.1, .below = true },
                { .what = RULE_HOST_SWAP, .unit = RULE_SHARE, .ratio = 0.1, .below = true },
        };
        RuleCondition c = some[below(sizeof(some) / sizeof(*some))];

        c.for_usec = below(2) ? 0 : below(3 * (unsigned) SEC);
        return c;
}

static HostReading any_host(void) {
        return (HostReading) { .total = INT64_C(1000) * MB, .available = (int64_t) below(300) * MB, .swap_total = 100 * MB,
                               .swap_free = (int64_t) below(100) * MB };
}

static bool needs_many(const RuleCondition *c) {
        return c->over_usec || c->per_usec || c->for_usec || c->what == RULE_TIME_TO_LIMIT || c->what == RULE_LIVELOCK;
}

static void any_candidates(JudgeCandidate *c, size_t n) {
        for (size_t i = 0; i < n; i++) {
                c[i] = (JudgeCandidate) { .id = 1 + i * 7 % MANY, .preference = (int) below(3) - 1,
                                          .shelter = below(3) ? JUDGE_OPEN : (JudgeShelter) (below(7) + 1) };
                for (int k = 0; k < RANKS; k++)
                        c[i].parts[k] = below(5) ? (double) below(100) * MB : -1;
        }
}

typedef struct Run {
        Reading ring[RING];
        Observation seen;
        JudgeState judge;
} Run;

static void run_init(Run *r) {
        memset(r, 0, sizeof(*r));
        observation_init(&r->seen, r->ring, RING, CONDITION_GROWTH_USEC);
}

static JudgeNext run_look(Run *r, const RuleSection *rule, const Reading *seen, const HostReading *host) {
        observation_add(&r->seen, seen);
        return judge_look(&r->judge, rule, &r->seen, host, seen->time_usec);
}

/* ---- what must hold ---- */

/* Two judges that are shown the same look after look never differ, in what they say or in what they remember. */
static void test_the_same_input_gives_the_same_verdict(void **state) {
        static RuleStep ladder[] = { { .action = RULE_NOTIFY }, { .action = RULE_RECLAIM }, { .action = RULE_TERM }, { .action = RULE_KILL } };

        (void) state;
        for (int round = 0; round < ROUNDS; round++) {
                RuleCondition when[] = { any_condition(), any_condition() };
                RuleSection rule = { .name = "r", .when = when, .n_when = 1 + below(2), .then = ladder, .n_then = 1 + below(4),
                                     .settle_usec = below(2) ? 0 : below(5 * (unsigned) SEC) };
                Reading r = first_reading();
                Run a, b;

                run_init(&a);
                run_init(&b);
                for (int i = 0; i < LOOKS; i++) {
                        JudgeCandidate c[MANY], d[MANY];
                        size_t n = below(MANY), open;
                        HostReading host = any_host();
                        Reading seen = as_read(&r);
                        JudgeNext next = run_look(&a, &rule, &seen, &host);
                        JudgeBounds bounds = { .kill_limit = below(9) == 0, .pausing = below(9) == 0, .dry_run = below(9) == 0 };
                        JudgeVerdict v, w;

                        assert_int_equal(run_look(&b, &rule, &seen, &host), next);
                        r = next_reading(&r);
                        if (next != JUDGE_CHOOSE)
                                continue;
                        any_candidates(c, n);
                        memcpy(d, c, sizeof(c));
                        open = judge_rank(&rule, c, n);
                        assert_int_equal(judge_rank(&rule, d, n), open);
                        judge_choose(&a.judge, &rule, &bounds, c, open, n, seen.time_usec, &v);
                        judge_choose(&b.judge, &rule, &bounds, d, open, n, seen.time_usec, &w);
                        assert_true(v.action == w.action && v.reason == w.reason && v.victim == w.victim && v.step == w.step &&
                                    v.tell == w.tell && v.dry_run == w.dry_run);
                        if (v.tell) {
                                uint64_t victim = v.victim < n ? c[v.victim].id : 0;
                                ReeveOutcome outcome = (ReeveOutcome) below(REEVE_OUTCOME_GONE + 1);

                                judge_done(&a.judge, &rule, &v, victim, outcome, seen.time_usec);
                                judge_done(&b.judge, &rule, &w, victim, outcome, seen.time_usec);
                        }
                        assert_memory_equal(&a.judge, &b.judge, sizeof(a.judge));
                }
        }
}

/* Said anew here, without the judge: a glob names it or one above it, or it is a kin of the two. */
static bool is_protected(const char *path, const ConfigList *global, const ConfigList *mine) {
        static const char *const never[] = { "/", "/init.scope", "/reeve.slice", "/reeve.slice/reeved.service" };

        for (size_t i = 0; i < sizeof(never) / sizeof(*never); i++)
                if (strcmp(path, never[i]) == 0)
                        return true;
        for (size_t i = 0; i < global->count; i++)
                if (match_glob_or_ancestor(global->items[i].text, path))
                        return true;
        for (size_t i = 0; i < mine->count; i++)
                if (match_glob_or_ancestor(mine->items[i].text, path))
                        return true;
        return false;
}

/* Whatever the names and globs: who is chosen is not named by a Never=, nor kin of the first process or of Reeve, nor
 * passed over in this incident. */
static void test_never_a_protected_victim(void **state) {
        static const char *const paths[] = { "/a", "/a/b", "/a/b/c", "/init.scope", "/reeve.slice", "/reeve.slice/reeved.service", "/", "/d",
                                             "/d/keep-1", "/d/keep-2/x", "/e", "/e/f" };
        static const char *const globs[] = { "/a", "/a/*", "/**/c", "/d/keep-*", "/e/f", "/nobody", "/**" };
        static RuleStep kill[] = { { .action = RULE_KILL } };
        static RuleCondition when[] = { { .what = RULE_UNRECLAIMABLE, .unit = RULE_BYTES, .value = 1 } };

        (void) state;
        for (int round = 0; round < ROUNDS * 5; round++) {
                ConfigItem all[] = { { .text = globs[below(6)] } }, mine[] = { { .text = globs[below(7)] }, { .text = globs[below(6)] } };
                const ConfigList global = { all, below(2) };
                const JudgeEverywhere everywhere = { .never = &global, .init_path = "/init.scope", .own_path = "/reeve.slice/reeved.service" };
                RuleSection rule = { .name = "r", .when = when, .n_when = 1, .then = kill, .n_then = 1, .never = { mine, below(3) } };
                JudgeCandidate c[sizeof(paths) / sizeof(*paths)];
                size_t n = sizeof(paths) / sizeof(*paths), open;
                const char *never;
                JudgeVerdict v;
                Run run;

                run_init(&run);
                for (size_t i = 0; i < n; i++) {
                        c[i] = (JudgeCandidate) { .id = i + 1, .path = paths[i], .parts = { (double) below(50) * MB } };
                        c[i].shelter = judge_shelter(&rule, &everywhere, paths[i], &never);
                }
                open = judge_rank(&rule, c, n);
                assert_int_equal(run_look(&run, &rule, &(Reading) { .time_usec = SEC, .unreclaimable = MB }, NULL), JUDGE_CHOOSE);
                for (size_t k = below(3); k > 0; k--)
                        run.judge.passed[run.judge.n_passed++] = 1 + below((unsigned) n);
                judge_choose(&run.judge, &rule, &(JudgeBounds) { 0 }, c, open, n, SEC, &v);
                if (v.action < 0) {
                        assert_true(v.victim == SIZE_MAX);
                        continue;
                }
                assert_true(v.victim < open);
                assert_false(is_protected(c[v.victim].path, &global, &rule.never));
                for (size_t k = 0; k < run.judge.n_passed; k++)
                        assert_true(run.judge.passed[k] != c[v.victim].id);
        }
}

/* Makes @c easier to reach by a random share. */
static RuleCondition laxer(RuleCondition c) {
        double share = 1 - (double) below(60) / 100;

        if (c.below) {
                c.ratio /= share;
                c.value = (uint64_t) ((double) c.value / share) + 1;
        } else {
                c.ratio *= share;
                c.value = (uint64_t) ((double) c.value * share);
        }
        if (below(2))
                c.for_usec -= c.for_usec / 3;
        return c;
}

/* Whenever a condition holds, one like it with a lower threshold or a shorter `for` holds too, hysteresis and all. */
static void test_a_threshold_is_monotone(void **state) {
        (void) state;
        for (int round = 0; round < ROUNDS * 2; round++) {
                RuleCondition strict = any_condition(), lax = laxer(strict);
                ConditionState a = { .over = false }, b = { .over = false };
                Reading r = first_reading(), ring[RING];
                Observation o;

                observation_init(&o, ring, RING, CONDITION_GROWTH_USEC);
                for (int i = 0; i < LOOKS; i++) {
                        HostReading host = any_host();
                        Reading seen = as_read(&r);
                        bool holds;

                        observation_add(&o, &seen);
                        holds = condition_feed(&a, &strict, condition_measure(&strict, &o, &host), seen.time_usec);
                        if (!condition_feed(&b, &lax, condition_measure(&lax, &o, &host), seen.time_usec) && holds)
                                fail_msg("seed %u, round %d, look %d: %s %g holds against %g, and not against %g", seed, round, i,
                                         rule_what_to_string((int) strict.what), a.last.value, a.last.threshold, b.last.threshold);
                        r = next_reading(&r);
                }
        }
}

/* What is a share, a speed or a count over a time, or must hold for a time, follows from no single look. */
static void test_one_look_is_no_history(void **state) {
        static RuleStep kill[] = { { .action = RULE_KILL } };

        (void) state;
        for (int round = 0; round < ROUNDS * 5; round++) {
                RuleCondition when[] = { any_condition(), any_condition() };
                RuleSection rule = { .name = "r", .when = when, .n_when = 2, .then = kill, .n_then = 1 };
                HostReading host = any_host();
                Reading r = first_reading();
                Run run;

                if (!needs_many(&when[0]) && !needs_many(&when[1]))
                        continue;
                r.some_usec = r.full_usec = (int64_t) (100 * SEC);
                r.high = r.max = r.oom_kill = 1000;
                run_init(&run);
                assert_int_equal(run_look(&run, &rule, &r, &host), JUDGE_NOTHING);
                /* The same look again is no other look. */
                assert_int_equal(run_look(&run, &rule, &r, &host), JUDGE_NOTHING);
        }
}

/* Equal in all that counts: the lower id, in whatever order they come. */
static void test_ties_are_broken_by_id(void **state) {
        (void) state;
        for (int round = 0; round < ROUNDS; round++) {
                JudgeCandidate c[MANY];
                RuleSection rule = { .rank = { (RuleRank) below(RANKS), (RuleRank) below(RANKS) }, .n_rank = below(3) };
                size_t n = 2 + below(MANY - 2);
                double same = (double) below(100) * MB;

                for (size_t i = 0; i < n; i++) {
                        c[i] = (JudgeCandidate) { .id = 1 + (i * 7 + (size_t) round) % MANY };
                        for (int k = 0; k < RANKS; k++)
                                c[i].parts[k] = same;
                }
                assert_int_equal(judge_rank(&rule, c, n), n);
                for (size_t i = 1; i < n; i++)
                        assert_true(c[i - 1].id < c[i].id);
        }
}

static int begin(void **state) {
        const char *given = getenv("REEVE_SEED");

        (void) state;
        seed = given ? (unsigned) strtoul(given, NULL, 10) : (unsigned) time(NULL);
        print_message("REEVE_SEED=%u\n", seed);
        srandom(seed);
        return 0;
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_same_input_gives_the_same_verdict),
                cmocka_unit_test(test_never_a_protected_victim),
                cmocka_unit_test(test_a_threshold_is_monotone),
                cmocka_unit_test(test_one_look_is_no_history),
                cmocka_unit_test(test_ties_are_broken_by_id),
        };

        return cmocka_run_group_tests(tests, begin, NULL);
}
