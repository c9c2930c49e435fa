#include "supervisor/flow/bell.h"

#include "supervisor/flow/lookagain.h"

enum { PRIORITY_BELL = 30 };

/* A log that is written to all the time (an unkillable task at its limit: thousands of lines a second) rings once in the time
 * that a look is waited for. */
static int on_bell(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        (void) source, (void) fd, (void) revents;
        lookagain_later(userdata);
        return 0;
}

void bell_open(Supervisor *s) {
        if (s->from.bell || kmsg_open(&s->from.bell, NULL, /* from_oldest= */ false) < 0)
                return;
        if (state_io(s, &s->from.bell_io, kmsg_fd(s->from.bell), EPOLLIN, PRIORITY_BELL, on_bell) < 0)
                bell_close(s);
        else
                bell_arm(s);
}

void bell_arm(Supervisor *s) {
        if (s->from.bell_io && kmsg_skip(s->from.bell) == 0)
                (void) sd_event_source_set_enabled(s->from.bell_io, SD_EVENT_ONESHOT);
}

void bell_close(Supervisor *s) {
        s->from.bell_io = sd_event_source_disable_unref(s->from.bell_io);
        s->from.bell = kmsg_close(s->from.bell);
}
