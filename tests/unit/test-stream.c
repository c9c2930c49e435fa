/* Lists and followers: libreeve in a thread, a real ledger behind the server. */
#include "check.h"
#include "reeve/reeve.h"
#include "small-reeved.h"

#include <stdatomic.h>

typedef struct Listing {
        reeve_filter filter;
        int error;
        size_t n;
        char first[1024], last[1024], cursor[64], text[256];
} Listing;

static void *client_list(void *userdata) {
        Listing *l = userdata;
        reeve_records *list = NULL;
        const char *json;
        reeve *r = NULL;

        l->n = 0;
        l->filter.size = sizeof(l->filter);
        assert_int_equal(reeve_connect(&r, socket_path), 0);
        assert_int_equal(reeve_records_open(&list, r, &l->filter), 0);
        while ((l->error = reeve_records_next(list, 5000, &json)) == 1) {
                (void) snprintf(l->n == 0 ? l->first : l->last, sizeof(l->last), "%s", json);
                if (l->n++ == 0)
                        (void) snprintf(l->last, sizeof(l->last), "%s", json);
        }
        (void) snprintf(l->cursor, sizeof(l->cursor), "%s",
                        reeve_records_cursor(list) ? reeve_records_cursor(list) : "");
        (void) snprintf(l->text, sizeof(l->text), "%s", reeve_records_error_text(list));
        reeve_records_close(list);
        reeve_close(r);
        return NULL;
}

#define LIST(...) \
        ({ Listing _l = { .filter = { __VA_ARGS__ } }; run_client(client_list, &_l); _l; })

static void test_lists(void **state) {
        static const char *const gaps[] = { "gap", NULL }, *const kills[] = { "kill", "gap", NULL },
                                 *const bad[] = { "kil", NULL };
        char cursor[64];
        Listing l;

        (void) state;
        l = LIST(.limit = 0);
        assert_int_equal(l.error, 0);
        assert_int_equal(l.n, 0);
        for (int i = 0; i < 600; i++)
                emit_kill(0, 0, i % 2 ? "/system.slice/web.service" : "/b");
        l = LIST(.limit = 0);
        assert_int_equal(l.n, 600);
        assert_non_null(strstr(l.first, "\"n\":0,"));
        assert_non_null(strstr(l.last, "\"n\":599,"));
        assert_int_equal(LIST(.types = gaps).n, 0);
        assert_int_equal(LIST(.types = kills).n, 600);
        assert_int_equal(LIST(.cgroup = "/b").n, 300);
        assert_int_equal(LIST(.cgroup = "/").n, 600);
        assert_int_equal(LIST(.cgroup = "web.service").n, 300);
        assert_int_equal(LIST(.cgroup = "/another/name/of/b").n, 300);
        assert_int_equal(LIST(.since = "2099-01-01T00:00:00Z").n, 0);
        assert_int_equal(LIST(.since = "@1000", .until = "@2000").n, 0);
        l = LIST(.limit = 3);
        assert_int_equal(l.n, 3);
        assert_non_null(strstr(l.first, "\"n\":597,"));
        (void) snprintf(cursor, sizeof(cursor), "%s-10", clerk_ledger_id(d.clerk));
        l = LIST(.after = cursor, .limit = 3);
        assert_non_null(strstr(l.first, "\"n\":10,"));
        (void) snprintf(cursor, sizeof(cursor), "%s-13", clerk_ledger_id(d.clerk));
        assert_string_equal(l.cursor, cursor);

        assert_int_equal(LIST(.types = bad).error, -EINVAL);
        assert_int_equal(LIST(.cgroup = "no.service").error, -ENOENT);
        l = LIST(.cgroup = "two.service");
        assert_int_equal(l.error, -ENOENT);
        assert_string_equal(l.text, "not found: two.service may be any of: id:4 /a/two.service, id:5 /b/two.service");
        assert_int_equal(LIST(.since = "yesterday").error, -EINVAL);
        l = LIST(.after = "nonsense");
        assert_int_equal(l.error, -EINVAL);
        assert_string_equal(l.text, "invalid parameter: after");
        l = LIST(.after = "zzzzzzz0-1");
        assert_int_equal(l.error, -ENOENT);
        assert_string_equal(l.text, "not found: cursor zzzzzzz0-1: it is of another ledger");
}

/* A unit that was stopped since is no cgroup any more: its records bear its name, in the ledger and before they are there. */
static void test_a_name_of_the_past(void **state) {
        static const char old[] = "{\"n\":7,\"cgroup\":{\"path\":\"/a/old.service\",\"id\":9},\"identity\":{\"unit\":\"old.service\"}}";
        Listing l;

        (void) state;
        emit_kill(0, 0, "/b");
        (void) emit_text(REEVE_RECORD_KILL, 0, 0, old);
        (void) emit_text(REEVE_RECORD_KILL, 0, 0, old);
        l = LIST(.cgroup = "old.service");
        assert_int_equal(l.error, 0);
        assert_int_equal(l.n, 2);
        l = LIST(.cgroup = "older.service");
        assert_int_equal(l.error, -ENOENT);
        assert_string_equal(l.text, "not found: older.service");
        assert_int_equal(LIST(.cgroup = "id:old.service").error, -ENOENT);
}

