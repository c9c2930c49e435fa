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

/* Outside a guard it kills as ever. cmocka catches SIGBUS anew for each test, so all is one test. */
static void assert_unguarded_kills(void) {
        int status;
        pid_t pid = fork();

        if (pid == 0) {
                volatile char *map = cut_short();

                _exit(map[PAGE]);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGBUS);
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
        assert_unguarded_kills();
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_what_is_missing_reads_as_zeros) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
