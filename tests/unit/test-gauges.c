/* Who is looked at when nothing moves, and when one of many does: a model of cgroups, read as an eye would. */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "configs.h"
#include "supervisor/observe/watchlist.h"

#define SEC UINT64_C(1000000)
enum { MB = 1 << 20, MANY = 300, PARENT = 5, FIRST = 1000 };

typedef struct Cgroup {
        int64_t current, some_usec, max;
        int64_t limit;                  /* 0: 100 MB */
} Cgroup;

typedef struct Model {
        Config *config;
        Tree *tree;
        Watchlist *w;
        Batch batch;
        Cgroup cgroups[MANY];
        HostReading host;
        uint64_t now;
        int64_t strangers;              /* below the parent, but matched by no rule */
        size_t read;                    /* looks of the last round, tallies not counted */
} Model;

static Model *model(const char *text) {
        static Model m;
        char path[64];

        m = (Model) { .now = 1000 * SEC, .config = config_of(text),
                      .host = { .total = INT64_C(64000) * MB, .available = INT64_C(40000) * MB } };
        assert_int_equal(tree_new(&m.tree, &(TreeOptions) { .max_groups = 2 * MANY }, 1), 0);
        assert_int_equal(watchlist_new(&m.w), 0);
        watchlist_configure(m.w, m.config, REEVE_MODE_ACT);
        assert_true(tree_learn(m.tree, &(TreeBirth) { .id = PARENT, .path = "/p", .owner = 0 }) > 0);
        for (uint64_t i = 0; i < MANY; i++) {
                (void) snprintf(path, sizeof(path), "/p/%lu", (unsigned long) i);
                assert_true(tree_learn(m.tree, &(TreeBirth) { .id = FIRST + i, .path = path, .owner = 0 }) > 0);
                (void) watchlist_born(m.w, FIRST + i, path);
                m.cgroups[i].current = 10 * MB;
        }
        return &m;
}

static void model_done(Model *m) {
        batch_done(&m->batch);
        m->w = watchlist_free(m->w);
        m->tree = tree_free(m->tree);
        m->config = config_unref(m->config);
}

static Cgroup all(const Model *m) {
        Cgroup sum = { .current = m->strangers };

        for (size_t i = 0; i < MANY; i++) {
                sum.current += m->cgroups[i].current;
                sum.max += m->cgroups[i].max;
                if (m->cgroups[i].some_usec > sum.some_usec)
                        sum.some_usec = m->cgroups[i].some_usec;
        }
        return sum;
}

static Cgroup seen_of(const Model *m, uint64_t id) {
        return id == PARENT ? all(m) : m->cgroups[id - FIRST];
}

static void item_fill(const Model *m, BatchItem *i) {
        Cgroup c = seen_of(m, i->id);
        Reading now = { .time_usec = m->now, .current = c.current, .unreclaimable = c.current, .limit = c.limit ? c.limit : 100 * MB, .max = c.max,
                        .some_usec = c.some_usec, .swap_limit = READING_UNLIMITED, .throttle = READING_UNLIMITED };

        if (i->given)
                return;
        i->marked = true;
        if (i->quick && c.current == i->reading.current && c.some_usec == i->reading.some_usec && c.max == i->reading.max) {
                i->reading.time_usec = m->now;
                return;
        }
        i->quick = false;
        i->populated = true;
        i->reading = now;
}

static void round_of(Model *m) {
        batch_clear(&m->batch);
        m->batch.began_usec = m->now;
        assert_int_equal(watchlist_plan(m->w, m->tree, &m->batch), 0);
        m->batch.host = m->host;
        for (size_t i = 0; i < m->batch.n_tallies; i++) {
                BatchTally *t = &m->batch.tallies[i];
                Cgroup c = seen_of(m, t->id);

                t->time_usec = m->now;
                t->current = c.current;
                t->events = c.max;
                t->some_usec = c.some_usec;
        }
        m->read = 0;
        for (size_t i = 0; i < m->batch.n; i++) {
                item_fill(m, &m->batch.items[i]);
                m->read += !m->batch.items[i].given;
        }
        watchlist_take(m->w, &m->batch);
        m->now += watchlist_interval(m->w, &m->host);
}

