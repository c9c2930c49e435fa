#include <string.h>

#include "check.h"
#include "supervisor/attribute/managerkill.h"

typedef struct Seen {
        size_t n;
        Kill last;
        int32_t pids[8];
} Seen;

static void see(const Kill *k, void *userdata) {
        Seen *s = userdata;

        s->n++;
        s->last = *k;
        for (size_t i = 0; i < k->n_victims && i < 8; i++)
                s->pids[i] = k->victims[i].tgid;
}

static Sigkill signal_at(uint64_t msec, int signal, int32_t pid) {
        return (Sigkill) { .time_nsec = msec * 1000000, .signal = signal, .means = REEVE_MEANS_CGROUP_KILL, .delivered = true,
                           .sender_tid = 600, .pid = pid, .comm = "code", .cgroup.id = 910, .uid = KILL_UNKNOWN };
}

static void feed_of(Managerkill *m, Sigkill s, int32_t sender, uint64_t decision, Seen *seen) {
        ManagerkillSink sink = { .kill = see, .userdata = seen };
        KillProcess who = { .pid = sender, .comm = "systemd-oomd", .uid = 0, .unit = "systemd-oomd.service" };

        managerkill_feed(m, &s, REEVE_KILLER_OOM_MANAGER, &who, decision, &sink);
}

static void feed(Managerkill *m, Sigkill s, int32_t sender, Seen *seen) {
        feed_of(m, s, sender, 0, seen);
}

static void test_one_decision_is_one_kill(void **state) {
        static Managerkill m;
        Seen seen = { 0 };
        ManagerkillSink sink = { .kill = see, .userdata = &seen };
        Sigkill ignored = signal_at(1002, 9, 73);

        (void) state;
        ignored.delivered = false;
        feed(&m, signal_at(1000, 9, 70), 600, &seen);
        feed(&m, signal_at(1001, 9, 71), 600, &seen);
        feed(&m, signal_at(1001, 9, 70), 600, &seen);
        feed(&m, ignored, 600, &seen);
        assert_true(managerkill_settle(&m, UINT64_C(1050000000), &sink));
        assert_false(managerkill_settle(&m, UINT64_C(1200000000), &sink));
        assert_int_equal(seen.n, 1);
        assert_int_equal(seen.last.n_victims, 2);
        assert_int_equal(seen.pids[0], 70);
        assert_int_equal(seen.last.killer, REEVE_KILLER_OOM_MANAGER);
        assert_int_equal(seen.last.scope, REEVE_SCOPE_NONE);
        assert_int_equal(seen.last.reason, REEVE_REASON_MANAGER);
        assert_false(seen.last.group_kill);      /* that is memory.oom.group's */
        assert_string_equal(seen.last.killer_process.unit, "systemd-oomd.service");
}

static void test_another_time_or_sender_is_another_kill(void **state) {
        static Managerkill m;
        Seen seen = { 0 };
        ManagerkillSink sink = { .kill = see, .userdata = &seen };

        (void) state;
        feed(&m, signal_at(1000, 9, 70), 600, &seen);
        feed(&m, signal_at(1200, 9, 71), 600, &seen);
        feed(&m, signal_at(1201, 9, 72), 601, &seen);
        assert_int_equal(seen.n, 2);
        (void) managerkill_settle(&m, UINT64_MAX, &sink);
        assert_int_equal(seen.n, 3);
}

/* Reeve's own is no manager's: its record names the rule as the reason. */
static void test_a_kill_of_reeves_own_is_a_rules(void **state) {
        static Managerkill m;
        Seen seen = { 0 };
        ManagerkillSink sink = { .kill = see, .userdata = &seen };
        KillProcess who = { .pid = 600, .comm = "reeved" };
        Sigkill s = signal_at(1000, 9, 70);

        (void) state;
        managerkill_feed(&m, &s, REEVE_KILLER_REEVE, &who, 7, &sink);
        (void) managerkill_settle(&m, UINT64_MAX, &sink);
        assert_int_equal(seen.n, 1);
        assert_int_equal(seen.last.killer, REEVE_KILLER_REEVE);
        assert_int_equal(seen.last.reason, REEVE_REASON_RULE);
}

/* The polite one is gone at once, and the next cgroup's turn comes within the hundred milliseconds. */
static void test_another_decision_is_another_kill(void **state) {
        static Managerkill m;
        Seen seen = { 0 };
        ManagerkillSink sink = { .kill = see, .userdata = &seen };

        (void) state;
        feed_of(&m, signal_at(1000, 15, 70), 600, 5, &seen);
        feed_of(&m, signal_at(1001, 15, 71), 600, 5, &seen);
        feed_of(&m, signal_at(1020, 15, 80), 600, 6, &seen);
        assert_int_equal(seen.n, 1);
        assert_int_equal(seen.last.n_victims, 2);
        assert_int_equal(seen.last.decision, 5);
        (void) managerkill_settle(&m, UINT64_MAX, &sink);
        assert_int_equal(seen.n, 2);
        assert_int_equal(seen.last.n_victims, 1);
        assert_int_equal(seen.pids[0], 80);
}

static void test_the_signal_after_the_request_is_no_second_kill(void **state) {
        static Managerkill m;
        Seen seen = { 0 };
        ManagerkillSink sink = { .kill = see, .userdata = &seen };

        (void) state;
        feed(&m, signal_at(1000, 15, 70), 600, &seen);
        feed(&m, signal_at(8000, 9, 70), 600, &seen);
        (void) managerkill_settle(&m, UINT64_MAX, &sink);
        assert_int_equal(seen.n, 1);
        assert_int_equal(m.repeats, 1);
        feed(&m, signal_at(90000, 9, 70), 600, &seen);
        (void) managerkill_settle(&m, UINT64_MAX, &sink);
        assert_int_equal(seen.n, 2);
}

static void test_more_victims_than_room(void **state) {
        static Managerkill m;
        Seen seen = { 0 };
        ManagerkillSink sink = { .kill = see, .userdata = &seen };

        (void) state;
        for (int32_t i = 0; i < MANAGERKILL_VICTIMS_MAX + 5; i++)
                feed(&m, signal_at(1000, 9, 100 + i), 600, &seen);
        (void) managerkill_settle(&m, UINT64_MAX, &sink);
        assert_int_equal(seen.last.n_victims, MANAGERKILL_VICTIMS_MAX);
        assert_false(seen.last.victims_complete);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_one_decision_is_one_kill),
                cmocka_unit_test(test_a_kill_of_reeves_own_is_a_rules),
                cmocka_unit_test(test_another_time_or_sender_is_another_kill),
                cmocka_unit_test(test_another_decision_is_another_kill),
                cmocka_unit_test(test_the_signal_after_the_request_is_no_second_kill),
                cmocka_unit_test(test_more_victims_than_room),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
