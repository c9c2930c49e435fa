/* What systemd does as a job, and how that went. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "supervisor/base/clock.h"
#include "supervisor/host/systemd-private.h"

/* A job that is waited for. */
typedef struct Job {
        const char *unit;
        bool over;
        char result[32];                /* "done", "failed", "timeout" ... */
} Job;

static int on_removed(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const char *job, *unit, *result;
        Job *j = userdata;
        uint32_t id;

        (void) error;
        if (sd_bus_message_read(m, "uoss", &id, &job, &unit, &result) < 0 || strcmp(unit, j->unit) != 0)
                return 0;
        j->over = true;
        (void) snprintf(j->result, sizeof(j->result), "%s", result);
        return 0;
}

static int wait_for(Systemd *s, Job *j, uint64_t wait_usec) {
        uint64_t until = clock_usec(CLOCK_MONOTONIC) + wait_usec;

        while (!j->over) {
                uint64_t now = clock_usec(CLOCK_MONOTONIC);
                int r = sd_bus_process(s->bus, NULL);

                if (r == 0 && now >= until)
                        return -ETIME;
                if (r == 0)
                        r = sd_bus_wait(s->bus, until - now);
                if (r < 0 && r != -EINTR)
                        return r;
        }
        return 0;
}

int systemd_run_job(Systemd *s, sd_bus_message *m, const char *unit, uint64_t wait_usec, char *reterr, size_t err_size) {
        _cleanup_message_ sd_bus_message *subscribe = NULL, *subscribed = NULL, *reply = NULL;
        Job job = { .unit = unit };
        sd_bus_slot *slot = NULL;
        int r = systemd_new_call(s, &subscribe, "Subscribe");

        /* Again on the same connection it is refused, which is no harm. */
        if (r >= 0)
                (void) systemd_finish_call(s, subscribe, &subscribed, NULL, 0);
        if (r >= 0)
                r = sd_bus_match_signal(s->bus, &slot, SYSTEMD, SYSTEMD_PATH, SYSTEMD_MANAGER, "JobRemoved", on_removed, &job);
        if (r < 0)
                return systemd_told(NULL, r, reterr, err_size);
        r = systemd_finish_call(s, m, &reply, reterr, err_size);
        if (r >= 0) {
                r = wait_for(s, &job, wait_usec);
                if (r < 0)
                        (void) systemd_told(NULL, r, reterr, err_size);
        }
        slot = sd_bus_slot_unref(slot);
        if (r < 0 || strcmp(job.result, "done") == 0)
                return r;
        (void) snprintf(reterr, err_size, "systemd: the job of %s ended with \"%s\"", unit, job.result);
        return -EIO;
}

int systemd_restart_unit(Systemd *s, const char *unit, uint64_t wait_usec, char *reterr, size_t err_size) {
        _cleanup_message_ sd_bus_message *m = NULL;
        int r = systemd_new_call(s, &m, "RestartUnit");

        if (r >= 0)
                r = sd_bus_message_append(m, "ss", unit, "replace");
        if (r < 0)
                return systemd_told(NULL, r, reterr, err_size);
        return systemd_run_job(s, m, unit, wait_usec, reterr, err_size);
}
