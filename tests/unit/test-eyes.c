/* Runs on a directory tree that looks like cgroupfs, as far as files go. */
#include "check.h"
#include "supervisor/observe/eyes.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supervisor/host/proc.h"

static Cgroupfs fs;
static char root[64];
static Eyes *eyes;

static void put(const char *cgroup, const char *file, const char *text) {
        char path[512];
        FILE *f;

        snprintf(path, sizeof(path), "%s%s/%s", root, cgroup, file);
        f = fopen(path, "w");
        assert_non_null(f);
        fputs(text, f);
        fclose(f);
}

static uint64_t make(const char *cgroup, const char *current, const char *max) {
        char path[512];
        struct stat st;

        snprintf(path, sizeof(path), "%s%s", root, cgroup);
        assert_int_equal(mkdir(path, 0755), 0);
        assert_int_equal(stat(path, &st), 0);
        put(cgroup, "memory.current", current);
        put(cgroup, "memory.max", max);
        put(cgroup, "memory.high", "max\n");
        put(cgroup, "memory.swap.max", "0\n");
        put(cgroup, "memory.stat", "anon 3000\nfile 500\nshmem 100\nslab_unreclaimable 50\nkernel_stack 20\npagetables 20\nsock 10\n");
        put(cgroup, "memory.events", "low 0\nhigh 0\nmax 7\noom 1\noom_kill 2\noom_group_kill 0\n");
        put(cgroup, "memory.pressure", "some avg10=50.00 avg60=0.00 avg300=0.00 total=1\nfull avg10=25.00 avg60=0.00 avg300=0.00 total=1\n");
        put(cgroup, "cgroup.procs", "");
        return st.st_ino;
}

