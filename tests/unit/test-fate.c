/* What became of it: from the ledger, from the spool, from the process itself. */
#include "check.h"
#include "reeve/reeve.h"
#include "small-reeved.h"

typedef struct FateAsk {
        reeve_fate_query q;
        char *text;
        int r;
} FateAsk;

static void *client_fate(void *userdata) {
        FateAsk *a = userdata;
        reeve *r = NULL;

        a->q.size = sizeof(a->q);
        assert_int_equal(reeve_connect(&r, socket_path), 0);
        a->r = reeve_fate(r, &a->q, &a->text);
        reeve_close(r);
        return NULL;
}

#define CHECK_FATE(want, ...)                                                        \
        do {                                                                         \
                FateAsk _a = { .q = { __VA_ARGS__ } };                               \
                run_client(client_fate, &_a);                                        \
                assert_int_equal(_a.r, 0);                                           \
                if (!strstr(_a.text, "\"fate\":\"" want "\""))                       \
                        fail_msg("%s: %s", want, _a.text);                           \
                free(_a.text);                                                       \
        } while (0)

static void test_fates(void **state) {
        (void) state;
        emit_kill(0, 0, "/a");
        CHECK_FATE("oom_killed", .pid = 11, .start_usec = 21);          /* not the first victim only */
        CHECK_FATE("oom_killed", .cgroup = "/a");
        CHECK_FATE("oom_killed", .container = "0123456789ab");
        CHECK_FATE("unknown", .pid = 11, .start_usec = 99999);          /* the sources are not that far */
        CHECK_FATE("unknown", .cgroup = "/b");
        d.alive = 1;
        CHECK_FATE("alive", .pid = 12, .start_usec = 1);
        d.alive = 0;
        d.drained = UINT64_MAX / 4000;
        CHECK_FATE("exited", .pid = 12, .start_usec = 1);
        d.hold_posts = true;
        emit_kill(0, 0, "/only/in/spool");
        CHECK_FATE("oom_killed", .cgroup = "/only");
        emit_text(REEVE_RECORD_SIGKILL, 0, 0, "{\"boot_id\":\"b\",\"cgroup\":{\"path\":\"/s\"},\"victim\":{\"pid\":5,"
                                              "\"start_usec\":6}}");
        CHECK_FATE("killed", .pid = 5, .start_usec = 6);
}

/* A record of pid 10 or of a cgroup, each with what it is asked by. */
static void emit_of(int type, const char *path, uint64_t id, uint64_t pid, const char *start) {
        char json[512], at[64];

        if (id)
                (void) snprintf(at, sizeof(at), "%llu", (unsigned long long) id);
        (void) snprintf(json, sizeof(json), "{\"boot_id\":\"b\",\"boottime_usec\":90000000,\"cgroup\":{\"path\":\"%s\",\"id\":%s},"
                        "\"%s\":%s{\"pid\":%llu,\"start_usec\":%s}%s}", path, id ? at : "null",
                        type == REEVE_RECORD_KILL ? "victims" : "victim", type == REEVE_RECORD_KILL ? "[" : "",
                        (unsigned long long) pid, start, type == REEVE_RECORD_KILL ? "]" : "");
        (void) emit_text(type, 0, 0, json);
}

/* The rings know the start to the microsecond, who asks has /proc's ticks: this fate was "exited" for every OOM kill. */
static void test_a_start_is_known_to_the_tick(void **state) {
        (void) state;
        d.drained = UINT64_MAX / 4000;
        emit_of(REEVE_RECORD_KILL, "/a", 7, 10, "81234567");
        for (int pending = 0; pending < 2; pending++) {
                d.hold_posts = pending;
                emit_of(REEVE_RECORD_KILL, "/a", 7, 11, "81234567");
                CHECK_FATE("oom_killed", .pid = 10 + pending, .start_usec = 81230000);
                CHECK_FATE("oom_killed", .pid = 10 + pending, .start_usec = 81234567);
                CHECK_FATE("exited", .pid = 10 + pending, .start_usec = 81240000);
        }
        /* A victim of an earlier process with this pid, whose start nobody knew. */
        emit_of(REEVE_RECORD_KILL, "/a", 7, 12, "null");
        CHECK_FATE("oom_killed", .pid = 12, .start_usec = 81230000);
        CHECK_FATE("exited", .pid = 12, .start_usec = 99000000);
}

