/* One shortage, one kill, also among siblings that are matched each by itself. */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "configs.h"
#include "supervisor/observe/judging.h"

#define SEC UINT64_C(1000000)
enum { MB = 1 << 20 };

typedef struct Bed {
        Config *config;
        Tree *tree;
        Judging judging;
        JudgingMemory memory;
        Batch batch;
        uint64_t bound[8];              /* what bounds the cgroup with that id */
        uint32_t comms[8];              /* which names live in it */
        unsigned looked;                /* how often anybody looked for them */
        int64_t mb[8];                  /* it holds, of 100; 0: 90 */
        int64_t full_usec, oom_kill;    /* of each */
        uint64_t decided[8];            /* on whom */
        uint64_t victims[8];
        JudgeVerdict verdicts[8];
        size_t n;
} Bed;

static bool decide(WatchlistMatch *m, const VerdictDecision *decision, void *userdata) {
        Bed *bed = userdata;

        if (decision->verdict->action < 0)
                return true;
        bed->verdicts[bed->n] = *decision->verdict;
        bed->victims[bed->n] = decision->verdict->victim < decision->n ? decision->candidates[decision->verdict->victim].id : 0;
        bed->decided[bed->n++] = m->cgroup->id;
        return true;
}

static void begin(Bed *bed, const char *rules) {
        static const struct { uint64_t id; const char *path; } cgroups[] = { { 2, "/p" }, { 3, "/p/a" }, { 4, "/p/b" }, { 5, "/q" } };

        *bed = (Bed) { .config = config_of(rules) };
        assert_int_equal(tree_new(&bed->tree, &(TreeOptions) { .max_groups = 100 }, 1), 0);
        assert_int_equal(watchlist_new(&bed->judging.watchlist), 0);
        bed->judging.tree = bed->tree;
        bed->judging.memory = &bed->memory;
        judging_recall(&bed->judging, 0);
        watchlist_configure(bed->judging.watchlist, bed->config, REEVE_MODE_ACT);
        for (size_t i = 0; i < sizeof(cgroups) / sizeof(*cgroups); i++) {
                assert_true(tree_learn(bed->tree, &(TreeBirth) { .id = cgroups[i].id, .path = cgroups[i].path, .owner = 0 }) > 0);
                (void) watchlist_born(bed->judging.watchlist, cgroups[i].id, cgroups[i].path);
        }
}

static void end(Bed *bed) {
        batch_done(&bed->batch);
        bed->judging.watchlist = watchlist_free(bed->judging.watchlist);
        bed->tree = tree_free(bed->tree);
        (void) config_unref(bed->config);
}

/* A round in which all that is looked at is over 80 of 100 MB, where nothing else is said. */
static void round_at(Bed *bed, uint64_t now) {
        Batch *b = &bed->batch;

        batch_clear(b);
        b->began_usec = now;
        assert_int_equal(watchlist_plan(bed->judging.watchlist, bed->tree, b), 0);
        b->host = (HostReading) { .total = INT64_C(8000) * MB, .available = INT64_C(4000) * MB };
        for (size_t i = 0; i < b->n; i++) {
                BatchItem *item = &b->items[i];
                int64_t bytes = (bed->mb[item->id] ? bed->mb[item->id] : 90) * MB;

                item->quick = item->close = false;
                item->populated = true;
                item->bound_id = bed->bound[item->id];
                item->comms = bed->comms[item->id] | COMMS_KNOWN;
                bed->looked += item->comms_wanted != BATCH_COMMS_NOWHERE;
                item->reading = (Reading) { .time_usec = now, .limit = 100 * MB, .unreclaimable = bytes, .current = bytes,
                                            .some_usec = bed->full_usec, .full_usec = bed->full_usec, .oom_kill = bed->oom_kill };
        }
        (void) judging_round(&bed->judging, b, now, decide, bed);
}

static const char each[] = "[rule r]\nMatch=/p/* /q\nWhen=unreclaimable > 80%\nThen=kill\nSettleSec=5s\n";

static void kill_done(Bed *bed, size_t i, uint64_t now) {
        for (size_t k = 0; k < watchlist_count(bed->judging.watchlist); k++) {
                WatchlistMatch *m = watchlist_match(bed->judging.watchlist, k);

                if (m->cgroup->id == bed->decided[i])
                        judging_done(&bed->judging, m, m->cgroup->id, &bed->verdicts[i], m->cgroup->id, REEVE_OUTCOME_DONE, now);
        }
}

/* /p is full: a and b take turns; /q has a shortage of its own. */
static void test_siblings_under_a_full_parent_take_turns(void **state) {
        uint64_t now = SEC;
        Bed bed;

        (void) state;
        begin(&bed, each);
        bed.bound[3] = bed.bound[4] = 2;
        for (int i = 0; i < 3; i++)
                round_at(&bed, now += SEC / 10);
        assert_int_equal(bed.n, 2);
        assert_true(bed.decided[0] + bed.decided[1] == 3 + 5 || bed.decided[0] + bed.decided[1] == 4 + 5);
        kill_done(&bed, 0, now);
        kill_done(&bed, 1, now);
        for (int i = 0; i < 40; i++)
                round_at(&bed, now += SEC / 10);
        assert_int_equal(bed.n, 2);                     /* freed memory may show late */
        for (int i = 0; i < 15; i++)
                round_at(&bed, now += SEC / 10);
        assert_true(bed.n > 2);
        end(&bed);
}

