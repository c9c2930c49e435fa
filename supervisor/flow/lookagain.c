#include "supervisor/flow/lookagain.h"

enum {
        LATER_USEC = 1500 * 1000,
        PRIORITY_LOOK = -20,                    /* before the sources: one that cannot be read is ready for ever, and nothing behind it runs */
};

void lookagain_open(Supervisor *s, sd_event_time_handler_t handler) {
        if (sd_event_add_time(s->event, &s->from.retry_timer, CLOCK_BOOTTIME, UINT64_MAX, /* accuracy= */ 1000, handler, s) < 0)
                return;
        (void) sd_event_source_set_priority(s->from.retry_timer, PRIORITY_LOOK);
        (void) sd_event_source_set_enabled(s->from.retry_timer, SD_EVENT_OFF);
}

static void arm(Supervisor *s, uint64_t usec) {
        if (s->from.retry_timer)
                state_timer(s, &s->from.retry_timer, usec, /* handler= */ NULL);
}

void lookagain_later(Supervisor *s) {
        arm(s, LATER_USEC);
}

void lookagain_now(Supervisor *s) {
        arm(s, 0);
}
