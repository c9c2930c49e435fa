#include "check.h"
#include "supervisor/ledger/clerk.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char folder[64], file[96];
static uint64_t committed;
static int troubles, overs, beginnings;

static int folder_make(void **state) {
        (void) state;
        (void) snprintf(folder, sizeof(folder), "/tmp/reeve-clerk-XXXXXX");
        assert_non_null(mkdtemp(folder));
        (void) snprintf(file, sizeof(file), "%s/ledger.db", folder);
        committed = 0;
        troubles = overs = beginnings = 0;
        return 0;
}

static int folder_remove(void **state) {
        DIR *d = opendir(folder);
        struct dirent *e;

        (void) state;
        while (d && (e = readdir(d)))
                (void) unlinkat(dirfd(d), e->d_name, 0);
        if (d)
                closedir(d);
        (void) rmdir(folder);
        return 0;
}

static void on_committed(uint64_t seq, void *userdata) {
        (void) userdata;
        assert_true(seq > committed);
        committed = seq;
}

static void on_trouble(const char *text, bool over, void *userdata) {
        (void) userdata;
        assert_true(text[0]);
        *(over ? &overs : &troubles) += 1;
}

static void on_begun(void *userdata) {
        (void) userdata;
        beginnings++;
}

static Clerk *clerk_start(size_t queue, int *ret_error, LedgerOpening *o) {
        ClerkOptions options = { .path = file, .bounds = LEDGER_BOUNDS_DEFAULT, .queue = queue, .committed = on_committed,
                                 .trouble = on_trouble, .begun = on_begun };
        char text[512];
        Clerk *c;

        assert_int_equal(clerk_new(&c, &options, o, text, sizeof(text)), 0);
        *ret_error = text[0] != '\0';
        return c;
}

/* Dispatches until @condition or five seconds have passed. */
#define DISPATCH_UNTIL(c, condition)                                                       \
        do {                                                                               \
                for (int _i = 0; _i < 50 && !(condition); _i++) {                          \
                        struct pollfd _p = { .fd = clerk_fd(c), .events = POLLIN };        \
                        (void) poll(&_p, 1, 100);                                          \
                        clerk_dispatch(c);                                                 \
                }                                                                          \
                assert_true(condition);                                                    \
        } while (0)

static char texts[300][80];

static uint64_t post(Clerk *c, int type, uint64_t of) {
        uint64_t seq = clerk_next_seq(c);
        char *text = texts[seq % 300];

        (void) snprintf(text, sizeof(texts[0]), "{\"seq\":%llu,\"cgroup\":{\"path\":\"/a\",\"id\":3}}",
                        (unsigned long long) seq);
        return clerk_post(c, &(RecordMeta) { .seq = seq, .type = type, .of_seq = of, .time_usec = (uint64_t) time(NULL) * 1000000, .owner_uid = 0 }, text,
                          strlen(text))
                       ? seq
                       : 0;
}

typedef struct Seen {
        int calls, error;
        size_t rows, found, counts;
        uint64_t first, evicted;
        int64_t number;
} Seen;

static void on_answer(const ClerkAnswer *a, void *userdata) {
        Seen *s = userdata;

        s->calls++;
        s->error = a->error;
        s->rows = a->n_rows;
        s->found = a->n_found;
        s->counts = a->n_counts;
        s->number = a->number;
        s->evicted = a->evicted_seq;
        s->first = a->n_rows ? a->rows[0].meta.seq : 0;
}

static Seen asked(Clerk *c, ClerkQuery q) {
        Seen s = { 0 };

        assert_int_equal(clerk_ask(c, &q, on_answer, &s), 0);
        DISPATCH_UNTIL(c, s.calls == 1);
        return s;
}

#define ASK(c, ...) asked((c), (ClerkQuery) { __VA_ARGS__ })

static void test_questions_see_what_was_posted_before(void **state) {
        LedgerOpening o;
        int error;
        Clerk *c = clerk_start(0, &error, &o);
        uint64_t kill = 0;
        char word[32];
        Seen s;

        (void) state;
        assert_false(error);
        for (int i = 0; i < 200; i++)
                kill = post(c, REEVE_RECORD_KILL, 0);
        post(c, REEVE_RECORD_MORE, kill);
        s = ASK(c, .question = CLERK_LIST, .query = { .types = 1U << REEVE_RECORD_KILL });
        assert_int_equal(s.rows, 200);
        assert_int_equal(committed, 201);
        (void) snprintf(word, sizeof(word), "%s-%llu", clerk_ledger_id(c), (unsigned long long) kill);
        s = ASK(c, .question = CLERK_FIND, .word = word);
        assert_int_equal(s.error, 0);
        assert_int_equal(s.first, kill);
        assert_int_equal(s.found, 1);
        assert_int_equal(s.rows, 2);
        assert_int_equal(ASK(c, .question = CLERK_FIND, .word = "4711").error, -ENOENT);
        assert_int_equal(ASK(c, .question = CLERK_FIND, .word = "0").error, -ENOENT);
        assert_int_equal(ASK(c, .question = CLERK_FIND, .word = "what").error, -EINVAL);
        s = ASK(c, .question = CLERK_JOINED, .query = { .cgroup = "/a", .newest = true, .limit = 2 });
        assert_int_equal(s.found, 2);
        assert_int_equal(s.rows, 3);
        assert_int_equal(ASK(c, .question = CLERK_COUNTS, .by = LEDGER_BY_CGROUP).counts, 1);
        assert_int_equal(ASK(c, .question = CLERK_WATCHED).number, 0);
        c = clerk_free(c, 5000000);
        c = clerk_start(0, &error, &o);
        assert_int_equal(o.next_seq, 202);
        c = clerk_free(c, 5000000);
}

