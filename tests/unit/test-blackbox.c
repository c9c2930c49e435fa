#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supervisor/record/blackbox.h"

#define SEC UINT64_C(1000000)
#define BOOT "0123456789abcdef0123456789abcdef"
#define NOW INT64_C(1800000000000000)

static char directory[256];

static int begin(void **state) {
        (void) state;
        (void) snprintf(directory, sizeof(directory), "%s/blackbox-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
        return mkdtemp(directory) ? 0 : -1;
}

static Blackbox *open_box(size_t files, uint64_t bytes) {
        BlackboxOptions o = { .directory = directory, .boot_id = BOOT, .size = 4096, .max_files = files, .max_bytes = bytes };
        Blackbox *b = NULL;

        assert_int_equal(blackbox_new(&b, &o), 0);
        return b;
}

static void store(Blackbox *b, uint64_t from, uint64_t to, const char *text) {
        const char *texts[] = { text, "end\n" };
        size_t lengths[] = { strlen(text), 4 };

        for (int i = 0; i < 2000; i++) {
                if (blackbox_store(b, &(BlackboxSpan) { from, to, NOW }, texts, lengths, 2))
                        return;
                (void) usleep(1000);
        }
        fail_msg("the thread does not write");
}

static size_t files_there(size_t *ret_bytes) {
        DIR *d = opendir(directory);
        struct dirent *e;
        size_t n = 0;

        *ret_bytes = 0;
        while ((e = readdir(d))) {
                struct stat st;

                if (e->d_name[0] == '.' || fstatat(dirfd(d), e->d_name, &st, 0) < 0)
                        continue;
                assert_int_equal(st.st_mode & 0777, 0640);
                *ret_bytes += (size_t) st.st_size;
                n++;
        }
        (void) closedir(d);
        return n;
}

/* The oldest go first, by number and by bytes, over restarts too; each is found by a moment of its boot. */
static void test_the_oldest_go_first(void **state) {
        Blackbox *b = open_box(3, 0);
        char path[512], text[128];
        size_t bytes;
        int fd;

        (void) state;
        (void) umask(0027);
        for (uint64_t i = 1; i <= 5; i++)
                store(b, i * 100 * SEC, (i * 100 + 50) * SEC, "reeve\n");
        b = blackbox_free(b, 10 * SEC);
        assert_int_equal(files_there(&bytes), 3);
        b = open_box(3, 0);
        assert_false(blackbox_find(b, BOOT, 220 * SEC, path, sizeof(path)));
        assert_false(blackbox_find(b, BOOT, 380 * SEC, path, sizeof(path)));
        assert_false(blackbox_find(b, "fedcba98-7654-3210-fedc-ba9876543210", 320 * SEC, path, sizeof(path)));
        assert_true(blackbox_find(b, "01234567-89ab-cdef-0123-456789abcdef", 350 * SEC, path, sizeof(path)));
        fd = open(path, O_RDONLY | O_CLOEXEC);
        assert_true(fd >= 0);
        assert_int_equal(read(fd, text, sizeof(text)), 10);
        assert_memory_equal(text, "reeve\nend\n", 10);
        (void) close(fd);
        b = blackbox_free(b, 10 * SEC);
        b = open_box(0, 25);
        store(b, 900 * SEC, 950 * SEC, "reeve\n");
        b = blackbox_free(b, 10 * SEC);
        assert_int_equal(files_there(&bytes), 2);
        assert_int_equal(bytes, 20);
}

static void test_what_is_too_long_is_counted(void **state) {
        static char text[5000];
        const char *texts[] = { text };
        size_t lengths[] = { sizeof(text) };
        Blackbox *b = open_box(0, 0);
        BlackboxCounts counts;

        (void) state;
        assert_false(blackbox_store(b, &(BlackboxSpan) { SEC, SEC, NOW }, texts, lengths, 1));
        blackbox_counts(b, &counts);
        assert_int_equal(counts.dropped, 1);
        assert_int_equal(counts.files, 2);
        b = blackbox_free(b, 10 * SEC);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_oldest_go_first),
                cmocka_unit_test(test_what_is_too_long_is_counted),
        };

        return cmocka_run_group_tests(tests, begin, NULL);
}
