#include "check.h"

#include <stdio.h>
#include <string.h>

#include "configs.h"
#include "supervisor/observe/watchlist.h"

#define SEC UINT64_C(1000000)
enum { MB = 1 << 20 };

/* The tree of all tests: /a has /a/one, /a/two (with /a/two/x and /a/two/y) and /a/sshd; /b is apart. */
static const struct { uint64_t id; const char *path; } cgroups[] = {
        { 2, "/a" }, { 3, "/a/one" }, { 4, "/a/two" }, { 5, "/a/two/x" }, { 6, "/a/two/y" }, { 7, "/a/sshd" }, { 8, "/b" },
};

static Tree *tree_of(void) {
        Tree *t;

        assert_int_equal(tree_new(&t, &(TreeOptions) { .max_groups = 100 }, 1), 0);
        for (size_t i = 0; i < sizeof(cgroups) / sizeof(*cgroups); i++)
                assert_true(tree_learn(t, &(TreeBirth) { .id = cgroups[i].id, .path = cgroups[i].path, .owner = 0 }) > 0);
        return t;
}

static void all_born(Watchlist *w) {
        for (size_t i = 0; i < sizeof(cgroups) / sizeof(*cgroups); i++)
                (void) watchlist_born(w, cgroups[i].id, cgroups[i].path);
}

static bool planned(const Batch *b, uint64_t id) {
        for (size_t i = 0; i < b->n; i++)
                if (b->items[i].id == id)
                        return true;
        return false;
}

/* Fills a round as an eye would: each cgroup holds its id in MB, /a has @used of 100 MB. */
static void see(Batch *b, uint64_t now, int64_t used) {
        b->host = (HostReading) { .total = INT64_C(8000) * MB, .available = INT64_C(4000) * MB };
        for (size_t i = 0; i < b->n; i++) {
                BatchItem *item = &b->items[i];

                item->quick = item->close = false;
                item->populated = item->id != 6;
                item->oom_group = item->id == 4;
                item->reading = (Reading) { .time_usec = now, .limit = 100 * MB,
                                            .unreclaimable = item->id == 2 ? used : (int64_t) item->id * MB };
        }
}

static void look(Watchlist *w, const Tree *t, Batch *b, uint64_t now, int64_t used) {
        batch_clear(b);
        b->began_usec = now;
        assert_int_equal(watchlist_plan(w, t, b), 0);
        see(b, now, used);
        watchlist_take(w, b);
}

/* What a test works on: rules, the tree, and the watchlist that has heard of all its cgroups. */
typedef struct Bed {
        Config *config;
        Tree *t;
        Watchlist *w;
        Batch b;
} Bed;

static Bed bed_of(const char *rules) {
        Bed bed = { .config = config_of(rules), .t = tree_of() };

        assert_int_equal(watchlist_new(&bed.w), 0);
        watchlist_configure(bed.w, bed.config, REEVE_MODE_ACT);
        all_born(bed.w);
        return bed;
}

static void bed_done(Bed *bed) {
        batch_done(&bed->b);
        bed->w = watchlist_free(bed->w);
        bed->t = tree_free(bed->t);
        (void) config_unref(bed->config);
}

/* Nothing is looked at for rules that are off, that match nothing, or in Mode=watch. */
static void test_nothing_to_look_at_is_nothing(void **state) {
        Config *off = config_of("[rule r]\nMatch=/a\nWhen=usage > 1M\nThen=notify\nEnabled=no\n"),
               *on = config_of("[rule r]\nMatch=/a\nWhen=usage > 1M\nThen=notify\n");
        Watchlist *w;

        (void) state;
        assert_int_equal(watchlist_new(&w), 0);
        assert_false(watchlist_born(w, 2, "/a"));
        watchlist_configure(w, off, REEVE_MODE_ACT);
        assert_false(watchlist_born(w, 2, "/a"));
        watchlist_configure(w, on, REEVE_MODE_WATCH);
        assert_false(watchlist_born(w, 2, "/a"));
        watchlist_configure(w, on, REEVE_MODE_ACT);
        assert_false(watchlist_born(w, 8, "/b"));
        assert_true(watchlist_born(w, 2, "/a"));
        assert_false(watchlist_born(w, 2, "/a"));
        assert_int_equal(watchlist_pairs(w), 1);
        watchlist_died(w, 2);
        assert_int_equal(watchlist_pairs(w), 0);
        w = watchlist_free(w);
        (void) config_unref(on);
        (void) config_unref(off);
}

