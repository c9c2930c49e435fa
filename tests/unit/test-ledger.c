#include "check.h"
#include "supervisor/ledger/ledger.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], file[96];

static int folder_make(void **state) {
        (void) state;
        (void) snprintf(folder, sizeof(folder), "/tmp/reeve-ledger-XXXXXX");
        assert_non_null(mkdtemp(folder));
        (void) snprintf(file, sizeof(file), "%s/ledger.db", folder);
        return 0;
}

static int folder_remove(void **state) {
        DIR *d = opendir(folder);
        struct dirent *e;

        (void) state;
        while ((e = readdir(d)))
                (void) unlinkat(dirfd(d), e->d_name, 0);
        closedir(d);
        return rmdir(folder);
}

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

static Ledger *open_with(const LedgerBounds *bounds, LedgerOpening *o) {
        static const LedgerBounds all = LEDGER_BOUNDS_DEFAULT;
        char text[512];
        Ledger *l = NULL;
        int r = ledger_open(&l, file, bounds ? bounds : &all, NULL, 0, o, text, sizeof(text));

        if (r < 0)
                fail_msg("%d %s", r, text);
        return l;
}

static void add_text(Ledger *l, RecordMeta meta, const char *json, int want) {
        assert_int_equal(ledger_begin(l), 0);
        assert_int_equal(ledger_insert(l, &meta, json, strlen(json)), want);
        assert_int_equal(ledger_commit(l), 0);
        assert_true(ledger_retain(l, 0) >= 0);
}

static void add_kill(Ledger *l, uint64_t seq, int64_t owner, const char *path) {
        char json[512];

        (void) snprintf(json, sizeof(json),
                        "{\"type\":\"kill\",\"boot_id\":\"b\",\"key\":\"b:%llu:7\",\"cgroup\":{\"path\":\"%s\",\"id\":%llu},"
                        "\"reason\":\"own_limit\",\"identity\":{\"unit\":\"u%d.service\",\"container_id\":\"abcdef%llu\"},"
                        "\"victims\":[{\"pid\":1,\"uid\":1234}]}",
                        (unsigned long long) seq, path, (unsigned long long) seq + 1000, (int) (seq % 2),
                        (unsigned long long) seq);
        add_text(l, (RecordMeta) { .seq = seq, .type = REEVE_RECORD_KILL, .time_usec = seq * 1000000, .owner_uid = owner,
                                   .origin_nsec = seq * 10, .origin_pid = 5 }, json, 1);
}

typedef struct Taken {
        uint64_t seqs[512];
        size_t n;
} Taken;

static void take(const LedgerRow *row, void *userdata) {
        Taken *t = userdata;

        assert_int_equal(strlen(row->json), row->length);
        t->seqs[t->n++] = row->meta.seq;
}

static Taken query(Ledger *l, LedgerQuery q) {
        Taken t = { .n = 0 };

        int64_t n = ledger_list(l, &q, take, &t, NULL);

        assert_int_equal(n, t.n);
        return t;
}

#define QUERY(l, ...) query((l), (LedgerQuery) { __VA_ARGS__ })

