#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policies/judge.h"

#define SEC UINT64_C(1000000)
enum { RING = 32, MB = 1 << 20, MANY = 40 };

static RuleCondition when_full = { .what = RULE_UNRECLAIMABLE, .unit = RULE_SHARE, .ratio = 0.8 };
static RuleStep ladder[] = { { .action = RULE_NOTIFY }, { .action = RULE_RECLAIM, .bytes = MB }, { .action = RULE_TERM, .usec = SEC },
                             { .action = RULE_KILL } },
                kill_only[] = { { .action = RULE_KILL } };
static RuleSection rule_of(RuleStep *then, size_t n) {
        return (RuleSection) { .name = "r", .when = &when_full, .n_when = 1, .then = then, .n_then = n, .settle_usec = 5 * SEC };
}

static JudgeNext look(JudgeState *s, const RuleSection *rule, int64_t percent, uint64_t now) {
        Reading ring[3];
        Observation o;

        observation_init(&o, ring, 3, 0);
        observation_add(&o, &(Reading) { .time_usec = now, .limit = 100, .unreclaimable = percent });
        return judge_look(s, rule, &o, NULL, now);
}

static JudgeVerdict choose(JudgeState *s, const RuleSection *rule, JudgeCandidate *c, size_t n, uint64_t now, JudgeBounds bounds) {
        JudgeVerdict v;
        size_t open = judge_rank(rule, c, n);

        judge_choose(s, rule, &bounds, c, open, n, now, &v);
        return v;
}

static void test_the_ladder_step_by_step(void **state) {
        RuleSection rule = rule_of(ladder, 4);
        JudgeState s = { .step = 0 };
        JudgeCandidate c[] = { { .id = 7, .parts = { 5 * MB } } };
        JudgeVerdict v;

        (void) state;
        assert_int_equal(look(&s, &rule, 80, SEC), JUDGE_NOTHING);
        assert_int_equal(look(&s, &rule, 81, 2 * SEC), JUDGE_CHOOSE);
        v = choose(&s, &rule, c, 1, 2 * SEC, (JudgeBounds) { 0 });
        assert_int_equal(v.action, RULE_NOTIFY);
        assert_int_equal(look(&s, &rule, 99, 2 * SEC + 1), JUDGE_NOTHING);      /* it is being done */
        judge_done(&s, &rule, &v, 0, REEVE_OUTCOME_DONE, 2 * SEC + 2);
        assert_int_equal(look(&s, &rule, 99, 2 * SEC + 3), JUDGE_CHOOSE);       /* a notice has no effect to wait for */
        v = choose(&s, &rule, c, 1, 2 * SEC + 3, (JudgeBounds) { 0 });
        assert_int_equal(v.action, RULE_RECLAIM);
        judge_done(&s, &rule, &v, 0, REEVE_OUTCOME_DONE, 3 * SEC);
        assert_int_equal(look(&s, &rule, 99, 4 * SEC), JUDGE_NOTHING);          /* its effect is waited for */
        assert_int_equal(look(&s, &rule, 99, 5 * SEC), JUDGE_CHOOSE);
        v = choose(&s, &rule, c, 1, 5 * SEC, (JudgeBounds) { 0 });
        assert_int_equal(v.action, RULE_TERM);
        assert_int_equal(c[v.victim].id, 7);
        judge_done(&s, &rule, &v, 7, REEVE_OUTCOME_INEFFECTIVE, 6 * SEC);
        assert_int_equal(look(&s, &rule, 99, 6 * SEC + 1), JUDGE_CHOOSE);       /* who does not listen is not waited for */
        v = choose(&s, &rule, c, 1, 6 * SEC + 1, (JudgeBounds) { 0 });
        assert_int_equal(v.action, RULE_KILL);
        assert_int_equal(c[v.victim].id, 7);
        judge_done(&s, &rule, &v, 7, REEVE_OUTCOME_DONE, 7 * SEC);
        assert_int_equal(look(&s, &rule, 99, 11 * SEC), JUDGE_NOTHING);         /* freed memory may show late */
        assert_int_equal(look(&s, &rule, 10, 12 * SEC), JUDGE_NOTHING);
        assert_int_equal(look(&s, &rule, 10, 16 * SEC), JUDGE_NOTHING);
        assert_int_equal(look(&s, &rule, 10, 17 * SEC), JUDGE_CLEARED);
        assert_int_equal(look(&s, &rule, 99, 18 * SEC), JUDGE_CHOOSE);
        v = choose(&s, &rule, c, 1, 18 * SEC, (JudgeBounds) { 0 });
        assert_int_equal(v.action, RULE_NOTIFY);
}

