#include "check.h"
#include "supervisor/host/proc.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void *stay(void *unused) {
        for (;;)
                (void) pause();
        return unused;
}

/* Its first thread ends; another keeps its memory. */
static pid_t headless(void) {
        pid_t pid = fork();
        pthread_t thread;

        if (pid == 0) {
                if (pthread_create(&thread, NULL, stay, NULL) != 0)
                        _exit(1);
                (void) syscall(SYS_exit, 0);
        }
        assert_true(pid > 0);
        return pid;
}

static bool is_zombie(pid_t pid) {
        ProcStatus s;

        for (int i = 0; i < 500; i++) {
                if (proc_status(pid, &s) == 0 && s.state == 'Z')
                        return true;
                (void) usleep(10000);
        }
        return false;
}

/* Bug: no process was chosen, for a rule with Victim=process or in a record, whose first thread had ended, however large. */
static void test_who_has_the_memory(void **state) {
        ProcStatus s;
        pid_t pid;

        (void) state;
        assert_int_equal(proc_holder(getpid(), &s), 0);
        assert_int_equal(s.tgid, getpid());
        pid = headless();
        assert_true(is_zombie(pid));
        assert_int_equal(proc_holder(pid, &s), 0);
        assert_int_equal(s.tgid, pid);
        assert_true(s.state != 'Z' && s.anon_bytes > 0);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitid(P_PID, (id_t) pid, &(siginfo_t) { 0 }, WEXITED | WNOWAIT), 0);
        assert_int_equal(proc_holder(pid, &s), -ESRCH);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_int_equal(proc_holder(pid, &s), -ESRCH);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_who_has_the_memory),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
