#include "supervisor/flow/state.h"

#include <time.h>

#include "supervisor/host/proc.h"

int state_io(Supervisor *s, sd_event_source **ret, int fd, uint32_t events, int64_t priority,
                  sd_event_io_handler_t handler) {
        int r = sd_event_add_io(s->event, ret, fd, events, handler, s);

        return r < 0 ? r : sd_event_source_set_priority(*ret, priority);
}

void state_timer(Supervisor *s, sd_event_source **timer, uint64_t usec, sd_event_time_handler_t handler) {
        int enabled = SD_EVENT_OFF;

        if (!*timer) {
                (void) sd_event_add_time_relative(s->event, timer, CLOCK_BOOTTIME, usec, /* accuracy= */ 1000, handler, s);
                return;
        }
        /* One that is armed already stays as it is: a stream of events must not push it before itself for ever. */
        (void) sd_event_source_get_enabled(*timer, &enabled);
        if (enabled != SD_EVENT_OFF)
                return;
        (void) sd_event_source_set_time_relative(*timer, usec);
        (void) sd_event_source_set_enabled(*timer, SD_EVENT_ONESHOT);
}

static int write_supervisor(Strbuf *out, const RecordContext *context, const void *what) {
        return record_supervisor(out, context, what);
}

void state_record(Supervisor *s, const RecordSupervisor *record) {
        EmitHead head = { .type = REEVE_RECORD_SUPERVISOR, .time_nsec = record->time_nsec,
                          .owner_uid = RECORD_OWNER_UNKNOWN };

        (void) emit_record(&s->emit, &head, write_supervisor, record);
}

void state_say(Supervisor *s, const char *event, const char *text, const char *details) {
        RecordSupervisor record = { .time_nsec = clock_boottime_nsec(), .event = event, .tier = s->from.tier, .text = text,
                                    .details = details };

        state_record(s, &record);
}
