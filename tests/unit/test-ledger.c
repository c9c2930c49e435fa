/* What goes in, and how it is found again. */
#include "check.h"
#include "ledgers.h"

#include <errno.h>

static void test_a_record_is_added_once(void **state) {
        LedgerOpening o;
        Ledger *l = ledger_open_with(NULL, &o);
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
        Ledger *l = ledger_open_with(NULL, &o);

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
        Ledger *l = ledger_open_with(NULL, &o);
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
        assert_int_equal(QUERY(l, .victim_pid = 7).n, 0);
        add_text(l, (RecordMeta) { .seq = 6, .type = REEVE_RECORD_SIGKILL }, "{\"victim\":{\"pid\":2,\"start_usec\":3}}", 1);
        assert_int_equal(QUERY(l, .victim_pid = 2, .victim_start_usec = 3, .newest = true, .limit = 1).n, 1);
        assert_int_equal(QUERY(l, .victim_pid = 2, .victim_start_usec = 10003).n, 0);
        assert_int_equal(QUERY(l, .victim_pid = 2).seqs[0], 6);
        assert_int_equal(QUERY(l, .types = 3, .newest = true, .limit = 1).seqs[0], 6);
        assert_int_equal(QUERY(l, .types = 3, .newest = true, .kills_first = true, .limit = 1).seqs[0], 5);
        l = ledger_close(l, 0);
}

/* Of thousands the newest that a process or a name has, however far back it lies and however many texts lie before it. */
static void test_by_pid_and_by_name(void **state) {
        static const struct { const char *name; size_t want; } rows[] = {
                { "a\\x2db.service", 1 },              /* as systemd has it */
                { "a\\x5cx2db.service", 1 },           /* as records spell it */
                { "shop", 1 },
                { "abcdef77", 1 },
                { "abcdef7", 0 },
                { "no\"such/name", 0 },
        };
        LedgerOpening o;
        Ledger *l = ledger_open_with(NULL, &o);

        (void) state;
        add_text(l, (RecordMeta) { .seq = 1, .type = REEVE_RECORD_KILL, .owner_uid = 1001 },
                 "{\"victims\":[{\"pid\":10,\"start_usec\":5}],\"identity\":{\"unit\":\"a\\\\x5cx2db.service\",\"pod\":\"shop\","
                 "\"container_id\":\"abcdef77\"}}", 1);
        add_text(l, (RecordMeta) { .seq = 2, .type = REEVE_RECORD_KILL }, "{\"victims\":[{\"pid\":100,\"start_usec\":5}]}", 1);
        assert_int_equal(QUERY(l, .victim_pid = 10).n, 1);
        assert_int_equal(QUERY(l, .victim_pid = 10, .newest = true, .limit = 1).seqs[0], 1);
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
                if (QUERY(l, .named = rows[i].name, .newest = true, .limit = 1).n != rows[i].want)
                        fail_msg("%s", rows[i].name);
        assert_int_equal(QUERY(l, .named = "shop", .for_reader = true, .reader_uid = 7).n, 0);
        l = ledger_close(l, 0);
}

/* A name may be given anew: ids grow, so what lies in the later one has a higher id. */
static void test_a_cgroup_and_no_earlier_one_of_its_name(void **state) {
        LedgerOpening o;
        Ledger *l = ledger_open_with(NULL, &o);

        (void) state;
        add_kill(l, 1, 0, "/web/1");
        add_kill(l, 2, 0, "/web");
        add_kill(l, 3, 0, "/web/1");
        add_kill(l, 4, 0, "/other");
        add_text(l, (RecordMeta) { .seq = 5, .type = REEVE_RECORD_KILL }, "{\"cgroup\":{\"path\":\"/web\",\"id\":null}}", 1);
        add_text(l, (RecordMeta) { .seq = 6, .type = REEVE_RECORD_KILL }, "{\"cgroup\":{\"path\":null,\"id\":1002}}", 1);
        assert_int_equal(QUERY(l, .cgroup = "/web").n, 4);
        assert_int_equal(QUERY(l, .cgroup = "/web", .cgroup_from_id = 1002).n, 3);
        assert_int_equal(QUERY(l, .cgroup = "/web", .cgroup_from_id = 1002).seqs[2], 6);
        assert_int_equal(QUERY(l, .cgroup = "/web", .cgroup_from_id = 1003, .cgroup_unnamed = true).n, 2);
        assert_int_equal(QUERY(l, .cgroup = "/web", .cgroup_from_id = 1009).n, 0);
        l = ledger_close(l, 0);
}

/* A rule on /bed that kills in /bed/hog concerns both. What it says of the other candidates is for neither's owner. */
static void test_a_verdict_concerns_its_victim(void **state) {
        static const char verdict[] = "{\"type\":\"verdict\",\"boot_id\":\"b\",\"cgroup\":{\"path\":\"/bed\",\"id\":7},"
                                      "\"victim\":{\"path\":\"/bed/hog\",\"id\":8,\"process\":{\"pid\":5,\"comm\":\"hog\"}},"
                                      "\"candidates\":[{\"cgroup\":{\"path\":\"/bed/else\",\"id\":9}}]}";
        LedgerOpening o;
        Ledger *l = ledger_open_with(NULL, &o);

        (void) state;
        add_text(l, (RecordMeta) { .seq = 3, .type = REEVE_RECORD_VERDICT, .time_usec = 5, .owner_uid = 0 }, verdict, 1);
        assert_int_equal(QUERY(l, .cgroup = "/bed").n, 1);
        assert_int_equal(QUERY(l, .cgroup = "/bed/hog").n, 1);
        assert_int_equal(QUERY(l, .cgroup_id = 8).n, 1);
        assert_int_equal(QUERY(l, .cgroup = "/bed/else").n, 0);
        assert_int_equal(QUERY(l, .for_reader = true, .reader_uid = 1000).n, 0);
        (void) ledger_close(l, 0);
}

static void test_more_is_found_by_what_its_record_concerns(void **state) {
        LedgerOpening o;
        Ledger *l = ledger_open_with(NULL, &o);

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
        Ledger *l = ledger_open_with(NULL, &o);
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
        Ledger *l = ledger_open_with(NULL, &o);

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
        Ledger *l = ledger_open_with(NULL, &o);

        (void) state;
        assert_int_equal(ledger_watched_since(l), 0);
        add_text(l, (RecordMeta) { .seq = 1, .type = REEVE_RECORD_SUPERVISOR, .time_usec = 10 }, "{}", 1);
        add_text(l, (RecordMeta) { .seq = 2, .type = REEVE_RECORD_SUPERVISOR, .time_usec = 20 }, "{}", 1);
        assert_int_equal(ledger_watched_since(l), 10);
        add_text(l, (RecordMeta) { .seq = 3, .type = REEVE_RECORD_GAP, .time_usec = 30 }, "{}", 1);
        assert_int_equal(ledger_watched_since(l), 30);
        l = ledger_close(l, 0);
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

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_a_record_is_added_once),
                TEST(test_a_line_of_the_log_finds_the_kill_it_tells_of),
                TEST(test_filters),
                TEST(test_a_verdict_concerns_its_victim),
                TEST(test_by_pid_and_by_name),
                TEST(test_a_cgroup_and_no_earlier_one_of_its_name),
                TEST(test_more_is_found_by_what_its_record_concerns),
                TEST(test_records_by_word),
                TEST(test_counts),
                TEST(test_watched_since_the_last_gap),
                TEST(test_cursors),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
