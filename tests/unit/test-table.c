#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "supervisor/text/table.h"
#include "supervisor/text/wrap.h"

static const TableColumn columns[] = {
        { .title = "N", .right = true },
        { .title = "PATH", .shrink = 2, .least = 6, .keep_end = true },
        { .title = "WHY", .shrink = 1, .least = 4 },
};

static char *render(const Table *t, size_t width, bool color) {
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        assert_int_equal(table_write(t, f, width, color), 0);
        assert_int_equal(fclose(f), 0);
        return text;
}

static void expect(const Table *t, size_t width, bool color, const char *wanted) {
        char *text = render(t, width, color);

        assert_string_equal(text, wanted);
        free(text);
}

static void test_a_table_fits(void **state) {
        Table t = TABLE_INIT(columns);

        (void) state;
        expect(&t, 0, false, "N  PATH  WHY\n");
        table_addf(&t, TABLE_PLAIN, "%d", 7);
        table_add(&t, TABLE_BOLD, "/system.slice/web");
        table_add(&t, TABLE_PLAIN, "own limit");
        table_addf(&t, TABLE_PLAIN, "%d", 1234);
        table_add(&t, TABLE_PLAIN, NULL);
        table_add(&t, TABLE_PLAIN, "");
        expect(&t, 0, false, "   N  PATH               WHY\n"
                             "   7  /system.slice/web  own limit\n"
                             "1234\n");
        expect(&t, 26, false, "   N  PATH       WHY\n"
                              "   7  …lice/web  own limit\n"
                              "1234\n");
        table_clear(&t);
}

static void test_wide_and_combining_characters(void **state) {
        (void) state;
        assert_int_equal(table_text_width("abc"), 3);
        assert_int_equal(table_text_width("日本"), 4);
        assert_int_equal(table_text_width("e\xcc\x81"), 1);
        assert_int_equal(table_text_width("\xff\xfe"), 2);
        assert_int_equal(table_text_width(""), 0);
}

static void test_colours_are_ended(void **state) {
        Table t = TABLE_INIT(columns);
        char *text;

        (void) state;
        table_add(&t, TABLE_RED, "1");
        table_add(&t, TABLE_PLAIN, "a");
        table_add(&t, TABLE_DIM, "b");
        text = render(&t, 80, true);
        assert_non_null(strstr(text, "\033[1;31m1\033[0m  a"));
        free(text);
        table_clear(&t);
}

static void wrapped(const char *text, size_t width, const char *wanted) {
        char *got = NULL;
        size_t size;
        FILE *f = open_memstream(&got, &size);

        wrap_write(f, text, width);
        assert_int_equal(fclose(f), 0);
        assert_string_equal(got, wanted);
        free(got);
}

static void test_paragraphs_wrap_and_commands_do_not(void **state) {
        (void) state;
        wrapped("one two three four", 9, "one two\nthree\nfour\n");
        wrapped("one two", 0, "one two\n");
        wrapped("- one two three", 9, "- one two\n  three\n");
        wrapped("a\n\n  reevectl set x y z\nb", 9, "a\n\n  reevectl set x y z\nb\n");
        wrapped("averyverylongword b", 5, "averyverylongword\nb\n");
        wrapped("", 5, "");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_table_fits),
                cmocka_unit_test(test_wide_and_combining_characters),
                cmocka_unit_test(test_colours_are_ended),
                cmocka_unit_test(test_paragraphs_wrap_and_commands_do_not),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