static void test_one_shortage_one_kill_then_another(void **state) {
        RuleSection rule = rule_of(kill_only, 1);
        JudgeState s = { .step = 0 };
        JudgeCandidate c[] = { { .id = 7, .parts = { 5 * MB } }, { .id = 8, .parts = { 9 * MB } } };
        JudgeVerdict v;

        (void) state;
        (void) look(&s, &rule, 90, SEC);
        v = choose(&s, &rule, c, 2, SEC, (JudgeBounds) { 0 });
        assert_int_equal(c[v.victim].id, 8);
        judge_done(&s, &rule, &v, 8, REEVE_OUTCOME_DONE, SEC);
        for (uint64_t t = SEC + 1; t < 6 * SEC; t += SEC / 10)
                assert_int_equal(look(&s, &rule, 90, t), JUDGE_NOTHING);
        assert_int_equal(look(&s, &rule, 90, 6 * SEC), JUDGE_CHOOSE);
}

static void test_who_does_not_die_is_passed_over(void **state) {
        RuleSection rule = rule_of(kill_only, 1);
        JudgeState s = { .step = 0 };
        JudgeCandidate c[] = { { .id = 7, .parts = { 5 * MB } }, { .id = 8, .parts = { 9 * MB } } };
        JudgeVerdict v;

        (void) state;
        (void) look(&s, &rule, 90, SEC);
        v = choose(&s, &rule, c, 2, SEC, (JudgeBounds) { 0 });
        judge_done(&s, &rule, &v, c[v.victim].id, REEVE_OUTCOME_INEFFECTIVE, SEC);
        assert_int_equal(look(&s, &rule, 90, SEC + 1), JUDGE_CHOOSE);
        v = choose(&s, &rule, c, 2, SEC + 1, (JudgeBounds) { 0 });
        assert_int_equal(c[v.victim].id, 7);
        judge_done(&s, &rule, &v, 7, REEVE_OUTCOME_FAILED, SEC + 2);
        (void) look(&s, &rule, 90, SEC + 3);
        v = choose(&s, &rule, c, 2, SEC + 3, (JudgeBounds) { 0 });
        assert_int_equal(v.action, -1);
        assert_true(v.tell);
        (void) look(&s, &rule, 90, SEC + 4);
        v = choose(&s, &rule, c, 2, SEC + 4, (JudgeBounds) { 0 });
        assert_false(v.tell);                   /* said already */
}

static void test_why_not(void **state) {
        RuleSection rule = rule_of(kill_only, 1);
        JudgeCandidate open = { .id = 7, .parts = { 5 * MB } }, sheltered = { .id = 8, .shelter = JUDGE_NEVER };
        static RuleStep lacking[] = { { .action = RULE_RESTART }, { .action = RULE_KILL } };
        static const struct { const char *why; JudgeBounds bounds; size_t n; bool shelter; ReeveReason want; } rows[] = {
                { "nobody there", { 0 }, 0, false, REEVE_REASON_NO_CANDIDATE },
                { "all sheltered", { 0 }, 1, true, REEVE_REASON_PROTECTED },
                { "enough for this hour", { .kill_limit = true }, 1, false, REEVE_REASON_KILL_LIMIT },
                { "by hand", { .pausing = true }, 1, false, REEVE_REASON_PAUSED },
        };
        JudgeState s;
        JudgeVerdict v;

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                JudgeCandidate c = rows[i].shelter ? sheltered : open;

                s = (JudgeState) { .step = 0 };
                (void) look(&s, &rule, 90, SEC);
                v = choose(&s, &rule, &c, rows[i].n, SEC, rows[i].bounds);
                if (v.action != -1 || v.reason != rows[i].want || !v.tell)
                        fail_msg("%s: %d %d", rows[i].why, v.action, (int) v.reason);
        }
        /* What is refused is stepped over. */
        rule = rule_of(lacking, 2);
        s = (JudgeState) { .step = 0 };
        (void) look(&s, &rule, 90, SEC);
        v = choose(&s, &rule, &open, 1, SEC, (JudgeBounds) { 0 });
        assert_true(v.action == RULE_RESTART && v.victim == 0);
        judge_done(&s, &rule, &v, 0, REEVE_OUTCOME_REFUSED, SEC);
        assert_int_equal(look(&s, &rule, 90, SEC + 1), JUDGE_CHOOSE);
        v = choose(&s, &rule, &open, 1, SEC + 1, (JudgeBounds) { 0 });
        assert_int_equal(v.action, RULE_KILL);
}

