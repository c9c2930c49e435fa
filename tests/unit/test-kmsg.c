#include <errno.h>
#include <string.h>

#include "check.h"
#include "supervisor/text/kmsg.h"

static void test_records(void **state) {
        static const struct { const char *raw; int r; uint64_t seq, usec; unsigned level; bool kernel, continuation; const char *text; } rows[] = {
                { "4,656,6779976,c;,task_memcg=/1xxx/4xxx,task=lp,pid=134,uid=0\n", 0, 656, 6779976, 4, true, true, ",task_memcg=/1xxx/4xxx,task=lp,pid=134,uid=0" },
                { "3,729,6926001,-;Memory cgroup out of memory: Killed process 148 (b\\x0ac) total-vm:1kB\n", 0, 729, 6926001, 3, true, false, "Memory cgroup out of memory: Killed process 148 (b\nc) total-vm:1kB" },
                { "6,1,2,-,caller=T12;hello\n SUBSYSTEM=x\n DEVICE=y\n", 0, 1, 2, 6, true, false, "hello" },
                { "12,7,8,-;Killed process 1 (init) total-vm:1kB", 0, 7, 8, 4, false, false, "Killed process 1 (init) total-vm:1kB" },
                { "6,1,2,-;a\\x5cx0a", 0, 1, 2, 6, true, false, "a\\x0a" },
                { "6,1,2", -EBADMSG, 0, 0, 0, false, false, NULL },
                { "", -EBADMSG, 0, 0, 0, false, false, NULL },
                { "x,1,2,-;y", -EBADMSG, 0, 0, 0, false, false, NULL },
                { "6,99999999999999999999,2,-;y", -EBADMSG, 0, 0, 0, false, false, NULL },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                static KmsgRecord r;
                int error = kmsg_parse(&r, rows[i].raw, strlen(rows[i].raw));

                if (error != rows[i].r)
                        fail_msg("row %zu: %d", i, error);
                if (error == 0 && (r.seq != rows[i].seq || r.usec != rows[i].usec || r.level != rows[i].level || r.kernel != rows[i].kernel ||
                                   r.continuation != rows[i].continuation || strcmp(r.text, rows[i].text) != 0))
                        fail_msg("row %zu: %s", i, r.text);
        }
}

static void test_prefixes_of_other_logs(void **state) {
        static const struct { const char *line, *text; int64_t usec; } rows[] = {
                { "<6>[   12.345678] Tasks in /a\n", "Tasks in /a", 12345678 },
                { "[   12.345678][ T123] x invoked", "x invoked", 12345678 },
                { "[    0.000001] [  62685]     0 62685", "[  62685]     0 62685", 1 },
                { "[  62685]     0 62685", "[  62685]     0 62685", KMSG_UNKNOWN },
                { "Killed process 1", "Killed process 1", KMSG_UNKNOWN },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                KmsgSlice text;
                int64_t usec;

                kmsg_strip(rows[i].line, strlen(rows[i].line), &usec, &text);
                if (usec != rows[i].usec || text.length != strlen(rows[i].text) || memcmp(text.data, rows[i].text, text.length) != 0)
                        fail_msg("row %zu: %.*s", i, (int) text.length, text.data);
        }
}

static KmsgLine line_of(const char *text, KmsgTable *table) {
        KmsgLine l;

        kmsg_recognise(&l, text, strlen(text), table);
        return l;
}

static bool is(KmsgSlice s, const char *want) {
        return s.length == strlen(want) && memcmp(s.data, want, s.length) == 0;
}