static int set_up(void **state) {
        const EyesOptions o = { .fs = &fs, .command_lines = true };

        (void) state;
        strcpy(root, "/dev/shm/reeve-eyes-XXXXXX");
        if (!mkdtemp(root))
                return -1;
        fs = (Cgroupfs) { .root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
        strcpy(fs.root, root);
        cgroupfs_id(fs.root_fd, &fs.root_id);
        return eyes_new(&eyes, &o);
}

static int tear_down(void **state) {
        char command[128];

        (void) state;
        eyes = eyes_free(eyes);
        cgroupfs_close(&fs);
        snprintf(command, sizeof(command), "rm -rf '%s'", root);
        return system(command);
}

static EyesAnswer *ask(const EyesRequest *r) {
        assert_true(eyes_post(eyes, r));
        for (int i = 0; i < 500; i++) {
                struct pollfd p = { .fd = ring_fd(eyes_ring(eyes)), .events = POLLIN };
                EyesAnswer *a;

                (void) poll(&p, 1, 10);
                ring_drain_fd(eyes_ring(eyes));
                a = eyes_take(eyes);
                if (a)
                        return a;
        }
        return NULL;
}

static int64_t number(const json_t *o, const char *a, const char *b) {
        const json_t *v = json_object_get(o, a);

        if (b)
                v = json_object_get(v, b);
        return json_is_integer(v) ? json_integer_value(v) : -1;
}

static void test_after_a_kill(void **state) {
        (void) state;
        EyesRequest r = { .kind = EYES_KILL_DETAILS, .cookie = 42, .path = "/a/b", .limit_path = "/a", .n_victims = 2 };
        char procs[64];
        ProcStat self;
        json_t *o, *list;
        EyesAnswer *a;

        r.limit_id = make("/a", "9000\n", "10000\n");
        r.cgroup_id = make("/a/b", "5000\n", "max\n");
        make("/a/c\\x", "7000\n", "max\n");
        snprintf(procs, sizeof(procs), "%d\n0\n999999999\n", getpid());
        put("/a/b", "cgroup.procs", procs);
        assert_int_equal(proc_stat(getpid(), &self), 0);
        r.victims[0] = (EyesVictim) { .tgid = getpid(), .start_nsec = proc_start_nsec(self.start_ticks) + 5000 };
        r.victims[1] = (EyesVictim) { .tgid = getpid(), .start_nsec = 17 };           /* another's, who had the pid before */
        a = ask(&r);
        assert_non_null(a);
        assert_int_equal(a->cookie, 42);
        assert_int_equal(a->error, 0);
        o = json_loads(a->text, 0, NULL);
        assert_non_null(o);
        assert_int_equal(number(o, "memory", "current_bytes"), 5000);
        assert_int_equal(number(o, "memory", "unreclaimable_bytes"), 3200);
        assert_int_equal(number(o, "limit_memory", "max_bytes"), 10000);
        assert_int_equal(number(json_object_get(o, "counters"), "after", "oom_kill"), 2);
        assert_true(json_real_value(json_object_get(json_object_get(o, "pressure"), "some_avg10_ratio")) > 0.49);
        list = json_object_get(o, "contributors");
        assert_int_equal(json_array_size(list), 2);
        assert_int_equal(number(json_array_get(list, 0), "current_bytes", NULL), 7000);
        assert_string_equal(json_string_value(json_object_get(json_object_get(json_array_get(list, 0), "cgroup"), "path")),
                            "/a/c\\x5cx");
        assert_true(json_is_null(json_object_get(json_array_get(list, 0), "growth_bytes")));
        list = json_object_get(o, "victims");
        assert_int_equal(json_array_size(list), 1);
        assert_int_equal(number(json_array_get(list, 0), "pid", NULL), getpid());
        assert_non_null(strstr(json_string_value(json_object_get(json_array_get(list, 0), "cmdline")), "test-eyes"));
        list = json_object_get(o, "processes");
        assert_int_equal(json_array_size(list), 1);
        assert_int_equal(number(json_array_get(list, 0), "pid", NULL), getpid());
        assert_true(json_is_true(json_object_get(o, "processes_complete")));
        list = json_object_get(o, "ancestors");
        assert_int_equal(json_array_size(list), 2);
        list = json_object_get(o, "unlimited");
        assert_true(json_array_size(list) >= 3);
        json_decref(o);
        eyes_answer_free(a);
}

static void *wait_for_end(void *tid) {
        int signal;
        sigset_t end;

        (void) sigemptyset(&end);
        (void) sigaddset(&end, SIGUSR1);
        atomic_store((_Atomic int *) tid, (int) gettid());
        (void) sigwait(&end, &signal);
        return NULL;
}

/* Of the thread that ran the OOM killer its process is told; of who has its number and was not there yet, nothing. */
static void test_the_invoker(void **state) {
        static const struct { const char *why; int64_t offset; bool thread, known; } rows[] = {
                { "a process", 50000000, false, true }, { "a thread of it", 50000000, true, true },
                { "began in the same tick", 0, true, false }, { "began later", -INT64_C(1000000000), true, false },
        };
        _Atomic int tid = 0;
        ProcStat stat;
        pthread_t thread;
        sigset_t end;

        (void) state;
        (void) sigemptyset(&end);
        (void) sigaddset(&end, SIGUSR1);
        (void) pthread_sigmask(SIG_BLOCK, &end, NULL);
        assert_int_equal(pthread_create(&thread, NULL, wait_for_end, &tid), 0);
        while (!atomic_load(&tid))
                (void) usleep(1000);
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                EyesRequest r = { .kind = EYES_KILL_DETAILS, .cgroup_id = 12345, .path = "/gone",
                                  .invoker_tid = rows[i].thread ? atomic_load(&tid) : getpid() };
                EyesAnswer *a;
                json_t *o;

                assert_int_equal(proc_stat(r.invoker_tid, &stat), 0);
                r.invoked_nsec = proc_start_nsec(stat.start_ticks) + (uint64_t) rows[i].offset;
                a = ask(&r);
                o = json_loads(a->text, 0, NULL);
                if (number(o, "invoker", "tgid") != (rows[i].known ? getpid() : -1))
                        fail_msg("%s: %s", rows[i].why, a->text);
                json_decref(o);
                eyes_answer_free(a);
        }
        (void) pthread_kill(thread, SIGUSR1);
        (void) pthread_join(thread, NULL);
}