static void test_a_crash_leaves_a_hole_and_a_stop_none(void **state) {
        LedgerOpening o;
        Ledger *l = open_with(NULL, &o);

        (void) state;
        assert_true(o.created);
        assert_int_equal(o.next_seq, 1);
        add_kill(l, 1, 0, "/a");
        l = ledger_close(l, 2);
        l = open_with(NULL, &o);
        assert_false(o.created);
        assert_int_equal(o.next_seq, 2);
        assert_int_equal(o.records, 1);
        assert_int_equal(o.last_time_usec, 1000000);
        l = ledger_close(l, 0);         /* as a crash leaves it */
        l = open_with(NULL, &o);
        assert_int_equal(o.next_seq, 2 + LEDGER_BLOCK);
        add_kill(l, o.next_seq + LEDGER_BLOCK / 2 + 1, 0, "/a");
        l = ledger_close(l, 0);
        l = open_with(NULL, &o);
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

static void test_a_record_is_added_once(void **state) {
        LedgerOpening o;
        Ledger *l = open_with(NULL, &o);
        RecordMeta m = { .seq = 2, .type = REEVE_RECORD_KILL, .origin_nsec = 10, .origin_pid = 5 };

        (void) state;
        add_kill(l, 1, 0, "/a");
        add_text(l, (RecordMeta) { .seq = 1, .type = REEVE_RECORD_KILL }, "{}", 0);
        add_text(l, m, "{\"boot_id\":\"b\"}", 0);       /* the same invocation under another seq */
        add_text(l, m, "{\"boot_id\":\"c\"}", 1);       /* of another boot */
        add_text(l, (RecordMeta) { .seq = 3 }, "[1]", -EBADMSG);
        assert_int_equal(ledger_exists(l, "b", 10, 5, NULL), 1);
        assert_int_equal(ledger_exists(l, "b", 11, 5, NULL), 0);
        assert_int_equal(ledger_exists(l, "b", 0, 0, "b:1:7"), 1);
        assert_int_equal(ledger_exists(l, "b", 0, 0, "b:2:7"), 0);
        l = ledger_close(l, 0);
}

static void test_a_line_of_the_log_finds_the_kill_it_tells_of(void **state) {
        static const RecordMeta by_rings = { .seq = 1, .type = REEVE_RECORD_KILL, .origin_nsec = 5000000000, .origin_pid = 5 };
        static const RecordMeta by_log = { .seq = 2, .type = REEVE_RECORD_KILL, .origin_nsec = 60000000000, .origin_pid = -77 };
        static const struct {
                const char *why, *key;
                uint64_t origin_nsec;
                int64_t want;
        } rows[] = {
                { "the first victim", "b:70:@6000000", 0, 1 },
                { "any other victim of a group", "b:71:@6000000", 0, 1 },
                { "a pid used again later", "b:70:@16000000", 0, 0 },
                { "another process", "b:7:@6000000", 0, 0 },
                { "another boot", "c:70:@6000000", 0, 0 },
                { "with an origin, what the rings told is another kill", "b:70:@6000000", 6000000000, 0 },
                { "with an origin, what the log told may be this one", "b:77:@61000000", 61000000000, 2 },
        };
        LedgerOpening o;
        Ledger *l = open_with(NULL, &o);

        (void) state;
        add_text(l, by_rings, "{\"boot_id\":\"b\",\"tier\":\"kprobe\",\"victims\":[{\"pid\":70},{\"pid\":71}]}", 1);
        add_text(l, by_log, "{\"boot_id\":\"b\",\"tier\":\"log\",\"victims\":[{\"pid\":77}]}", 1);
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
                if (ledger_exists(l, "b", rows[i].origin_nsec, 9, rows[i].key) != rows[i].want)
                        fail_msg("%s", rows[i].why);
        l = ledger_close(l, 0);
}

static void test_filters(void **state) {
        LedgerOpening o;
        Ledger *l = open_with(NULL, &o);
        static const struct {
                const char *why, *cgroup;
                size_t want;
        } rows[] = {
                { "itself and what is below", "/web", 3 },
                { "a slash behind changes nothing", "/web/", 3 },
                { "a name that only begins so is another", "/we", 0 },
                { "the root holds all", "/", 5 },
                { "exactly one", "/web/1", 1 },
                { "no such", "/none", 0 },
        };

        (void) state;
        add_kill(l, 1, 0, "/web");
        add_kill(l, 2, 0, "/web/1");
        add_kill(l, 3, 1001, "/web/2");
        add_kill(l, 4, 1001, "/web-2");
        add_kill(l, 5, 1002, "/x'; DROP TABLE record; --");
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
                if (QUERY(l, .cgroup = rows[i].cgroup).n != rows[i].want)
                        fail_msg("%s", rows[i].why);
        assert_int_equal(QUERY(l, .cgroup = "/x'; DROP TABLE record; --").seqs[0], 5);
        assert_int_equal(QUERY(l, .cgroup_id = 1003).seqs[0], 3);
        assert_int_equal(QUERY(l, .for_reader = true, .reader_uid = 1001).n, 2);
        assert_int_equal(QUERY(l, .for_reader = true, .reader_uid = 1234).n, 5);       /* the victims' uid */
        assert_int_equal(QUERY(l, .for_reader = true, .reader_uid = 77).n, 0);
        assert_int_equal(QUERY(l, .since_usec = 3000000, .until_usec = 5000000).n, 2);
        assert_int_equal(QUERY(l, .after_seq = 3, .limit = 1).seqs[0], 4);
        assert_int_equal(QUERY(l, .newest = true, .limit = 2).seqs[0], 4);
        assert_int_equal(QUERY(l, .types = 1U << REEVE_RECORD_GAP).n, 0);
        assert_int_equal(QUERY(l, .container = "abcdef3").seqs[0], 3);
        assert_int_equal(QUERY(l, .key = "b:4:7").seqs[0], 4);
        assert_int_equal(QUERY(l, .boot_id = "b").n, 5);
        assert_int_equal(QUERY(l, .boot_id = "b", .victim_pid = 1, .victim_start_usec = 3).n, 5);
        assert_int_equal(QUERY(l, .victim_pid = 2).n, 0);
        add_text(l, (RecordMeta) { .seq = 6, .type = REEVE_RECORD_SIGKILL }, "{\"victim\":{\"pid\":2,\"start_usec\":3}}", 1);
        assert_int_equal(QUERY(l, .victim_pid = 2, .victim_start_usec = 3, .newest = true, .limit = 1).n, 1);
        assert_int_equal(QUERY(l, .victim_pid = 2, .victim_start_usec = 4).n, 0);
        l = ledger_close(l, 0);
}

static void test_more_is_found_by_what_its_record_concerns(void **state) {
        LedgerOpening o;
        Ledger *l = open_with(NULL, &o);

        (void) state;
        add_kill(l, 1, 1001, "/web");
        add_text(l, (RecordMeta) { .seq = 2, .type = REEVE_RECORD_MORE, .of_seq = 1, .owner_uid = -1 }, "{\"of\":\"x\"}", 1);
        assert_int_equal(QUERY(l, .cgroup = "/web").n, 2);
        assert_int_equal(QUERY(l, .for_reader = true, .reader_uid = 1234).n, 2);
        assert_int_equal(QUERY(l, .for_reader = true, .reader_uid = 1001).n, 2);
        assert_int_equal(QUERY(l, .of_seq = 1).seqs[0], 2);
        l = ledger_close(l, 0);
}

static void test_records_by_word(void **state) {
        LedgerOpening o;
        Ledger *l = open_with(NULL, &o);
        char id[32], foreign[32] = "zzzzzzzz-2";
        const struct {
                const char *word;
                int r;
                uint64_t seq;
        } rows[] = {
                { "last", 0, 3 }, { "last~0", 0, 3 }, { "last~2", 0, 1 }, { "last~3", -ENOENT, 0 }, { "last~", -EINVAL, 0 },
                { "last~x", -EINVAL, 0 }, { "lastly", -EINVAL, 0 }, { "2", 0, 2 }, { id, 0, 2 }, { foreign, -ESTALE, 0 },
                { "-2", -EINVAL, 0 }, { "", -EINVAL, 0 }, { "99999999999999999999", -EINVAL, 0 }, { "2 ", -EINVAL, 0 },
        };

        (void) state;
        (void) snprintf(id, sizeof(id), "%s-2", o.id);
        if (strncmp(o.id, "zzzzzzzz", 8) == 0)
                foreign[0] = 'y';
        for (uint64_t i = 1; i <= 3; i++)
                add_kill(l, i, 0, "/a");
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                uint64_t seq = 0;
                int r = ledger_find(l, &(LedgerQuery) { 0 }, rows[i].word, &seq);

                if (r != rows[i].r || (r == 0 && seq != rows[i].seq))
                        fail_msg("%s: %d %llu", rows[i].word, r, (unsigned long long) seq);
        }
        l = ledger_close(l, 0);
}