/* Steps that are to be undone: of whom they are, and how long their effect is waited for. */
static void test_temporary_steps(void **state) {
        static RuleStep steps[] = { { .action = RULE_RAISE }, { .action = RULE_THROTTLE }, { .action = RULE_FREEZE, .usec = 7 * SEC },
                                    { .action = RULE_KILL } };
        RuleSection rule = rule_of(steps, 4);
        JudgeCandidate c = { .id = 7, .parts = { 5 * MB } };
        JudgeState s = { .step = 0 };
        uint64_t now = SEC;
        JudgeVerdict v;

        (void) state;
        assert_true(judge_is_temporary(RULE_RELAX) && !judge_is_temporary(RULE_KILL) && !judge_is_temporary(-1));
        for (size_t i = 0; i < 3; i++) {
                uint64_t wait = i == 2 ? 7 * SEC : JUDGE_LOOK_AGAIN_USEC;

                assert_int_equal(look(&s, &rule, 90, now), JUDGE_CHOOSE);
                v = choose(&s, &rule, &c, 1, now, (JudgeBounds) { 0 });
                assert_int_equal(v.action, steps[i].action);
                assert_int_equal(v.victim, i == 0 ? SIZE_MAX : 0);
                judge_done(&s, &rule, &v, 7, REEVE_OUTCOME_DONE, now);
                assert_int_equal(look(&s, &rule, 90, now + wait - 1), JUDGE_NOTHING);
                now += wait;
        }
        assert_int_equal(look(&s, &rule, 90, now), JUDGE_CHOOSE);
        v = choose(&s, &rule, &c, 1, now, (JudgeBounds) { 0 });
        assert_int_equal(v.action, RULE_KILL);
        /* What is refused is not waited for. */
        s = (JudgeState) { .step = 0 };
        (void) look(&s, &rule, 90, now);
        v = choose(&s, &rule, &c, 1, now, (JudgeBounds) { 0 });
        judge_done(&s, &rule, &v, 7, REEVE_OUTCOME_REFUSED, now);
        assert_int_equal(look(&s, &rule, 90, now + 1), JUDGE_CHOOSE);
}

/* StepUp=2: after two whose end did not help, or who would not end, the parent's turn comes. */
static void test_step_up(void **state) {
        RuleSection rule = rule_of(kill_only, 1);
        JudgeCandidate c = { .id = 7, .parts = { 5 * MB } };
        JudgeState s = { .step = 0 };
        uint64_t now = SEC;
        JudgeVerdict v;

        (void) state;
        rule.step_up.value = 2;
        for (unsigned i = 0; i < 5; i++, now += 5 * SEC) {
                assert_int_equal(judge_level(&s, &rule), i / 2);
                assert_int_equal(look(&s, &rule, 90, now), JUDGE_CHOOSE);
                c.id = 7 + i;
                v = choose(&s, &rule, &c, 1, now, (JudgeBounds) { 0 });
                judge_done(&s, &rule, &v, c.id, i % 2 ? REEVE_OUTCOME_INEFFECTIVE : REEVE_OUTCOME_DONE, now);
        }
        rule.step_up.value = 0;
        assert_int_equal(judge_level(&s, &rule), 0);
        rule.step_up.value = 1;
        /* All clear: from the beginning. */
        assert_int_equal(look(&s, &rule, 10, now += 20 * SEC), JUDGE_NOTHING);
        assert_int_equal(look(&s, &rule, 10, now += 20 * SEC), JUDGE_CLEARED);
        assert_int_equal(judge_level(&s, &rule), 0);
}

