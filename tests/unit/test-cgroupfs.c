#include "check.h"
#include "live.h"
#include "supervisor/text/kernfile.h"

static int count(void *userdata, const char *name, uint64_t id) {
        (void) name;
        (void) id;
        ++*(int *) userdata;
        return 0;
}

static void test_by_id(void **state) {
        (void) state;
        uint64_t id = live_make("/a", "64M"), again, own;
        char path[256], expected[256], text[256];
        int64_t number;
        int fd, n = 0, root;

        fd = cgroupfs_open_id(&live_fs, id);
        assert_true(live_fs.by_handle && fd >= 0);
        assert_int_equal(cgroupfs_id(fd, &again), 0);
        assert_int_equal(again, id);
        snprintf(expected, sizeof(expected), "%s/a", live_path);
        assert_int_equal(cgroupfs_path(&live_fs, fd, path, sizeof(path)), strlen(expected));
        assert_string_equal(path, expected);
        assert_int_equal(cgroupfs_read_number(fd, "memory.max", &number), 0);
        assert_int_equal(number, 64 << 20);
        assert_int_equal(cgroupfs_write(fd, "memory.max", "max"), 0);
        assert_int_equal(cgroupfs_read_number(fd, "memory.max", &number), 0);
        assert_int_equal(number, KERNFILE_MAX);
        assert_int_equal(cgroupfs_write(fd, "memory.max", "nonsense"), -EINVAL);
        assert_int_equal(cgroupfs_read(fd, "memory.nonsense", text, sizeof(text)), -ENOENT);
        assert_int_equal(cgroupfs_own_id(&live_fs, &own), 0);
        root = cgroupfs_open_path(&live_fs, live_path);
        assert_int_equal(cgroupfs_children(root, count, &n), 0);
        assert_int_equal(n, 1);
        live_remove("/a");
        assert_int_equal(cgroupfs_open_id(&live_fs, id), -ENODEV);
        assert_int_equal(cgroupfs_read(fd, "memory.max", text, sizeof(text)), -ENODEV);
        assert_int_equal(cgroupfs_write(fd, "memory.max", "max"), -ENODEV);
        assert_int_equal(cgroupfs_path(&live_fs, fd, path, sizeof(path)), -ENODEV);
        /* The same name again is another cgroup. */
        again = live_make("/a", NULL);
        assert_int_not_equal(again, id);
        assert_int_equal(cgroupfs_open_id(&live_fs, id), -ENODEV);
        assert_int_equal(cgroupfs_read(fd, "memory.max", text, sizeof(text)), -ENODEV);
        live_remove("/a");
        close(fd);
        close(root);
}

static void test_names_lead_nowhere_else(void **state) {
        (void) state;
        assert_int_equal(cgroupfs_open_path(&live_fs, "/../etc"), -EINVAL);
        assert_int_equal(cgroupfs_open_path(&live_fs, "etc"), -EINVAL);
        assert_int_equal(cgroupfs_open_path(&live_fs, "/cgroup.procs"), -EINVAL);
        assert_int_equal(cgroupfs_open_path(&live_fs, "/no/such"), -ENODEV);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_by_id), cmocka_unit_test(test_names_lead_nowhere_else) };
        int r;

        if (!live_begin())
                return 77;
        r = cmocka_run_group_tests(tests, NULL, NULL);
        live_end();
        return r;
}
