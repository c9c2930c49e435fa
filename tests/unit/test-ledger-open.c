/* Opening: what is found there, what is made anew, what is set aside. */
#include "check.h"
#include "ledgers.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

/* How many files beside the ledger have @part in their name. */
static int files_with(const char *part) {
        DIR *d = opendir(folder);
        struct dirent *e;
        int n = 0;

        while ((e = readdir(d)))
                n += strstr(e->d_name, part) != NULL;
        closedir(d);
        return n;
}

static void test_a_crash_leaves_a_hole_and_a_stop_none(void **state) {
        LedgerOpening o;
        Ledger *l = ledger_open_with(NULL, &o);

        (void) state;
        assert_true(o.created);
        assert_int_equal(o.next_seq, 1);
        add_kill(l, 1, 0, "/a");
        l = ledger_close(l, 2);
        l = ledger_open_with(NULL, &o);
        assert_false(o.created);
        assert_int_equal(o.next_seq, 2);
        assert_int_equal(o.records, 1);
        assert_int_equal(o.last_time_usec, 1000000);
        l = ledger_close(l, 0);         /* as a crash leaves it */
        l = ledger_open_with(NULL, &o);
        assert_int_equal(o.next_seq, 2 + LEDGER_BLOCK);
        add_kill(l, o.next_seq + LEDGER_BLOCK / 2 + 1, 0, "/a");
        l = ledger_close(l, 0);
        l = ledger_open_with(NULL, &o);
        assert_true(o.next_seq > 2 + 2 * LEDGER_BLOCK);
        l = ledger_close(l, 0);
}

static void test_the_spools_seqs_are_never_given_again(void **state) {
        static const LedgerBounds all = LEDGER_BOUNDS_DEFAULT;
        LedgerOpening o;
        char text[256];
        Ledger *l;

        (void) state;
        assert_int_equal(ledger_open(&l, file, &all, "abcdefgh", 5000, &o, text, sizeof(text)), 0);
        assert_string_equal(o.id, "abcdefgh");
        assert_int_equal(o.next_seq, 5001);
        assert_string_equal(text, "");
        l = ledger_close(l, 0);
}

static void file_write(const char *content, size_t length) {
        FILE *f = fopen(file, "w");

        assert_int_equal(fwrite(content, 1, length, f), length);
        fclose(f);
}

static void test_a_file_that_is_none_of_ours_is_set_aside(void **state) {
        static const LedgerBounds all = LEDGER_BOUNDS_DEFAULT;
        char junk[8192], text[512];
        LedgerOpening o;
        Ledger *l;
        sqlite3 *db;

        (void) state;
        memset(junk, 'j', sizeof(junk));
        file_write(junk, sizeof(junk));
        assert_int_equal(ledger_open(&l, file, &all, NULL, 0, &o, text, sizeof(text)), 0);
        assert_true(o.set_aside && o.created);
        assert_non_null(strstr(text, "foreign-"));
        assert_int_equal(files_with("foreign"), 1);
        l = ledger_close(l, 0);

        (void) unlink(file);
        assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, "CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)", NULL, NULL, NULL), 0);
        sqlite3_close(db);
        assert_int_equal(ledger_open(&l, file, &all, NULL, 0, &o, text, sizeof(text)), 0);
        assert_true(o.set_aside);
        assert_int_equal(files_with("foreign"), 2);
        l = ledger_close(l, 0);
}

static void test_a_damaged_file_is_set_aside(void **state) {
        static const LedgerBounds all = LEDGER_BOUNDS_DEFAULT;
        LedgerOpening o;
        char text[512], first[LEDGER_ID_SIZE], junk[4096];
        Ledger *l = ledger_open_with(NULL, &o);
        int fd;

        (void) state;
        memcpy(first, o.id, sizeof(first));
        for (uint64_t i = 1; i <= 200; i++)
                add_kill(l, i, 0, "/a");
        l = ledger_close(l, 201);
        memset(junk, 0xee, sizeof(junk));
        fd = open(file, O_RDWR);
        for (off_t at = 4096; at < 16 * 4096; at += 4096)
                assert_int_equal(pwrite(fd, junk, sizeof(junk), at), sizeof(junk));
        close(fd);
        assert_int_equal(ledger_open(&l, file, &all, NULL, 0, &o, text, sizeof(text)), 0);
        assert_true(o.set_aside && o.created);
        assert_string_not_equal(o.id, first);
        assert_int_equal(files_with("corrupt"), 1);
        add_kill(l, o.next_seq, 0, "/a");
        l = ledger_close(l, 0);
}

static void test_a_newer_version_is_read(void **state) {
        LedgerOpening o;
        Ledger *l = ledger_open_with(NULL, &o);
        sqlite3 *db;

        (void) state;
        add_kill(l, 1, 0, "/a");
        l = ledger_close(l, 2);
        assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, "ALTER TABLE record ADD COLUMN later TEXT DEFAULT 'x'; PRAGMA user_version = 9;"
                                          "CREATE TABLE news (a)", NULL, NULL, NULL), 0);
        sqlite3_close(db);
        l = ledger_open_with(NULL, &o);
        assert_false(o.set_aside || o.created);
        add_kill(l, 2, 0, "/a");
        assert_int_equal(QUERY(l, .limit = 0).n, 2);
        l = ledger_close(l, 3);
        assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
        sqlite3_close(db);
}

static void test_what_cannot_be_opened_says_why(void **state) {
        static const LedgerBounds all = LEDGER_BOUNDS_DEFAULT;
        LedgerOpening o;
        char text[512];
        Ledger *l;

        (void) state;
        assert_int_equal(ledger_open(&l, "/nonexistent/ledger.db", &all, NULL, 0, &o, text, sizeof(text)), -ENOENT);
        assert_string_equal(text, "/nonexistent/ledger.db: No such file or directory");
        assert_int_equal(symlink("/etc/passwd", file), 0);
        assert_int_equal(ledger_open(&l, file, &all, NULL, 0, &o, text, sizeof(text)), -EINVAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_a_crash_leaves_a_hole_and_a_stop_none),
                TEST(test_the_spools_seqs_are_never_given_again),
                TEST(test_a_file_that_is_none_of_ours_is_set_aside),
                TEST(test_a_damaged_file_is_set_aside),
                TEST(test_a_newer_version_is_read),
                TEST(test_what_cannot_be_opened_says_why),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
