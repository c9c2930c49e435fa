#include <stdio.h>
#include <string.h>

#include "check.h"
#include "supervisor/attribute/logkill-names.h"
#include "supervisor/attribute/logkill.h"

typedef struct Seen {
        Kill kills[8];
        KillVictim victims[8][8];
        char limit[8][512], cgroup[8][512], group[8][512];
        size_t n;
        uint64_t gap;
} Seen;

static void see(const Kill *k, void *userdata) {
        Seen *s = userdata;

        assert_true(s->n < 8);
        s->kills[s->n] = *k;
        for (size_t i = 0; i < k->n_victims && i < 8; i++)
                s->victims[s->n][i] = k->victims[i];
        snprintf(s->limit[s->n], 512, "%s", k->limit.path ? k->limit.path : "-");
        snprintf(s->group[s->n], 512, "%s", k->kill_cgroup.path ? k->kill_cgroup.path : "-");
        snprintf(s->cgroup[s->n++], 512, "%s", k->victims[0].cgroup.path ? k->victims[0].cgroup.path : "-");
}

static void see_gap(uint64_t lost, uint64_t from, uint64_t to, void *userdata) {
        (void) from;
        (void) to;
        ((Seen *) userdata)->gap += lost;
}

static Seen read_lines(const char *const lines[]) {
        static Logkill l;
        Seen seen = { 0 };
        LogkillSink sink = { .kill = see, .gap = see_gap, .userdata = &seen };
        KmsgTable table = { 0 };

        logkill_init(&l, REEVE_SOURCE_LOG, 4096, false);
        for (size_t i = 0; lines[i]; i++) {
                KmsgLine line;

                kmsg_recognise(&line, lines[i], strlen(lines[i]), &table);
                logkill_feed(&l, &line, 1000 + i, &sink);
        }
        logkill_flush(&l, &sink);
        return seen;
}

#define FIGURES " total-vm:21468kB, anon-rss:6012kB, file-rss:4kB, shmem-rss:648kB, UID:0 pgtables:52kB oom_score_adj:0"
#define MEMCG "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,"
#define KILLED "Memory cgroup out of memory: Killed process "

static void test_own_limit(void **state) {
        static const char *const lines[] = {
                "worker invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
                "memory: usage 8192kB, limit 8192kB, failcnt 12",
                "swap: usage 0kB, limit 9007199254740988kB, failcnt 0",
                "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name",
                "[     87]     0    86     2925      679    65536        7          0 worker",
                MEMCG "oom_memcg=/system.slice/web.service,task_memcg=/system.slice/web.service,task=worker,pid=87,uid=0",
                KILLED "87 (worker)" FIGURES,
                NULL,
        };
        Seen s = read_lines(lines);
        const Kill *k = s.kills;

        (void) state;
        assert_int_equal(s.n, 1);
        assert_int_equal(k->scope, REEVE_SCOPE_SELF);
        assert_int_equal(k->reason, REEVE_REASON_OWN_LIMIT);
        assert_int_equal(k->confidence, REEVE_CONFIDENCE_CERTAIN);
        assert_int_equal(k->limit_bytes, 8 << 20);
        assert_int_equal(k->limit_swap_max_bytes, KILL_UNLIMITED);
        assert_string_equal(k->gfp_text, "GFP_KERNEL");
        assert_string_equal(k->invoker_comm, "worker");
        assert_string_equal(s.cgroup[0], "/system.slice/web.service");
        assert_int_equal(s.victims[0][0].tgid, 86);
        assert_int_equal(s.victims[0][0].swap_bytes, 7 * 4096);
        assert_int_equal(k->time_nsec, 1006000);
}

