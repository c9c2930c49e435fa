#include "check.h"
#include "supervisor/text/mountinfo.h"

#include <errno.h>
#include <string.h>

static void test_lines(void **state) {
        (void) state;
        static const struct {
                const char *line, *root, *where, *type;
                bool read_only, localevents;
        } table[] = {
                { "31 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 "
                  "rw,nsdelegate,memory_recursiveprot", "/", "/sys/fs/cgroup", "cgroup2", false, false },
                { "42 40 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,memory_localevents", "/",
                  "/sys/fs/cgroup/unified", "cgroup2", false, true },
                { "7 1 0:38 /../.. /mnt/a\\040b ro shared:1 master:2 - cgroup2 none rw", "/../..", "/mnt/a b", "cgroup2", true, false },
                { "44 40 0:40 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory", "/", "/sys/fs/cgroup/memory", "cgroup", false, false },
        };
        static MountLine m;

        for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
                assert_int_equal(mountinfo_parse(&m, table[i].line, strlen(table[i].line)), 0);
                assert_string_equal(m.root, table[i].root);
                assert_string_equal(m.where, table[i].where);
                assert_string_equal(m.type, table[i].type);
                assert_int_equal(m.read_only, table[i].read_only);
                assert_int_equal(mount_option(m.options, "memory_localevents"), table[i].localevents);
                for (size_t n = 0; n < 40; n++)
                        assert_int_equal(mountinfo_parse(&m, table[i].line, n), -EINVAL);
        }
        assert_true(mount_option("rw,memory", "memory"));
        assert_false(mount_option("rw,memory_x", "memory"));
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_lines) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
