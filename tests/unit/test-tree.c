#include "check.h"
#include "supervisor/tree/tree.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SEC UINT64_C(1000000000)

static Tree *make(size_t max, size_t keep, const char *watch) {
        const TreeOptions o = { .max_groups = max, .keep_dead = keep, .watch = watch };
        Tree *t = NULL;

        assert_int_equal(tree_new(&t, &o, 1), 0);
        return t;
}

static int born(Tree *t, uint64_t id, const char *path, uint32_t owner) {
        const TreeBirth b = { .id = id, .path = path, .owner = owner };

        return tree_learn(t, &b);
}

static int born_below(Tree *t, uint64_t id, uint64_t parent, const char *name, uint32_t owner) {
        const TreeBirth b = { .id = id, .parent_id = parent, .name = name, .owner = owner };

        return tree_learn(t, &b);
}

static void assert_path(const Tree *t, uint64_t id, const char *path) {
        char found[512];

        assert_int_equal(tree_path(t, id, found, sizeof(found)), strlen(path));
        assert_string_equal(found, path);
}

static void test_paths(void **state) {
        (void) state;
        Tree *t = make(0, 0, NULL);
        char small[4];

        assert_path(t, 1, "/");
        assert_int_equal(born(t, 20, "/a", 0), 1);
        assert_int_equal(born(t, 20, "/a", 0), 0);
        assert_int_equal(born_below(t, 21, 20, "b c", 0), 1);
        assert_int_equal(born(t, 22, "/a/b c/d", 0), 1);
        assert_int_equal(born_below(t, 30, 999, "x", 0), -ENOENT);
        assert_int_equal(born(t, 31, "nonsense", 0), -EINVAL);
        assert_int_equal(born(t, 31, "/a//b", 0), -EINVAL);
        assert_path(t, 22, "/a/b c/d");
        assert_int_equal(tree_path(t, 22, small, sizeof(small)), -ENAMETOOLONG);
        assert_int_equal(tree_path(t, 77, small, sizeof(small)), -ENOENT);
        assert_int_equal(tree_find(t, "/a/b c"), 21);
        assert_int_equal(tree_find(t, "/"), 1);
        assert_int_equal(tree_find(t, "/a/b"), 0);
        assert_true(tree_below(t, 22, 20));
        assert_true(tree_below(t, 22, 1));
        assert_false(tree_below(t, 20, 22));
        tree_free(t);
}

static void test_since_when(void **state) {
        (void) state;
        Tree *t = make(0, 0, NULL);
        TreeGroup g;

        assert_int_equal(tree_learn(t, &(TreeBirth) { .id = 10, .path = "/a", .now_nsec = 3 * SEC }), 1);
        assert_int_equal(tree_learn(t, &(TreeBirth) { .id = 10, .path = "/a", .now_nsec = 4 * SEC }), 0);
        assert_true(tree_get(t, 10, &g) && g.alive && g.since_nsec == 3 * SEC);
        tree_died(t, 10, NULL, 5 * SEC);
        assert_true(tree_get(t, 10, &g) && !g.alive && g.since_nsec == 5 * SEC);
        tree_free(t);
}

static void test_names_of_the_dead(void **state) {
        (void) state;
        Tree *t = make(0, 4, NULL);
        TreeCounts c;

        born(t, 10, "/a", 0);
        born(t, 11, "/a/b", 0);
        tree_died(t, 11, NULL, 1 * SEC);
        tree_died(t, 10, NULL, 1 * SEC);
        assert_path(t, 11, "/a/b");
        assert_int_equal(born(t, 12, "/a", 0), 1);
        assert_int_equal(tree_find(t, "/a"), 12);       /* the living one bears the name */
        assert_path(t, 11, "/a/b");
        assert_int_equal(born(t, 10, "/a", 0), 0);      /* a walk that saw it alive comes late */
        assert_int_equal(tree_find(t, "/a"), 12);
        tree_died(t, 50, "/gone", 2 * SEC);             /* never met alive */
        assert_path(t, 50, "/gone");
        assert_int_equal(tree_find(t, "/gone"), 50);
        assert_int_equal(born(t, 50, "/gone", 0), 0);
        for (uint64_t i = 0; i < 100; i++) {            /* young ones stay up to eight times keep_dead */
                char path[32];

                snprintf(path, sizeof(path), "/n%d", (int) i);
                born(t, 100 + i, path, 0);
                tree_died(t, 100 + i, NULL, 3 * SEC);
        }
        tree_counts(t, &c);
        assert_int_equal(c.dead, 32);
        assert_true(c.forgotten > 0);
        assert_path(t, 199, "/n99");
        tree_prepare(t, 100 * SEC);                     /* old ones stay up to keep_dead */
        tree_counts(t, &c);
        assert_int_equal(c.dead, 4);
        assert_path(t, 199, "/n99");
        tree_free(t);
}

