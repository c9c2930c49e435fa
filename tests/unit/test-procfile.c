#include "check.h"
#include "supervisor/text/procfile.h"

#include <errno.h>
#include <string.h>

#define TEXT(s) (s), sizeof(s) - 1
#define REST " S 17 148 148 0 -1 4194560 107 0 0 0 1 2 3 4 20 0 1 0 223494 2891776 238 18446744073709551615 1 1 0\n"

static void test_a_pid_is_digits_only(void **state) {
        static const struct { const char *word; int32_t pid; } rows[] = {
                { "1", 1 }, { "4194304", 4194304 }, { "0", 0 }, { "", 0 }, { "1x", 0 }, { "-1", 0 }, { "+1", 0 }, { " 1", 0 }, { "9999999999", 0 },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
                assert_int_equal(proc_pid_parse(rows[i].word), rows[i].pid);
}

static void test_stat_reads_from_the_right(void **state) {
        (void) state;
        static const struct {
                const char *text, *comm;
        } table[] = {
                { "148 (worker)" REST, "worker" },
                { "148 (we ird)(,x)" REST, "we ird)(,x" },
                { "148 (x) S 1 2 3 4)" REST, "x) S 1 2 3 4" },
                { "148 ()" REST, "" },
                { "148 (b\nc)" REST, "b\nc" },
        };

        for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
                ProcStat s;

                assert_int_equal(proc_stat_parse(&s, table[i].text, strlen(table[i].text)), 0);
                assert_string_equal(s.comm, table[i].comm);
                assert_int_equal(s.pid, 148);
                assert_int_equal(s.state, 'S');
                assert_int_equal(s.ppid, 17);
                assert_int_equal(s.start_ticks, 223494);
        }
}

static void test_stat_refuses_stumps(void **state) {
        (void) state;
        const char *whole = "148 (worker) S 17 148 148 0 -1 4194560 107 0 0 0 1 2 3 4 20 0 1 0 2";
        ProcStat s;

        for (size_t n = 0; n < strlen(whole); n++)
                assert_int_equal(proc_stat_parse(&s, whole, n), -EINVAL);
        assert_int_equal(proc_stat_parse(&s, whole, strlen(whole)), 0);
        assert_int_equal(proc_stat_parse(&s, TEXT(")(")), -EINVAL);
}

static void test_status(void **state) {
        (void) state;
        ProcStatus s;

        assert_int_equal(proc_status_parse(&s, TEXT("Name:\ttail\nUmask:\t0022\nState:\tR (running)\nTgid:\t101\nNgid:\t0\n"
                                                    "Pid:\t101\nPPid:\t99\nTracerPid:\t0\nUid:\t1000\t0\t0\t0\nNSpid:\t101\t7\t1\n"
                                                    "VmSize:\t    2268 kB\nRssAnon:\t      48 kB\nRssFile:\t       4 kB\n"
                                                    "RssShmem:\t    1388 kB\nVmPTE:\t      40 kB\nVmSwap:\t       8 kB\n")), 0);
        assert_int_equal(s.uid, 1000);
        assert_int_equal(s.ppid, 99);
        assert_int_equal(s.ns_pid, 1);
        assert_int_equal(s.anon_bytes, 48 * 1024);
        assert_int_equal(s.shmem_bytes, 1388 * 1024);
        assert_int_equal(s.swap_bytes, 8 * 1024);
        assert_false(s.kernel_thread);
        assert_int_equal(proc_status_parse(&s, TEXT("Name:\tx\nState:\tZ (zombie)\nTgid:\t5\nPPid:\t1\nUid:\t0\t0\t0\t0\n")), 0);
        assert_int_equal(s.state, 'Z');
        assert_int_equal(s.anon_bytes, -1);
        assert_false(s.kernel_thread);
        assert_int_equal(proc_status_parse(&s, TEXT("Name:\tkthreadd\nState:\tS (sleeping)\nTgid:\t2\nPPid:\t0\n")), 0);
        assert_true(s.kernel_thread);
        assert_int_equal(proc_status_parse(&s, TEXT("")), -EINVAL);
}

static void test_cgroup(void **state) {
        (void) state;
        static const struct {
                const char *text, *path;
                bool deleted, outside;
        } table[] = {
                { "0::/system.slice/web.service\n", "/system.slice/web.service", false, false },
                { "4:memory:/docker/x\n1:name=systemd:/\n0::/a b/c\n", "/a b/c", false, false },
                { "0::/p/c (deleted)\n", "/p/c", true, false },
                { "0::/../crio-1\n", "/../crio-1", false, true },
                { "0::/..x\n", "/..x", false, false },
                { "0::/\n", "/", false, false },
        };
        ProcCgroup c;

        for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
                assert_int_equal(proc_cgroup_parse(&c, table[i].text, strlen(table[i].text)), 0);
                assert_int_equal(c.length, strlen(table[i].path));
                assert_memory_equal(c.path, table[i].path, c.length);
                assert_int_equal(c.deleted, table[i].deleted);
                assert_int_equal(c.outside, table[i].outside);
        }
        assert_int_equal(proc_cgroup_parse(&c, TEXT("4:memory:/docker/x\n")), -ENOENT);
        assert_int_equal(proc_cgroup_parse(&c, TEXT("0::")), -ENOENT);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_pid_is_digits_only),
                cmocka_unit_test(test_stat_reads_from_the_right), cmocka_unit_test(test_stat_refuses_stumps),
                cmocka_unit_test(test_status), cmocka_unit_test(test_cgroup),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
