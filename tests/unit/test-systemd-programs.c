#include "check.h"

#include <signal.h>
#include <string.h>

#include "supervisor/host/systemd-programs.h"

/* What signals tell of a unit, in the order in which they come, and when that is its end. */
static void test_rows(void **state) {
        static const struct {
                const char *why;
                SystemdProgramState seen;
                bool ended;
                SystemdEnded want;
        } rows[] = {
                { "not there yet", { .active = "inactive" }, false, { 0 } },
                { "it runs", { .active = "active", .result = "success", .began_usec = 5 }, false, { 0 } },
                { "its main process ended, others are still there", { .active = "deactivating", .code = CLD_EXITED }, false, { 0 } },
                { "well", { .active = "inactive", .result = "success", .code = CLD_EXITED, .began_usec = 5, .ended_usec = 12 }, true,
                  { .result = "success", .exit_status = 0, .signal = -1, .ran_usec = 7 } },
                { "with a status", { .active = "failed", .result = "exit-code", .code = CLD_EXITED, .status = 203 }, true,
                  { .result = "exit-code", .exit_status = 203, .signal = -1, .ran_usec = -1 } },
                { "over its time", { .active = "failed", .result = "timeout", .code = CLD_KILLED, .status = SIGTERM, .began_usec = 9, .ended_usec = 9 },
                  true, { .result = "timeout", .exit_status = -1, .signal = SIGTERM, .ran_usec = 0 } },
                { "by a dump", { .active = "failed", .result = "core-dump", .code = CLD_DUMPED, .status = SIGSEGV, .began_usec = 9 }, true,
                  { .result = "core-dump", .exit_status = -1, .signal = SIGSEGV, .ran_usec = -1 } },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                SystemdEnded got = { 0 };

                if (systemd_program_ended(&rows[i].seen, &got) != rows[i].ended)
                        fail_msg("%s: %s", rows[i].why, rows[i].ended ? "it is no end" : "it is an end");
                if (rows[i].ended && memcmp(&got, &rows[i].want, sizeof(got)) != 0)
                        fail_msg("%s: %s %d %d %lld", rows[i].why, got.result, (int) got.exit_status, (int) got.signal, (long long) got.ran_usec);
        }
}

/* Without one there is nothing to wait for. */
static void test_none(void **state) {
        SystemdPrograms *p;
        struct pollfd fd;
        SystemdEnded ended;

        (void) state;
        assert_int_equal(systemd_programs_new(&p, NULL), 0);
        assert_int_equal(systemd_programs_poll(p, &fd), -1);
        assert_int_equal(fd.fd, -1);
        assert_false(systemd_programs_take(p, &ended));
        p = systemd_programs_free(p);
        assert_int_equal(systemd_programs_poll(NULL, &fd), -1);
        assert_false(systemd_programs_take(NULL, &ended));
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows), cmocka_unit_test(test_none) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