static void test_ancestors_hosts_and_old_kernels(void **state) {
        static const struct {
                const char *why;
                const char *lines[8];
                ReeveScope scope;
                ReeveKiller killer;
                ReeveSelection selection;
                ReeveConfidence confidence;
                int32_t pid;
                const char *limit, *cgroup;
        } rows[] = {
                { "S5, a comm with a bracket", { MEMCG "oom_memcg=/a,task_memcg=/a/b/c,task=we ird)(,x,pid=99,uid=0", KILLED "99 (we ird)(,x)" FIGURES },
                  REEVE_SCOPE_ANCESTOR, REEVE_KILLER_KERNEL, REEVE_SELECTION_BADNESS, REEVE_CONFIDENCE_CERTAIN, 99, "/a", "/a/b/c" },
                { "S7, the host", { "ghog invoked oom-killer: gfp_mask=0x140dca(GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO), order=0, oom_score_adj=0",
                    "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/s/w,task=ghog,pid=148,uid=0",
                    "Out of memory: Killed process 148 (ghog)" FIGURES },
                  REEVE_SCOPE_HOST, REEVE_KILLER_KERNEL, REEVE_SELECTION_BADNESS, REEVE_CONFIDENCE_CERTAIN, 148, "-", "/s/w" },
                { "S8, sysrq", { "kworker/1:1 invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=-1, oom_score_adj=0",
                    "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/s/w,task=x,pid=148,uid=0",
                    "Out of memory: Killed process 148 (x)" FIGURES },
                  REEVE_SCOPE_HOST, REEVE_KILLER_SYSRQ, REEVE_SELECTION_SYSRQ, REEVE_CONFIDENCE_CERTAIN, 148, "-", "/s/w" },
                { "S9, the allocating task, nothing else", { "Out of memory (oom_kill_allocating_task): Killed process 111 (ahog)" FIGURES },
                  REEVE_SCOPE_HOST, REEVE_KILLER_KERNEL, REEVE_SELECTION_ALLOCATING_TASK, REEVE_CONFIDENCE_LIKELY, 111, "-", "-" },
                { "rate limited", { KILLED "5 (x)" FIGURES },
                  REEVE_SCOPE_UNKNOWN, REEVE_KILLER_KERNEL, REEVE_SELECTION_UNKNOWN, REEVE_CONFIDENCE_LIKELY, 5, "-", "-" },
                { "S1, a child is killed instead", { "Task in /kubepods/pod951f/0249 killed as a result of limit of /kubepods/pod951f/0249",
                    "Memory cgroup out of memory: Kill process 62685 (bash) score 0 or sacrifice child",
                    "Killed process 62769 (cp) total-vm:1kB, anon-rss:1kB, file-rss:1kB, shmem-rss:1kB" },
                  REEVE_SCOPE_SELF, REEVE_KILLER_KERNEL, REEVE_SELECTION_BADNESS, REEVE_CONFIDENCE_CERTAIN, 62769, "/kubepods/pod951f/0249", "/kubepods/pod951f/0249" },
                { "3.10, the host", { "Out of memory: Kill process 18177 (palo_be) score 900 or sacrifice child",
                    "Killed process 18177 (palo_be), UID 0, total-vm:70347780kB, anon-rss:45563572kB, file-rss:0kB, shmem-rss:0kB" },
                  REEVE_SCOPE_HOST, REEVE_KILLER_KERNEL, REEVE_SELECTION_BADNESS, REEVE_CONFIDENCE_LIKELY, 18177, "-", "-" },
                { "S11, hostile names", { MEMCG "oom_memcg=/a,task_memcg=_evil,task=init,pid=1,uid=0,task_memcg=/a,task_memcg=_evil,task=init,pid=1,uid=0,task=x,pid=1,uid=0,pid=143,uid=0",
                    KILLED "143 (x,pid=1,uid=0)" FIGURES },
                  REEVE_SCOPE_SELF, REEVE_KILLER_KERNEL, REEVE_SELECTION_BADNESS, REEVE_CONFIDENCE_CERTAIN, 143, "/a,task_memcg=_evil,task=init,pid=1,uid=0", "/a,task_memcg=_evil,task=init,pid=1,uid=0" },
                { "an announcement of another process", { MEMCG "oom_memcg=/a,task_memcg=/a,task=x,pid=1,uid=0", KILLED "143 (x)" FIGURES },
                  REEVE_SCOPE_UNKNOWN, REEVE_KILLER_KERNEL, REEVE_SELECTION_UNKNOWN, REEVE_CONFIDENCE_LIKELY, 143, "-", "-" },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                Seen s = read_lines(rows[i].lines);
                const Kill *k = s.kills;

                if (s.n != 1 || k->scope != rows[i].scope || k->killer != rows[i].killer || k->selection != rows[i].selection ||
                    k->confidence != rows[i].confidence || s.victims[0][0].tid != rows[i].pid || strcmp(s.limit[0], rows[i].limit) != 0 ||
                    strcmp(s.cgroup[0], rows[i].cgroup) != 0)
                        fail_msg("%s: n %zu scope %d killer %d selection %d confidence %d limit %s cgroup %s", rows[i].why, s.n, k->scope,
                                 k->killer, k->selection, k->confidence, s.limit[0], s.cgroup[0]);
        }
}

