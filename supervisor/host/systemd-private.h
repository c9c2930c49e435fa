#pragma once
/* What the files that talk to systemd share. */
#include <systemd/sd-bus.h>

#include "supervisor/host/systemd.h"

#define SYSTEMD "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER "org.freedesktop.systemd1.Manager"

/* The connection. */
struct Systemd {
        sd_bus *bus;
        bool user;
};

/* For _cleanup_message_. */
static inline void message_unrefp(sd_bus_message **m) {
        *m = sd_bus_message_unref(*m);
}

#define _cleanup_message_ __attribute__((cleanup(message_unrefp)))
#define _cleanup_error_ __attribute__((cleanup(sd_bus_error_free)))

/* Words for people in @reterr (may be NULL); the error as a negative errno, -EUNATCH where nobody is there who could answer. */
int systemd_told(const sd_bus_error *error, int r, char *reterr, size_t err_size);

/* A call of @method of the manager, on a connection made anew where it was lost. */
int systemd_new_call(Systemd *s, sd_bus_message **ret, const char *method);

/* Sends it and waits for the reply, 10 s at most. */
int systemd_finish_call(Systemd *s, sd_bus_message *m, sd_bus_message **ret, char *reterr, size_t err_size);

/* Makes the call @m about @unit, and waits up to @wait_usec for the job that it begins. Returns 0, -ETIME, or -errno with words. */
int systemd_run_job(Systemd *s, sd_bus_message *m, const char *unit, uint64_t wait_usec, char *reterr, size_t err_size);
