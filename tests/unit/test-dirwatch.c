/* Runs on a tmpfs, whose inode numbers do for cgroup ids. */
#include "check.h"
#include "supervisor/tree/dirwatch.h"
#include "supervisor/tree/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct Fake {
        char root[64];
        Cgroupfs fs;
        Tree *tree;
        Dirwatch *watch;
        int walked;
} Fake;

static void make_dir(Fake *f, const char *path) {
        assert_int_equal(mkdirat(f->fs.root_fd, path + 1, 0755), 0);
}

static int set_up(void **state) {
        static Fake f;

        f = (Fake) { .root = "/dev/shm/reeve-dirwatch-XXXXXX" };
        if (!mkdtemp(f.root))
                return -1;
        f.fs.root_fd = open(f.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        snprintf(f.fs.root, sizeof(f.fs.root), "%s", f.root);
        *state = &f;
        return cgroupfs_id(f.fs.root_fd, &f.fs.root_id);
}

static int tear_down(void **state) {
        Fake *f = *state;
        char command[128];

        dirwatch_free(f->watch);
        tree_free(f->tree);
        cgroupfs_close(&f->fs);
        snprintf(command, sizeof(command), "rm -rf '%s'", f->root);
        return system(command);
}

static void start(Fake *f, const char *watched, bool follow) {
        const TreeOptions o = { .watch = watched };

        assert_int_equal(tree_new(&f->tree, &o, f->fs.root_id), 0);
        tree_walk_begin(f->tree);
        assert_int_equal(dirwatch_new(&f->watch, &f->fs, watched, follow), 0);
}

/* As the supervisor does it. */
static void take_news(Fake *f) {
        DirwatchBatch *b;

        ring_drain_fd(dirwatch_ring(f->watch));
        while ((b = dirwatch_take(f->watch))) {
                for (size_t i = 0; i < b->n; i++) {
                        const DirwatchNews *n = &b->news[i];
                        const TreeBirth birth = { .id = n->id, .parent_id = n->parent_id, .name = n->name, .owner = n->owner };

                        if (n->kind == DIRWATCH_BORN)
                                tree_learn(f->tree, &birth);
                        else if (n->kind == DIRWATCH_DIED)
                                tree_died(f->tree, n->id, NULL, n->time_nsec);
                        else if (n->kind == DIRWATCH_WALKING)
                                tree_walk_begin(f->tree);
                        else {
                                assert_true(n->complete);
                                tree_walk_end(f->tree, n->time_nsec);
                                f->walked++;
                        }
                }
                free(b);
        }
}

/* Until @path is (not) alive, 5 s at most. */
static bool wait_for(Fake *f, const char *path, bool alive) {
        for (int i = 0; i < 500; i++) {
                struct pollfd p = { .fd = ring_fd(dirwatch_ring(f->watch)), .events = POLLIN };
                TreeGroup g = { .alive = false };
                uint64_t id;

                take_news(f);
                id = tree_find(f->tree, path);
                if (id)
                        tree_get(f->tree, id, &g);
                if (g.alive == alive && f->walked)
                        return true;
                (void) poll(&p, 1, 10);
        }
        return false;
}

static void test_walk(void **state) {
        Fake *f = *state;
        TreeCounts c;

        make_dir(f, "/a");
        make_dir(f, "/a/b c");
        make_dir(f, "/a/b c/d");
        make_dir(f, "/e");
        start(f, "/", false);
        assert_true(wait_for(f, "/a/b c/d", true));
        tree_counts(f->tree, &c);
        assert_int_equal(c.alive, 5);
        assert_int_equal(unlinkat(f->fs.root_fd, "e", AT_REMOVEDIR), 0);
        make_dir(f, "/g");
        tree_walk_begin(f->tree);
        dirwatch_walk(f->watch);
        assert_true(wait_for(f, "/g", true));
        assert_true(wait_for(f, "/e", false));
}

static void test_follow(void **state) {
        Fake *f = *state;
        DirwatchCounts c;

        make_dir(f, "/a");
        start(f, "/", true);
        assert_true(wait_for(f, "/a", true));
        make_dir(f, "/a/b");
        make_dir(f, "/a/b/c");
        assert_true(wait_for(f, "/a/b/c", true));
        for (int i = 0; i < 300; i++) {
                make_dir(f, "/x");
                assert_int_equal(unlinkat(f->fs.root_fd, "x", AT_REMOVEDIR), 0);
        }
        make_dir(f, "/last");
        assert_true(wait_for(f, "/last", true));
        assert_true(wait_for(f, "/x", false));
        make_dir(f, "/x");
        assert_true(wait_for(f, "/x", true));
        assert_int_equal(unlinkat(f->fs.root_fd, "a/b/c", AT_REMOVEDIR), 0);
        assert_true(wait_for(f, "/a/b/c", false));
        dirwatch_counts(f->watch, &c);
        assert_int_equal(c.watches, 5);         /* root, a, a/b, last, x: none is left behind */
        assert_int_equal(c.unwatched, 0);
}

static void test_watched_part(void **state) {
        Fake *f = *state;
        TreeCounts c;

        make_dir(f, "/a");
        make_dir(f, "/a/b");
        make_dir(f, "/a/b/c");
        make_dir(f, "/a/bb");
        make_dir(f, "/e");
        start(f, "/a/b", true);
        assert_true(wait_for(f, "/a/b/c", true));
        make_dir(f, "/a/b/n");
        make_dir(f, "/a/no");
        assert_true(wait_for(f, "/a/b/n", true));
        tree_counts(f->tree, &c);
        assert_int_equal(c.alive, 5);
        assert_int_equal(c.outside, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_walk, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_follow, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_watched_part, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