static char counted[256];

static void count_take(const LedgerCount *c, void *userdata) {
        size_t n = strlen(counted);

        (void) userdata;
        (void) snprintf(counted + n, sizeof(counted) - n, "%s=%llu;", c->name, (unsigned long long) c->n);
}

static void test_counts(void **state) {
        LedgerOpening o;
        Ledger *l = open_with(NULL, &o);

        (void) state;
        for (uint64_t i = 1; i <= 5; i++)
                add_kill(l, i, 0, "/a");
        counted[0] = '\0';
        assert_int_equal(ledger_counts(l, &(LedgerQuery) { 0 }, LEDGER_BY_UNIT, count_take, NULL), 2);
        assert_string_equal(counted, "u1.service=3;u0.service=2;");
        counted[0] = '\0';
        assert_int_equal(ledger_counts(l, &(LedgerQuery) { .since_usec = 4000000 }, LEDGER_BY_REASON, count_take, NULL), 1);
        assert_string_equal(counted, "own_limit=2;");
        l = ledger_close(l, 0);
}

static void test_watched_since_the_last_gap(void **state) {
        LedgerOpening o;
        Ledger *l = open_with(NULL, &o);

        (void) state;
        assert_int_equal(ledger_watched_since(l), 0);
        add_text(l, (RecordMeta) { .seq = 1, .type = REEVE_RECORD_SUPERVISOR, .time_usec = 10 }, "{}", 1);
        add_text(l, (RecordMeta) { .seq = 2, .type = REEVE_RECORD_SUPERVISOR, .time_usec = 20 }, "{}", 1);
        assert_int_equal(ledger_watched_since(l), 10);
        add_text(l, (RecordMeta) { .seq = 3, .type = REEVE_RECORD_GAP, .time_usec = 30 }, "{}", 1);
        assert_int_equal(ledger_watched_since(l), 30);
        l = ledger_close(l, 0);
}

