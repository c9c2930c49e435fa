#include "check.h"
#include "policies/budget.h"
#include "policies/rule.h"

static void test_shares_and_pages(void **state) {
        BudgetFacts facts = { .ancestors_max = LIMIT_MAX, .ram_bytes = INT64_C(8) << 30, .page_size = 4096 };
        BudgetValue half = { .percent = true, .permyriad = 5000 }, odd = { .value = 100000000 }, max = { .value = LIMIT_MAX },
                    adjust = { .value = -500 }, third = { .percent = true, .permyriad = 3333 };

        (void) state;
        assert_int_equal(budget_resolve(LIMIT_MEMORY_MAX, &half, &facts), INT64_C(4) << 30);
        facts.ancestors_max = INT64_C(1) << 30;
        assert_int_equal(budget_resolve(LIMIT_MEMORY_MAX, &half, &facts), INT64_C(512) << 20);
        facts.ancestors_max = INT64_C(64) << 30;
        assert_int_equal(budget_resolve(LIMIT_MEMORY_MAX, &half, &facts), INT64_C(4) << 30);
        assert_int_equal(budget_resolve(LIMIT_MEMORY_MAX, &odd, &facts), 99999744);
        assert_int_equal(budget_resolve(LIMIT_MEMORY_MAX, &max, &facts), LIMIT_MAX);
        assert_int_equal(budget_resolve(LIMIT_OOM_SCORE_ADJUST, &adjust, &facts), -500);
        assert_int_equal(budget_resolve(LIMIT_MEMORY_MAX, &third, &facts) % 4096, 0);
        facts.ram_bytes = INT64_MAX / 2;
        facts.ancestors_max = LIMIT_MAX;
        assert_true(budget_resolve(LIMIT_MEMORY_MAX, &half, &facts) > 0);
}

static void test_least_over_the_ancestors(void **state) {
        int64_t values[] = { LIMIT_MAX, LIMIT_UNKNOWN, 4096, 8192 };

        (void) state;
        assert_int_equal(budget_effective(values, 4), 4096);
        assert_int_equal(budget_effective(values, 1), LIMIT_MAX);
        assert_int_equal(budget_effective(values, 0), LIMIT_UNKNOWN);
        assert_int_equal(budget_effective(values + 1, 1), LIMIT_UNKNOWN);
}

static void test_the_last_label_of_a_name_holds(void **state) {
        ConfigItem match = { .text = "/a" }, one[] = { { "team=x", { .order = 1 } }, { "tier=1", { .order = 2 } } },
                   two[] = { { "team=y", { .order = 9 } } };
        BudgetSection sections[] = {
                { .match = { &match, 1 }, .labels = { one, 2 }, .enabled.value = 1 },
                { .match = { &match, 1 }, .labels = { two, 1 }, .enabled.value = 1 },
        };

        (void) state;
        assert_string_equal(budget_label(sections, 2, "/a", 0)->text, "tier=1");
        assert_string_equal(budget_label(sections, 2, "/a", 1)->text, "team=y");
        assert_null(budget_label(sections, 2, "/a", 2));
        sections[1].enabled.value = 0;
        assert_string_equal(budget_label(sections, 2, "/a", 0)->text, "team=x");
}

static void test_origins(void **state) {
        Origin at = { .file = "/etc/reeve/policies.d/web.conf", .line = 12 };
        char text[32], small[6];

        (void) state;
        assert_string_equal(origin_format(&at, text, sizeof(text)), "web.conf:12");
        assert_string_equal(origin_format(&at, small, sizeof(small)), "we:12");
        assert_string_equal(origin_format(&(Origin) { .file = NULL }, text, sizeof(text)), ":0");
}

static void test_words(void **state) {
        (void) state;
        for (int i = 0; i < LIMIT_KEYS; i++)
                assert_int_equal(limit_key_from_string(limit_key_to_string(i)), i);
        assert_null(limit_key_to_string(LIMIT_KEYS));
        assert_int_equal(limit_key_from_string("memory.max"), -1);
        assert_string_equal(limit_key_file(LIMIT_MEMORY_SWAP_MAX), "memory.swap.max");
        assert_string_equal(rule_what_to_string(RULE_HOST_SWAP), "host.swap");
        assert_null(rule_action_to_string(RULE_ACTIONS));
        assert_string_equal(rule_rank_to_string(RANK_OOM_SCORE), "oom_score");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_shares_and_pages),
                cmocka_unit_test(test_least_over_the_ancestors),
                cmocka_unit_test(test_the_last_label_of_a_name_holds),
                cmocka_unit_test(test_origins),
                cmocka_unit_test(test_words),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