/* Kills belong to the shortage that was open where they happened, or above. */
static void test_an_incident_is_what_is_open_nearest_above(void **state) {
        static const struct { const char *why; uint64_t id, usec, want; } rows[] = {
                { "of the match itself", 2, 9, 5 },     { "of what is above", 3, 9, 5 },        { "the nearest", 4, 9, 7 },
                { "the nearest above", 5, 9, 7 },       { "not a sibling's", 8, 9, 0 },         { "as it began", 4, 7, 7 },
                { "before it began", 4, 6, 5 },         { "before any began", 4, 4, 0 },        { "nobody knows it", 99, 9, 0 },
                { "no id", 0, 9, 0 },
        };
        Bed bed = bed_of("[rule r]\nMatch=/a\nMatch=/a/two\nMatch=/b\nWhen=usage > 1M\nThen=notify\n"
                         "[rule second]\nMatch=/a\nWhen=usage > 1M\nThen=notify\n");

        (void) state;
        look(bed.w, bed.t, &bed.b, SEC, 10 * MB);
        watchlist_rouse(bed.w, 2);
        watchlist_rouse(bed.w, 4);
        watchlist_named(bed.w, 2, "r")->judge.incident = 6;
        watchlist_named(bed.w, 2, "second")->judge.incident = 5;
        watchlist_named(bed.w, 4, "r")->judge.incident = 7;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
                if (watchlist_incident(bed.w, bed.t, rows[i].id, rows[i].usec) != rows[i].want)
                        fail_msg("%s: %d", rows[i].why, (int) watchlist_incident(bed.w, bed.t, rows[i].id, rows[i].usec));
        bed_done(&bed);
}

/* Far from anything only what is matched is read; near, all that lies below. */
static void test_what_is_far_is_looked_at_alone(void **state) {
        Bed bed = bed_of("[rule r]\nMatch=/a\nWhen=unreclaimable > 80%\nThen=kill\n");

        (void) state;
        look(bed.w, bed.t, &bed.b, SEC, 10 * MB);
        assert_int_equal(bed.b.n, 1);
        assert_true(watchlist_interval(bed.w, &bed.b.host) >= 80000);
        look(bed.w, bed.t, &bed.b, 2 * SEC, 60 * MB);
        look(bed.w, bed.t, &bed.b, 3 * SEC, 60 * MB);
        assert_int_equal(bed.b.n, 6);
        assert_true(planned(&bed.b, 5) && planned(&bed.b, 7));
        assert_false(planned(&bed.b, 8));
        assert_int_equal(watchlist_interval(bed.w, &bed.b.host), 200000);
        bed_done(&bed);
}

/* While all is far two files are enough, but now and then all is read: limits may change where nothing else does. */
static void test_far_is_looked_at_quickly(void **state) {
        Bed bed = bed_of("[rule r]\nMatch=/a\nWhen=unreclaimable > 80%\nThen=kill\n");

        (void) state;
        for (uint64_t n = 1; n < 40; n++) {
                batch_clear(&bed.b);
                bed.b.began_usec = n * 2 * SEC;
                assert_int_equal(watchlist_plan(bed.w, bed.t, &bed.b), 0);
                assert_int_equal(bed.b.items[0].quick, n != 1 && (n - 1) % 5 != 0);
                if (bed.b.items[0].quick)
                        bed.b.items[0].reading.time_usec = n * 2 * SEC;
                else
                        see(&bed.b, n * 2 * SEC, 10 * MB);
                watchlist_take(bed.w, &bed.b);
        }
        look(bed.w, bed.t, &bed.b, 100 * SEC, 60 * MB);
        batch_clear(&bed.b);
        bed.b.began_usec = 101 * SEC;
        assert_int_equal(watchlist_plan(bed.w, bed.t, &bed.b), 0);
        for (size_t i = 0; i < bed.b.n; i++)
                assert_false(bed.b.items[i].quick);
        bed_done(&bed);
}

static bool read_whole(Bed *bed, uint64_t now) {
        batch_clear(&bed->b);
        bed->b.began_usec = now;
        assert_int_equal(watchlist_plan(bed->w, bed->t, &bed->b), 0);
        assert_int_equal(bed->b.n, 1);
        return !bed->b.items[0].quick && !bed->b.items[0].close;
}

