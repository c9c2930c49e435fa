#include "check.h"
#include "live.h"
#include "supervisor/host/proc.h"
#include "supervisor/observe/logsource.h"

#include <poll.h>

typedef struct Taken {
        int n;
        Kill last;
        KillVictim victim;
        char limit[256], cgroup[256];
} Taken;

static void take(void *userdata, const Kill *k) {
        Taken *t = userdata;

        t->n++;
        t->last = *k;
        t->victim = k->victims[0];
        snprintf(t->limit, sizeof(t->limit), "%s", k->limit.path ? k->limit.path : "");
        snprintf(t->cgroup, sizeof(t->cgroup), "%s", k->victims[0].cgroup.path ? k->victims[0].cgroup.path : "");
}

static bool wait_for(Logsource *s, Taken *t, int n) {
        for (int i = 0; i < 1000 && t->n < n; i++) {
                struct pollfd p = { .fd = logsource_fd(s), .events = POLLIN };

                (void) poll(&p, 1, 20);
                assert_true(logsource_drain(s) >= 0);
                (void) logsource_settle(s, clock_boottime_nsec());
        }
        return t->n == n;
}

static void test_kill_below_a_limit(void **state) {
        (void) state;
        uint64_t limit = live_make("/l", "8M"), id, before = clock_boottime_nsec();
        char expected[256];
        LogsourceCounts c;
        Logsource *s = NULL;
        Taken t = { .n = 0 };
        const LogsourceSink sink = { .kill = take, .userdata = &t };
        ProcStat stat;
        pid_t pid;

        live_write("/l", "cgroup.subtree_control", "+memory");
        id = live_make("/l/x", NULL);
        assert_int_equal(logsource_new(&s, &live_fs, NULL, &sink), 0);
        pid = live_hog("/l/x", 32 << 20);
        assert_int_equal(proc_stat(pid, &stat), 0);
        assert_true(wait_for(s, &t, 1));
        assert_int_equal(t.victim.tgid, pid);
        assert_int_equal(t.victim.start_nsec, proc_start_nsec(stat.start_ticks));
        assert_int_equal(t.victim.cgroup.id, id);
        snprintf(expected, sizeof(expected), "%s/l/x", live_path);
        assert_string_equal(t.cgroup, expected);
        snprintf(expected, sizeof(expected), "%s/l", live_path);
        assert_string_equal(t.limit, expected);
        assert_int_equal(t.last.limit.id, limit);
        assert_int_equal(t.last.scope, REEVE_SCOPE_ANCESTOR);
        assert_int_equal(t.last.reason, REEVE_REASON_ANCESTOR_LIMIT);
        assert_true(t.last.sources & 1u << REEVE_SOURCE_PROC);
        assert_true(t.last.time_nsec > before && t.last.time_nsec < clock_boottime_nsec());
        (void) waitpid(pid, NULL, 0);
        pid = live_hog("/l", 32 << 20);         /* not a leaf: refused to enter, so it is no kill of ours */
        kill(pid, SIGKILL);
        (void) waitpid(pid, NULL, 0);
        logsource_counts(s, &c);
        assert_int_equal(c.kills, 1);
        assert_int_equal(c.lost, 0);
        logsource_free(s);
        live_remove("/l/x");
        live_remove("/l");
}

static void test_group_kill(void **state) {
        (void) state;
        Logsource *s = NULL;
        Taken t = { .n = 0 };
        const LogsourceSink sink = { .kill = take, .userdata = &t };
        pid_t calm, hog;

        live_make("/g", "16M");
        live_write("/g", "memory.oom.group", "1");
        assert_int_equal(logsource_new(&s, &live_fs, NULL, &sink), 0);
        calm = live_hog("/g", 1 << 20);
        usleep(200000);
        hog = live_hog("/g", 64 << 20);
        assert_true(wait_for(s, &t, 1));
        assert_true(t.last.group_kill);
        assert_int_equal(t.last.n_victims, 2);
        assert_int_equal(t.victim.tgid, hog);
        assert_int_equal(t.last.scope, REEVE_SCOPE_SELF);
        (void) waitpid(calm, NULL, 0);
        (void) waitpid(hog, NULL, 0);
        logsource_free(s);
        live_remove("/g");
}

static void test_counted(void **state) {
        (void) state;
        Kill k;

        logsource_counted(&k, 42, "/a", 3, 7);
        assert_int_equal(k.confidence, REEVE_CONFIDENCE_COUNTED);
        assert_int_equal(k.attempts, 3);
        assert_int_equal(k.counted.id, 42);
        assert_int_equal(k.n_victims, 0);
}

int main(void) {
        const struct CMUnitTest offline[] = { cmocka_unit_test(test_counted) };
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_kill_below_a_limit), cmocka_unit_test(test_group_kill) };
        int r = cmocka_run_group_tests(offline, NULL, NULL);

        if (r || !live_begin())
                return r;
        r = cmocka_run_group_tests(tests, NULL, NULL);
        live_end();
        return r;
}
