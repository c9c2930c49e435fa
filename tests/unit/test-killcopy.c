#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "supervisor/attribute/killcopy.h"

static void test_nothing_points_to_the_original(void **state) {
        char limit[] = "/a", group[] = "/a/b", counted[] = "/c", own[] = "/a/b/c";
        KillVictim victims[] = { { .tgid = 1, .cgroup = { .id = 7, .path = own } }, { .tgid = 2, .cgroup.id = 8 } };
        Kill k = { .time_nsec = 5, .limit.path = limit, .kill_cgroup.path = group, .counted.path = counted, .victims = victims,
                   .n_victims = 2, .max_victims = 40 }, copy;
        void *room = malloc(killcopy_size(&k));

        (void) state;
        assert_non_null(room);
        killcopy_into(&copy, room, &k);
        limit[1] = group[1] = counted[1] = own[1] = 'x';
        memset(victims, 0, sizeof(victims));
        assert_int_equal(copy.time_nsec, 5);
        assert_string_equal(copy.limit.path, "/a");
        assert_string_equal(copy.kill_cgroup.path, "/a/b");
        assert_string_equal(copy.counted.path, "/c");
        assert_int_equal(copy.n_victims, 2);
        assert_int_equal(copy.max_victims, 2);
        assert_string_equal(copy.victims[0].cgroup.path, "/a/b/c");
        assert_int_equal(copy.victims[1].tgid, 2);
        assert_null(copy.victims[1].cgroup.path);
        free(room);
}

static void test_a_kill_without_victims(void **state) {
        Kill k = { .attempts = 3 }, copy;
        KillVictim room[1];

        (void) state;
        assert_int_equal(killcopy_size(&k), 0);
        killcopy_into(&copy, room, &k);
        assert_int_equal(copy.attempts, 3);
        assert_int_equal(copy.n_victims, 0);
        assert_null(copy.limit.path);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_nothing_points_to_the_original),
                cmocka_unit_test(test_a_kill_without_victims),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