/* Bug: of who held files of a tmpfs a quick look sees no change when he is killed, and he was chosen again for ever. */
static void test_who_was_ended_is_looked_at_whole(void **state) {
        Bed bed = bed_of("[rule r]\nMatch=/a\nWhen=unreclaimable > 80%\nThen=kill\n");

        (void) state;
        look(bed.w, bed.t, &bed.b, SEC, 10 * MB);
        assert_false(read_whole(&bed, 3 * SEC));
        watchlist_ended(bed.w, bed.b.items[0].id, 5 * SEC);
        /* It was looked at before it was ended, and that came in after. */
        assert_true(read_whole(&bed, 6 * SEC));
        see(&bed.b, 4 * SEC, 10 * MB);
        watchlist_take(bed.w, &bed.b);
        assert_true(read_whole(&bed, 7 * SEC));
        see(&bed.b, 7 * SEC, 10 * MB);
        watchlist_take(bed.w, &bed.b);
        assert_false(read_whole(&bed, 9 * SEC));
        watchlist_ended(bed.w, 4711, 10 * SEC);
        assert_false(read_whole(&bed, 11 * SEC));
        bed_done(&bed);
}

/* Leaves, but what dies as one (memory.oom.group) is one; Never= shelters what holds it; who is empty is none. */
static void test_candidates(void **state) {
        Bed bed = bed_of("[reeve]\nNever=/a/sshd\n[rule r]\nMatch=/a\nWhen=unreclaimable > 80%\nThen=kill\n"
                                   "[rule listed]\nMatch=/a\nCandidates=/a/*\nWhen=unreclaimable > 80%\nThen=kill\nNever=/a/two/y\n");
        JudgeEverywhere everywhere = { .never = &bed.config->reeve.never, .init_path = "/init.scope", .own_path = "/reeve.slice" };
        size_t n, open;
        JudgeCandidate *c;

        (void) state;
        look(bed.w, bed.t, &bed.b, SEC, 90 * MB);
        look(bed.w, bed.t, &bed.b, 2 * SEC, 90 * MB);
        c = watchlist_candidates(bed.w, bed.t, watchlist_match(bed.w, 0), &everywhere, &n, &open);
        assert_int_equal(n, 3);
        assert_int_equal(open, 2);
        assert_string_equal(c[0].path, "/a/two");
        assert_string_equal(c[1].path, "/a/one");
        assert_int_equal(c[2].shelter, JUDGE_NEVER);
        c = watchlist_candidates(bed.w, bed.t, watchlist_match(bed.w, 1), &everywhere, &n, &open);
        assert_int_equal(n, 3);
        assert_int_equal(open, 1);
        assert_string_equal(c[0].path, "/a/one");
        for (size_t i = 1; i < n; i++)
                assert_int_equal(c[i].shelter, strcmp(c[i].path, "/a/two") == 0 ? JUDGE_NEVER_BELOW : JUDGE_NEVER);
        watchlist_died(bed.w, 4);
        tree_died(bed.t, 5, NULL, 1);
        tree_died(bed.t, 6, NULL, 1);
        tree_died(bed.t, 4, NULL, 1);
        c = watchlist_candidates(bed.w, bed.t, watchlist_match(bed.w, 0), &everywhere, &n, &open);
        assert_int_equal(n, 2);
        assert_string_equal(c[0].path, "/a/one");
        bed_done(&bed);
}

/* StepUp= takes the parent as a whole, never above the match; marks count where root owns who is marked, or who owns the match. */
/* Whom a rule may act on need not lie where it looks; and what shelters him is told as it would be when it chooses. */
static void test_one_that_is_asked_about(void **state) {
        static const char rules[] = "[reeve]\nNever=/a/sshd\n[rule far]\nMatch=/b\nCandidates=/a /a/two /a/one\nWhen=unreclaimable > 50%\n"
                                    "Then=kill\n[rule other]\nMatch=/a/two\nCandidates=/a/two/y\nWhen=unreclaimable > 50%\nThen=kill\n";
        JudgeEverywhere everywhere = { .init_path = "", .own_path = "" };
        Bed bed = bed_of(rules);
        const WatchlistMatch *far, *other;
        const char *never;

        (void) state;
        everywhere.never = &bed.config->reeve.never;
        for (uint64_t now = 10 * SEC; now < 90 * SEC; now += 2 * SEC)
                look(bed.w, bed.t, &bed.b, now, 10 * MB);
        assert_null(watchlist_named(bed.w, 8, "far"));                  /* it sleeps */
        watchlist_rouse_over(bed.w, bed.t, 5, 16);
        far = watchlist_named(bed.w, 8, "far");
        other = watchlist_named(bed.w, 4, "other");
        assert_true(far && other);
        assert_int_equal(watchlist_candidate(bed.t, far, 5), 4);        /* a part of /a/two */
        assert_int_equal(watchlist_candidate(bed.t, far, 3), 3);
        assert_int_equal(watchlist_candidate(bed.t, far, 8), 0);        /* where it looks */
        assert_int_equal(watchlist_candidate(bed.t, other, 5), 0);
        assert_int_equal(watchlist_shelter(bed.w, bed.t, far, &everywhere, 2, &never), JUDGE_NEVER_BELOW);
        assert_string_equal(never, "/a/sshd");
        assert_int_equal(watchlist_shelter(bed.w, bed.t, far, &everywhere, 7, &never), JUDGE_NEVER);
        assert_int_equal(watchlist_shelter(bed.w, bed.t, far, &everywhere, 4, &never), JUDGE_OPEN);
        assert_null(never);
        bed_done(&bed);
}