/* Each is full itself: nobody waits for another. */
static void test_shortages_of_their_own_do_not_wait(void **state) {
        Bed bed;

        (void) state;
        begin(&bed, each);
        for (uint64_t i = 1; i < 4; i++)
                round_at(&bed, SEC + i * SEC / 10);
        assert_int_equal(bed.n, 3);
        end(&bed);
}

/* The one that was killed is gone before it is said to be: its sibling waits all the same. */
static void test_a_dead_one_is_remembered(void **state) {
        uint64_t now = SEC, dead;
        Bed bed;

        (void) state;
        begin(&bed, "[rule r]\nMatch=/p/*\nWhen=unreclaimable > 80%\nThen=kill\nSettleSec=5s\n");
        bed.bound[3] = bed.bound[4] = 2;
        for (int i = 0; i < 3; i++)
                round_at(&bed, now += SEC / 10);
        assert_int_equal(bed.n, 1);
        dead = bed.decided[0];
        watchlist_died(bed.judging.watchlist, dead);
        tree_died(bed.tree, dead, NULL, 1);
        judging_done(&bed.judging, NULL, dead, &bed.verdicts[0], dead, REEVE_OUTCOME_DONE, now);
        for (int i = 0; i < 45; i++)
                round_at(&bed, now += SEC / 10);
        assert_int_equal(bed.n, 1);
        for (int i = 0; i < 15; i++)
                round_at(&bed, now += SEC / 10);
        assert_int_equal(bed.n, 2);
        end(&bed);
}

/* Since one died in it the parent is not full any more, and what bounds the other, who is over only now, is himself: it is one
 * shortage all the same. */
static void test_what_was_full_need_not_be_full_any_more(void **state) {
        uint64_t now = SEC;
        Bed bed;

        (void) state;
        begin(&bed, "[rule r]\nMatch=/p/*\nWhen=unreclaimable > 80%\nThen=kill\nSettleSec=5s\n");
        bed.bound[3] = bed.bound[4] = 2;
        bed.mb[4] = 50;
        for (int i = 0; i < 3; i++)
                round_at(&bed, now += SEC / 10);
        assert_int_equal(bed.n, 1);
        assert_int_equal(bed.decided[0], 3);
        kill_done(&bed, 0, now);
        watchlist_died(bed.judging.watchlist, 3);
        tree_died(bed.tree, 3, NULL, 1);
        bed.bound[4] = 4;
        bed.mb[4] = 90;
        for (int i = 0; i < 45; i++)
                round_at(&bed, now += SEC / 10);
        assert_int_equal(bed.n, 1);
        for (int i = 0; i < 15; i++)
                round_at(&bed, now += SEC / 10);
        assert_int_equal(bed.n, 2);
        end(&bed);
}

/* reeved is started anew, with what the spool kept. */
static void restart(Bed *bed, const char *rules, uint64_t now) {
        JudgingMemory kept = bed->memory;
        size_t n = bed->n;

        end(bed);
        begin(bed, rules);
        bed->memory = kept;
        bed->n = n;
        bed->bound[3] = bed->bound[4] = 2;
        judging_recall(&bed->judging, now);
}

/* Whether the kill was @done when reeved ended, or only decided: the next life waits for what it does, and counts it. What was
 * decided and could not be done is neither. */
static void test_a_restart_forgets_no_kill(void **state) {
        static const char rules[] = "[reeve]\nKillLimit=2 per 1h\n[rule r]\nMatch=/p/*\nWhen=unreclaimable > 80%\nThen=kill\nSettleSec=5s\n";

        (void) state;
        for (int done = 0; done < 3; done++) {
                uint64_t now = SEC;
                Bed bed;

                begin(&bed, rules);
                bed.bound[3] = bed.bound[4] = 2;
                for (int i = 0; i < 3; i++)
                        round_at(&bed, now += SEC / 10);
                assert_int_equal(bed.n, 1);
                if (done)
                        judging_done(&bed.judging, NULL, bed.decided[0], &bed.verdicts[0], bed.decided[0],
                                     done == 1 ? REEVE_OUTCOME_DONE : REEVE_OUTCOME_REFUSED, now);
                restart(&bed, rules, now);
                for (int i = 0; i < 45; i++)
                        round_at(&bed, now += SEC / 10);
                assert_int_equal(bed.n, done == 2 ? 2 : 1);             /* one shortage */
                if (done < 2) {
                        for (int i = 0; i < 15; i++)
                                round_at(&bed, now += SEC / 10);
                        assert_int_equal(bed.n, 2);
                }
                assert_false(judging_kill_limit(&bed.judging, now));
                kill_done(&bed, 1, now);
                restart(&bed, rules, now);
                assert_int_equal(judging_kill_limit(&bed.judging, now), done < 2);
                assert_false(judging_kill_limit(&bed.judging, now + 3600 * SEC));
                for (int i = 0; i < 100; i++)
                        round_at(&bed, now += SEC / 10);
                assert_int_equal(bed.n, done < 2 ? 2 : 3);
                end(&bed);
        }
}

