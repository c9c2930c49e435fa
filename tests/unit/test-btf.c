/* Paths through a small description made here; then, where there is one, the running kernel's. */
#include "check.h"

#include <bpf/btf.h>
#include <errno.h>
#include <unistd.h>

#include "supervisor/host/layout.h"

/* struct inner { int a; union { int b; long c; }; };  struct outer { long x; const inner_t in[2]; int bits : 3; };
 * enum { RED = 1, GREEN = 7 }; */
static Btf *small(void) {
        struct btf *b = btf__new_empty();
        int i32, i64, uni, inner, alias, cst, array;
        const void *data;
        uint32_t size;
        Btf *ret = NULL;

        i32 = btf__add_int(b, "int", 4, BTF_INT_SIGNED);
        i64 = btf__add_int(b, "long", 8, BTF_INT_SIGNED);
        uni = btf__add_union(b, NULL, 8);
        btf__add_field(b, "b", i32, 0, 0);
        btf__add_field(b, "c", i64, 0, 0);
        inner = btf__add_struct(b, "inner", 16);
        btf__add_field(b, "a", i32, 0, 0);
        btf__add_field(b, NULL, uni, 64, 0);
        alias = btf__add_typedef(b, "inner_t", inner);
        cst = btf__add_const(b, alias);
        array = btf__add_array(b, i32, cst, 2);
        btf__add_struct(b, "outer", 48);
        btf__add_field(b, "x", i64, 0, 0);
        btf__add_field(b, "in", array, 64, 0);
        btf__add_field(b, "bits", i32, 320, 3);
        btf__add_enum(b, NULL, 4);
        btf__add_enum_value(b, "RED", 1);
        btf__add_enum_value(b, "GREEN", 7);
        data = btf__raw_data(b, &size);
        assert_int_equal(btf_open_memory(&ret, data, size), 0);
        btf__free(b);
        return ret;
}

static void test_members_through_anonymous_and_arrays(void **state) {
        static const struct {
                const char *type, *path;
                int r;
                uint32_t want;
        } rows[] = {
                { "outer", "x", 0, 0 },          { "outer", "in", 0, 8 },         { "outer", "in.a", 0, 8 },
                { "outer", "in.c", 0, 16 },      { "inner", "b", 0, 8 },          { "outer", "in.zz", -ENOENT, 0 },
                { "outer", "bits", -EINVAL, 0 }, { "nobody", "x", -ENOENT, 0 },   { "outer", "x.y", -ENOENT, 0 },
                { "outer", "", -ENOENT, 0 },     { "outer", "in.", -ENOENT, 0 },
        };
        Btf *b = small();
        uint32_t n;
        int64_t value;

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                n = 0;
                assert_int_equal(btf_offset(b, rows[i].type, rows[i].path, &n), rows[i].r);
                assert_int_equal(n, rows[i].want);
        }
        assert_int_equal(btf_element_size(b, "outer", "in", &n), 0);
        assert_int_equal(n, 16);
        assert_int_equal(btf_size(b, "outer", &n), 0);
        assert_int_equal(n, 48);
        assert_int_equal(btf_enumerator(b, "GREEN", &value), 0);
        assert_int_equal(value, 7);
        assert_int_equal(btf_enumerator(b, "BLUE", &value), -ENOENT);
        btf_close(b);
}

static void test_what_is_no_btf_is_refused(void **state) {
        Btf *b = NULL;

        (void) state;
        assert_int_equal(btf_open_memory(&b, "nonsense", 8), -EINVAL);
        assert_int_equal(btf_open(&b, "/nonexistent"), -ENOENT);
}

static void test_a_missing_member_is_named(void **state) {
        Btf *b = small();
        char why[128] = "";
        Layout l;

        (void) state;
        assert_int_equal(layout_read(&l, b, why, sizeof(why)), -ENOENT);
        assert_string_equal(why, "the kernel's type information has no oom_control.memcg");
        btf_close(b);
}

static void test_this_kernel(void **state) {
        char why[128] = "";
        Layout l, shifted;
        Btf *b;

        (void) state;
        if (access("/sys/kernel/btf/vmlinux", R_OK) < 0)
                skip();
        assert_int_equal(btf_open(&b, NULL), 0);
        assert_int_equal(layout_read(&l, b, why, sizeof(why)), 0);
        btf_close(b);
        assert_true(l.has[LAYOUT_CGROUP_ANCESTORS] || l.has[LAYOUT_CGROUP_ANCESTOR_IDS]);
        assert_true(l.rss_stride == 8 || l.rss_percpu);
        shifted = l;
        assert_int_equal(layout_shift(&shifted, "task_struct.pid"), 0);
        assert_int_equal(shifted.at[LAYOUT_TASK_PID], l.at[LAYOUT_TASK_PID] + 8);
        assert_int_equal(layout_shift(&shifted, "task_struct.nothing"), -ENOENT);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_members_through_anonymous_and_arrays),
                cmocka_unit_test(test_what_is_no_btf_is_refused),
                cmocka_unit_test(test_a_missing_member_is_named),
                cmocka_unit_test(test_this_kernel),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