static void test_one_owner_keeps_a_quarter(void **state) {
        LedgerBounds b = { .keep_records = 40, .keep_sigkills = 8 };
        LedgerOpening o;
        Ledger *l = open_with(&b, &o);
        Taken t;

        (void) state;
        add_kill(l, 1, 0, "/root");
        for (uint64_t i = 2; i <= 31; i++)
                add_kill(l, i, 1001, "/user");
        t = QUERY(l, .for_reader = true, .reader_uid = 1001);
        assert_int_equal(t.n, 10);
        assert_int_equal(t.seqs[0], 22);        /* his own oldest went */
        assert_int_equal(QUERY(l, .cgroup = "/root").n, 1);
        assert_int_equal(ledger_evicted_seq(l, 0), 21);
        assert_int_equal(ledger_evicted_seq(l, 1U << REEVE_RECORD_SIGKILL), 0);
        for (uint64_t i = 32; i <= 40; i++)
                add_text(l, (RecordMeta) { .seq = i, .type = REEVE_RECORD_SIGKILL, .owner_uid = 1001 }, "{}", 1);
        assert_int_equal(QUERY(l, .types = 1U << REEVE_RECORD_SIGKILL).n, 2);
        assert_int_equal(QUERY(l, .types = 1U << REEVE_RECORD_KILL).n, 11);
        for (uint64_t i = 41; i <= 100; i++)
                add_kill(l, i, 0, "/root");
        assert_int_equal(QUERY(l, .types = 1U << REEVE_RECORD_KILL).n, 40);
        assert_int_equal(QUERY(l, .cgroup = "/user").n, 0);     /* the oldest in all */
        l = ledger_close(l, 0);
        l = open_with(&b, &o);
        assert_int_equal(ledger_evicted_seq(l, 0), 60);
        assert_int_equal(o.records, 42);
        l = ledger_close(l, 0);
}

