#pragma once
/* Look again: after a kill, and where the counts differ, sources_check() is called once more without waiting for the watchdog. */
#include "supervisor/flow/state.h"

/* Makes the timer, which calls @handler with the Supervisor. */
void lookagain_open(Supervisor *s, sd_event_time_handler_t handler);

/* In a moment: a difference that is still there then is a gap. Once, however often it is asked for meanwhile. */
void lookagain_later(Supervisor *s);

/* As soon as the loop comes round. */
void lookagain_now(Supervisor *s);
