#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "supervisor/text/config.h"
#include "supervisor/text/setfile.h"

static char *put(const char *old, const char *path, const char *key, const char *value) {
        json_t *values = json_pack("{s:s}", key, value);
        char *text = setfile_text(old, path, values);

        json_decref(values);
        assert_non_null(text);
        return text;
}

static void test_each_cgroup_has_one_section(void **state) {
        char *a = put(NULL, "/a.service", "MemoryMax", "512M"), *b = put(a, "/b.service", "MemoryMax", "1G");
        char *c = put(b, "/a.service", "MemoryMax", "700M"), *d = put(c, "/a.service", "MemoryHigh", "600M");

        (void) state;
        assert_string_equal(d, "# Written by 'reevectl set --save'; edit as you like.\n"
                               "\n[budget set.a.service]\nMatch=/a.service\nMemoryHigh=600M\nMemoryMax=700M\n"
                               "\n[budget set.b.service]\nMatch=/b.service\nMemoryMax=1G\n");
        free(a);
        free(b);
        free(c);
        free(d);
}

static void test_what_others_wrote_stays(void **state) {
        static const char old[] = "# mine\n[budget set.a]\nMatch=/a\nLabel=x=y\nMemoryMax=1M\n[budget other]\nMatch=/a\nMemoryMax=2M";
        char *text = put(old, "/a", "MemoryMax", "3M");

        (void) state;
        assert_string_equal(text, "# mine\n[budget set.a]\nMatch=/a\nMemoryMax=3M\nLabel=x=y\n[budget other]\nMatch=/a\nMemoryMax=2M\n");
        free(text);
}

static void test_what_is_written_can_be_read(void **state) {
        char *text = put(NULL, "/system.slice/a\\x2db.service", "MemoryMax", "50%");
        ConfigFile file = { .name = "50-set.conf", .text = text, .length = strlen(text) };
        Complaints complaints = COMPLAINTS_INIT;
        Config *config = NULL;

        (void) state;
        assert_int_equal(config_parse(&file, 1, &config, &complaints), 0);
        assert_int_equal(complaints.count, 0);
        assert_int_equal(config->n_budgets, 1);
        assert_string_equal(config->budgets[0].name, "set.system.slice-a_5cx2db.service");
        assert_string_equal(config->budgets[0].match.items[0].text, "/system.slice/a\\x2db.service");
        config = config_unref(config);
        complaints_done(&complaints);
        free(text);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_each_cgroup_has_one_section),
                cmocka_unit_test(test_what_others_wrote_stays),
                cmocka_unit_test(test_what_is_written_can_be_read),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
