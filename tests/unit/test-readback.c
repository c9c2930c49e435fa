#include "check.h"
#include "supervisor/observe/readback.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char dump[] =
        "Panic#2 Part1\n"
        "<4>[  100.000001] worker invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n"
        "<6>[  100.000100] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/a,"
        "task_memcg=/a/b/c,task=we ird)(,x,pid=99,uid=0\n"
        "<3>[  100.000200] Memory cgroup out of memory: Killed process 99 (we ird)(,x) total-vm:21468kB, anon-rss:4692kB, "
        "file-rss:4kB, shmem-rss:648kB, UID:0 pgtables:44kB oom_score_adj:300\n"
        "<6>[  130.000000] something else\n"
        "<3>[  150.000000] Out of memory: Killed process 148 (ghog) total-vm:410588kB, anon-rss:186496kB, file-rss:0kB, "
        "shmem-rss:544kB, UID:0 pgtables:404kB oom_score_adj:0\n"
        "<0>[  160.000000] Kernel panic - not syncing\n";

static void put(const char *root, const char *name, const char *text) {
        char path[256];
        FILE *f;

        snprintf(path, sizeof(path), "%s/%s", root, name);
        f = fopen(path, "w");
        assert_non_null(f);
        fputs(text, f);
        fclose(f);
}

static ReadbackCounts wait_done(Readback *r) {
        ReadbackCounts c = { .done = false };

        for (int i = 0; i < 500 && !c.done; i++) {
                struct pollfd p = { .fd = ring_fd(readback_ring(r)), .events = POLLIN };

                (void) poll(&p, 1, 10);
                ring_drain_fd(readback_ring(r));
                readback_counts(r, &c);
        }
        assert_true(c.done);
        return c;
}

static void test_pstore(void **state) {
        (void) state;
        char root[] = "/tmp/reeve-readback-XXXXXX", command[128];
        ReadbackOptions o = { .kmsg = "", .journal = "" };
        ReadbackKill *kills[3] = { NULL };
        ReadbackCounts c;
        Readback *r = NULL;
        size_t n = 0;

        assert_non_null(mkdtemp(root));
        snprintf(command, sizeof(command), "mkdir -p %s/1700000000/001", root);
        assert_int_equal(system(command), 0);
        put(root, "1700000000/001/dmesg.txt", dump);
        put(root, "1700000000/001/dmesg-efi-170000000001001", dump);   /* a piece of the same */
        put(root, "1700000000/other", dump);
        o.pstore = root;
        assert_int_equal(readback_new(&r, &o), 0);
        c = wait_done(r);
        while (n < 3 && (kills[n] = readback_take(r)))
                n++;
        assert_int_equal(n, 2);
        assert_int_equal(c.kills, 2);
        assert_true(kills[0]->kill.late);
        assert_int_equal(kills[0]->kill.scope, REEVE_SCOPE_ANCESTOR);
        assert_string_equal(kills[0]->kill.limit.path, "/a");
        assert_string_equal(kills[0]->kill.victims[0].cgroup.path, "/a/b/c");
        assert_string_equal(kills[0]->kill.victims[0].comm, "we ird)(,x");
        assert_int_equal(kills[0]->kill.sources, 1u << REEVE_SOURCE_PSTORE);
        assert_string_equal(kills[0]->boot_id, "");
        assert_int_equal(kills[0]->realtime_usec, INT64_C(1700000000000000) - 59999800);
        assert_int_equal(kills[1]->kill.scope, REEVE_SCOPE_HOST);
        for (size_t i = 0; i < n; i++)
                readback_kill_free(kills[i]);
        readback_free(r);
        snprintf(command, sizeof(command), "rm -rf %s", root);
        assert_int_equal(system(command), 0);
}

static void test_nothing_there(void **state) {
        (void) state;
        const ReadbackOptions o = { .kmsg = "/nonexistent", .journal = "/nonexistent", .pstore = "/nonexistent" };
        ReadbackCounts c;
        Readback *r = NULL;

        assert_int_equal(readback_new(&r, &o), 0);
        c = wait_done(r);
        assert_int_equal(c.kmsg_error, -ENOENT);
        assert_true(c.journal_error < 0);
        assert_int_equal(c.pstore_error, 0);
        assert_int_equal(c.kills, 0);
        readback_free(r);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_pstore), cmocka_unit_test(test_nothing_there) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
