#include "supervisor/flow/logtier.h"

#include <stdio.h>
#include <string.h>

#include "supervisor/base/clock.h"
#include "supervisor/flow/intake.h"
#include "supervisor/flow/lookagain.h"

enum {
        SETTLE_USEC = 100 * 1000,               /* the lines of one OOM are written within milliseconds */
        PRIORITY_KILLS = -10,
};

static void on_log_kill(void *userdata, const Kill *kill) {
        Supervisor *s = userdata;

        intake_kill(s, kill);
        lookagain_later(s);
}

static void on_log_lost(void *userdata, uint64_t lost) {
        Supervisor *s = userdata;

        s->from.kmsg_lost += lost;
        lookagain_later(s);
}

/* All that was written before @now_nsec was read. While a kill is held open for its last lines it may be about what came before. */
static void drained(Supervisor *s, uint64_t now_nsec) {
        if (logsource_busy(s->from.log))
                return;
        s->from.log_drained_nsec = now_nsec;
        if (s->server)
                server_drained(s->server);
}

/* One drain more that failed, or went through: sources_check() makes an end of those that only fail. */
static void note_drain(Supervisor *s, int r) {
        s->from.failures = r < 0 ? s->from.failures + 1 : 0;
        if (r < 0)
                (void) snprintf(s->from.log_why, sizeof(s->from.log_why), "/dev/kmsg: %s", strerror(-r));
        if (r < 0)
                lookagain_now(s);
}

static int on_settle(sd_event_source *source, uint64_t usec, void *userdata) {
        Supervisor *s = userdata;

        (void) source, (void) usec;
        if (!s->from.log)
                return 0;
        if (logsource_settle(s->from.log, clock_boottime_nsec()))
                state_timer(s, &s->from.settle_timer, SETTLE_USEC, on_settle);
        else
                logtier_drain(s);
        return 0;
}

void logtier_drain(Supervisor *s) {
        uint64_t now = clock_boottime_nsec();
        int r;

        do
                r = logsource_drain(s->from.log);
        while (r > 0);
        note_drain(s, r);
        if (logsource_busy(s->from.log))
                state_timer(s, &s->from.settle_timer, SETTLE_USEC, on_settle);
        if (r == 0)
                drained(s, now);
}

static int on_log(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Supervisor *s = userdata;
        uint64_t now = clock_boottime_nsec();
        int r = logsource_drain(s->from.log);

        (void) source, (void) fd, (void) revents;
        note_drain(s, r);
        if (r < 0)
                return 0;
        state_timer(s, &s->from.settle_timer, SETTLE_USEC, on_settle);
        if (r == 0)
                drained(s, now);
        return 0;
}

int logtier_open(Supervisor *s) {
        LogsourceSink sink = { .kill = on_log_kill, .lost = on_log_lost, .userdata = s };
        int r = logsource_new(&s->from.log, &s->fs, NULL, &sink);

        if (r < 0) {
                (void) snprintf(s->from.log_why, sizeof(s->from.log_why), "/dev/kmsg: %s", strerror(-r));
                return r;
        }
        s->from.log_why[0] = '\0';
        s->from.failures = 0;
        s->from.log_nsec = clock_boottime_nsec();
        if (s->from.heard_log_nsec == 0)
                s->from.heard_log_nsec = s->from.log_nsec;
        return state_io(s, &s->from.log_io, logsource_fd(s->from.log), EPOLLIN, PRIORITY_KILLS, on_log);
}

void logtier_close(Supervisor *s) {
        s->from.log_io = sd_event_source_disable_unref(s->from.log_io);
        s->from.log = logsource_free(s->from.log);
}