static void test_a_full_queue_refuses_and_counts(void **state) {
        LedgerOpening o;
        ClerkCounters n;
        int error, fits = 0;
        Clerk *c;

        (void) state;
        (void) rmdir(folder);           /* nothing can be written: the queue fills */
        c = clerk_start(3, &error, &o);
        assert_true(error);
        for (int i = 0; i < 5; i++)
                fits += post(c, REEVE_RECORD_KILL, 0) > 0;
        assert_int_equal(fits, 3);
        clerk_counters(c, &n);
        assert_int_equal(n.overflows, 2);
        assert_true(n.troubled);
        assert_int_equal(ASK(c, .question = CLERK_LIST).error, -EBUSY);
        c = clerk_free(c, 5000000);
}

static void test_what_waited_is_written_when_the_disk_is_back(void **state) {
        LedgerOpening o;
        ClerkCounters n;
        int error;
        Clerk *c;

        (void) state;
        (void) rmdir(folder);
        c = clerk_start(0, &error, &o);
        assert_true(error);
        post(c, REEVE_RECORD_KILL, 0);
        post(c, REEVE_RECORD_KILL, 0);
        assert_int_equal(mkdir(folder, 0700), 0);
        DISPATCH_UNTIL(c, committed == 2);
        assert_int_equal(overs, 1);
        clerk_counters(c, &n);
        assert_false(n.troubled);
        assert_int_equal(n.inserted, 2);
        c = clerk_free(c, 5000000);
        c = clerk_start(0, &error, &o);
        assert_int_equal(o.records, 2);
        c = clerk_free(c, 5000000);
}

/* SQLite went on writing into the file that nobody could find any more. */
static void test_a_deleted_ledger_is_begun_anew(void **state) {
        static const char *const files[] = { "ledger.db", "ledger.db-wal", "ledger.db-shm" };
        LedgerOpening o;
        int error;
        Clerk *c = clerk_start(0, &error, &o);
        uint64_t next;
        char path[96];
        Seen s;

        post(c, REEVE_RECORD_KILL, 0);
        post(c, REEVE_RECORD_KILL, 0);
        DISPATCH_UNTIL(c, committed == 2);
        assert_int_equal(beginnings, 0);
        for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
                (void) snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
                (void) unlink(path);
        }
        next = post(c, REEVE_RECORD_KILL, 0);
        DISPATCH_UNTIL(c, committed == next);
        DISPATCH_UNTIL(c, beginnings == 1);
        s = ASK(c, .question = CLERK_LIST);
        assert_int_equal(s.rows, 1);
        assert_int_equal(s.first, next);
        assert_int_equal(s.evicted, next - 1);
        assert_int_equal(overs, 1);
        c = clerk_free(c, 5000000);
        c = clerk_start(0, &error, &o);
        assert_int_equal(o.records, 1);
        assert_int_equal(o.next_seq, next + 1);
        c = clerk_free(c, 5000000);
        (void) state;
}

static void test_a_text_that_is_no_json_does_not_stop_the_others(void **state) {
        LedgerOpening o;
        ClerkCounters n;
        int error;
        Clerk *c = clerk_start(0, &error, &o);

        (void) state;
        assert_true(clerk_post(c, &(RecordMeta) { .seq = clerk_next_seq(c) }, "nonsense", 8));
        post(c, REEVE_RECORD_KILL, 0);
        DISPATCH_UNTIL(c, committed == 2);
        clerk_counters(c, &n);
        assert_int_equal(n.unreadable, 1);
        assert_int_equal(n.inserted, 1);
        assert_int_equal(troubles, 0);
        c = clerk_free(c, 5000000);
}

static void test_a_reload_changes_the_bounds(void **state) {
        LedgerOpening o;
        int error;
        Clerk *c = clerk_start(0, &error, &o);

        (void) state;
        for (int i = 0; i < 100; i++)
                post(c, REEVE_RECORD_KILL, 0);
        DISPATCH_UNTIL(c, committed == 100);
        clerk_configure(c, &(LedgerBounds) { .keep_records = 10 });
        post(c, REEVE_RECORD_KILL, 0);
        DISPATCH_UNTIL(c, committed == 101);
        assert_int_equal(ASK(c, .question = CLERK_LIST).rows, 10);
        c = clerk_free(c, 5000000);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, folder_make, folder_remove)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_questions_see_what_was_posted_before),
                TEST(test_a_full_queue_refuses_and_counts),
                TEST(test_what_waited_is_written_when_the_disk_is_back),
                TEST(test_a_deleted_ledger_is_begun_anew),
                TEST(test_a_text_that_is_no_json_does_not_stop_the_others),
                TEST(test_a_reload_changes_the_bounds),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
