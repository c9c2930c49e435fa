/* Which files are read, in which order, and which hides which. */
#include "check.h"
#include "supervisor/host/conffiles.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void put(const char *root, const char *path, const char *text) {
        char full[512];
        FILE *f;

        (void) snprintf(full, sizeof(full), "mkdir -p $(dirname %s%s)", root, path);
        assert_int_equal(system(full), 0);
        (void) snprintf(full, sizeof(full), "%s%s", root, path);
        if (!text) {
                assert_int_equal(symlink("/dev/null", full), 0);
                return;
        }
        f = fopen(full, "w");
        assert_non_null(f);
        (void) fputs(text, f);
        (void) fclose(f);
}

static void test_masking_and_reading_order(void **state) {
        char root[] = "/tmp/reeve-test-XXXXXX", command[64];
        ConfigPlaces places = { .root = mkdtemp(root) };
        static const char *const expected[] = {
                "/usr/lib/reeve/reeve.conf",           "/run/reeve/reeve.conf.d/10.conf", "/etc/reeve/reeve.conf.d/20.conf",
                "/usr/lib/reeve/policies.d/05.conf",   "/etc/reeve/policies.d/50-web.conf",
        };
        Complaints complaints = COMPLAINTS_INIT;
        ConfFiles files = { 0 };
        Config *c = NULL;

        (void) state;
        put(root, "/usr/lib/reeve/reeve.conf", "[reeve]\nMode=watch\n");
        put(root, "/usr/lib/reeve/reeve.conf.d/20.conf", "[reeve]\nMode=bad\n");
        put(root, "/etc/reeve/reeve.conf.d/20.conf", "[reeve]\nMode=dry-run\n");
        put(root, "/run/reeve/reeve.conf.d/10.conf", "");
        put(root, "/usr/lib/reeve/policies.d/05.conf", "");
        put(root, "/usr/lib/reeve/policies.d/10-never.conf", "bad");
        put(root, "/etc/reeve/policies.d/10-never.conf", NULL);
        put(root, "/etc/reeve/policies.d/50-web.conf", "");
        put(root, "/run/reeve/policies.d/50-web.conf", "bad");
        put(root, "/etc/reeve/policies.d/.hidden.conf", "bad");
        put(root, "/etc/reeve/policies.d/README", "bad");
        assert_int_equal(conffiles_read(&places, &files, &complaints), 0);
        assert_int_equal(files.count, 5);
        for (size_t i = 0; i < 5; i++)
                assert_string_equal(files.files[i].name + strlen(root), expected[i]);
        conffiles_done(&files);
        assert_int_equal(config_load(&places, &c, &complaints), 0);
        assert_int_equal(c->reeve.mode, REEVE_MODE_DRY_RUN);
        c = config_unref(c);
        assert_int_equal(conffiles_write_set(&places, "[reeve]\nMode=act\n"), 0);
        assert_int_equal(config_load(&places, &c, &complaints), 0);
        assert_int_equal(c->reeve.mode, REEVE_MODE_ACT);
        c = config_unref(c);
        places.directory = "/nonexistent";
        assert_int_equal(config_load(&places, &c, &complaints), -ENOENT);
        complaints_done(&complaints);
        (void) snprintf(command, sizeof(command), "rm -r %s", root);
        assert_int_equal(system(command), 0);
}

/* What writes into a pipe may take its time: <(...) of a shell, and standard input. */
static void test_pipes(void **state) {
        (void) state;
        for (int by_fd = 0; by_fd < 2; by_fd++) {
                FILE *f = popen("sleep 0.2; printf '[reeve]\\nMode=watch\\n'", "r");
                Complaints complaints = COMPLAINTS_INIT;
                ConfFiles files = { 0 };
                char path[32];

                assert_non_null(f);
                (void) snprintf(path, sizeof(path), "/dev/fd/%d", fileno(f));
                assert_int_equal(by_fd ? conffiles_read_fd(fileno(f), "<stdin>", &files, &complaints)
                                       : conffiles_read_one(path, &files, &complaints), 0);
                assert_int_equal(files.count, 1);
                assert_int_equal(files.files[0].length, 19);
                assert_string_equal(files.files[0].name, by_fd ? "<stdin>" : path);
                conffiles_done(&files);
                assert_int_equal(pclose(f), 0);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_masking_and_reading_order),
                cmocka_unit_test(test_pipes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