/* While the disk refuses, what stands in the spool alone is listed too. */
static void test_what_is_not_committed_is_listed(void **state) {
        Listing l;

        (void) state;
        emit_kill(0, 0, "/a");
        emit_kill(0, 0, "/a");
        l = LIST(.limit = 0);
        assert_int_equal(l.n, 2);
        d.hold_posts = true;
        emit_kill(0, 0, "/a");
        emit_kill(0, 0, "/b");
        assert_int_equal(LIST(.limit = 0).n, 4);
        assert_int_equal(LIST(.cgroup = "/a").n, 3);
        l = LIST(.limit = 3);
        assert_int_equal(l.n, 3);
        assert_non_null(strstr(l.first, "\"n\":1,"));
        assert_non_null(strstr(l.last, "\"n\":3,"));
        /* "last" was the oldest of those that wait. */
        l = LIST(.limit = 1);
        assert_int_equal(l.n, 1);
        assert_non_null(strstr(l.first, "\"n\":3,"));
}

/* As many of the newest as take several pages, and what waits behind them. */
static void test_of_many_pages_the_newest_wait(void **state) {
        char json[4200];
        Listing l;

        (void) state;
        for (int i = 0; i < 63; i++) {
                if (i == 60) {
                        assert_int_equal(LIST(.limit = 0).n, 60);
                        d.hold_posts = true;
                }
                (void) snprintf(json, sizeof(json), "{\"n\":%d,\"x\":\"%04000d\"}", i, 0);
                (void) emit_text(REEVE_RECORD_KILL, 0, 0, json);
        }
        l = LIST(.limit = 50);
        assert_int_equal(l.n, 50);
        assert_non_null(strstr(l.first, "\"n\":13,"));
        assert_non_null(strstr(l.last, "\"n\":62,"));
}

/* A single call without `more` gives one record at most, and pages by the cursor. */
static void *client_single(void *userdata) {
        char *text = NULL, parameters[128];
        reeve *r = NULL;

        (void) userdata;
        assert_int_equal(reeve_connect(&r, socket_path), 0);
        assert_int_equal(reeve_call(r, "io.reeve.Supervisor.ListRecords", "{\"follow\":true}", &text), -EINVAL);
        assert_string_equal(reeve_error_name(r), "org.varlink.service.ExpectedMore");
        assert_int_equal(reeve_call(r, "io.reeve.Supervisor.ListRecords", NULL, &text), 0);
        assert_non_null(strstr(text, "\"n\":0,"));
        free(text);
        (void) snprintf(parameters, sizeof(parameters), "{\"after\":\"%s-2\"}", clerk_ledger_id(d.clerk));
        assert_int_equal(reeve_call(r, "io.reeve.Supervisor.ListRecords", parameters, &text), 0);
        assert_non_null(strstr(text, "\"record\":null"));
        free(text);
        reeve_close(r);
        return NULL;
}

static void test_single_calls(void **state) {
        (void) state;
        emit_kill(0, 0, "/a");
        emit_kill(0, 0, "/a");
        run_client(client_single, NULL);
}

/* ---- following ---- */

static atomic_int followed;

typedef struct Following {
        reeve_filter filter;
        size_t want, n, duplicates;
        int pause_msec;                 /* sleep before reading: a slow reader */
        uint64_t last_n;
        bool gap;
} Following;

static void *client_follow(void *userdata) {
        Following *f = userdata;
        reeve_records *list = NULL;
        const char *json;
        reeve *r = NULL;

        f->filter.size = sizeof(f->filter);
        f->filter.follow = true;
        assert_int_equal(reeve_connect(&r, socket_path), 0);
        assert_int_equal(reeve_records_open(&list, r, &f->filter), 0);
        assert_int_equal(reeve_records_next(list, 300, &json), -EAGAIN);
        atomic_store(&followed, 1);
        (void) usleep((useconds_t) f->pause_msec * 1000);
        while (f->n < f->want && reeve_records_next(list, 50000, &json) == 1) {
                const char *n = strstr(json, "\"n\":");
                uint64_t v = n ? strtoull(n + 4, NULL, 10) : 0;

                f->gap |= strstr(json, "\"cause\":\"retention\"") != NULL;
                if (f->n > 0 && n && v <= f->last_n)
                        f->duplicates++;
                f->last_n = v;
                f->n++;
        }
        assert_true(reeve_records_fd(list) >= 0);
        reeve_records_close(list);
        reeve_close(r);
        return NULL;
}