static void test_the_gone(void **state) {
        (void) state;
        EyesRequest r = { .kind = EYES_KILL_DETAILS, .cgroup_id = 12345, .path = "/gone", .limit_id = 12346, .limit_path = "/" };
        EyesAnswer *a = ask(&r);

        assert_int_equal(a->error, -ENODEV);
        assert_non_null(a->text);
        eyes_answer_free(a);
        r.kind = EYES_OWNER;
        a = ask(&r);
        assert_int_equal(a->error, -ENODEV);
        assert_string_equal(a->path, "");
        eyes_answer_free(a);
}

static void test_ahead(void **state) {
        (void) state;
        EyesRequest r = { .kind = EYES_READ_AHEAD, .path = "/a" };
        EyesProcess p;
        char procs[32];
        ProcStat self;

        r.cgroup_id = make("/a", "9000\n", "10000\n");
        make("/a/b", "5000\n", "max\n");
        snprintf(procs, sizeof(procs), "%d\n", getpid());
        put("/a/b", "cgroup.procs", procs);
        proc_stat(getpid(), &self);
        eyes_answer_free(ask(&r));
        assert_true(eyes_process(eyes, getpid(), proc_start_nsec(self.start_ticks) + 77, &p));
        assert_true(p.main);
        assert_int_equal(p.ppid, getppid());
        assert_non_null(strstr(p.cmdline, "test-eyes"));
        assert_false(eyes_process(eyes, getpid(), 1, &p));
        eyes_command_lines(eyes, false);
        assert_false(eyes_process(eyes, getpid(), 0, &p));
}

static void test_owner_and_status(void **state) {
        (void) state;
        EyesRequest r = { .kind = EYES_OWNER, .path = "/a/b" };
        uint64_t parent = make("/a", "9000\n", "10000\n");
        EyesAnswer *a;
        json_t *o;

        r.cgroup_id = make("/a/b", "5000\n", "20000\n");
        a = ask(&r);
        assert_int_equal(a->owner, getuid());
        assert_string_equal(a->path, "/a/b");
        assert_int_equal(a->parent_id, parent);
        assert_int_equal(a->level, 2);
        eyes_answer_free(a);
        r.kind = EYES_STATUS;
        a = ask(&r);
        o = json_loads(a->text, 0, NULL);
        assert_int_equal(number(o, "effective_bytes", NULL), 10000);
        assert_int_equal(number(o, "effective_cgroup", "id"), parent);
        assert_int_equal(number(o, "limits", "max_bytes"), 20000);
        json_decref(o);
        eyes_answer_free(a);
        r.kind = EYES_NEAREST;
        a = ask(&r);
        o = json_loads(a->text, 0, NULL);
        assert_int_equal(json_array_size(o), 2);
        assert_int_equal(number(json_array_get(o, 1), "effective_bytes", NULL), 10000);
        json_decref(o);
        eyes_answer_free(a);
}

/* A fifo in place of memory.current: whoever opens it waits until somebody writes. */
static void test_stuck_eyes_are_replaced(void **state) {
        (void) state;
        EyesRequest r = { .kind = EYES_READ_AHEAD, .path = "/stuck" }, ok = { .kind = EYES_OWNER, .path = "/ok" };
        char path[128];
        EyesCounts c;
        int fd;
        EyesAnswer *a;

        r.cgroup_id = make("/stuck", "0\n", "max\n");
        ok.cgroup_id = make("/ok", "0\n", "max\n");
        snprintf(path, sizeof(path), "%s/stuck/memory.current", root);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(mkfifo(path, 0600), 0);
        for (int i = 0; i < 3; i++)
                assert_true(eyes_post(eyes, &r));
        a = ask(&ok);
        assert_non_null(a);
        assert_int_equal(a->kind, EYES_OWNER);
        eyes_answer_free(a);
        eyes_counts(eyes, &c);
        assert_true(c.stalled >= 2);
        assert_true(c.left_behind >= 2);
        fd = open(path, O_RDWR | O_NONBLOCK);
        usleep(50000);
        close(fd);
        for (int i = 0; i < 3; i++) {
                for (int k = 0; k < 300 && !(a = eyes_take(eyes)); k++)
                        usleep(10000);
                eyes_answer_free(a);
        }
        eyes_counts(eyes, &c);
        assert_int_equal(c.left_behind, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_after_a_kill, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_the_invoker, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_the_gone, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_ahead, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_owner_and_status, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_stuck_eyes_are_replaced, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