static void test_marks(void **state) {
        ConfigItem avoided = { .text = "/a" };
        RuleSection rule = { .avoid = { &avoided, 1 } };

        (void) state;
        assert_int_equal(judge_preference(&rule, "/b", 0, JUDGE_MARK_PREFER), 1);
        assert_int_equal(judge_preference(&rule, "/b", 0, JUDGE_MARK_AVOID), -1);
        assert_int_equal(judge_preference(&rule, "/b", 0, JUDGE_MARK_OMIT), 0);
        assert_int_equal(judge_preference(&rule, "/a", 0, JUDGE_MARK_PREFER), -1);
        /* What lives there. */
        assert_int_equal(judge_preference(&rule, "/a", 1, 0), 1);
        assert_int_equal(judge_preference(&rule, "/b", -1, JUDGE_MARK_PREFER), -1);
}

/* A dry run says it once for each step and incident, and is not held back by a limit on what it does not do. */
static void test_dry_run(void **state) {
        RuleSection rule = rule_of(kill_only, 1);
        JudgeCandidate c = { .id = 7, .parts = { 5 * MB } };
        JudgeState s = { .step = 0 };
        JudgeVerdict v;

        (void) state;
        (void) look(&s, &rule, 90, SEC);
        v = choose(&s, &rule, &c, 1, SEC, (JudgeBounds) { .dry_run = true, .kill_limit = true });
        assert_true(v.dry_run && v.action == RULE_KILL);
        judge_done(&s, &rule, &v, 7, REEVE_OUTCOME_DONE, SEC);
        for (uint64_t t = 2 * SEC; t < 60 * SEC; t += SEC)
                assert_int_equal(look(&s, &rule, 90, t), JUDGE_NOTHING);
}

/* Past KillLimit= rules only judge: no step is taken, whatever it is. */
static void test_past_the_kill_limit_nothing_is_done(void **state) {
        JudgeCandidate c = { .id = 7, .parts = { 5 * MB } };
        JudgeVerdict v;

        (void) state;
        for (int action = 0; action < RULE_ACTIONS; action++) {
                RuleStep step = { .action = (RuleAction) action, .bytes = MB, .usec = SEC, .ratio = 0.5, .path = "/bin/true" };
                RuleSection rule = rule_of(&step, 1);
                JudgeState s = { .step = 0 };

                (void) look(&s, &rule, 90, SEC);
                v = choose(&s, &rule, &c, 1, SEC, (JudgeBounds) { .kill_limit = true });
                if (v.action >= 0 || v.reason != REEVE_REASON_KILL_LIMIT || !v.tell)
                        fail_msg("%s is done", rule_action_to_string(action));
                judge_done(&s, &rule, &v, 0, REEVE_OUTCOME_DONE, SEC);
                assert_int_equal(look(&s, &rule, 90, 2 * SEC), JUDGE_CHOOSE);
                v = choose(&s, &rule, &c, 1, 2 * SEC, (JudgeBounds) { 0 });
                assert_int_equal(v.action, action);
        }
}

static void test_shelter(void **state) {
        ConfigItem never[] = { { .text = "/system.slice/sshd.service" }, { .text = "/**/kubelet.service" } },
                   mine[] = { { .text = "/a/keep-*" } };
        const ConfigList everywhere = { never, 2 };
        const JudgeEverywhere all = { .never = &everywhere, .init_path = "/init.scope", .own_path = "/reeve.slice/reeved.service",
                                      .paused = (const char *[]) { "/b/still" }, .n_paused = 1 };
        RuleSection rule = { .never = { mine, 1 } };
        static const struct { const char *path; JudgeShelter want; } rows[] = {
                { "/system.slice/sshd.service", JUDGE_NEVER }, { "/system.slice/sshd.service/sub", JUDGE_NEVER },
                { "/system.slice/sshd.servicex", JUDGE_OPEN }, { "/x/kubelet.service", JUDGE_NEVER },
                { "/a/keep-1/b", JUDGE_NEVER },                { "/a/other", JUDGE_OPEN },
                { "/init.scope", JUDGE_INIT },                 { "/", JUDGE_INIT },
                { "/reeve.slice", JUDGE_REEVE },               { "/reeve.slice/reeved.service", JUDGE_REEVE },
                { "/reeve.slice/other", JUDGE_OPEN },          { "/init.scope/x", JUDGE_INIT },
                { "/b/still/x", JUDGE_PAUSED },                { "/b", JUDGE_PAUSED },
                { "/b/still", JUDGE_PAUSED },                  { "/b/stills", JUDGE_OPEN },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                const char *glob = NULL;

                if (judge_shelter(&rule, &all, rows[i].path, &glob) != rows[i].want)
                        fail_msg("%s", rows[i].path);
                assert_int_equal(glob != NULL, rows[i].want == JUDGE_NEVER);
        }
}

