/* The text of the probe definitions, held to what kprobe_events takes. */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/host/generation.h"
#include "supervisor/host/probes.h"

/* Offsets as wide as any kernel has had them. */
static Layout wide(bool ancestors) {
        Layout l = { .rss_stride = 40, .memory_cgrp_id = 4, .mm_anon = 1, .mm_swap = 2, .mm_shmem = 3, .constraint_memcg = 3 };

        for (size_t i = 0; i < LAYOUT_COUNT; i++) {
                l.has[i] = true;
                l.at[i] = 4000 + (uint32_t) i * 8;
        }
        /* These are small in every kernel: pointers near the beginning. */
        l.at[LAYOUT_KN_ID] = 104;
        l.at[LAYOUT_KN_NAME] = 16;
        l.at[LAYOUT_KN_PARENT_OLD] = l.at[LAYOUT_KN_PARENT_NEW] = 8;
        l.at[LAYOUT_CGROUP_KN] = 296;
        l.at[LAYOUT_CSET_CGROUP] = 128;
        l.at[LAYOUT_CSET_SUBSYS] = 0;
        l.at[LAYOUT_MEMCG_CSS] = l.at[LAYOUT_CSS_CGROUP] = 0;
        l.has[LAYOUT_CGROUP_ANCESTORS] = ancestors;
        l.has[LAYOUT_CGROUP_ANCESTOR_IDS] = !ancestors;
        l.has[LAYOUT_KN_PARENT_NEW] = false;
        return l;
}

static void test_no_line_and_no_argument_is_too_long(void **state) {
        (void) state;
        for (int ancestors = 0; ancestors < 2; ancestors++) {
                Layout l = wide(ancestors);
                GenerationName g = generation_name(0xffffffff, 0xffffffff);

                for (int kind = 0; kind < PROBE_KINDS; kind++) {
                        char line[PROBE_LINE_MAX + 1], name[PROBE_NAME_SIZE], *word, *save = NULL;
                        Strbuf b = STRBUF_INIT(line);
                        int arguments = -2;

                        assert_true(snprintf(name, sizeof(name), "%s_%s", probe_name((ProbeKind) kind), g.suffix) <
                                    PROBE_NAME_SIZE);
                        probe_define(&b, (ProbeKind) kind, &l, g.prefix, name);
                        assert_false(b.truncated);
                        for (word = strtok_r(line, " ", &save); word; word = strtok_r(NULL, " ", &save), arguments++) {
                                const char *body = strchr(word, '=');

                                assert_true(strlen(body ? body + 1 : word) <= PROBE_ARGUMENT_MAX);
                        }
                        assert_true(arguments <= 128);
                }
        }
}

static void test_the_texts_say_what_they_should(void **state) {
        char line[PROBE_LINE_MAX + 1];
        Strbuf b = STRBUF_INIT(line);
        Layout l = wide(true);

        (void) state;
        l.at[LAYOUT_OOM_MEMCG] = 16;
        probe_define(&b, PROBE_KILL, &l, "G", "kill");
        assert_int_equal(strncmp(line, "p:G/kill oom_kill_process memcg=+16($arg1):x64 domain=+104(+296(+0(+16($arg1)))):u64 ",
                                 strlen("p:G/kill oom_kill_process memcg=+16($arg1):x64 domain=+104(+296(+0(+16($arg1)))):u64 ")),
                         0);
        assert_non_null(strstr(line, " invoker=$comm message=+0($arg2):string"));
        b = (Strbuf) STRBUF_INIT(line);
        probe_define(&b, PROBE_DONE, &l, "G", "done");
        assert_string_equal(line, "r:G/done oom_kill_process");
        b = (Strbuf) STRBUF_INIT(line);
        probe_define(&b, PROBE_VICTIM, &l, "G", "victim");
        assert_non_null(strstr(line, " mm="));
        assert_non_null(strstr(line, " n12="));
        assert_null(strstr(line, " u0="));
        l = wide(false);
        b = (Strbuf) STRBUF_INIT(line);
        probe_define(&b, PROBE_VICTIM, &l, "G", "victim");
        assert_non_null(strstr(line, " u5="));
        assert_null(strstr(line, " n1="));
}

static void test_other_offsets_are_another_generation(void **state) {
        Layout l = wide(true);
        uint32_t before = probe_generation(&l);

        (void) state;
        assert_int_equal(probe_generation(&l), before);
        assert_int_equal(layout_shift(&l, "oom_control.order"), 0);
        assert_true(probe_generation(&l) != before);
}

static void test_names_are_read_back(void **state) {
        GenerationName g = generation_name(0x1234, 0xabcdef01), back;

        (void) state;
        assert_string_equal(g.prefix, "reeve_00001234_abcdef01");
        assert_int_equal(generation_parse(&back, "reeve_00001234_abcdef01_kills"), 0);
        assert_int_equal(back.owner, 0x1234);
        assert_int_equal(back.number, 0xabcdef01);
        assert_true(generation_parse(&back, "reeve_x") < 0);
        assert_true(generation_parse(&back, "reeve_1234_5") < 0);
        assert_true(generation_parse(&back, "other") < 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_no_line_and_no_argument_is_too_long),
                cmocka_unit_test(test_the_texts_say_what_they_should),
                cmocka_unit_test(test_other_offsets_are_another_generation),
                cmocka_unit_test(test_names_are_read_back),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
