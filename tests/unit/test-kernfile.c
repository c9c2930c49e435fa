#include "check.h"
#include "supervisor/text/kernfile.h"

#include <errno.h>
#include <string.h>

#define TEXT(s) (s), sizeof(s) - 1

static void test_numbers(void **state) {
        (void) state;
        static const struct {
                const char *text;
                int r;
                int64_t value;
        } table[] = {
                { "0\n", 0, 0 },
                { "max\n", 0, KERNFILE_MAX },
                { "67108864\n", 0, 67108864 },
                { "9223372036854771712\n", 0, INT64_C(9223372036854771712) },
                { "99999999999999999999\n", 0, KERNFILE_MAX },
                { "", -EINVAL, 0 },
                { "\n", -EINVAL, 0 },
                { "-1\n", -EINVAL, 0 },
                { "12 13\n", -EINVAL, 0 },
                { "maximum\n", -EINVAL, 0 },
        };

        for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
                int64_t value = 0;

                assert_int_equal(kernfile_number(table[i].text, strlen(table[i].text), &value), table[i].r);
                if (table[i].r == 0)
                        assert_int_equal(value, table[i].value);
        }
}

static void test_events_of_three_kernels(void **state) {
        (void) state;
        MemoryEvents e;

        memory_events_parse(&e, TEXT("low 0\nhigh 3\nmax 811\noom 2\noom_kill 1\n"));                  /* 5.10 */
        assert_int_equal(e.high, 3);
        assert_int_equal(e.oom, 2);
        assert_int_equal(e.oom_kill, 1);
        assert_int_equal(e.oom_group_kill, KERNFILE_UNKNOWN);
        memory_events_parse(&e, TEXT("low 0\nhigh 0\nmax 9\noom 2\noom_kill 4\noom_group_kill 1\n"));   /* 6.1 */
        assert_int_equal(e.oom_kill, 4);
        assert_int_equal(e.oom_group_kill, 1);
        memory_events_parse(&e, TEXT("sock_throttled 7\noom_group_kill 1\noom_kill 5\nlow 0\nhigh 0\nmax 9\noom 2"));
        assert_int_equal(e.oom_kill, 5);
        assert_int_equal(e.oom, 2);
        assert_int_equal(e.max, 9);
        memory_events_parse(&e, "", 0);
        assert_int_equal(e.oom_kill, KERNFILE_UNKNOWN);
}

static void test_stat(void **state) {
        (void) state;
        MemoryStat s;

        memory_stat_parse(&s, TEXT("anon 1000\nfile 500\nkernel 300\nkernel_stack 16\npagetables 20\nsec_pagetables 0\n"
                                   "percpu 1\nsock 4\nvmalloc 2\nshmem 100\nanon_thp 0\nunevictable 8\n"
                                   "slab_reclaimable 50\nslab_unreclaimable 60\nslab 110\nworkingset_refault_anon 5\n"
                                   "workingset_refault_file 6\npgscan 70\npgsteal 65\npgmajfault 2\n"));
        assert_int_equal(s.kernel, 300);
        assert_int_equal(s.pagetables, 20);
        assert_int_equal(s.workingset_refault_file, 6);
        assert_int_equal(memory_stat_unreclaimable(&s), 1000 + 100 + 60 + 16 + 20 + 4);
        memory_stat_parse(&s, TEXT("anon 1000\nfile 500\nkernel_stack 16\npercpu 1\nsock 4\nshmem 100\n"
                                   "slab_reclaimable 50\nslab_unreclaimable 60\nslab 110\n"));
        assert_int_equal(s.kernel, 110 + 16 + 1);
        assert_int_equal(s.pagetables, KERNFILE_UNKNOWN);
        assert_int_equal(memory_stat_unreclaimable(&s), 1180);
        memory_stat_parse(&s, TEXT(""));
        assert_int_equal(memory_stat_unreclaimable(&s), KERNFILE_UNKNOWN);
}

static void test_pressure(void **state) {
        (void) state;
        Pressure p;

        pressure_parse(&p, TEXT("some avg10=12.34 avg60=0.50 avg300=100.00 total=123456789\n"
                                "full avg10=0.07 avg60=0.00 avg300=0.00 total=99\n"));
        assert_true(p.some.avg10 > 0.12339 && p.some.avg10 < 0.12341);
        assert_true(p.some.avg60 > 0.00499 && p.some.avg60 < 0.00501);
        assert_true(p.some.avg300 > 0.99999 && p.some.avg300 < 1.00001);
        assert_int_equal(p.some.total_usec, 123456789);
        assert_true(p.full.avg10 > 0.00069 && p.full.avg10 < 0.00071);
        pressure_parse(&p, TEXT("some avg10="));
        assert_true(p.some.avg10 < 0);
        assert_int_equal(p.full.total_usec, KERNFILE_UNKNOWN);
}

static void test_words_and_keys(void **state) {
        (void) state;
        CgroupEvents e;
        MemInfo m;

        assert_true(kernfile_has_word(TEXT("cpuset cpu io memory pids\n"), "memory"));
        assert_true(kernfile_has_word(TEXT("memory"), "memory"));
        assert_false(kernfile_has_word(TEXT("cpu hugetlb memory2\n"), "memory"));
        assert_false(kernfile_has_word(TEXT("\nmemory\n"), "memory"));
        assert_int_equal(kernfile_key(TEXT("nr_free_pages 1\noom_kill 41\n"), "oom_kill"), 41);
        assert_int_equal(kernfile_key(TEXT("oom_killer 1\n"), "oom_kill"), KERNFILE_UNKNOWN);
        cgroup_events_parse(&e, TEXT("populated 1\nfrozen 0\n"));
        assert_int_equal(e.populated, 1);
        assert_int_equal(e.frozen, 0);
        meminfo_parse(&m, TEXT("MemTotal:        4030472 kB\nMemFree:          123456 kB\nMemAvailable:    2000000 kB\n"
                               "SwapCached:            0 kB\nSwapTotal:             0 kB\nSwapFree:              0 kB\n"));
        assert_int_equal(m.total, INT64_C(4030472) * 1024);
        assert_int_equal(m.swap_total, 0);
}

/* What lies in compressed memory is told apart from what lies on a disk. */
static void test_swap_in_ram(void **state) {
        static const struct { const char *text; int64_t total, used; } rows[] = {
                { "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n", 0, 0 },
                { "Filename Type Size Used Priority\n/dev/vda2      partition\t1048572\t\t512\t\t-2\n", 0, 0 },
                { "/dev/zram0  partition\t2097148\t\t1024\t\t100\n/swap file 4 4 -2\n/dev/zram1 partition 4 0 100", 2097152 * INT64_C(1024), 1048576 },
                { "/dev/zram0\n/dev/zram0 partition\n/dev/zram0 partition x y\n/dev/zram", 0, 0 },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                SwapsInRam s;

                swaps_parse(&s, rows[i].text, strlen(rows[i].text));
                assert_int_equal(s.total, rows[i].total);
                assert_int_equal(s.used, rows[i].used);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_numbers),  cmocka_unit_test(test_events_of_three_kernels),
                cmocka_unit_test(test_stat),     cmocka_unit_test(test_pressure),
                cmocka_unit_test(test_words_and_keys), cmocka_unit_test(test_swap_in_ram),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