static void test_of_a_cgroup(void **state) {
        (void) state;
        d.drained = UINT64_MAX / 4000;
        emit_of(REEVE_RECORD_KILL, "/a/below", 8, 10, "1");
        emit_of(REEVE_RECORD_SIGKILL, "/a", 7, 11, "1");
        d.cgroup_id = 7;
        d.populated = 0;
        CHECK_FATE("oom_killed", .cgroup = "/a");               /* the SIGKILL after it only cleared away */
        d.cgroup_id = 9;                                        /* made anew under that name */
        CHECK_FATE("exited", .cgroup = "/a");
        d.populated = 1;
        CHECK_FATE("alive", .cgroup = "/a");
        emit_of(REEVE_RECORD_SIGKILL, "/a", 9, 12, "1");        /* one of several */
        CHECK_FATE("alive", .cgroup = "/a");
        d.populated = 0;
        CHECK_FATE("killed", .cgroup = "/a");
        d.hold_posts = true;
        emit_of(REEVE_RECORD_KILL, "/a", 9, 13, "1");
        emit_of(REEVE_RECORD_SIGKILL, "/a", 9, 14, "1");
        CHECK_FATE("oom_killed", .cgroup = "/a");
        CHECK_FATE("oom_killed", .cgroup = "web.service");      /* another name of it */
}

/* A record without id speaks of the last of that name, or of an earlier one. */
static void test_a_record_that_knows_no_id_is_no_proof(void **state) {
        (void) state;
        d.drained = UINT64_MAX / 4000;
        emit_of(REEVE_RECORD_KILL, "/a", 0, 10, "1");
        d.cgroup_id = 9;
        d.populated = 1;
        CHECK_FATE("alive", .cgroup = "/a");
        d.populated = 0;
        CHECK_FATE("unknown", .cgroup = "/a");
        d.since_usec = 90000001;                                /* it may have been made after that */
        CHECK_FATE("unknown", .cgroup = "/a");
        d.since_usec = 90000000;
        CHECK_FATE("oom_killed", .cgroup = "/a");
        d.since_usec = 0;
        d.populated = -ENODEV;
        CHECK_FATE("oom_killed", .cgroup = "/a");
}

static void test_the_sources_are_drained_for_it(void **state) {
        (void) state;
        d.drains_to = UINT64_MAX / 4000;
        CHECK_FATE("exited", .pid = 10, .start_usec = 1);       /* nothing else would have read them */
        d.drained = 0;
        d.drains_text = "{\"boot_id\":\"b\",\"victims\":[{\"pid\":11,\"start_usec\":1}]}";
        CHECK_FATE("oom_killed", .pid = 11, .start_usec = 1);
        d.drained = 0;
        d.drains_to = 0;
        CHECK_FATE("unknown", .pid = 12, .start_usec = 1);      /* they hold something back still */
}

static void test_of_a_sigkill_without_a_record(void **state) {
        (void) state;
        d.drained = UINT64_MAX / 4000;
        d.sigkilled = 1;
        CHECK_FATE("killed", .pid = 10, .start_usec = 1);
        d.sigkilled = -ENODATA;
        CHECK_FATE("unknown", .pid = 10, .start_usec = 1);
}

static bool troubled(void) {
        ClerkCounters counters;

        clerk_counters(d.clerk, &counters);
        return counters.troubled;
}

static void test_a_ledger_that_cannot_be_read_is_no_exit(void **state) {
        (void) state;
        d.drained = UINT64_MAX / 4000;
        CHECK_FATE("exited", .pid = 10, .start_usec = 1);
        assert_int_equal(unlink(ledger_path), 0);
        assert_int_equal(mkdir(ledger_path, 0755), 0);
        emit_of(REEVE_RECORD_KILL, "/a", 7, 11, "1");
        for (int i = 0; i < 500 && !troubled(); i++)
                turn(10000);
        assert_true(troubled());
        CHECK_FATE("unknown", .pid = 10, .start_usec = 1);
        CHECK_FATE("oom_killed", .pid = 11, .start_usec = 1);
        assert_int_equal(rmdir(ledger_path), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_fates),
                TEST(test_a_start_is_known_to_the_tick),
                TEST(test_of_a_cgroup),
                TEST(test_a_record_that_knows_no_id_is_no_proof),
                TEST(test_the_sources_are_drained_for_it),
                TEST(test_of_a_sigkill_without_a_record),
                TEST(test_a_ledger_that_cannot_be_read_is_no_exit),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
