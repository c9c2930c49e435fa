#include "check.h"
#include "supervisor/base/ring.h"

static void test_a_full_ring_refuses_and_counts(void **state) {
        (void) state;
        Ring *r = NULL;
        int a, b, c;

        assert_int_equal(ring_new(&r, 2), 0);
        assert_true(ring_push(r, &a));
        assert_true(ring_push(r, &b));
        assert_false(ring_push(r, &c));
        assert_int_equal(ring_lost(r), 1);
        assert_ptr_equal(ring_pop(r), &a);
        assert_true(ring_push(r, &c));
        assert_ptr_equal(ring_pop(r), &b);
        assert_ptr_equal(ring_pop(r), &c);
        assert_null(ring_pop(r));
        r = ring_free(r);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_a_full_ring_refuses_and_counts) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
