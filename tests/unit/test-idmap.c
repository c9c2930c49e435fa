#include "check.h"
#include "supervisor/base/idmap.h"

static void test_set_get_remove(void **state) {
        (void) state;
        Idmap m = IDMAP_INIT;
        uint64_t v;

        assert_false(idmap_get(&m, 1, &v));
        idmap_remove(&m, 1);
        for (uint64_t i = 1; i <= 2000; i++)
                assert_int_equal(idmap_set(&m, i * 64, i), 0);
        for (uint64_t i = 1; i <= 2000; i += 3)
                idmap_remove(&m, i * 64);
        for (uint64_t i = 1; i <= 2000; i++) {
                bool kept = i % 3 != 1;

                assert_int_equal(idmap_get(&m, i * 64, &v), kept);
                if (kept)
                        assert_int_equal(v, i);
        }
        assert_int_equal(m.n, 2000 - 667);
        assert_int_equal(idmap_set(&m, 128, 99), 0);
        assert_true(idmap_get(&m, 128, &v));
        assert_int_equal(v, 99);
        idmap_clear(&m);
        assert_int_equal(m.n, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_set_get_remove) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
