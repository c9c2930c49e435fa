#include <errno.h>
#include <string.h>

#include "check.h"
#include "supervisor/text/escape.h"

static void test_rows(void **state) {
        static const struct { const char *why, *in, *out, *terminal; } rows[] = {
                { "plain", "java", "java", "java" },
                { "line end and escape", "a\n\x1b[2J\x7f", "a\\x0a\\x1b[2J\\x7f", "a\\x0a\\x1b[2J\\x7f" },
                { "backslash", "a\\x0a", "a\\x5cx0a", "a\\x5cx0a" },
                { "C1 control", "a\xc2\x9b" "b", "a\\xc2\\x9bb", "a\\xc2\\x9bb" },
                { "first after C1", "\xc2\xa0", "\xc2\xa0", "\xc2\xa0" },
                { "invalid byte", "\xff\xfe" "a", "\\xff\\xfea", "\\xff\\xfea" },
                { "overlong slash", "\xc0\xaf", "\\xc0\\xaf", "\\xc0\\xaf" },
                { "overlong of three", "\xe0\x80\xaf", "\\xe0\\x80\\xaf", "\\xe0\\x80\\xaf" },
                { "surrogate", "\xed\xa0\x80", "\\xed\\xa0\\x80", "\\xed\\xa0\\x80" },
                { "cut character", "\xe2\x82", "\\xe2\\x82", "\\xe2\\x82" },
                { "above the last", "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80", "\\xf4\\x90\\x80\\x80" },
                { "euro, emoji", "\xe2\x82\xac\xf0\x9f\x98\x80", "\xe2\x82\xac\xf0\x9f\x98\x80", "\xe2\x82\xac\xf0\x9f\x98\x80" },
                { "right-to-left override", "a\xe2\x80\xae" "b", "a\xe2\x80\xae" "b", "a\\xe2\\x80\\xaeb" },
                { "isolate", "\xe2\x81\xa6", "\xe2\x81\xa6", "\\xe2\\x81\\xa6" },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                char out[128], terminal[128], back[128];
                Strbuf o = STRBUF_INIT(out), t = STRBUF_INIT(terminal);
                size_t n;

                escape_text(&o, rows[i].in);
                escape_terminal(&t, rows[i].in, strlen(rows[i].in), /* escaped= */ false);
                if (strcmp(out, rows[i].out) != 0 || strcmp(terminal, rows[i].terminal) != 0)
                        fail_msg("%s: %s, %s", rows[i].why, out, terminal);
                assert_int_equal(escape_undo(back, sizeof(back), out, &n), 0);
                assert_int_equal(n, strlen(rows[i].in));
                assert_memory_equal(back, rows[i].in, n);
        }
}

static void test_an_escaped_string_is_not_escaped_twice(void **state) {
        char out[64];
        Strbuf b = STRBUF_INIT(out);

        (void) state;
        escape_terminal(&b, "a\\x0a\xe2\x80\xae", 8, /* escaped= */ true);
        assert_string_equal(out, "a\\x0a\\xe2\\x80\\xae");
}

static void test_nothing_is_a_text_too(void **state) {
        char text[8] = "garbage";
        Strbuf b = STRBUF_INIT(text);

        (void) state;
        escape_bytes(&b, "", 0);
        assert_string_equal(text, "");
}

static void test_no_character_is_cut(void **state) {
        char out[5];
        Strbuf b = STRBUF_INIT(out);

        (void) state;
        escape_text(&b, "abc\xe2\x82\xac");
        assert_string_equal(out, "abc");
        assert_true(b.truncated);
        b = (Strbuf) STRBUF_INIT(out);
        escape_text(&b, "a\n");
        assert_string_equal(out, "a");
        assert_true(b.truncated);
}

static void test_undo(void **state) {
        char out[8];
        size_t n;

        (void) state;
        assert_int_equal(escape_undo(out, sizeof(out), "\\x4A\\", &n), 0);
        assert_string_equal(out, "J\\");
        assert_int_equal(escape_undo(out, sizeof(out), "\\x0\\xzz", &n), 0);
        assert_string_equal(out, "\\x0\\xzz");
        assert_int_equal(escape_undo(out, sizeof(out), "123456789", &n), -ENOBUFS);
        assert_string_equal(out, "1234567");
        assert_int_equal(escape_undo(out, sizeof(out), "a\\x00b", &n), 0);
        assert_int_equal(n, 3);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rows),
                cmocka_unit_test(test_an_escaped_string_is_not_escaped_twice),
                cmocka_unit_test(test_nothing_is_a_text_too),
                cmocka_unit_test(test_no_character_is_cut),
                cmocka_unit_test(test_undo),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
