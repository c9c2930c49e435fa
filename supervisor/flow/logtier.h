#pragma once
/* The log tier: the kernel's log as it is written, where there are no rings. */
#include "supervisor/flow/state.h"

/* Opens the log. Returns 0, or -errno with the reason in s->from.log_why. */
int logtier_open(Supervisor *s);

/* Takes in all that the log has by now, so that it can be held against the kernel's own count. */
void logtier_drain(Supervisor *s);

/* Closes it. */
void logtier_close(Supervisor *s);