/* The samples S1 to S12 of real kernels. */
static void test_killed_lines(void **state) {
        static const struct { const char *text; int64_t pid, uid; const char *comm; KmsgMessage message; int64_t anon, adj, tables; } rows[] = {
                { "Killed process 62769 (cp) total-vm:10kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB", 62769, -1, "cp", KMSG_MESSAGE_NONE, 4096, KMSG_ADJ_UNKNOWN, -1 },
                { "Killed process 18177 (palo_be), UID 0, total-vm:70347780kB, anon-rss:45563572kB, file-rss:0kB, shmem-rss:0kB", 18177, 0, "palo_be", KMSG_MESSAGE_NONE, INT64_C(45563572) * 1024, KMSG_ADJ_UNKNOWN, -1 },
                { "Memory cgroup out of memory: Killed process 87 (worker) total-vm:21468kB, anon-rss:6012kB, file-rss:4kB, shmem-rss:648kB, UID:0 pgtables:52kB oom_score_adj:0", 87, 0, "worker", KMSG_MESSAGE_MEMCG, 6012 * 1024, 0, 52 * 1024 },
                { "Memory cgroup out of memory: Killed process 99 (we ird)(,x) total-vm:21468kB, anon-rss:4692kB, file-rss:4kB, shmem-rss:648kB, UID:0 pgtables:44kB oom_score_adj:300", 99, 0, "we ird)(,x", KMSG_MESSAGE_MEMCG, 4692 * 1024, 300, 44 * 1024 },
                { "Out of memory: Killed process 148 (ghog) total-vm:410588kB, anon-rss:186496kB, file-rss:0kB, shmem-rss:544kB, UID:0 pgtables:404kB oom_score_adj:0", 148, 0, "ghog", KMSG_MESSAGE_HOST, 186496 * 1024, 0, 404 * 1024 },
                { "Out of memory (oom_kill_allocating_task): Killed process 111 (ahog) total-vm:410588kB, anon-rss:1kB, file-rss:0kB, shmem-rss:544kB, UID:65534 pgtables:404kB oom_score_adj:-5", 111, 65534, "ahog", KMSG_MESSAGE_ALLOCATING_TASK, 1024, -5, 404 * 1024 },
                { "Memory cgroup out of memory: Killed process 148 (b\nc) total-vm:1kB, anon-rss:2kB, UID:0 pgtables:4kB oom_score_adj:0", 148, 0, "b\nc", KMSG_MESSAGE_MEMCG, 2048, 0, 4096 },
                { "Memory cgroup out of memory: Killed process 5 () total-vm:9k) total-vm:1kB, anon-rss:2kB, UID:7 pgtables:4kB oom_score_adj:0", 5, 7, ") total-vm:9k", KMSG_MESSAGE_MEMCG, 2048, 0, 4096 },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                KmsgLine l = line_of(rows[i].text, NULL);

                if (l.kind != KMSG_KILLED || l.pid != rows[i].pid || l.uid != rows[i].uid || !is(l.comm, rows[i].comm) ||
                    l.message != rows[i].message || l.anon_bytes != rows[i].anon || l.adj != rows[i].adj || l.page_table_bytes != rows[i].tables)
                        fail_msg("row %zu: kind %d pid %ld comm %.*s", i, l.kind, (long) l.pid, (int) l.comm.length, l.comm.data);
        }
}

static void test_other_lines(void **state) {
        KmsgLine l = line_of("worker invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0", NULL);

        (void) state;
        assert_int_equal(l.kind, KMSG_INVOKED);
        assert_true(is(l.comm, "worker") && is(l.gfp_text, "GFP_KERNEL"));
        assert_int_equal(l.gfp, 0xcc0);
        assert_int_equal(l.order, 0);
        l = line_of("kworker/1:1 invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=-1, oom_score_adj=0", NULL);
        assert_int_equal(l.order, -1);
        l = line_of("x invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=5", NULL);
        assert_int_equal(l.kind, KMSG_INVOKED);
        assert_int_equal(l.gfp_text.length, 0);
        assert_int_equal(l.adj, 5);
        l = line_of("Tasks in /a/b are going to be killed due to memory.oom.group set", NULL);
        assert_true(l.kind == KMSG_GROUP && is(l.path, "/a/b"));
        l = line_of("Task in /kubepods/pod951f/0249 killed as a result of limit of /kubepods/pod951f", NULL);
        assert_true(l.kind == KMSG_TASK_IN && is(l.path, "/kubepods/pod951f/0249") && is(l.limit_path, "/kubepods/pod951f") && !l.ambiguous);
        l = line_of("Memory cgroup out of memory: Kill process 62685 (bash) score 0 or sacrifice child", NULL);
        assert_true(l.kind == KMSG_KILL_OR_SACRIFICE && l.pid == 62685 && is(l.comm, "bash"));
        l = line_of("oom_reaper: reaped process 87 (worker), now anon-rss:0kB, file-rss:0kB, shmem-rss:648kB", NULL);
        assert_true(l.kind == KMSG_REAPED && l.pid == 87 && l.shmem_bytes == 648 * 1024);
        l = line_of("memory: usage 1024kB, limit 2048kB, failcnt 12", NULL);
        assert_true(l.kind == KMSG_USAGE && l.usage_bytes == 1 << 20 && l.limit_bytes == 2 << 20);
        l = line_of("swap: usage 0kB, limit 9007199254740988kB, failcnt 0", NULL);
        assert_true(l.kind == KMSG_SWAP_USAGE && l.limit_bytes == INT64_MAX);
        l = line_of("Out of memory and no killable processes...", NULL);
        assert_int_equal(l.kind, KMSG_NO_VICTIM);
        l = line_of("Memory cgroup out of memory: OOM victim 99 (x) is already exiting. Skip killing the task", NULL);
        assert_true(l.kind == KMSG_EXITING && l.pid == 99);
        assert_int_equal(line_of("eth0: link up", NULL).kind, KMSG_OTHER);
        assert_int_equal(line_of("", NULL).kind, KMSG_OTHER);
}

