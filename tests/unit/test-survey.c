/* Very many below one match: who holds or grows most is a candidate, whatever the order of the tree. */
#include "check.h"

#include <stdio.h>

#include "configs.h"
#include "supervisor/observe/watchlist.h"

#define SEC UINT64_C(1000000)
enum { MB = 1 << 20, MANY = 4000, PARENT = 5, FIRST = 10000, LARGE = FIRST + 3777, GROWING = FIRST + 2222 };

static int64_t held(uint64_t id, uint64_t now) {
        int64_t seconds = (int64_t) (now / SEC) - 1000;

        return id == PARENT  ? 900 * (int64_t) MB + seconds * 2 * MB
             : id == LARGE   ? 300 * (int64_t) MB
             : id == GROWING ? MB + seconds * 2 * MB
                             : (int64_t) (id % 7) * MB / 4;
}

static void round_of(Watchlist *w, const Tree *t, Batch *b, uint64_t now) {
        batch_clear(b);
        b->began_usec = now;
        assert_int_equal(watchlist_plan(w, t, b), 0);
        b->host = (HostReading) { .total = INT64_C(64000) * MB, .available = INT64_C(40000) * MB };
        for (size_t i = 0; i < b->n_tallies; i++) {
                b->tallies[i].time_usec = now;
                b->tallies[i].current = held(b->tallies[i].id, now);
        }
        for (size_t i = 0; i < b->n; i++) {
                BatchItem *item = &b->items[i];

                item->quick = item->close = false;
                item->populated = true;
                item->reading = (Reading) { .time_usec = now, .current = held(item->id, now), .unreclaimable = held(item->id, now),
                                            .limit = INT64_C(1000) * MB };
        }
        watchlist_take(w, b);
}

static const JudgeCandidate *named(const JudgeCandidate *c, size_t n, uint64_t id) {
        for (size_t i = 0; i < n; i++)
                if (c[i].id == id)
                        return &c[i];
        return NULL;
}

static void test_the_largest_of_very_many(void **state) {
        Config *config = config_of("[rule r]\nMatch=/p\nWhen=unreclaimable > 80%\nThen=kill\nRank=growth size\n");
        JudgeEverywhere everywhere = { .never = &config->reeve.never, .init_path = "", .own_path = "" };
        Batch b = { .n = 0 };
        Watchlist *w;
        Tree *t;
        char path[64];
        size_t n, open;
        JudgeCandidate *c;

        (void) state;
        assert_int_equal(tree_new(&t, &(TreeOptions) { .max_groups = 2 * MANY }, 1), 0);
        assert_true(tree_learn(t, &(TreeBirth) { .id = PARENT, .path = "/p", .owner = 0 }) > 0);
        for (uint64_t i = 0; i < MANY; i++) {
                (void) snprintf(path, sizeof(path), "/p/%lu", (unsigned long) i);
                assert_true(tree_learn(t, &(TreeBirth) { .id = FIRST + i, .path = path, .owner = 0 }) > 0);
        }
        assert_int_equal(watchlist_new(&w), 0);
        watchlist_configure(w, config, REEVE_MODE_ACT);
        assert_true(watchlist_born(w, PARENT, "/p"));
        for (uint64_t i = 0; i < 100; i++) {
                round_of(w, t, &b, 1000 * SEC + i * SEC / 5);
                assert_true(b.n <= WATCHLIST_CANDIDATES_MAX + 1);
                assert_true(b.n_tallies <= 1100);
        }
        c = watchlist_candidates(w, t, watchlist_match(w, 0), &everywhere, &n, &open);
        assert_true(n > 1 && n <= WATCHLIST_CANDIDATES_MAX);
        assert_true(open > 1);
        assert_int_equal(c[0].id, GROWING);
        assert_non_null(named(c, n, LARGE));
        /* What holds all of them is no leaf because most of them were left out. */
        assert_null(named(c, n, PARENT));
        batch_done(&b);
        w = watchlist_free(w);
        t = tree_free(t);
        (void) config_unref(config);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_largest_of_very_many),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