static void run(Model *m, uint64_t usec) {
        for (uint64_t end = m->now + usec; m->now < end;)
                round_of(m);
}

static bool planned(const Model *m, uint64_t id) {
        for (size_t i = 0; i < m->batch.n; i++)
                if (m->batch.items[i].id == id)
                        return true;
        return false;
}

static bool awake(Model *m, uint64_t id) {
        for (size_t i = 0; i < watchlist_count(m->w); i++)
                if (watchlist_match(m->w, i)->cgroup->id == id)
                        return true;
        return false;
}

static const char heralded[] = "[rule r]\nMatch=/p/*\nWhen=memory.full over 10s > 20%\nWhen=unreclaimable > 50%\nThen=kill\n",
                  plain[] = "[rule r]\nMatch=/p/*\nWhen=unreclaimable > 80%\nThen=kill\n";

/* All are read once; then none but a few whose turn it is, and nobody is awake. */
static void test_where_nothing_moves_nobody_is_read(void **state) {
        const char *const rules[] = { heralded, plain };

        (void) state;
        for (size_t i = 0; i < 2; i++) {
                Model *m = model(rules[i]);

                run(m, 30 * SEC);
                for (int n = 0; n < 50; n++) {
                        round_of(m);
                        assert_true(m->read <= 4);
                        assert_int_equal(m->batch.n_tallies, 1);
                }
                assert_int_equal(watchlist_count(m->w), 0);
                assert_int_equal(watchlist_pairs(m->w), MANY);
                model_done(m);
        }
}

/* One that grows is found, is awake and looked at closely; and what it grew does not trouble the others. */
static void test_the_one_that_moves_is_found(void **state) {
        Model *m = model(plain);

        (void) state;
        run(m, 30 * SEC);
        for (int n = 0; n < 4; n++) {
                m->cgroups[77].current += 30 * MB / 2;
                round_of(m);
        }
        assert_true(awake(m, FIRST + 77));
        assert_int_equal(watchlist_count(m->w), 1);
        for (int n = 0; n < 40; n++) {
                m->cgroups[77].current += n % 2 ? 3 * MB : -3 * MB;
                round_of(m);
                assert_true(m->read <= 5);
        }
        assert_true(watchlist_interval(m->w, &m->host) <= 200000);
        /* A second one, while the first still moves. */
        m->cgroups[5].current += 25 * MB;
        m->cgroups[77].current -= 25 * MB;
        round_of(m);
        round_of(m);
        assert_true(awake(m, FIRST + 5));
        /* Both rest: in the end all sleep. */
        run(m, 60 * SEC);
        assert_int_equal(watchlist_count(m->w), 0);
        model_done(m);
}

/* A limit that somebody sets where nothing moves: who is told of is read in the next round, and nobody else. */
static void test_a_limit_that_is_set_is_seen(void **state) {
        Model *m = model(plain);
        size_t before;

        (void) state;
        m->cgroups[77].current = 30 * MB;
        run(m, 30 * SEC);
        assert_int_equal(watchlist_count(m->w), 0);
        m->cgroups[77].limit = 32 * MB;
        round_of(m);
        before = m->read;
        assert_false(awake(m, FIRST + 77));
        watchlist_limits(m->w, FIRST + 77);
        watchlist_limits(m->w, 4711);           /* nobody's */
        round_of(m);
        assert_true(planned(m, FIRST + 77) && m->read <= before + 5);
        assert_true(awake(m, FIRST + 77));
        assert_int_equal(watchlist_count(m->w), 1);
        round_of(m);
        assert_true(m->read <= 5);
        /* One above all of them, and when nobody knows whose it was. */
        for (int i = 0; i < 2; i++) {
                run(m, 10 * SEC);
                watchlist_limits(m->w, i ? 0 : PARENT);
                round_of(m);
                assert_true(m->read >= MANY);
        }
        run(m, 10 * SEC);
        assert_true(m->read <= 5);
        model_done(m);
}