/* What is known of who is asked about: that it is empty, or marked by root. */
static void test_what_is_known_of_one_shelters_it(void **state) {
        JudgeEverywhere everywhere = { .init_path = "", .own_path = "" };
        Bed bed = bed_of("[rule r]\nMatch=/a\nWhen=unreclaimable > 50%\nThen=kill\n");
        WatchlistCgroup marked = { .id = 3, .known = true, .populated = true, .marks = JUDGE_MARK_OMIT },
                        empty = { .id = 5, .known = true }, whole = { .id = 4, .known = true, .populated = true };
        const WatchlistMatch *m;
        const char *never;

        (void) state;
        everywhere.never = &bed.config->reeve.never;
        watchlist_rouse_over(bed.w, bed.t, 3, 16);
        m = watchlist_named(bed.w, 2, "r");
        assert_non_null(m);
        assert_int_equal(watchlist_shelter(bed.w, bed.t, m, &everywhere, 3, &never), JUDGE_OPEN);      /* nothing is known */
        assert_true(watchlist_restore(bed.w, &marked, "/a/one", false, false) && watchlist_restore(bed.w, &empty, "/a/two/x", false, false) &&
                    watchlist_restore(bed.w, &whole, "/a/two", false, false));
        assert_int_equal(watchlist_shelter(bed.w, bed.t, m, &everywhere, 3, &never), JUDGE_OMIT);
        assert_int_equal(watchlist_shelter(bed.w, bed.t, m, &everywhere, 5, &never), JUDGE_EMPTY);
        assert_int_equal(watchlist_shelter(bed.w, bed.t, m, &everywhere, 4, &never), JUDGE_OPEN);
        bed_done(&bed);
}

static void test_step_up_and_marks(void **state) {
        Bed bed = bed_of("[rule r]\nMatch=/a\nWhen=unreclaimable > 80%\nThen=kill\nStepUp=1\n");
        JudgeEverywhere everywhere = { .never = &bed.config->reeve.never, .init_path = "/init.scope", .own_path = "/reeve.slice" };
        size_t n, open;
        JudgeCandidate *c;

        (void) state;
        look(bed.w, bed.t, &bed.b, SEC, 90 * MB);
        batch_clear(&bed.b);
        bed.b.began_usec = 2 * SEC;
        assert_int_equal(watchlist_plan(bed.w, bed.t, &bed.b), 0);
        see(&bed.b, 2 * SEC, 90 * MB);
        for (size_t i = 0; i < bed.b.n; i++) {
                bed.b.items[i].marks = bed.b.items[i].id == 3 ? JUDGE_MARK_PREFER : bed.b.items[i].id == 4 ? JUDGE_MARK_OMIT : 0;
                if (bed.b.items[i].id == 7)
                        bed.b.items[i].marks = JUDGE_MARK_AVOID;
        }
        watchlist_take(bed.w, &bed.b);
        c = watchlist_candidates(bed.w, bed.t, watchlist_match(bed.w, 0), &everywhere, &n, &open);
        assert_int_equal(n, 3);
        assert_int_equal(open, 2);
        assert_string_equal(c[0].path, "/a/one");
        assert_int_equal(c[1].preference, -1);
        assert_int_equal(c[2].shelter, JUDGE_OMIT);
        for (size_t i = 0; i < bed.b.n; i++)
                bed.b.items[i].owner = bed.b.items[i].id == 3 || bed.b.items[i].id == 4 ? 1000 : 0;
        watchlist_take(bed.w, &bed.b);
        c = watchlist_candidates(bed.w, bed.t, watchlist_match(bed.w, 0), &everywhere, &n, &open);
        assert_int_equal(open, 3);
        assert_string_equal(c[0].path, "/a/two");
        watchlist_match(bed.w, 0)->judge.failures = 1;
        c = watchlist_candidates(bed.w, bed.t, watchlist_match(bed.w, 0), &everywhere, &n, &open);
        assert_int_equal(n, 4);
        assert_int_equal(open, 4);
        assert_string_equal(c[0].path, "/a");
        assert_string_equal(c[1].path, "/a/two");
        assert_true(c[0].rank == 1 && c[3].rank == 4);
        watchlist_match(bed.w, 0)->judge.failures = 9;
        c = watchlist_candidates(bed.w, bed.t, watchlist_match(bed.w, 0), &everywhere, &n, &open);
        assert_string_equal(c[0].path, "/a");
        everywhere.own_path = "/a/sshd";
        c = watchlist_candidates(bed.w, bed.t, watchlist_match(bed.w, 0), &everywhere, &n, &open);
        assert_int_equal(n, 4);
        assert_int_equal(open, 2);
        assert_string_equal(c[0].path, "/a/two");
        bed_done(&bed);
}