static void test_a_dead_parent_waits_for_its_children(void **state) {
        (void) state;
        Tree *t = make(0, 1, NULL);
        TreeCounts c;

        born(t, 10, "/p", 0);
        born(t, 11, "/p/c", 7);
        tree_died(t, 11, NULL, SEC);
        tree_died(t, 10, NULL, SEC);
        for (uint64_t i = 0; i < 20; i++) {
                born(t, 100 + i, "/x", 0);
                tree_died(t, 100 + i, NULL, SEC);
        }
        assert_path(t, 11, "/p/c");
        tree_prepare(t, 200 * SEC);
        tree_counts(t, &c);
        assert_true(c.dead <= 2);
        tree_free(t);
}

static void test_bounds(void **state) {
        (void) state;
        Tree *t = make(40, 0, NULL);
        TreeCounts c;
        int kept = 0;

        born(t, 2, "/user", 0);
        born(t, 3, "/user/1000", 1000);
        for (uint64_t i = 0; i < 30; i++) {
                char path[32];

                snprintf(path, sizeof(path), "/user/1000/%d", (int) i);
                kept += born(t, 100 + i, path, TREE_OWNER_UNKNOWN) == 1;
        }
        assert_int_equal(kept, 9);                      /* a quarter of 40, with his own directory */
        assert_int_equal(tree_owner_near(t, "/user/1000/29/below"), 1000);      /* refused, and his all the same */
        assert_int_equal(tree_owner_near(t, "/user/1001"), 0);
        for (uint64_t i = 0; i < 60; i++) {
                char path[32];

                snprintf(path, sizeof(path), "/s%d", (int) i);
                kept += born(t, 500 + i, path, 0) == 1;
        }
        tree_counts(t, &c);
        assert_int_equal(c.alive, 40);
        assert_int_equal(c.refused_owner, 21);
        assert_true(c.refused > 0);
        tree_free(t);
}

static void test_watch(void **state) {
        (void) state;
        Tree *t = make(0, 0, "/a/b/");
        TreeCounts c;

        assert_int_equal(born(t, 2, "/a", 0), 1);
        assert_int_equal(born_below(t, 3, 2, "b", 0), 1);
        assert_int_equal(born_below(t, 4, 3, "c", 0), 1);
        assert_int_equal(born_below(t, 5, 2, "bb", 0), -ERANGE);
        assert_int_equal(born(t, 6, "/x", 0), -ERANGE);
        tree_counts(t, &c);
        assert_int_equal(c.outside, 2);
        assert_int_equal(tree_watch(t, "/x/"), 0);
        assert_int_equal(born(t, 6, "/x", 0), 1);
        assert_int_equal(born(t, 7, "/a/b/d", 0), -ERANGE);
        tree_free(t);
}

static void test_detached(void **state) {
        (void) state;
        Tree *t = make(0, 0, NULL);
        TreeGroup g;
        bool owned[4];

        assert_int_equal(born(t, 5, "/lost/x/y", 0), 1);
        assert_path(t, 5, "/lost/x/y");
        assert_int_equal(tree_find(t, "/lost/x/y"), 5);
        assert_true(tree_get(t, 5, &g));
        assert_string_equal(g.name, "y");
        assert_false(g.root_owned);
        assert_int_equal(tree_owners(t, 5, owned, NULL, 4), 0);
        born(t, 3, "/lost", 0);
        born(t, 4, "/lost/x", 0);
        born_below(t, 5, 4, "y", 0);
        assert_path(t, 5, "/lost/x/y");
        assert_true(tree_get(t, 5, &g));
        assert_true(g.root_owned);
        assert_int_equal(g.parent_id, 4);
        assert_int_equal(tree_owners(t, 5, owned, NULL, 4), 3);
        assert_true(owned[0] && owned[1] && owned[2]);
        tree_free(t);
}

/* Contradictions make no circle: what is to hang on its own child stays where it is. Found by the fuzzer. */
static void test_no_circles(void **state) {
        (void) state;
        Tree *t = make(0, 0, NULL);

        assert_int_equal(born(t, 40, "/lost/x", 0), 1);
        assert_int_equal(born_below(t, 41, 40, "y", 0), 1);
        assert_int_equal(born_below(t, 42, 41, "z", 0), 1);
        assert_int_equal(born_below(t, 40, 42, "x", 0), 0);
        assert_path(t, 42, "/lost/x/y/z");
        assert_path(t, 40, "/lost/x");
        tree_free(t);
}

static void test_walk(void **state) {
        (void) state;
        Tree *t = make(0, 0, NULL);
        TreeGroup g;

        born(t, 2, "/a", 0);
        born(t, 3, "/b", 0);
        tree_walk_begin(t);
        born(t, 2, "/a", 0);
        born(t, 4, "/c", 0);
        tree_walk_end(t, SEC);
        assert_true(tree_get(t, 2, &g) && g.alive);
        assert_true(tree_get(t, 3, &g) && !g.alive);
        assert_true(tree_get(t, 4, &g) && g.alive);
        tree_free(t);
}

#define CONTAINER "4fe1c0de00aa11bb22cc33dd44ee55ff66778899aabbccddeeff001122334455"

