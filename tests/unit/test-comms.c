#include "check.h"

#include <stdio.h>

#include "policies/comms.h"

static void test_names(void **state) {
        static const struct { const char *item, *comm; bool want; } rows[] = {
                { "comm:java", "java", true },       { "comm:java", "javac", false },    { "comm:java*", "javac", true },
                { "comm:w/*", "w/3", true },         { "comm:worker/3", "worker/3", true }, { "/java", "java", false },
                { "java", "java", false },           { "comm:*", "", true },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
                if (comms_names(rows[i].item, rows[i].comm) != rows[i].want)
                        fail_msg("%s, %s", rows[i].item, rows[i].comm);
}

static RuleSection rule_of(ConfigItem *prefer, size_t n_prefer, ConfigItem *avoid, size_t n_avoid) {
        return (RuleSection) { .prefer = { prefer, n_prefer }, .avoid = { avoid, n_avoid }, .enabled.value = 1 };
}

/* Different ones once, of rules that look at cgroups; what is preferred wins. */
static void test_of_a_configuration(void **state) {
        ConfigItem prefer[] = { { .text = "/a" }, { .text = "comm:job*" } }, avoid[] = { { .text = "comm:keep" }, { .text = "comm:job*" } };
        RuleSection rules[] = { rule_of(prefer, 2, avoid, 1), rule_of(NULL, 0, avoid, 2), rule_of(prefer, 2, NULL, 0), rule_of(prefer, 1, NULL, 0) };
        const char *items[COMMS_MAX];
        const ConfigItem *over;
        uint32_t found;

        (void) state;
        assert_int_equal(comms_collect(rules, 4, items, &over), 2);
        assert_null(over);
        assert_string_equal(items[0], "comm:job*");
        assert_string_equal(items[1], "comm:keep");
        found = comms_find(items, 2, "job-7");
        assert_int_equal(found, 1);
        assert_int_equal(comms_preference_of(&rules[0], items, 2, found | COMMS_KNOWN), 1);
        assert_int_equal(comms_preference_of(&rules[1], items, 2, found), -1);
        assert_int_equal(comms_preference_of(&rules[3], items, 2, found), 0);
        assert_int_equal(comms_preference_of(&rules[0], items, 2, comms_find(items, 2, "keep")), -1);
        assert_int_equal(comms_preference_of(&rules[0], items, 2, 3), 1);
        assert_int_equal(comms_preference_of(&rules[0], items, 2, 0), 0);
        assert_false(comms_wanted(&rules[3]));
        /* One process of a cgroup is another question. */
        rules[0].victim.value = RULE_VICTIM_PROCESS;
        rules[1].enabled.value = 0;
        assert_int_equal(comms_collect(rules, 2, items, NULL), 0);
        assert_int_equal(comms_preference_of(&rules[0], items, 0, found), 0);
        assert_int_equal(comms_preference(&rules[0], "job-7"), 1);
        assert_int_equal(comms_preference(&rules[0], "keep"), -1);
        assert_int_equal(comms_preference(&rules[0], "a"), 0);
}

static void test_too_many(void **state) {
        char texts[COMMS_MAX + 2][16];
        ConfigItem list[COMMS_MAX + 2];
        RuleSection rule = rule_of(list, COMMS_MAX + 2, NULL, 0);
        const char *items[COMMS_MAX];
        const ConfigItem *over;

        (void) state;
        for (int i = 0; i < COMMS_MAX + 2; i++) {
                (void) snprintf(texts[i], sizeof(texts[i]), "comm:%d", i);
                list[i] = (ConfigItem) { .text = texts[i] };
        }
        assert_int_equal(comms_collect(&rule, 1, items, &over), COMMS_MAX + 2);
        assert_ptr_equal(over, &list[COMMS_MAX]);
        assert_int_equal(comms_find(items, COMMS_MAX, "30"), UINT32_C(1) << 30);
        assert_int_equal(comms_preference_of(&rule, items, COMMS_MAX, COMMS_KNOWN), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_of_a_configuration),
                cmocka_unit_test(test_too_many),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