static void test_oom_kill_lines(void **state) {
        static const struct { const char *text; bool global; int64_t pid; const char *names; } rows[] = {
                { "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/a,task_memcg=/a/b/c,task=we ird)(,x,pid=99,uid=0", false, 99, ",oom_memcg=/a,task_memcg=/a/b/c,task=we ird)(,x" },
                { "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0-1,3,global_oom,task_memcg=/s/w,task=ghog,pid=148,uid=0", true, 148, ",task_memcg=/s/w,task=ghog" },
                { "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=x,mems_allowed=0,global_oom,task_memcg=,mems_allowed=0,oom_memcg=/a,task_memcg=/a,task=x,pid=3,uid=0", false, 3, ",oom_memcg=/a,task_memcg=/a,task=x" },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                KmsgLine l = line_of(rows[i].text, NULL);

                if (l.kind != KMSG_OOM_KILL || l.global_oom != rows[i].global || l.pid != rows[i].pid || !is(l.names, rows[i].names))
                        fail_msg("row %zu: %.*s", i, (int) l.names.length, l.names.data);
        }
}

static void test_tables(void **state) {
        KmsgTable t = { 0 };
        KmsgLine l;

        (void) state;
        assert_int_equal(line_of("[  62685]     0 62685     2925      679    65536        0          -998 bash", &t).kind, KMSG_OTHER);
        assert_int_equal(line_of("[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name", &t).kind, KMSG_TABLE_HEADER);
        l = line_of("[  62685]     0 62685     2925      679    65536        7          -998 ba sh", &t);
        assert_true(l.kind == KMSG_TABLE_ROW && l.pid == 62685 && l.tgid == 62685 && l.rss_pages == 679 && l.swap_pages == 7 && l.adj == -998);
        assert_int_equal(l.page_table_bytes, 65536);
        assert_true(is(l.comm, "ba sh"));
        assert_int_equal(line_of("[  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem pgtables_bytes swapents oom_score_adj name", &t).kind, KMSG_TABLE_HEADER);
        l = line_of("[    148]     0   148   102647    46760    46624        0      136   413696        3             0 ghog", &t);
        assert_true(l.kind == KMSG_TABLE_ROW && l.page_table_bytes == 413696 && l.swap_pages == 3 && is(l.comm, "ghog"));
        assert_int_equal(line_of("[ pid ]   uid  tgid total_vm      rss nr_ptes nr_pmds swapents oom_score_adj name", &t).kind, KMSG_TABLE_HEADER);
        l = line_of("[  100]     0   100   1   2    3    4      5         0 x", &t);
        assert_true(l.kind == KMSG_TABLE_ROW && l.swap_pages == 5 && l.page_table_bytes == KMSG_UNKNOWN);
}

static void test_split_lines_come_together(void **state) {
        static KmsgJoiner j;
        static const char *const pieces[] = { "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/1x,task_memcg=", "/1x/4x", ",task=lp,pid=134,uid=0" };
        KmsgLine l;

        (void) state;
        assert_int_equal(kmsg_join(&j, "hello", 5, 1, 1, false), KMSG_JOIN_ALONE);
        assert_int_equal(kmsg_join(&j, pieces[0], strlen(pieces[0]), 2, 20, false), KMSG_JOIN_KEPT);
        assert_int_equal(kmsg_join(&j, "another CPU speaks", 18, 3, 21, false), KMSG_JOIN_ALONE);
        assert_int_equal(kmsg_join(&j, pieces[1], strlen(pieces[1]), 4, 22, true), KMSG_JOIN_KEPT);
        assert_int_equal(kmsg_join(&j, pieces[2], strlen(pieces[2]), 5, 23, false), KMSG_JOIN_WHOLE);
        kmsg_recognise(&l, j.text, j.length, NULL);
        assert_int_equal(l.kind, KMSG_OOM_KILL);
        assert_int_equal(l.pid, 134);
        assert_int_equal(j.usec, 20);
        assert_int_equal(kmsg_join(&j, ",x", 2, 6, 24, true), KMSG_JOIN_ALONE);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_records),
                cmocka_unit_test(test_prefixes_of_other_logs),
                cmocka_unit_test(test_killed_lines),
                cmocka_unit_test(test_other_lines),
                cmocka_unit_test(test_oom_kill_lines),
                cmocka_unit_test(test_tables),
                cmocka_unit_test(test_split_lines_come_together),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