static void test_old_ones_go(void **state) {
        LedgerBounds b = { .retention_usec = 10 * 1000000 };
        LedgerOpening o;
        Ledger *l = open_with(&b, &o);

        (void) state;
        for (uint64_t i = 1; i <= 20; i++)
                add_kill(l, i, 0, "/a");
        assert_int_equal(ledger_retain(l, 20 * 1000000), 9);
        assert_int_equal(QUERY(l, .limit = 1).seqs[0], 10);
        l = ledger_close(l, 0);
}

static void test_size_is_bounded(void **state) {
        LedgerBounds b = { .max_bytes = 512 << 10 };
        LedgerOpening o;
        Ledger *l = open_with(&b, &o);
        char *json = malloc(8192);
        struct stat st;
        Taken t;

        (void) state;
        memset(json, 'x', 8192);
        (void) memcpy(json, "{\"a\":\"", 6);
        (void) strcpy(json + 8189, "\"}");
        for (uint64_t i = 1; i <= 300; i++)
                add_text(l, (RecordMeta) { .seq = i, .owner_uid = i % 3 == 0 ? 1001 : 0 }, json, 1);
        t = QUERY(l, .limit = 0);
        assert_int_equal(t.seqs[t.n - 1], 300);
        assert_true(t.n < 60);
        t = QUERY(l, .for_reader = true, .reader_uid = 1001);
        assert_true(t.n > 0 && t.n <= 16);
        assert_int_equal(stat(file, &st), 0);
        assert_true(st.st_size < (600 << 10));
        free(json);
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
        Ledger *l = open_with(NULL, &o);
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
        Ledger *l = open_with(NULL, &o);
        sqlite3 *db;

        (void) state;
        add_kill(l, 1, 0, "/a");
        l = ledger_close(l, 2);
        assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, "ALTER TABLE record ADD COLUMN later TEXT DEFAULT 'x'; PRAGMA user_version = 9;"
                                          "CREATE TABLE news (a)", NULL, NULL, NULL), 0);
        sqlite3_close(db);
        l = open_with(NULL, &o);
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

static void test_cursors(void **state) {
        static const struct {
                const char *text;
                int r;
                uint64_t seq;
        } rows[] = {
                { "abcdefgh-0", 0, 0 }, { "abcdefgh-17", 0, 17 }, { "abcdefgi-17", -ESTALE, 0 }, { "abcdefgh", -EINVAL, 0 },
                { "abcdefgh-", -EINVAL, 0 }, { "abcdefgh-1x", -EINVAL, 0 }, { "a-1", -EINVAL, 0 }, { "", -EINVAL, 0 },
                { "abcdefgh--1", -EINVAL, 0 }, { "abcdefgh-+1", -EINVAL, 0 },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                uint64_t seq = 0;
                int r = ledger_cursor_parse(rows[i].text, "abcdefgh", &seq);

                if (r != rows[i].r || (r == 0 && seq != rows[i].seq))
                        fail_msg("%s: %d", rows[i].text, r);
        }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, folder_make, folder_remove)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_a_crash_leaves_a_hole_and_a_stop_none),
                TEST(test_the_spools_seqs_are_never_given_again),
                TEST(test_a_record_is_added_once),
                TEST(test_a_line_of_the_log_finds_the_kill_it_tells_of),
                TEST(test_filters),
                TEST(test_more_is_found_by_what_its_record_concerns),
                TEST(test_records_by_word),
                TEST(test_counts),
                TEST(test_watched_since_the_last_gap),
                TEST(test_one_owner_keeps_a_quarter),
                TEST(test_old_ones_go),
                TEST(test_size_is_bounded),
                TEST(test_a_file_that_is_none_of_ours_is_set_aside),
                TEST(test_a_damaged_file_is_set_aside),
                TEST(test_a_newer_version_is_read),
                TEST(test_what_cannot_be_opened_says_why),
                TEST(test_cursors),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