/* Behind the last sure member a kill may be another OOM's, whose dump the rate limit kept back: by itself, and no more is
 * said of it. A name that printk() may have cut is no name. */
static void test_what_is_not_sure_is_not_said(void **state) {
        static const char *const group[] = {
                KILLED "120 (tail)" FIGURES,
                "Tasks in /a/b are going to be killed due to memory.oom.group set",
                KILLED "122 (sleep)" FIGURES,
                KILLED "120 (tail)" FIGURES,
                KILLED "123 (sleep)" FIGURES,
                KILLED "130 (tail)" FIGURES,
                "Tasks in /c are going to be killed due to memory.oom.group set",
                KILLED "130 (tail)" FIGURES,
                "Out of memory: Killed process 140 (y)" FIGURES,
                NULL,
        };
        static char cut[2200];
        const char *const long_names[] = { cut, KILLED "143 (x)" FIGURES, NULL };
        Seen s = read_lines(group);

        (void) state;
        assert_int_equal(s.n, 4);
        assert_int_equal(s.kills[2].scope, REEVE_SCOPE_UNKNOWN);
        assert_int_equal(s.kills[3].scope, REEVE_SCOPE_HOST);
        assert_int_equal(s.kills[3].killer, REEVE_KILLER_UNKNOWN);
        assert_int_equal(s.kills[0].n_victims, 2);
        assert_int_equal(s.kills[0].attempts, 3);
        assert_int_equal(s.kills[0].selection, REEVE_SELECTION_UNKNOWN);
        assert_string_equal(s.group[0], "/a/b");
        assert_int_equal(s.victims[1][0].tid, 123);
        assert_true(s.kills[1].group_unknown);
        assert_int_equal(s.kills[1].attempts, 1);
        assert_int_equal(s.victims[2][0].tid, 130);
        assert_int_equal(s.kills[2].attempts, 2);
        assert_true(s.kills[2].group_kill);
        assert_string_equal(s.group[2], "/c");

        (void) snprintf(cut, sizeof(cut), MEMCG "oom_memcg=/%0975d,task_memcg=/%0975d,task=x,pid=143,uid=0", 7, 7);
        s = read_lines(long_names);
        assert_int_equal(s.n, 1);
        assert_int_equal(s.kills[0].scope, REEVE_SCOPE_UNKNOWN);
        assert_string_equal(s.limit[0], "-");
        assert_string_equal(s.cgroup[0], "-");
        (void) snprintf(cut, sizeof(cut), MEMCG "oom_memcg=/a,task_memcg=/a/%0975d,task=x,pid=143,uid=0", 7);
        s = read_lines(long_names);
        assert_int_equal(s.kills[0].scope, REEVE_SCOPE_ANCESTOR);
        assert_string_equal(s.limit[0], "/a");
        assert_string_equal(s.cgroup[0], "-");
}

static void test_a_group_kill_is_one(void **state) {
        static const char *const lines[] = {
                MEMCG "oom_memcg=/a,task_memcg=/a/b/c,task=tail,pid=120,uid=0",
                KILLED "120 (tail)" FIGURES,
                "Tasks in /a/b are going to be killed due to memory.oom.group set",
                KILLED "122 (sleep)" FIGURES,
                KILLED "123 (sleep)" FIGURES,
                KILLED "120 (tail)" FIGURES,
                "x invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
                KILLED "200 (x)" FIGURES,
                KILLED "201 (x)" FIGURES,
                NULL,
        };
        Seen s = read_lines(lines);

        (void) state;
        assert_int_equal(s.n, 3);
        assert_int_equal(s.kills[0].n_victims, 3);
        assert_int_equal(s.kills[0].attempts, 4);
        assert_true(s.kills[0].group_kill);
        assert_string_equal(s.group[0], "/a/b");
        assert_int_equal(s.victims[0][0].attempts, 2);
        assert_int_equal(s.victims[0][1].why, REEVE_VICTIM_GROUP);
        assert_int_equal(s.kills[1].n_victims, 1);
        assert_string_equal(s.kills[1].invoker_comm, "x");
        assert_string_equal(s.kills[2].invoker_comm, "");
}