static void test_first_process(void **state) {
        (void) state;
        Tree *t = make(0, 0, NULL);
        TreeGroup g;

        assert_int_equal(born(t, 2, "/a", 0), 1);
        assert_true(tree_get(t, 2, &g));
        assert_int_equal(g.first_pid, 0);
        tree_first(t, 2, (TreeProcess) { .pid = 0 });
        tree_first(t, 2, (TreeProcess) { .pid = 50, .start_nsec = 7 });
        tree_first(t, 2, (TreeProcess) { .pid = 51, .start_nsec = 8 });         /* the first answer stays */
        tree_first(t, 99, (TreeProcess) { .pid = 52, .start_nsec = 9 });
        tree_died(t, 2, NULL, 10 * SEC);
        assert_true(tree_get(t, 2, &g));
        assert_int_equal(g.first_pid, 50);
        assert_int_equal(g.first_start_nsec, 7);
        tree_free(t);
}

static void test_resolve(void **state) {
        (void) state;
        static const struct {
                const char *word;
                size_t n;
                uint64_t id;
        } table[] = {
                { "/system.slice/web.service", 1, 3 }, { "/system.slice/web.service/", 1, 3 }, { "web.service", 1, 3 },
                { "web", 0, 0 },                       { "id:3", 1, 3 },                       { "id:", 0, 0 },
                { "id:3x", 0, 0 },                     { "id:99", 0, 0 },                      { "4fe1c0de00aa", 1, 4 },
                { CONTAINER, 1, 4 },                   { "4fe1c0de00a", 0, 0 },                { "fe1c0de00aa1", 0, 0 },
                { "shop/cart-0", 1, 4 },                 { "nginx", 1, 4 },                      { "shop", 0, 0 },
                { "shop/cart", 0, 0 },           { "app.scope", 2, 0 },                  { "/", 1, 1 },
                { "old.service", 1, 8 }, { "loop.service", 1, 59 }, { "both.service", 2, 159 },               { "", 0, 0 },
        };
        Tree *t = make(0, 0, NULL);
        uint64_t ids[4];

        born(t, 2, "/system.slice", 0);
        born(t, 3, "/system.slice/web.service", 0);
        born(t, 4, "/system.slice/docker-" CONTAINER ".scope", 0);
        assert_int_equal(tree_label(t, 4, "shop_cart-0_a0b1/nginx"), 0);
        born(t, 5, "/user1", 1);
        born(t, 6, "/user1/app.scope", 1);
        born(t, 7, "/system.slice/app.scope", 0);
        born(t, 8, "/system.slice/old.service", 0);
        tree_died(t, 8, NULL, SEC);
        born(t, 9, "/user1/web.service", 1);
        tree_died(t, 9, NULL, SEC);
        /* A service that starts again and again is one name, and one of two where a user has another. */
        for (uint64_t id = 20; id < 60; id++) {
                born(t, id, "/system.slice/loop.service", 0);
                tree_died(t, id, NULL, SEC);
                born(t, id + 100, "/user1/both.service", 0);
                tree_died(t, id + 100, NULL, SEC);
        }
        born(t, 200, "/system.slice/both.service", 0);
        tree_died(t, 200, NULL, SEC);
        for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
                assert_int_equal(tree_resolve(t, table[i].word, ids, 4), table[i].n);
                if (table[i].id)
                        assert_int_equal(ids[0], table[i].id);
        }
        assert_int_equal(tree_resolve(t, "app.scope", ids, 1), 2);
        tree_free(t);
}

static void test_ten_thousand_are_compact(void **state) {
        (void) state;
        Tree *t = make(0, 0, NULL);
        TreeCounts c;

        born(t, 2, "/system.slice", 0);
        for (uint64_t i = 0; i < 10000; i++) {
                char name[64];

                snprintf(name, sizeof(name), "docker-container-with-a-long-name-%05d.scope", (int) i);
                assert_int_equal(born_below(t, 100 + i, 2, name, 0), 1);
        }
        tree_counts(t, &c);
        assert_int_equal(c.alive, 10002);
        assert_true(c.bytes / c.alive < 300);
        for (uint64_t i = 0; i < 10000; i++)
                tree_died(t, 100 + i, NULL, SEC);
        tree_prepare(t, 100 * SEC);
        tree_counts(t, &c);
        assert_int_equal(c.alive, 2);
        assert_int_equal(c.dead, 4096);
        tree_free(t);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_paths),     cmocka_unit_test(test_since_when),     cmocka_unit_test(test_names_of_the_dead),
                cmocka_unit_test(test_a_dead_parent_waits_for_its_children),
                cmocka_unit_test(test_bounds),    cmocka_unit_test(test_watch),
                cmocka_unit_test(test_detached),  cmocka_unit_test(test_no_circles),
  cmocka_unit_test(test_walk),
                cmocka_unit_test(test_first_process),
                cmocka_unit_test(test_resolve),   cmocka_unit_test(test_ten_thousand_are_compact),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
