#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "supervisor/host/taskstats.h"

enum { MESSAGE_MAX = 2048 };

/* The message on line @n of a kernel's captured ones; its length. */
static size_t captured(const char *kernel, int n, unsigned char message[static MESSAGE_MAX]) {
        char path[512], line[2 * MESSAGE_MAX + 2];
        size_t length = 0;
        FILE *f;

        (void) snprintf(path, sizeof(path), "%s/%s/taskstats.hex", REEVE_FIXTURES, kernel);
        f = fopen(path, "re");
        if (!f)                 /* not in the tree's place: in a guest */
                skip();
        for (int i = 0; i <= n; i++)
                assert_non_null(fgets(line, sizeof(line), f));
        (void) fclose(f);
        while (line[2 * length] > ' ') {
                char digits[3] = { line[2 * length], line[2 * length + 1], '\0' };

                message[length++] = (unsigned char) strtoul(digits, NULL, 16);
        }
        return length;
}

static int family_of(const unsigned char *message) {
        return message[4] | message[5] << 8;
}

/* A process of one thread, then one of two: 5.10 tells of each thread alike, later kernels mark the last. */
static void test_captured(void **state) {
        static const struct { const char *kernel; int line, r; int32_t tgid; uint32_t version; } rows[] = {
                { "5.10", 0, 0, 224, 10 },       { "5.10", 1, 0, 226, 10 }, { "5.10", 2, 0, 227, 10 },
                { "6.1", 0, 0, 229, 13 },        { "6.1", 1, -ENOMSG, 0, 0 }, { "6.1", 2, 0, 268, 13 },
                { "7.2", 0, 0, 199, 17 },        { "7.2", 1, -ENOMSG, 0, 0 }, { "7.2", 2, 0, 213, 17 },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                _Alignas(8) unsigned char message[MESSAGE_MAX];
                size_t length = captured(rows[i].kernel, rows[i].line, message);
                TaskstatsExit e = { 0 };
                int r = taskstats_parse(&e, message, length, family_of(message));

                if (r != rows[i].r || e.tgid != rows[i].tgid || e.version != rows[i].version)
                        fail_msg("%s line %d: %d, tgid %d, version %u", rows[i].kernel, rows[i].line, r, e.tgid, e.version);
                if (r < 0)
                        continue;
                /* It held 20 MiB and its interpreter. */
                assert_in_range(e.peak_rss_bytes, 20 << 20, 64 << 20);
                assert_in_range(e.runtime_nsec, 1000000, UINT64_C(10000000000));
                assert_int_equal(e.uid, 0);
        }
}

static void test_malformed(void **state) {
        _Alignas(8) unsigned char whole[MESSAGE_MAX], message[MESSAGE_MAX];
        size_t length = captured("6.1", 0, whole);
        TaskstatsExit e;

        (void) state;
        assert_int_equal(taskstats_parse(&e, whole, length, family_of(whole) + 1), -ENOMSG);
        for (size_t cut = 0; cut < length; cut++) {
                memcpy(message, whole, length);
                assert_int_equal(taskstats_parse(&e, message, cut, family_of(whole)), -EBADMSG);
        }
        memcpy(message, whole, length);
        message[40] = 15;       /* ac_exitcode: SIGTERM */
        assert_int_equal(taskstats_parse(&e, message, length, family_of(whole)), -ENOMSG);
        memcpy(message, whole, length);
        message[40] = 0x89;     /* a core was dumped */
        assert_int_equal(taskstats_parse(&e, message, length, family_of(whole)), 0);
        memcpy(message, whole, length);
        message[20] = 8;        /* AGGR_PID that ends in its middle */
        message[21] = 0;
        assert_int_equal(taskstats_parse(&e, message, length, family_of(whole)), -EBADMSG);
}

/* Against the kernel, where we may: one exit of each process ended by SIGKILL comes, and none of others. */
static void test_live(void **state) {
        Taskstats *t = NULL;
        TaskstatsCounts counts;
        char why[256] = "";
        int r = taskstats_open(&t, why, sizeof(why));

        (void) state;
        if (r < 0) {
                assert_true(strlen(why) > 0);
                skip();
        }
        assert_true(taskstats_test_begin(t) > 0);
        do {
                usleep(10000);
                (void) taskstats_drain(t, NULL, NULL);
                r = taskstats_test_result(t);
        } while (r == 0);
        if (r == -ENOMSG) {     /* in a container this is how it ends */
                (void) taskstats_close(t);
                skip();
        }
        (void) !system("true; sh -c 'kill -9 $$'; sh -c 'kill -15 $$'; exit 3");
        assert_true(taskstats_drain(t, NULL, NULL) >= 1);
        taskstats_counts(t, &counts);
        assert_int_equal(counts.malformed, 0);
        (void) taskstats_close(t);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_captured),
                cmocka_unit_test(test_malformed),
                cmocka_unit_test(test_live),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