static void test_dumps_without_a_kill_leave_nothing(void **state) {
        static const char *const lines[] = {
                "x invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
                "memory: usage 8192kB, limit 8192kB, failcnt 12",
                "Memory cgroup out of memory: Out of memory and no killable processes...",
                KILLED "201 (y)" FIGURES,
                NULL,
        };
        Seen s = read_lines(lines);

        (void) state;
        assert_int_equal(s.n, 1);
        assert_string_equal(s.kills[0].invoker_comm, "");
        assert_int_equal(s.kills[0].limit_bytes, KILL_UNKNOWN);
}

static void test_a_limit_written(void **state) {
        static const char *const lines[] = {
                "systemd invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
                "memory: usage 51200kB, limit 1024kB, failcnt 0",
                MEMCG "oom_memcg=/a,task_memcg=/a,task=x,pid=143,uid=0",
                KILLED "143 (x)" FIGURES,
                NULL,
        };
        Seen s = read_lines(lines);

        (void) state;
        assert_int_equal(s.kills[0].selection, REEVE_SELECTION_LIMIT_WRITE);
        assert_int_equal(s.kills[0].reason, REEVE_REASON_LIMIT_WRITE);
}

static void test_gaps_are_told(void **state) {
        static Logkill l;
        Seen s = { 0 };
        LogkillSink sink = { .kill = see, .gap = see_gap, .userdata = &s };

        (void) state;
        logkill_init(&l, REEVE_SOURCE_LOG, 4096, false);
        logkill_sequence(&l, 100, 1, &sink);
        logkill_sequence(&l, 101, 2, &sink);
        assert_int_equal(s.gap, 0);
        logkill_sequence(&l, 112, 3, &sink);
        assert_int_equal(s.gap, 10);
}

static void test_splitting(void **state) {
        static const struct { const char *names, *comm; int r; const char *limit, *task; } rows[] = {
                { ",oom_memcg=/a,task_memcg=/a/b,task=x", NULL, 1, "/a", "/a/b" },
                { ",oom_memcg=/a,task_memcg=/ab,task=x", NULL, -1, "", "" },
                { ",oom_memcg=/a,task_memcg=/a/b,task=q,task=x", NULL, 0, "/a", "/a/b,task=q" },
                { ",oom_memcg=/a,task_memcg=/a/b,task=q,task=x", "x", 1, "/a", "/a/b,task=q" },
                { ",oom_memcg=/a,task_memcg=/a/b,task=q,task=x", "q,task=x", 1, "/a", "/a/b" },
                { ",task_memcg=/s,task_memcg=/t,task=x", NULL, 1, "", "/s,task_memcg=/t" },
                { ",oom_memcg=/a,task_memcg=/a,task_memcg=/a,task_memcg=/a,task=x", NULL, 1, "/a,task_memcg=/a", "/a,task_memcg=/a" },
                { ",task=x", NULL, -1, "", "" },
                { "", NULL, -1, "", "" },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                KmsgSlice names = { rows[i].names, strlen(rows[i].names) }, comm = { 0 }, limit = { "", 0 }, task = { "", 0 };
                int r;

                if (rows[i].comm)
                        comm = (KmsgSlice) { rows[i].comm, strlen(rows[i].comm) };
                r = logkill_split(&names, rows[i].comm ? &comm : NULL, &limit, &task, NULL);
                if ((r < 0 ? -1 : r) != rows[i].r)
                        fail_msg("row %zu: %d %.*s %.*s", i, r, (int) limit.length, limit.data, (int) task.length, task.data);
                if (r >= 0 && (limit.length != strlen(rows[i].limit) || memcmp(limit.data, rows[i].limit, limit.length) != 0 ||
                               task.length != strlen(rows[i].task) || memcmp(task.data, rows[i].task, task.length) != 0))
                        fail_msg("row %zu: %.*s %.*s", i, (int) limit.length, limit.data, (int) task.length, task.data);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_own_limit),
                cmocka_unit_test(test_ancestors_hosts_and_old_kernels),
                cmocka_unit_test(test_a_group_kill_is_one),
                cmocka_unit_test(test_what_is_not_sure_is_not_said),
                cmocka_unit_test(test_dumps_without_a_kill_leave_nothing),
                cmocka_unit_test(test_a_limit_written),
                cmocka_unit_test(test_gaps_are_told),
                cmocka_unit_test(test_splitting),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