static void test_ranking(void **state) {
        static RuleSection by_growth = { .rank = { RANK_GROWTH, RANK_SIZE }, .n_rank = 2 }, by_default = { .n_rank = 0 };
        JudgeCandidate c[] = {
                { .id = 1, .parts = { [RANK_SIZE] = 900.0 * MB, [RANK_GROWTH] = 1000 } },
                { .id = 2, .parts = { [RANK_SIZE] = 50.0 * MB, [RANK_GROWTH] = 20.0 * MB } },
                { .id = 3, .parts = { [RANK_SIZE] = 60.0 * MB, [RANK_GROWTH] = 20.1 * MB } },
                { .id = 4, .parts = { [RANK_SIZE] = -1, [RANK_GROWTH] = -1 } },
                { .id = 5, .parts = { [RANK_SIZE] = 2000.0 * MB }, .shelter = JUDGE_NEVER },
                { .id = 6, .parts = { [RANK_SIZE] = 2000.0 * MB, [RANK_GROWTH] = 90.0 * MB }, .preference = -1 },
        };

        (void) state;
        /* Growth is about equal: the larger. Avoid= is last, the sheltered not at all. */
        assert_int_equal(judge_rank(&by_growth, c, 6), 5);
        assert_int_equal(c[0].id, 3);
        assert_int_equal(c[1].id, 2);
        assert_int_equal(c[2].id, 1);
        assert_int_equal(c[3].id, 4);
        assert_int_equal(c[4].id, 6);
        assert_int_equal(c[5].rank, 0);
        assert_int_equal(judge_rank(&by_default, c, 6), 5);
        assert_int_equal(c[0].id, 1);
}

static void test_protection_is_discounted(void **state) {
        Reading ring[3];
        Observation o;
        JudgeCandidate c = { .id = 1 };

        (void) state;
        observation_init(&o, ring, 3, 0);
        observation_add(&o, &(Reading) { .time_usec = 1, .unreclaimable = 50 * MB, .swap = 10 * MB, .protection = 45 * MB });
        judge_measure(&c, &o, -1);
        assert_int_equal(c.size_bytes, 60 * MB);
        assert_true(c.parts[RANK_SIZE] > 14.9 * MB && c.parts[RANK_SIZE] < 15.1 * MB);
        assert_true(c.parts[RANK_GROWTH] < 0);
}

static void candidates_make(JudgeCandidate *c, size_t n) {
        for (size_t i = 0; i < n; i++) {
                c[i] = (JudgeCandidate) { .id = (uint64_t) random() % 1000 * MANY + i, .preference = (int) (random() % 3) - 1,
                                          .shelter = random() % 3 ? JUDGE_OPEN : (JudgeShelter) (random() % 6 + 1) };
                for (int k = 0; k < RANKS; k++)
                        c[i].parts[k] = random() % 5 ? (double) (random() % 100) * MB : -1;
        }
}

/* What was filled seconds ago and stays grows no more; what leaks slowly, or began a moment ago, does. */
static void test_growth_is_that_of_who_still_grows(void **state) {
        enum { FILLED, LEAK, YOUNG, CASES };
        JudgeCandidate c[CASES];

        (void) state;
        for (int k = 0; k < CASES; k++) {
                Reading ring[RING];
                Observation o;

                c[k] = (JudgeCandidate) { .id = (uint64_t) k };
                observation_init(&o, ring, RING, CONDITION_GROWTH_USEC);
                for (int64_t i = k == YOUNG ? 40 : 0; i <= 45; i++)
                        observation_add(&o, &(Reading) { .time_usec = (uint64_t) (i + 1) * SEC / 5, .unreclaimable = k == FILLED ? (i < 8 ? i : 8) * 3 * MB
                                                                 : k == LEAK ? 50 * MB + i * MB / 5 : (i - 40) * 2 * MB });
                judge_measure(&c[k], &o, -1);
        }
        assert_true(c[FILLED].parts[RANK_GROWTH] >= 0 && c[FILLED].parts[RANK_GROWTH] < 1000);
        assert_true(c[LEAK].parts[RANK_GROWTH] > 0.9 * MB && c[LEAK].parts[RANK_GROWTH] < 1.1 * MB);
        assert_true(c[YOUNG].parts[RANK_GROWTH] > 9.0 * MB);
}

