#include "check.h"

#include <string.h>

#include "supervisor/observe/aftermath.h"

enum { ROOT = 1, PARENT = 10, FILLER = 11, OTHER = 12, DEEP = 13 };

static const char *path_of(void *userdata, uint64_t id) {
        static char path[256];

        return tree_path(userdata, id, path, sizeof(path)) < 0 ? NULL : path;
}

static Tree *grow(void) {
        static const TreeBirth births[] = { { .id = PARENT, .path = "/p" }, { .id = FILLER, .path = "/p/filler" },
                                            { .id = OTHER, .path = "/p/other" }, { .id = DEEP, .path = "/p/filler/deep" } };
        TreeOptions options = { .max_groups = 100 };
        Tree *t = NULL;

        assert_int_equal(tree_new(&t, &options, ROOT), 0);
        for (size_t i = 0; i < 4; i++)
                assert_int_equal(tree_learn(t, &births[i]), 1);
        return t;
}

static int64_t of_child(const json_t *details, size_t i, const char **ret_path) {
        const json_t *one = json_array_get(json_object_get(details, "contributors"), i);

        *ret_path = json_string_value(json_object_get(json_object_get(one, "cgroup"), "path"));
        return json_integer_value(json_object_get(one, "current_bytes"));
}

/* The filler died in /p/filler/deep with 30 of 40; the eye came after it was gone and found 10 in the other child. */
static void test_the_dead_filler_is_named_first(void **state) {
        static const struct {
                const char *why, *details;
                int64_t want;
        } rows[] = {
                { "all gone when the eye looked",
                  "{\"limit_memory\":{\"current_bytes\":10,\"anon_bytes\":9},\"contributors\":[{\"cgroup\":{\"path\":\"/p/other\",\"id\":12},"
                  "\"current_bytes\":10},{\"cgroup\":{\"path\":\"/p/filler\",\"id\":11},\"current_bytes\":0}]}", 30 },
                { "still there: nothing is counted twice",
                  "{\"limit_memory\":{\"current_bytes\":40,\"anon_bytes\":39},\"contributors\":[{\"cgroup\":{\"path\":\"/p/other\",\"id\":12},"
                  "\"current_bytes\":10},{\"cgroup\":{\"path\":\"/p/filler\",\"id\":11},\"current_bytes\":30}]}", 30 },
                { "removed meanwhile: it is put back",
                  "{\"limit_memory\":{\"current_bytes\":10,\"anon_bytes\":9},\"contributors\":[{\"cgroup\":{\"path\":\"/p/other\",\"id\":12},"
                  "\"current_bytes\":10}]}", 30 },
                { "given up between the reading of the limit and that of the child",
                  "{\"limit_memory\":{\"current_bytes\":40,\"anon_bytes\":39},\"contributors\":[{\"cgroup\":{\"path\":\"/p/other\",\"id\":12},"
                  "\"current_bytes\":10},{\"cgroup\":{\"path\":\"/p/filler\",\"id\":11},\"current_bytes\":0}]}", 30 },
                { "and the other way round",
                  "{\"limit_memory\":{\"current_bytes\":10,\"anon_bytes\":9},\"contributors\":[{\"cgroup\":{\"path\":\"/p/other\",\"id\":12},"
                  "\"current_bytes\":10},{\"cgroup\":{\"path\":\"/p/filler\",\"id\":11},\"current_bytes\":30}]}", 30 },
                { "without the memory controller it is in no list, and nothing of it is gone yet",
                  "{\"limit_memory\":{\"current_bytes\":40,\"anon_bytes\":39},\"contributors\":[{\"cgroup\":{\"path\":\"/p/other\",\"id\":12},"
                  "\"current_bytes\":10}]}", 30 },
                { "the stat is stale: never more than there was",
                  "{\"limit_memory\":{\"current_bytes\":10,\"anon_bytes\":39},\"contributors\":[{\"cgroup\":{\"path\":\"/p/other\",\"id\":12},"
                  "\"current_bytes\":10},{\"cgroup\":{\"path\":\"/p/filler\",\"id\":11},\"current_bytes\":0}]}", 30 },
        };
        KillVictim victim = { .cgroup.id = DEEP, .anon_bytes = 30 };
        Kill kill = { .scope = REEVE_SCOPE_ANCESTOR, .limit.id = PARENT, .limit_current_bytes = 40, .victims = &victim,
                      .n_victims = 1 };
        Tree *t = grow();

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                Aftermaths a = { 0 };
                json_t *details = json_loads(rows[i].details, 0, NULL);
                const char *path;

                print_message("%s\n", rows[i].why);
                aftermath_keep(&a, 7, &kill, NULL);
                aftermath_complete(&a, 8, details, t, path_of, t);      /* another kill's: left alone */
                aftermath_complete(&a, 7, details, t, path_of, t);
                assert_int_equal(of_child(details, 0, &path), rows[i].want);
                assert_string_equal(path, "/p/filler");
                assert_in_range(json_integer_value(json_object_get(json_object_get(details, "limit_memory"), "anon_bytes")), 39, 40);
                json_decref(details);
        }
        t = tree_free(t);
}

static void test_counters_before_are_added(void **state) {
        MemoryEvents before = { .low = 0, .high = 1, .max = 2, .oom = 0, .oom_kill = 0, .oom_group_kill = KERNFILE_UNKNOWN };
        Kill kill = { .scope = REEVE_SCOPE_SELF, .limit.id = PARENT, .limit_current_bytes = KILL_UNKNOWN };
        json_t *details = json_loads("{\"counters\":{\"after\":{\"max\":3}}}", 0, NULL), *counters;
        Aftermaths a = { 0 };
        Tree *t = grow();

        (void) state;
        aftermath_keep(&a, 1, &kill, &before);
        aftermath_complete(&a, 1, details, t, path_of, t);
        counters = json_object_get(details, "counters");
        assert_int_equal(json_integer_value(json_object_get(json_object_get(counters, "before"), "max")), 2);
        assert_true(json_is_null(json_object_get(json_object_get(counters, "before"), "oom_group_kill")));
        assert_int_equal(json_integer_value(json_object_get(json_object_get(counters, "after"), "max")), 3);
        json_decref(details);
        t = tree_free(t);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_dead_filler_is_named_first),
                cmocka_unit_test(test_counters_before_are_added),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
