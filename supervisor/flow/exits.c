/* What did the dead use? Peak memory and run time of victims, by taskstats: an addition to kill records, never needed. */
#include "supervisor/flow/exits.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/fd.h"
#include "supervisor/flow/more.h"
#include "supervisor/host/proc.h"

enum {
        TEST_USEC = 1000 * 1000,        /* a child killed by SIGKILL must be seen within that */
        TEST_ROUNDS = 30,               /* unless it did not even get to die: the host is that slow */
        GATHER_USEC = 150 * 1000,       /* the victims of a group kill end within that, and are told of together */
        MORE_SIZE = 40 << 10,
};

static bool wanted(const Supervisor *s) {
        ConfigTaskstats t = s->config->reeve.taskstats;

        return t == CONFIG_TASKSTATS_YES || (t == CONFIG_TASKSTATS_AUTO && s->from.tier == REEVE_TIER_LOG);
}

static uint64_t suspended_nsec(void) {
        int64_t nsec = clock_suspended_nsec();

        return nsec > 0 ? (uint64_t) nsec : 0;
}

static int on_gathered(sd_event_source *source, uint64_t usec, void *userdata) {
        Supervisor *s = userdata;
        _cleanup_free_ char *text = malloc(MORE_SIZE);
        uint64_t seq, cgroup_id;

        (void) source, (void) usec;
        while (text && s->exits.ended) {
                Strbuf out = { .data = text, .size = MORE_SIZE };

                text[0] = '\0';
                if (!ended_next(s->exits.ended, &seq, &cgroup_id, &out))
                        break;
                if (!out.truncated)
                        more_record(s, seq, cgroup_id, text);
        }
        return 0;
}

static void gather(Supervisor *s) {
        state_timer(s, &s->exits.gather_timer, GATHER_USEC, on_gathered);
}

void exits_expect(Supervisor *s, uint64_t seq, const Kill *kill) {
        if (s->exits.ended && ended_expect(s->exits.ended, seq, kill, suspended_nsec()))
                gather(s);
}

static void on_exit_told(const TaskstatsExit *told, void *userdata) {
        Supervisor *s = userdata;
        EndedExit one = { .tgid = told->tgid, .seen_nsec = clock_boottime_nsec(), .runtime_nsec = told->runtime_nsec,
                          .peak_rss_bytes = told->peak_rss_bytes };

        if (ended_take(s->exits.ended, &one, suspended_nsec()))
                gather(s);
}

static void fail(Supervisor *s, const char *why) {
        exits_close(s);
        (void) snprintf(s->exits.why, sizeof(s->exits.why), "%s", why);
}

static void judge_test(Supervisor *s) {
        int r;

        if (s->exits.proved)
                return;
        r = taskstats_test_result(s->exits.taskstats);
        s->exits.proved = r > 0;
        if (r > 0)
                s->exits.why[0] = '\0';
        else if (r < 0)
                fail(s, "self-test: the exit of our own child was not told of; is this another network namespace?");
}

void exits_drain(Supervisor *s) {
        if (s->exits.taskstats && taskstats_drain(s->exits.taskstats, on_exit_told, s) < 0)
                fail(s, "the socket broke");
}

int exits_sigkilled(const Supervisor *s, int32_t tgid, uint64_t start_usec) {
        TaskstatsCounts counts;
        int r;

        if (!s->exits.proved)
                return -ENODATA;
        r = ended_tells(s->exits.ended, tgid, start_usec * 1000, suspended_nsec());
        taskstats_counts(s->exits.taskstats, &counts);
        return r == 0 && counts.overflows > 0 ? -ENODATA : r;
}

static int on_taskstats(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Supervisor *s = userdata;

        (void) source, (void) fd, (void) revents;
        if (taskstats_drain(s->exits.taskstats, on_exit_told, s) < 0)
                fail(s, "the socket broke");
        else
                judge_test(s);
        return 0;
}

/* Reaps the child, and judges where nothing arrived. */
static int on_test(sd_event_source *source, uint64_t usec, void *userdata) {
        Supervisor *s = userdata;
        bool proved = s->exits.proved;

        (void) source, (void) usec;
        if (!s->exits.taskstats)
                return 0;
        (void) taskstats_drain(s->exits.taskstats, on_exit_told, s);
        if (proved)
                (void) taskstats_test_result(s->exits.taskstats);
        else
                judge_test(s);
        if (!s->exits.taskstats || s->exits.proved)
                return 0;
        if (++s->exits.rounds < TEST_ROUNDS)
                state_timer(s, &s->exits.test_timer, TEST_USEC, on_test);
        else
                fail(s, "self-test: our own child did not end");
        return 0;
}

static void begin(Supervisor *s) {
        int r = taskstats_open(&s->exits.taskstats, s->exits.why, sizeof(s->exits.why));

        if (r < 0)
                return;
        s->exits.ended = calloc(1, sizeof(*s->exits.ended));
        r = s->exits.ended ? state_io(s, &s->exits.io, taskstats_fd(s->exits.taskstats), EPOLLIN, 15, on_taskstats) : -1;
        if (r >= 0)
                r = taskstats_test_begin(s->exits.taskstats);
        if (r < 0) {
                fail(s, "no memory or no child for the self-test");
                return;
        }
        (void) snprintf(s->exits.why, sizeof(s->exits.why), "the self-test is under way");
        state_timer(s, &s->exits.test_timer, TEST_USEC, on_test);
}

void exits_configure(Supervisor *s) {
        bool want = wanted(s);

        if (want && !s->exits.taskstats)
                begin(s);
        else if (!want)
                fail(s, s->config->reeve.taskstats == CONFIG_TASKSTATS_NO ? "Taskstats=no" : "not needed beside kprobe");
}

void exits_close(Supervisor *s) {
        s->exits.io = sd_event_source_disable_unref(s->exits.io);
        s->exits.test_timer = sd_event_source_disable_unref(s->exits.test_timer);
        s->exits.gather_timer = sd_event_source_disable_unref(s->exits.gather_timer);
        s->exits.taskstats = taskstats_close(s->exits.taskstats);
        free(s->exits.ended);
        s->exits.ended = NULL;
        s->exits.proved = false;
        s->exits.rounds = 0;
}

bool exits_is_test(const Supervisor *s, int32_t pid) {
        return s->exits.taskstats && pid > 0 && taskstats_test_pid(s->exits.taskstats) == pid;
}