/* What another reeved left there, or nobody, is not believed. */
static void test_memory_of_another_kind_is_begun_anew(void **state) {
        JudgingMemory memory;
        Judging j = { .memory = &memory };

        (void) state;
        memset(&memory, 0xff, sizeof(memory));
        judging_recall(&j, SEC);
        assert_true(memory.n_kills == 0 && memory.n_recent == 0 && memory.recent[0].match_id == 0);
}

/* The condition on /q that is named first. */
static bool first_holds(Bed *bed) {
        WatchlistMatch *m = watchlist_named(bed->judging.watchlist, 5, "r");

        return m && m->judge.conditions[0].holds;
}

/* A day's counting beside it does not blunt a window of two seconds: a stall of half a minute is seen at the first look, which is
 * within two seconds where all was calm, and no longer than it lasts in the window. */
static void stall_beside(const char *span, unsigned phase) {
        char rules[256];
        uint64_t now = SEC, began, seen = 0, gone = 0;
        Bed bed;

        (void) snprintf(rules, sizeof(rules), "[rule r]\nMatch=/q\nWhen=memory.full over 2s > 20%%\nWhen=oom_kill > 0 per %s\nThen=notify\n", span);
        begin(&bed, rules);
        bed.mb[5] = 60;
        for (int i = 0; i < 700 + (int) phase % 37; i++, now += 2 * SEC - phase * 2500) {
                bed.oom_kill = i > 600;
                round_at(&bed, now);
        }
        for (began = now; now < began + 30 * SEC; now += SEC / 5) {
                bed.full_usec = (int64_t) (now - began);
                round_at(&bed, now);
                seen = seen == 0 && first_holds(&bed) ? now : seen;
        }
        bed.full_usec = 30 * (int64_t) SEC;
        for (; now < began + 40 * SEC && !gone; now += SEC / 5) {
                round_at(&bed, now);
                gone = first_holds(&bed) ? 0 : now;
        }
        if (seen == 0 || seen > began + 5 * SEC / 2 || gone == 0 || gone > began + 32 * SEC)
                fail_msg("beside %s, phase %u: seen after %.1f s, gone after %.1f s", span, phase, ((double) seen - (double) began) / 1e6,
                         ((double) gone - (double) began) / 1e6);
        end(&bed);
}

static void test_a_long_window_does_not_blunt_a_short_one(void **state) {
        static const char *const spans[] = { "2s", "10min", "1h", "1d" };

        (void) state;
        for (size_t i = 0; i < sizeof(spans) / sizeof(*spans); i++)
                for (unsigned phase = 0; phase < 400; phase += 13)
                        stall_beside(spans[i], phase);
}

/* Who holds a process of that name is chosen last or first; nobody looks for names before somebody is to be chosen. */
static void test_names_in_cgroups(void **state) {
        static const struct { const char *why, *rules; uint32_t a, b; uint64_t victim; unsigned looked; } rows[] = {
                { "nobody asks", "", 1, 1, 3, 0 },
                { "the larger one without them", "Avoid=comm:keep\n", 0, 0, 3, 3 },
                { "one that is avoided", "Avoid=comm:keep\n", 1, 0, 4, 3 },
                { "one that is preferred", "Prefer=comm:job\nAvoid=comm:keep\n", 2, 1, 4, 3 },
                { "both", "Prefer=comm:job\nAvoid=comm:keep\n", 3, 2, 3, 3 },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                char rules[256];
                uint64_t now = SEC;
                Bed bed;

                (void) snprintf(rules, sizeof(rules), "[rule r]\nMatch=/p\nWhen=unreclaimable > 80%%\nThen=kill\n%s", rows[i].rules);
                begin(&bed, rules);
                bed.comms[3] = rows[i].a;
                bed.comms[4] = rows[i].b;
                bed.mb[3] = 60;
                bed.mb[4] = 20;
                round_at(&bed, now += SEC / 10);
                round_at(&bed, now += SEC / 10);
                if (bed.n == 0) {
                        assert_int_equal(bed.looked, 0);
                        round_at(&bed, now += SEC / 10);
                }
                assert_int_equal(bed.n, 1);
                if (bed.victims[0] != rows[i].victim || bed.looked != rows[i].looked)
                        fail_msg("%s: victim %d, looked %u", rows[i].why, (int) bed.victims[0], bed.looked);
                end(&bed);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_siblings_under_a_full_parent_take_turns),
                cmocka_unit_test(test_shortages_of_their_own_do_not_wait),
                cmocka_unit_test(test_a_dead_one_is_remembered),
                cmocka_unit_test(test_what_was_full_need_not_be_full_any_more),
                cmocka_unit_test(test_a_restart_forgets_no_kill),
                cmocka_unit_test(test_memory_of_another_kind_is_begun_anew),
                cmocka_unit_test(test_a_long_window_does_not_blunt_a_short_one),
                cmocka_unit_test(test_names_in_cgroups),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
