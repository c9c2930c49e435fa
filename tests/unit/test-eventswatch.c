#include "check.h"
#include "live.h"
#include "supervisor/observe/eventswatch.h"

#include <poll.h>

typedef struct Taken {
        int n;
        EventswatchNews last;
} Taken;

static void take(void *userdata, const EventswatchNews *news) {
        Taken *t = userdata;

        t->n++;
        t->last = *news;
}

/* Until the last news pass @enough, 10 s at most. */
static bool wait_for(Eventswatch *w, Taken *t, bool (*enough)(const EventswatchNews *)) {
        for (int i = 0; i < 1000; i++) {
                struct pollfd p = { .fd = eventswatch_fd(w), .events = POLLIN };

                (void) poll(&p, 1, 10);
                assert_true(eventswatch_drain(w, take, t) >= 0);
                if (t->n && enough(&t->last))
                        return true;
        }
        return false;
}

static bool killed(const EventswatchNews *n) {
        return n->now.oom_kill > 0;
}

static bool is_gone(const EventswatchNews *n) {
        return n->gone;
}

static void test_kill_and_removal(void **state) {
        (void) state;
        uint64_t id = live_make("/w", "8M"), calm = live_make("/calm", "8M"), when;
        Eventswatch *w = NULL;
        EventswatchNews news;
        MemoryEvents last;
        struct pollfd p;
        Taken t = { .n = 0 };
        pid_t pid;

        assert_int_equal(eventswatch_new(&w, &live_fs), 0);
        assert_int_equal(eventswatch_add(w, id, NULL, 100000000), 0);
        assert_int_equal(eventswatch_add(w, calm, NULL, 0), 0);
        assert_int_equal(eventswatch_add(w, 999999999, NULL, 0), -ENODEV);
        assert_int_equal(eventswatch_count(w), 2);
        p = (struct pollfd) { .fd = eventswatch_fd(w), .events = POLLIN };
        assert_int_equal(poll(&p, 1, 300), 0);          /* silent while nothing happens */
        pid = live_hog("/w", 32 << 20);
        assert_true(wait_for(w, &t, killed));
        assert_int_equal(t.last.id, id);
        assert_true(t.n <= 20);
        (void) waitpid(pid, NULL, 0);
        assert_true(eventswatch_last(w, id, &last, &when));
        assert_int_equal(last.oom_kill, 1);
        live_remove("/w");
        assert_true(wait_for(w, &t, is_gone));
        assert_int_equal(eventswatch_count(w), 1);
        live_remove("/calm");           /* nobody is woken by that: it takes a look */
        assert_int_equal(eventswatch_look(w, calm, &news), -ENODEV);
        assert_true(news.gone);
        assert_int_equal(eventswatch_count(w), 0);
        t.n = 0;
        (void) poll(&p, 1, 1200);                       /* a timer may still be set */
        (void) eventswatch_drain(w, take, &t);
        assert_int_equal(poll(&p, 1, 300), 0);
        assert_int_equal(t.n, 0);
        eventswatch_free(w);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_kill_and_removal) };
        int r;

        if (!live_begin())
                return 77;
        r = cmocka_run_group_tests(tests, NULL, NULL);
        live_end();
        return r;
}