/* Answers what a round asked for, as the flow does. */
static void guard_all(Model *m, bool there) {
        while (watchlist_next_herald(m->w))
                ;
        for (size_t i = 0; i < m->batch.n_guards; i++)
                watchlist_guarded(m->w, m->batch.guards[i].id, there);
}

static void run_guarded(Model *m, uint64_t usec, bool there) {
        for (uint64_t end = m->now + usec; m->now < end;) {
                round_of(m);
                guard_all(m, there);
        }
}

/* Where the kernel tells of all that rules wait for, nobody need look while nothing moves; else somebody must. */
static void test_calm(void **state) {
        static const struct { const char *rules; bool there, calm; } rows[] = {
                { heralded, true, true },
                { heralded, false, false },
                { plain, true, false },
                { "[rule r]\nMatch=/p/*\nWhen=memory.some over 10s > 0.5%\nThen=kill\n", true, false },
                { "[rule r]\nMatch=/p/*\nWhen=max > 5 per 10s\nThen=kill\n", true, true },
                { "[rule r]\nMatch=/p/*\nWhen=memory.some over 10s > 5%\nThen=kill\n[rule s]\nMatch=/p/7\nWhen=usage > 80%\nThen=kill\n", true, false },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                Model *m = model(rows[i].rules);

                assert_false(watchlist_calm(m->w));
                run_guarded(m, 60 * SEC, rows[i].there);
                if (watchlist_calm(m->w) != rows[i].calm)
                        fail_msg("%s: %s", rows[i].rules, rows[i].calm ? "not calm" : "calm");
                /* Who is born is looked at. */
                (void) watchlist_died(m->w, FIRST + 9);
                (void) watchlist_born(m->w, FIRST + 9, "/p/9");
                assert_false(watchlist_calm(m->w));
                run_guarded(m, 60 * SEC, rows[i].there);
                assert_int_equal(watchlist_calm(m->w), rows[i].calm);
                /* Who moves is looked at for as long as he does, and a while. */
                m->cgroups[200].some_usec += 5000000;
                m->cgroups[200].max++;
                round_of(m);
                round_of(m);
                assert_true(awake(m, FIRST + 200));
                assert_false(watchlist_calm(m->w));
                run_guarded(m, 60 * SEC, rows[i].there);
                assert_int_equal(watchlist_calm(m->w), rows[i].calm);
                watchlist_limits(m->w, FIRST + 3);
                assert_false(watchlist_calm(m->w));
                model_done(m);
        }
}

/* A stall and an event wake, also where memory stays as it is; and the history begins with how it was before. */
static void test_stalls_and_events_wake(void **state) {
        Model *m = model(heralded);
        const WatchlistMatch *match;
        double share;

        (void) state;
        run(m, 60 * SEC);
        m->cgroups[200].some_usec += 1000000;
        round_of(m);
        round_of(m);
        assert_int_equal(watchlist_count(m->w), 1);
        assert_true(awake(m, FIRST + 200));
        match = watchlist_match(m->w, 0);
        assert_true(observation_stall(&match->seen, false, 3 * SEC, &share));
        assert_true(share > 0.2);
        m->cgroups[3].max++;
        run(m, SEC);
        assert_true(awake(m, FIRST + 3));
        model_done(m);
}

/* The events of the parent are all that needs to be watched, once; whose they are is found at the next look. */
static void test_heralds(void **state) {
        Model *m = model(heralded);
        bool many;

        (void) state;
        run(m, 30 * SEC);
        assert_int_equal(watchlist_next_herald(m->w), PARENT);
        assert_int_equal(watchlist_next_herald(m->w), 0);
        assert_false(watchlist_herald(m->w, FIRST, &many));
        assert_true(watchlist_herald(m->w, PARENT, &many) && many);
        model_done(m);
}