/* Runs the follower; once he follows, @n records of @bytes more are emitted. */
static void run_follow(Following *f, int n, size_t bytes) {
        char *filler = calloc(1, bytes + 1), *json = malloc(bytes + 256);
        pthread_t t;

        memset(filler, 'x', bytes);
        atomic_store(&followed, 0);
        assert_int_equal(pthread_create(&t, NULL, client_follow, f), 0);
        while (!atomic_load(&followed))
                turn(10000);
        for (int i = 0; i < n; i++) {
                (void) sprintf(json, "{\"n\":%zu,\"cgroup\":{\"path\":\"/a\",\"id\":1},\"x\":\"%s\"}", d.n_spool, filler);
                emit_text(REEVE_RECORD_KILL, 0, 0, json);
                turn(0);
        }
        for (int i = 0; pthread_tryjoin_np(t, NULL) != 0; i++) {
                if (i > 10000)
                        fail_msg("the follower hangs at %zu", f->n);
                turn(10000);
        }
        free(filler);
        free(json);
}

static void test_a_follower_gets_each_once(void **state) {
        Following f = { .want = 300 };

        (void) state;
        run_follow(&f, 300, 10);
        assert_int_equal(f.n, 300);
        assert_int_equal(f.duplicates, 0);
}

/* 20 MB for one who does not read: what he has not read is not kept in memory, and he misses nothing. */
static void test_a_slow_reader_misses_nothing(void **state) {
        Following f = { .want = 2000, .pause_msec = 1500 };

        (void) state;
        run_follow(&f, 2000, 10000);
        assert_int_equal(f.n, 2000);
        assert_int_equal(f.duplicates, 0);
        assert_int_equal(f.last_n, 1999);
        assert_false(f.gap);
}

static void test_a_reader_past_retention_gets_a_gap(void **state) {
        char cursor[64];
        Listing l;

        (void) state;
        for (int i = 0; i < 100; i++)
                emit_kill(0, 0, "/a");
        clerk_configure(d.clerk, &(LedgerBounds) { .keep_records = 10 });
        emit_kill(0, 0, "/a");
        (void) snprintf(cursor, sizeof(cursor), "%s-5", clerk_ledger_id(d.clerk));
        while (clerk_committed_seq(d.clerk) < 101)
                turn(10000);
        l = LIST(.after = cursor);
        assert_int_equal(l.n, 11);
        assert_non_null(strstr(l.first, "\"cause\":\"retention\""));
        assert_non_null(strstr(l.first, "\"seq\":null,\"id\":null,\"type\":\"gap\""));
        assert_non_null(strstr(l.first, "\"boot_id\":\"b\",\"machine_id\":\"m\",\"hostname\":\"h\",\"incident\":null"));
        assert_non_null(strstr(l.last, "\"n\":100,"));
        assert_int_equal(LIST(.limit = 0).n, 10);       /* who begins at the beginning lost nothing */
}

/* A filtered follower gets the `more` of his kills, though it names no cgroup itself. */
static void test_more_reaches_a_filtered_follower(void **state) {
        Following f = { .filter = { .cgroup = "/mine" }, .want = 3 };
        uint64_t kill;
        pthread_t t;

        (void) state;
        atomic_store(&followed, 0);
        assert_int_equal(pthread_create(&t, NULL, client_follow, &f), 0);
        while (!atomic_load(&followed))
                turn(10000);
        emit_text(REEVE_RECORD_MORE, 0, emit_kill(0, 0, "/other"), "{\"n\":1,\"of\":\"x\"}");
        kill = emit_kill(0, 0, "/mine/a");
        emit_text(REEVE_RECORD_MORE, 0, kill, "{\"n\":3,\"of\":\"x\"}");
        emit_kill(0, 0, "/mine");
        for (int i = 0; pthread_tryjoin_np(t, NULL) != 0; i++) {
                assert_true(i < 3000);
                turn(10000);
        }
        assert_int_equal(f.n, 3);
        assert_int_equal(f.duplicates, 0);
        assert_int_equal(f.last_n, 4);
}

static void test_a_heartbeat_comes_while_nothing_happens(void **state) {
        static const char call[] = "{\"method\":\"io.reeve.Supervisor.ListRecords\",\"parameters\":{\"follow\":true},"
                                   "\"more\":true}";
        char got[4096];
        int fd = raw_connect(), beats = 0;

        (void) state;
        assert_int_equal(send(fd, call, sizeof(call), 0), sizeof(call));
        for (int i = 0; i < 100 && beats < 3; i++) {
                ssize_t n = recv(fd, got, sizeof(got), MSG_DONTWAIT);

                for (ssize_t k = 0; k < n; k++)
                        beats += got[k] == '\0';
                turn(20000);
        }
        assert_true(beats >= 3);
        close(fd);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_lists),
                TEST(test_a_name_of_the_past),
                TEST(test_what_is_not_committed_is_listed),
                TEST(test_of_many_pages_the_newest_wait),
                TEST(test_single_calls),
                TEST(test_a_follower_gets_each_once),
                TEST(test_a_slow_reader_misses_nothing),
                TEST(test_a_reader_past_retention_gets_a_gap),
                TEST(test_more_reaches_a_filtered_follower),
                TEST(test_a_heartbeat_comes_while_nothing_happens),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
