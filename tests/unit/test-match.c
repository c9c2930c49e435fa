#include "check.h"
#include "policies/match.h"

static void test_globs(void **state) {
        static const struct {
                const char *glob, *path;
                bool matches;
        } table[] = {
                { "/system.slice/web-*.service", "/system.slice/web-1.service", true },
                { "/system.slice/web-*.service", "/system.slice/web-.service", true },
                { "/system.slice/web-*.service", "/system.slice/web-1.service/x", false },
                { "/system.slice/web-*.service", "/system.slice/web-a/b.service", false },
                { "/a/*", "/a/b", true },
                { "/a/*", "/a", false },
                { "/a/*", "/a/b/c", false },
                { "/a/**", "/a/b/c", true },
                { "/a/**", "/a/", true },
                { "/a/**", "/a", false },
                { "/**", "/", true },
                { "/**", "/x/y", true },
                { "**", "/x/y", true },
                { "/**/x", "/a/b/x", true },
                { "/**/x", "/x", false },
                { "/**x", "/x", true },
                { "/*/b*/c", "/a/bbb/c", true },
                { "/*/b*/c", "/a/xb/c", false },
                { "/**/b*c/d", "/a/bc/x/bxc/d", true },
                { "/a*b*c", "/aXbYbc", true },
                { "/***", "/q/r", true },
                { "", "", true },
                { "", "/", false },
                { "/", "/", true },
                { "/a b", "/a b", true },
                { "/a\\x0ab", "/a\nb", true },
                { "/a\\xc3\\xa4", "/a\xc3\xa4", true },
                { "/a\\x5cb", "/a\\b", true },
                { "/foo\\x2dbar", "/foo\\x2dbar", true },
                { "/foo\\x2dbar", "/foo-bar", false },
                { "/foo\\x5cx2dbar", "/foo\\x2dbar", true },
                { "/a?", "/ab", false },
                { "/a?", "/a?", true },
                { "/a\\x", "/a\\x", true },
                { "/a\\x0", "/a\\x0", true },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
                if (match_glob(table[i].glob, table[i].path) != table[i].matches)
                        fail_msg("%s against %s", table[i].glob, table[i].path);
}

static void test_never_covers_what_is_below(void **state) {
        (void) state;
        assert_true(match_glob_or_ancestor("/system.slice/sshd.service", "/system.slice/sshd.service/a/b"));
        assert_true(match_glob_or_ancestor("/system.slice/ssh*", "/system.slice/sshd.service/a"));
        assert_true(match_glob_or_ancestor("/", "/a"));
        assert_false(match_glob_or_ancestor("/system.slice/sshd.service", "/system.slice"));
        assert_false(match_glob_or_ancestor("/system.slice/sshd.service", "/system.slice/sshd.service2"));
}

static void test_literals(void **state) {
        char path[32];

        (void) state;
        assert_true(match_is_literal("/a/b"));
        assert_false(match_is_literal("/a/*"));
        assert_int_equal(match_literal_path("/a\\x0a", path, sizeof(path)), 3);
        assert_string_equal(path, "/a\n");
        assert_int_equal(match_literal_path("/abc", path, 4), -1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_globs),
                cmocka_unit_test(test_never_covers_what_is_below),
                cmocka_unit_test(test_literals),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
