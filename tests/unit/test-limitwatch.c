/* Marks on the limits of cgroups and of those above them. Plain directories will do: inotify is the same. */
#include "check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supervisor/observe/batch.h"

/* /top has /top/a and /top/b; above them is what has no limits. */
static char root[] = "/tmp/reeve-limits-XXXXXX";
static const char *const names[] = { "/top", "/top/a", "/top/b" };
enum { TOP, A, B, N };

typedef struct Told {
        uint64_t ids[16];
        size_t n;
} Told;

static void put(const char *directory, const char *file) {
        char path[256];
        FILE *f;

        (void) snprintf(path, sizeof(path), "%s%s/%s", root, directory, file);
        f = fopen(path, "we");
        assert_non_null(f);
        (void) fputs("max\n", f);
        (void) fclose(f);
}

static void take(void *userdata, uint64_t id) {
        Told *t = userdata;

        if (t->n < 16)
                t->ids[t->n++] = id;
}

static Told drained(Limitwatch *l) {
        Told t = { .n = 0 };

        limitwatch_drain(l, take, &t);
        return t;
}

static void set_marks(Batch *b, const char *name, uint64_t *ret_id, unsigned files) {
        BatchItem item = { .mark_files = files };
        char path[256];
        int dirfd;

        (void) snprintf(path, sizeof(path), "%s%s", root, name);
        dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(dirfd >= 0);
        assert_int_equal(cgroupfs_id(dirfd, &item.id), 0);
        batch_marks_set(b, &item, dirfd);
        assert_true(item.marked);
        *ret_id = item.id;
        (void) close(dirfd);
}

static bool any_is(const Told *t, uint64_t id) {
        for (size_t i = 0; i < t->n; i++)
                if (t->ids[i] == id)
                        return true;
        return false;
}

static void test_who_writes_is_told(void **state) {
        uint64_t ids[N];
        Batch b = { .n = 0 };
        Limitwatch *l;
        Told t;

        (void) state;
        assert_non_null(mkdtemp(root));
        for (int i = 0; i < N; i++) {
                char path[256];

                (void) snprintf(path, sizeof(path), "%s%s", root, names[i]);
                assert_int_equal(mkdir(path, 0755), 0);
                put(names[i], "memory.max");
                put(names[i], "memory.high");
        }
        assert_int_equal(limitwatch_new(&l), 0);
        batch_clear(&b);
        b.limits_fd = limitwatch_fd(l);
        /* There is no memory.swap.max: then there is none to mark. */
        set_marks(&b, names[A], &ids[A], LIMITWATCH_MAX | LIMITWATCH_SWAP);
        set_marks(&b, names[B], &ids[B], LIMITWATCH_MAX | LIMITWATCH_SWAP);
        assert_int_equal(b.n_marks, 3);
        for (size_t i = 0; i < b.n_marks; i++)
                limitwatch_took(l, b.marks[i].id, b.marks[i].wds);
        ids[TOP] = b.marks[1].id;
        assert_true(b.marks[1].above);
        assert_int_equal(limitwatch_count(l), 3);
        assert_int_equal(drained(l).n, 0);
        put(names[B], "memory.high");           /* nobody asked for that one */
        assert_int_equal(drained(l).n, 0);
        put(names[B], "memory.max");
        t = drained(l);
        assert_true(any_is(&t, ids[B]) && !any_is(&t, ids[A]) && !any_is(&t, ids[TOP]));
        put(names[TOP], "memory.max");
        t = drained(l);
        assert_true(any_is(&t, ids[TOP]) && !any_is(&t, ids[A]));
        /* Another round marks the same: it stays one. */
        batch_clear(&b);
        b.limits_fd = limitwatch_fd(l);
        set_marks(&b, names[A], &ids[A], LIMITWATCH_MAX | LIMITWATCH_HIGH);
        for (size_t i = 0; i < b.n_marks; i++)
                limitwatch_took(l, b.marks[i].id, b.marks[i].wds);
        assert_int_equal(limitwatch_count(l), 5);
        limitwatch_forget(l, ids[B]);
        assert_int_equal(limitwatch_count(l), 4);
        put(names[B], "memory.max");
        assert_int_equal(drained(l).n, 0);
        limitwatch_clear(l);
        put(names[A], "memory.max");
        assert_int_equal(drained(l).n, 0);
        assert_int_equal(limitwatch_count(l), 0);
        batch_done(&b);
        l = limitwatch_free(l);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_who_writes_is_told) };
        char command[64];
        int r = cmocka_run_group_tests(tests, NULL, NULL);

        (void) snprintf(command, sizeof(command), "rm -r %s", root);
        return system(command) == 0 ? r : 1;
}