/* Others below the same parent move: then all are looked at, none is found to have moved, and nobody wakes. */
static void test_strangers_wake_nobody(void **state) {
        Model *m = model(plain);

        (void) state;
        run(m, 30 * SEC);
        m->strangers += 500 * MB;
        run(m, 10 * SEC);
        assert_int_equal(watchlist_count(m->w), 0);
        round_of(m);
        assert_true(m->read <= 4);
        model_done(m);
}

/* What grew behind one that went away as large is found. */
static void test_a_death_hides_nobody(void **state) {
        Model *m = model(plain);

        (void) state;
        m->cgroups[10].current = 40 * MB;
        run(m, 30 * SEC);
        m->cgroups[10].current = 0;
        watchlist_died(m->w, FIRST + 10);
        m->cgroups[11].current += 40 * MB;
        run(m, 10 * SEC);
        assert_true(awake(m, FIRST + 11));
        model_done(m);
}

/* The host grows short for a rule that asks for it and for more: those of whom the rest may be true are found at once. */
static void test_a_short_host_wakes_whom_it_may_concern(void **state) {
        Model *m = model("[rule r]\nMatch=/p/*\nWhen=host.available < 10%\nWhen=unreclaimable > 30%\nThen=kill\n");

        (void) state;
        m->cgroups[42].current = 60 * MB;
        run(m, 60 * SEC);
        assert_int_equal(watchlist_count(m->w), 0);
        m->host.available = INT64_C(5000) * MB;
        run(m, 5 * SEC);
        assert_true(awake(m, FIRST + 42));
        assert_int_equal(watchlist_count(m->w), 1);
        model_done(m);
}

/* A ladder that came to its end, in a cgroup that stays where it is: no reason to look closely for ever. */
static void test_the_exhausted_are_left_alone(void **state) {
        Model *m = model(plain);

        (void) state;
        m->cgroups[9].current = 95 * MB;
        run(m, 10 * SEC);
        assert_int_equal(watchlist_count(m->w), 1);
        watchlist_match(m->w, 0)->judge.incident = 1;
        for (int n = 0; n < 10; n++) {
                round_of(m);
                assert_true(planned(m, FIRST + 9));
        }
        watchlist_match(m->w, 0)->judge.exhausted = true;
        run(m, 30 * SEC);
        for (int n = 0, looks = 0; n < 20; n++) {
                round_of(m);
                looks += planned(m, FIRST + 9);
                assert_true(looks <= 4);
        }
        assert_int_equal(watchlist_count(m->w), 1);
        model_done(m);
}

/* A hundred rules that match alike are one set; awake, each cgroup has all of them or none. */
static void test_many_rules(void **state) {
        char text[16384];
        size_t n = 0;
        Model *m;

        (void) state;
        for (int i = 0; i < 100; i++)
                n += (size_t) snprintf(text + n, sizeof(text) - n, "[rule r%d]\nMatch=/p/*\nWhen=unreclaimable > %d%%\nThen=notify\n", i, 80 + i % 19);
        m = model(text);
        run(m, 30 * SEC);
        assert_int_equal(watchlist_pairs(m->w), 100 * MANY);
        assert_int_equal(watchlist_count(m->w), 0);
        for (int i = 0; i < MANY; i++)
                m->cgroups[i].current = 95 * MB;
        run(m, 10 * SEC);
        assert_int_equal(watchlist_count(m->w), WATCHLIST_MATCHES_MAX / 100 * 100);
        assert_true(watchlist_refused(m->w) > 0);
        model_done(m);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_where_nothing_moves_nobody_is_read),
                cmocka_unit_test(test_the_one_that_moves_is_found),
                cmocka_unit_test(test_a_limit_that_is_set_is_seen),
                cmocka_unit_test(test_calm),
                cmocka_unit_test(test_stalls_and_events_wake),
                cmocka_unit_test(test_heralds),
                cmocka_unit_test(test_strangers_wake_nobody),
                cmocka_unit_test(test_a_death_hides_nobody),
                cmocka_unit_test(test_a_short_host_wakes_whom_it_may_concern),
                cmocka_unit_test(test_the_exhausted_are_left_alone),
                cmocka_unit_test(test_many_rules),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
