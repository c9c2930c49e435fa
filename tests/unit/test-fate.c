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
        CHECK_FATE("unknown", .pid = 11, .start_usec = 99);             /* the sources are not that far */
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

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_fates),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
