/* Retention: what goes, and whose. */
#include "check.h"
#include "ledgers.h"

#include <errno.h>
#include <sys/stat.h>

static void test_one_owner_keeps_a_quarter(void **state) {
        LedgerBounds b = { .keep_records = 40, .keep_sigkills = 8 };
        LedgerOpening o;
        Ledger *l = ledger_open_with(&b, &o);
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
        l = ledger_open_with(&b, &o);
        assert_int_equal(ledger_evicted_seq(l, 0), 60);
        assert_int_equal(o.records, 42);
        l = ledger_close(l, 0);
}

/* A user's loop of dying pid namespaces, whose targets nobody saw, pushed out all others' sigkills. Kills are not bounded so. */
static void test_what_is_nobodys_keeps_a_quarter(void **state) {
        LedgerBounds b = { .keep_records = 16, .keep_sigkills = 16 };
        LedgerOpening o;
        Ledger *l = ledger_open_with(&b, &o);
        Taken t;

        (void) state;
        for (uint64_t i = 1; i <= 4; i++)
                add_text(l, (RecordMeta) { .seq = i, .type = REEVE_RECORD_SIGKILL, .time_usec = i, .owner_uid = i == 1 ? 0 : 1001 }, "{}", 1);
        for (uint64_t i = 5; i <= 14; i++)
                add_kill(l, i, RECORD_OWNER_UNKNOWN, "/x");
        for (uint64_t i = 15; i <= 60; i++)
                add_text(l, (RecordMeta) { .seq = i, .type = REEVE_RECORD_SIGKILL, .time_usec = i, .owner_uid = RECORD_OWNER_UNKNOWN }, "{}", 1);
        t = QUERY(l, .types = 1U << REEVE_RECORD_SIGKILL);
        assert_int_equal(t.n, 8);
        assert_int_equal(t.seqs[0], 1);
        assert_int_equal(t.seqs[4], 57);
        assert_int_equal(QUERY(l, .types = 1U << REEVE_RECORD_KILL).n, 10);
        l = ledger_close(l, 0);
}

/* What is learned of his records is his too, when nobody knows the cgroup any more. */
static void test_what_is_learned_later_is_in_the_share(void **state) {
        LedgerBounds b = { .keep_records = 40 };
        LedgerOpening o;
        Ledger *l = ledger_open_with(&b, &o);

        (void) state;
        add_kill(l, 1, 0, "/root");
        for (uint64_t i = 2; i <= 41; i += 2) {
                add_kill(l, i, 1001, "/user");
                add_text(l, (RecordMeta) { .seq = i + 1, .type = REEVE_RECORD_MORE, .time_usec = i * 1000000, .of_seq = i,
                                           .owner_uid = -1 }, "{}", 1);
        }
        assert_int_equal(QUERY(l, .types = 1U << REEVE_RECORD_MORE).n, 5);
        assert_int_equal(QUERY(l, .types = 1U << REEVE_RECORD_KILL).n, 6);
        l = ledger_close(l, 0);
}

/* A log that is read back tells of what happened before all that is kept: it goes before it, though it came last. */
static void test_what_happened_first_goes_first(void **state) {
        LedgerBounds b = { .keep_records = 8 };
        LedgerOpening o;
        Ledger *l = ledger_open_with(&b, &o);
        Taken t;

        (void) state;
        for (uint64_t i = 101; i <= 108; i++)
                add_kill(l, i, 0, "/now");
        for (uint64_t i = 109; i <= 120; i++)
                add_text(l, (RecordMeta) { .seq = i, .type = REEVE_RECORD_KILL, .time_usec = i, .owner_uid = 0 }, "{}", 1);
        t = QUERY(l, .limit = 0);
        assert_int_equal(t.n, 8);
        assert_int_equal(t.seqs[0], 101);
        assert_int_equal(t.seqs[7], 108);
        l = ledger_close(l, 0);
}

/* The same for one owner: his oldest, and nobody else's. */
static void test_what_happened_first_to_one_owner_goes_first(void **state) {
        LedgerBounds b = { .keep_records = 16 };
        LedgerOpening o;
        Ledger *l = ledger_open_with(&b, &o);
        Taken t;

        (void) state;
        add_text(l, (RecordMeta) { .seq = 1, .type = REEVE_RECORD_KILL, .time_usec = 1, .owner_uid = 0 }, "{}", 1);
        for (uint64_t i = 101; i <= 104; i++)
                add_kill(l, i, 1001, "/now");
        for (uint64_t i = 105; i <= 110; i++)
                add_text(l, (RecordMeta) { .seq = i, .type = REEVE_RECORD_KILL, .time_usec = i, .owner_uid = 1001 }, "{}", 1);
        t = QUERY(l, .limit = 0);
        assert_int_equal(t.n, 5);
        assert_int_equal(t.seqs[0], 1);
        assert_int_equal(t.seqs[1], 101);
        assert_int_equal(t.seqs[4], 104);
        l = ledger_close(l, 0);
}

static void test_old_ones_go(void **state) {
        LedgerBounds b = { .retention_usec = 10 * 1000000 };
        LedgerOpening o;
        Ledger *l = ledger_open_with(&b, &o);

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
        Ledger *l = ledger_open_with(&b, &o);
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

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_one_owner_keeps_a_quarter),
                TEST(test_what_is_nobodys_keeps_a_quarter),
                TEST(test_what_is_learned_later_is_in_the_share),
                TEST(test_what_happened_first_goes_first),
                TEST(test_what_happened_first_to_one_owner_goes_first),
                TEST(test_old_ones_go),
                TEST(test_size_is_bounded),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