/* Cgroups without memory of their own (5, 6) are a part of who has it (4); what was never read is not chosen by a guess. */
static void test_nobody_is_chosen_by_a_guess(void **state) {
        Bed bed = bed_of("[rule r]\nMatch=/a\nWhen=unreclaimable > 80%\nThen=kill\n");
        JudgeEverywhere everywhere = { .never = &bed.config->reeve.never, .init_path = "", .own_path = "" };
        size_t n, open;
        JudgeCandidate *c;

        (void) state;
        assert_int_equal(watchlist_count(bed.w), 0);
        watchlist_rouse(bed.w, 2);
        assert_int_equal(watchlist_count(bed.w), 1);
        c = watchlist_candidates(bed.w, bed.t, watchlist_match(bed.w, 0), &everywhere, &n, &open);
        assert_int_equal(n, 4);
        assert_int_equal(open, 0);
        assert_int_equal(c[0].shelter, JUDGE_UNREAD);
        look(bed.w, bed.t, &bed.b, SEC, 90 * MB);
        batch_clear(&bed.b);
        bed.b.began_usec = 2 * SEC;
        assert_int_equal(watchlist_plan(bed.w, bed.t, &bed.b), 0);
        see(&bed.b, 2 * SEC, 90 * MB);
        for (size_t i = 0; i < bed.b.n; i++) {
                bed.b.items[i].oom_group = false;
                if (bed.b.items[i].id == 5 || bed.b.items[i].id == 6)
                        bed.b.items[i].reading.current = bed.b.items[i].reading.unreclaimable = READING_UNKNOWN;
        }
        watchlist_take(bed.w, &bed.b);
        c = watchlist_candidates(bed.w, bed.t, watchlist_match(bed.w, 0), &everywhere, &n, &open);
        assert_int_equal(n, 3);
        assert_int_equal(open, 3);
        assert_string_equal(c[0].path, "/a/sshd");
        assert_string_equal(c[1].path, "/a/two");
        bed_done(&bed);
}

/* Thousands come and go: what stays is found, what went is not. */
static void test_many_come_and_go(void **state) {
        Config *config = config_of("[rule r]\nMatch=/g/**\nWhen=usage > 1M\nThen=notify\n");
        Watchlist *w;
        char path[64];

        (void) state;
        assert_int_equal(watchlist_new(&w), 0);
        watchlist_configure(w, config, REEVE_MODE_ACT);
        for (uint64_t id = 10; id < 1010; id++) {
                (void) snprintf(path, sizeof(path), "/g/%lu", (unsigned long) id);
                assert_true(watchlist_born(w, id * 64, path));
        }
        for (uint64_t id = 10; id < 1010; id += 2)
                watchlist_died(w, id * 64);
        assert_int_equal(watchlist_pairs(w), 500);
        for (uint64_t id = 10; id < 1010; id += 2) {
                (void) snprintf(path, sizeof(path), "/g/%lu", (unsigned long) id);
                assert_true(watchlist_born(w, id * 64, path));
                (void) snprintf(path, sizeof(path), "/g/%lu", (unsigned long) id + 1);
                assert_false(watchlist_born(w, (id + 1) * 64, path));
        }
        assert_int_equal(watchlist_pairs(w), 1000);
        w = watchlist_free(w);
        (void) config_unref(config);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_an_incident_is_what_is_open_nearest_above),
                cmocka_unit_test(test_nothing_to_look_at_is_nothing),
                cmocka_unit_test(test_what_is_far_is_looked_at_alone),
                cmocka_unit_test(test_far_is_looked_at_quickly),
                cmocka_unit_test(test_who_was_ended_is_looked_at_whole),
                cmocka_unit_test(test_candidates),
                cmocka_unit_test(test_one_that_is_asked_about),
                cmocka_unit_test(test_what_is_known_of_one_shelters_it),
                cmocka_unit_test(test_step_up_and_marks),
                cmocka_unit_test(test_nobody_is_chosen_by_a_guess),
                cmocka_unit_test(test_many_come_and_go),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
