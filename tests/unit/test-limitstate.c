#include "check.h"
#include "supervisor/act/limitstate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void test_what_is_saved_comes_back(void **state) {
        char directory[] = "/tmp/reeve-test-XXXXXX", path[64], command[160];
        LimitState s = { 0 }, t = { 0 };
        LimitEntry *e;
        FILE *f;

        (void) state;
        assert_non_null(mkdtemp(directory));
        assert_int_equal(limitstate_load(&s, directory), 0);
        e = limitstate_add(&s, 77, "/a\n\\x2d\xff");
        e->unit = strdup("x\\x2dy.service");
        e->values[LIMIT_MEMORY_MAX] = (LimitValue) { .changed = true, .before = LIMIT_MAX, .wanted = 4096, .dropin_before = true };
        e->values[LIMIT_OOM_SCORE_ADJUST] = (LimitValue) { .changed = true, .before = -500, .wanted = 7 };
        e->values[LIMIT_MEMORY_LOW] = (LimitValue) { .set = true, .set_value = { .percent = true, .permyriad = 2500 }, .set_risk = true };
        /* Nothing to undo: not on disk. */
        assert_non_null(limitstate_add(&s, 78, "/b"));
        assert_int_equal(limitstate_save(&s), 0);
        assert_int_equal(limitstate_load(&t, directory), 0);
        assert_int_equal(t.count, 1);
        e = limitstate_find(&t, 77);
        assert_non_null(e);
        assert_string_equal(e->path, "/a\n\\x2d\xff");
        assert_string_equal(e->unit, "x\\x2dy.service");
        assert_true(e->values[LIMIT_MEMORY_MAX].dropin_before);
        assert_true(e->values[LIMIT_MEMORY_MAX].before == LIMIT_MAX);
        assert_int_equal(e->values[LIMIT_OOM_SCORE_ADJUST].before, -500);
        assert_int_equal(e->values[LIMIT_MEMORY_LOW].set_value.permyriad, 2500);
        assert_true(e->values[LIMIT_MEMORY_LOW].set_risk);
        limitstate_done(&t);

        /* Another boot: nothing of it holds any more. */
        (void) snprintf(command, sizeof(command), "sed -i 's/\"boot_id\": \"./\"boot_id\": \"X/' %s/limits.json", directory);
        assert_int_equal(system(command), 0);
        assert_int_equal(limitstate_load(&t, directory), 0);
        assert_int_equal(t.count, 0);
        limitstate_done(&t);

        /* Damaged: set aside, not overwritten. */
        (void) snprintf(path, sizeof(path), "%s/limits.json", directory);
        f = fopen(path, "w");
        (void) fputs("{\"boot_id\": ", f);
        (void) fclose(f);
        assert_int_equal(limitstate_load(&t, directory), 0);
        assert_int_equal(t.count, 0);
        (void) snprintf(path, sizeof(path), "%s/limits.json.damaged", directory);
        assert_int_equal(access(path, F_OK), 0);
        limitstate_done(&t);
        limitstate_done(&s);
        (void) snprintf(command, sizeof(command), "rm -r %s", directory);
        assert_int_equal(system(command), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_what_is_saved_comes_back) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
