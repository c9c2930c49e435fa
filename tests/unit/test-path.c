#include "check.h"
#include "policies/path.h"

static void test_what_is_below(void **state) {
        static const struct { const char *path, *above; bool below; } rows[] = {
                { "/a/b", "/a", true },   { "/a", "/a", true },    { "/ab", "/a", false }, { "/a", "/a/b", false },
                { "/a/b", "/a/", true },  { "/a", "/", true },     { "/", "/", true },     { "/", "/a", false },
                { "/a", "", true },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
                if (path_is_below(rows[i].path, rows[i].above) != rows[i].below)
                        fail_msg("%s below %s", rows[i].path, rows[i].above);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_what_is_below) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