/* A choice by growth waits until growth is known of all who might be chosen, but not for ever. */
static void test_a_choice_waits_for_what_it_is_made_by(void **state) {
        RuleSection rule = rule_of(kill_only, 1), told = rule_of(ladder, 4);
        JudgeState s = { .step = 0 };
        JudgeCandidate c[] = { { .id = 1, .parts = { MB, MB } }, { .id = 2, .parts = { MB, -1 } } };

        (void) state;
        (void) look(&s, &rule, 90, SEC);
        assert_false(judge_waits(&s, &rule, c, 2, SEC));
        rule.rank[0] = told.rank[0] = RANK_GROWTH;
        rule.n_rank = told.n_rank = 1;
        assert_true(judge_waits(&s, &rule, c, 2, SEC));
        assert_false(judge_waits(&s, &rule, c, 1, SEC));
        assert_false(judge_waits(&s, &told, c, 2, SEC));        /* to tell needs no victim */
        assert_false(judge_waits(&s, &rule, c, 2, SEC + JUDGE_WAIT_USEC));
}

/* Any candidates in any order: the same verdict; never a sheltered one; ranks without a hole. */
static void test_same_input_same_verdict_and_never_the_sheltered(void **state) {
        (void) state;
        srandom(7);
        for (int round = 0; round < 3000; round++) {
                JudgeCandidate a[MANY], b[MANY];
                size_t n = (size_t) random() % MANY + 1;
                RuleSection rule = rule_of(random() % 2 ? kill_only : ladder + 2, 1);
                JudgeState s = { .step = 0 }, t = { .step = 0 };
                JudgeVerdict v, w;

                rule.n_rank = (size_t) random() % 3;
                rule.rank[0] = (RuleRank) (random() % 3);
                rule.rank[1] = (RuleRank) (3 + random() % 3);
                candidates_make(a, n);
                memcpy(b, a, sizeof(a));
                for (size_t i = n; i > 1; i--) {
                        size_t j = (size_t) random() % i;
                        JudgeCandidate one = b[i - 1];

                        b[i - 1] = b[j];
                        b[j] = one;
                }
                (void) look(&s, &rule, 90, SEC);
                (void) look(&t, &rule, 90, SEC);
                v = choose(&s, &rule, a, n, SEC, (JudgeBounds) { 0 });
                w = choose(&t, &rule, b, n, SEC, (JudgeBounds) { 0 });
                assert_int_equal(v.action, w.action);
                assert_int_equal(v.reason, w.reason);
                for (size_t i = 0; i < n; i++) {
                        assert_int_equal(a[i].id, b[i].id);
                        assert_int_equal(a[i].rank, a[i].shelter == JUDGE_OPEN ? i + 1 : 0);
                }
                if (v.action < 0)
                        continue;
                assert_int_equal(a[v.victim].id, b[w.victim].id);
                assert_int_equal(a[v.victim].shelter, JUDGE_OPEN);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_ladder_step_by_step),
                cmocka_unit_test(test_one_shortage_one_kill_then_another),
                cmocka_unit_test(test_who_does_not_die_is_passed_over),
                cmocka_unit_test(test_why_not),
                cmocka_unit_test(test_dry_run),
                cmocka_unit_test(test_step_up),
                cmocka_unit_test(test_marks),
                cmocka_unit_test(test_temporary_steps),
                cmocka_unit_test(test_past_the_kill_limit_nothing_is_done),
                cmocka_unit_test(test_shelter),
                cmocka_unit_test(test_ranking),
                cmocka_unit_test(test_protection_is_discounted),
                cmocka_unit_test(test_growth_is_that_of_who_still_grows),
                cmocka_unit_test(test_a_choice_waits_for_what_it_is_made_by),
                cmocka_unit_test(test_same_input_same_verdict_and_never_the_sheltered),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
