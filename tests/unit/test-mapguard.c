#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "supervisor/host/mapguard.h"

enum { PAGE = 4096 };

/* Two pages of 'x' in a file that then is cut to one. */
static volatile char *cut_short(void) {
        char path[] = "/tmp/reeve-mapguard-XXXXXX";
        int fd = mkstemp(path);
        char page[PAGE];
        void *map;

        assert_true(fd >= 0);
        (void) unlink(path);
        memset(page, 'x', sizeof(page));
        assert_int_equal(write(fd, page, sizeof(page)), PAGE);
        assert_int_equal(write(fd, page, sizeof(page)), PAGE);
        map = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
        assert_true(map != MAP_FAILED);
        assert_int_equal(ftruncate(fd, PAGE), 0);
        (void) close(fd);
        return map;
}

static void test_what_is_missing_reads_as_zeros(void **state) {
        volatile char *map = cut_short();

        (void) state;
        mapguard_enter();
        assert_int_equal(map[0], 'x');
        assert_false(mapguard_leave());
        mapguard_enter();
        assert_int_equal(map[PAGE + 7], 0);
        assert_int_equal(map[7], 'x');
        assert_true(mapguard_leave());
}

static void test_outside_a_guard_it_kills_as_ever(void **state) {
        int status;
        pid_t pid = fork();

        (void) state;
        if (pid == 0) {
                volatile char *map = cut_short();

                mapguard_enter();
                (void) mapguard_leave();
                (void) signal(SIGALRM, SIG_DFL);
                (void) alarm(5);
                _exit(map[PAGE]);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGBUS);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_is_missing_reads_as_zeros),
                cmocka_unit_test(test_outside_a_guard_it_kills_as_ever),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
