#include <errno.h>
#include <string.h>

#include "check.h"
#include "supervisor/text/runoptions.h"

static void test_sizes(void **state) {
        static const struct { const char *text; int r; RunLimitKind kind; uint64_t value; } rows[] = {
                { "512M", 0, RUN_LIMIT_BYTES, 512ULL << 20 },
                { "1.5G", 0, RUN_LIMIT_BYTES, 3ULL << 29 },
                { "4096", 0, RUN_LIMIT_BYTES, 4096 },
                { "0", 0, RUN_LIMIT_BYTES, 0 },
                { "50%", 0, RUN_LIMIT_PERMYRIAD, 5000 },
                { "12.5%", 0, RUN_LIMIT_PERMYRIAD, 1250 },
                { "max", 0, RUN_LIMIT_MAX, 0 },
                { "infinity", 0, RUN_LIMIT_MAX, 0 },
                { "", -EINVAL, 0, 0 },
                { "-1", -EINVAL, 0, 0 },
                { "101%", -ERANGE, 0, 0 },
                { "99999999999999999999", -ERANGE, 0, 0 },
                { "16777216T", -ERANGE, 0, 0 },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                RunLimit limit = { 0 };
                int r = run_limit_parse(&limit, rows[i].text);

                if (r != rows[i].r || limit.kind != rows[i].kind || limit.value != rows[i].value)
                        fail_msg("\"%s\": %d, kind %d, value %llu", rows[i].text, r, (int) limit.kind,
                                 (unsigned long long) limit.value);
        }
}

static void test_bytes_are_whole_pages_of_the_base(void **state) {
        (void) state;
        assert_true(run_limit_bytes(&(RunLimit) { RUN_LIMIT_BYTES, 100000000 }, 0, 4096) == 99999744);
        assert_true(run_limit_bytes(&(RunLimit) { RUN_LIMIT_PERMYRIAD, 5000 }, 1 << 30, 4096) == 1 << 29);
        assert_true(run_limit_bytes(&(RunLimit) { RUN_LIMIT_MAX, 0 }, 1 << 30, 4096) == UINT64_MAX);
        assert_true(run_limit_bytes(&(RunLimit) { RUN_LIMIT_UNSET, 0 }, 1 << 30, 4096) == UINT64_MAX);
}

static void test_a_whole_line(void **state) {
        char *argv[] = { (char *) "run", (char *) "--memory-max=64M", (char *) "--memory-swap-max", (char *) "0", (char *) "--oom-group",
                         (char *) "--name=job-1", (char *) "--kill-after=1s", (char *) "--user", (char *) "--", (char *) "ls",
                         (char *) "--memory-max=1", NULL };
        char why[256] = "";
        RunOptions o;

        (void) state;
        assert_int_equal(run_options_parse(&o, 11, argv, why, sizeof(why)), 0);
        assert_int_equal(o.memory_max.kind, RUN_LIMIT_BYTES);
        assert_true(o.memory_max.value == 64 << 20);
        assert_int_equal(o.swap_max.kind, RUN_LIMIT_BYTES);
        assert_int_equal(o.memory_high.kind, RUN_LIMIT_UNSET);
        assert_true(o.oom_group);
        assert_false(o.wait);
        assert_int_equal(o.manager, RUN_MANAGER_USER);
        assert_string_equal(o.name, "job-1.scope");
        assert_true(o.kill_after_usec == 1000000);
        assert_string_equal(o.command[0], "ls");
        assert_string_equal(o.command[1], "--memory-max=1");
        assert_null(o.command[2]);
}

static void test_options_end_at_the_command(void **state) {
        char *argv[] = { (char *) "run", (char *) "sh", (char *) "-c", (char *) "true", NULL };
        char why[256] = "";
        RunOptions o;

        (void) state;
        assert_int_equal(run_options_parse(&o, 4, argv, why, sizeof(why)), 0);
        assert_string_equal(o.command[0], "sh");
        assert_string_equal(o.command[1], "-c");
        assert_true(o.kill_after_usec == 5000000);
}

static void test_complaints_name_the_argument(void **state) {
        static const struct { const char *argument, *says; } rows[] = {
                { "--memory-max=12X", "--memory-max=12X" }, { "--kill-after=soon", "--kill-after=soon" },
                { "--name=a/b", "--name=a/b" },             { "--name=", "--name=" },
                { "--bogus", "--bogus" },                   { "--memory-high", "needs a value" },
                { "--", "no COMMAND" },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                char argument[64], why[256] = "";
                char *argv[] = { (char *) "run", argument, NULL };
                RunOptions o = { .json = true };

                (void) strcpy(argument, rows[i].argument);
                if (run_options_parse(&o, 2, argv, why, sizeof(why)) != -EINVAL || !strstr(why, rows[i].says))
                        fail_msg("%s: \"%s\"", rows[i].argument, why);
                assert_true(o.json);      /* untouched on failure */
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_sizes),
                cmocka_unit_test(test_bytes_are_whole_pages_of_the_base),
                cmocka_unit_test(test_a_whole_line),
                cmocka_unit_test(test_options_end_at_the_command),
                cmocka_unit_test(test_complaints_name_the_argument),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
