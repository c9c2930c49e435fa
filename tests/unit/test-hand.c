#include "check.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "live.h"
#include "supervisor/act/hand.h"
#include "supervisor/base/clock.h"

static HandTask *wait_for(Hand *h) {
        struct pollfd p = { .fd = ring_fd(hand_ring(h)), .events = POLLIN };
        HandTask *t;

        for (int i = 0; i < 100; i++) {
                (void) poll(&p, 1, 100);
                ring_drain_fd(hand_ring(h));
                if ((t = hand_take(h)))
                        return t;
        }
        return NULL;
}

/* An id of nobody is the outcome gone, and the task comes back to its place. */
static void test_gone_is_told(void **state) {
        char dir[] = "/tmp/reeve-hand-XXXXXX";
        Cgroupfs fs;
        Hand *h;

        (void) state;
        assert_non_null(mkdtemp(dir));
        fs = (Cgroupfs) { .root_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
        assert_int_equal(hand_new(&h, &fs), 0);
        for (uint64_t i = 1; i <= 100; i++) {
                HandTask task = { .work = HAND_KILL, .cookie = i, .cgroup_id = UINT64_MAX - 5, .path = "/nobody", .wait_usec = 1000 }, *t;
                uint64_t before = clock_boottime_nsec();

                assert_true(hand_post(h, &task));
                t = wait_for(h);
                assert_non_null(t);
                assert_int_equal(hand_task_at(h, before), i - 1);
                assert_int_equal(hand_task_at(h, clock_boottime_nsec()), i);
                assert_int_equal(t->cookie, i);
                assert_true(t->outcome == REEVE_OUTCOME_GONE || t->outcome == REEVE_OUTCOME_FAILED);
                assert_int_equal(t->n_pids, 0);
                hand_return(h, t);
        }
        h = hand_free(h);
        (void) close(fs.root_fd);
        (void) rmdir(dir);
}

static void test_too_many_are_refused(void **state) {
        char dir[] = "/tmp/reeve-hand-XXXXXX";
        HandTask task = { .work = HAND_TERM, .cgroup_id = UINT64_MAX - 5 };
        Cgroupfs fs;
        Hand *h;
        int n = 0;

        (void) state;
        assert_non_null(mkdtemp(dir));
        fs = (Cgroupfs) { .root_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
        assert_int_equal(hand_new(&h, &fs), 0);
        while (n < 1000 && hand_post(h, &task))
                n++;
        assert_int_equal(n, 16);
        h = hand_free(h);
        assert_null(hand_free(h));
        (void) close(fs.root_fd);
        (void) rmdir(dir);
}

static HandTask done_to(HandWork work, uint64_t id, uint64_t wait_usec) {
        HandTask t = { .work = work, .cgroup_id = id, .bytes = 1 << 20, .wait_usec = wait_usec };

        hand_do(&live_fs, &t);
        return t;
}

/* On a real kernel: all of the one, nobody of the other. */
static void test_a_cgroup_is_ended_and_its_neighbour_lives(void **state) {
        uint64_t guilty, innocent;
        pid_t pids[3];
        HandTask t;
        char path[8192], value[16] = "";

        (void) state;
        if (!live_begin())
                skip();
        guilty = live_make("/guilty", "64M");
        innocent = live_make("/innocent", "64M");
        pids[0] = live_hog("/guilty", 8 << 20);
        pids[1] = live_hog("/guilty", 4 << 20);
        pids[2] = live_hog("/innocent", 4 << 20);
        (void) usleep(500000);
        t = done_to(HAND_RECLAIM, innocent, 1000000);
        assert_true(t.outcome == REEVE_OUTCOME_DONE || t.outcome == REEVE_OUTCOME_INEFFECTIVE || t.lacking);
        t = done_to(HAND_KILL, guilty, 5000000);
        assert_int_equal(t.outcome, REEVE_OUTCOME_DONE);
        assert_int_equal(t.n_pids, 2);
        assert_true(t.freed_bytes > 10 << 20);
        assert_int_equal(waitpid(pids[0], NULL, WNOHANG), pids[0]);
        assert_int_equal(waitpid(pids[1], NULL, WNOHANG), pids[1]);
        assert_int_equal(waitpid(pids[2], NULL, WNOHANG), 0);
        /* systemd sees one OOM of two processes. */
        (void) snprintf(path, sizeof(path), "%s/guilty", live_root);
        if (getxattr(path, "user.oomd_kill", value, sizeof(value) - 1) > 0)
                assert_string_equal(value, "2");
        t = done_to(HAND_KILL, guilty, 1000000);
        assert_int_equal(t.outcome, REEVE_OUTCOME_GONE);
        t = done_to(HAND_TERM, innocent, 5000000);
        assert_int_equal(t.outcome, REEVE_OUTCOME_DONE);
        assert_int_equal(waitpid(pids[2], NULL, WNOHANG), pids[2]);
        live_remove("/guilty");
        live_remove("/innocent");
        t = done_to(HAND_KILL, innocent, 1000000);
        assert_int_equal(t.outcome, REEVE_OUTCOME_GONE);
        live_end();
}

static HandTask done_to_one(HandWork work, uint64_t id, int32_t pid, uint64_t start_usec) {
        HandTask t = { .work = work, .cgroup_id = id, .pid = pid, .start_usec = start_usec, .wait_usec = 5000000 };

        hand_do(&live_fs, &t);
        return t;
}

/* One process is ended, if it is the one that was seen and where it was seen. */
static void test_one_process_is_ended(void **state) {
        uint64_t bed, start = 0;
        pid_t pids[3];
        HandTask t;

        (void) state;
        if (!live_begin())
                skip();
        bed = live_make("/bed", "64M");
        (void) live_make("/other", "64M");
        pids[0] = live_hog("/bed", 16 << 20);
        pids[1] = live_hog("/bed", 4 << 20);
        pids[2] = live_hog("/other", 1 << 20);
        (void) usleep(500000);
        t = done_to(HAND_LOOK, bed, 0);
        assert_int_equal(t.outcome, REEVE_OUTCOME_DONE);
        assert_int_equal(t.n_processes, 2);
        for (size_t i = 0; i < t.n_processes; i++)
                if (t.processes[i].pid == pids[0]) {
                        start = t.processes[i].start_usec;
                        assert_true(t.processes[i].pages > (16 << 20) / 4096);
                }
        free(t.processes);
        assert_true(start > 0);
        t = done_to_one(HAND_KILL, bed, pids[0], start + 10000);         /* another of that number */
        assert_int_equal(t.outcome, REEVE_OUTCOME_GONE);
        t = done_to_one(HAND_KILL, bed, pids[2], start);                 /* elsewhere */
        assert_int_equal(t.outcome, REEVE_OUTCOME_GONE);
        t = done_to_one(HAND_KILL, bed, pids[0], start);
        assert_int_equal(t.outcome, REEVE_OUTCOME_DONE);
        assert_int_equal(t.n_pids, 1);
        assert_int_equal(waitpid(pids[0], NULL, 0), pids[0]);
        assert_int_equal(waitpid(pids[1], NULL, WNOHANG), 0);
        assert_int_equal(waitpid(pids[2], NULL, WNOHANG), 0);
        t = done_to_one(HAND_TERM, bed, pids[0], start);
        assert_int_equal(t.outcome, REEVE_OUTCOME_GONE);
        (void) kill(pids[2], SIGKILL);
        t = done_to(HAND_KILL, bed, 5000000);
        assert_int_equal(waitpid(pids[1], NULL, 0), pids[1]);
        assert_int_equal(waitpid(pids[2], NULL, 0), pids[2]);
        live_remove("/bed");
        live_remove("/other");
        live_end();
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_cgroup_is_ended_and_its_neighbour_lives),
                cmocka_unit_test(test_one_process_is_ended),
                cmocka_unit_test(test_gone_is_told),
                cmocka_unit_test(test_too_many_are_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
