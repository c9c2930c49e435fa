/* Needs a kernel with kprobes and the right to use them: run in the test bed's machine (scenario 24), skipped elsewhere. */
#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/host/kprobe.h"

#define STATE "/nowhere/reeve-test-kprobe"

static void remove_all(void) {
        char why[256];

        (void) kprobe_uninstall(STATE, NULL, why, sizeof(why));
}

/* Each offset of task, css_set, cgroup and kernfs, one at a time 8 bytes too far: the self-test must not let it pass. */
static void test_a_wrong_offset_is_red(void **state) {
        bool proved;
        size_t n = 0;

        (void) state;
        for (uint32_t i = 0; kprobe_offset_name(i, &proved); i++) {
                const char *name = kprobe_offset_name(i, &proved);
                KprobeOptions options = { .state_directory = STATE, .shift_offset = name };
                Kprobe *k = NULL;
                char why[512] = "";
                int r;

                if (!proved)
                        continue;
                n++;
                r = kprobe_open(&k, &options, why, sizeof(why));
                print_message("%-40s %d %s\n", name, r, why);
                assert_true(r < 0);
                assert_null(k);
                assert_true(strlen(why) > 0);
                remove_all();
        }
        assert_in_range(n, 6, 100);
}

static void test_the_right_offsets_are_green(void **state) {
        KprobeOptions options = { .state_directory = STATE };
        Kprobe *k = NULL;
        char why[512] = "";

        (void) state;
        assert_int_equal(kprobe_open(&k, &options, why, sizeof(why)), 0);
        assert_int_equal(kprobe_check(k, why, sizeof(why)), 0);
        k = kprobe_close(k);
        remove_all();
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_right_offsets_are_green),
                cmocka_unit_test(test_a_wrong_offset_is_red),
        };

        /* Only in a machine of our own: probes are the whole kernel's. */
        if (geteuid() != 0 || access("/reeve/lib.sh", R_OK) < 0) {
                (void) printf("SKIP: not in the test bed's machine\n");
                return 77;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
