#pragma once
/* Signals: SIGKILLs that were no OOM, and what managers sent. */
#include "supervisor/flow/state.h"

/* A signal that was no OOM: a record where it is a SIGKILL, a kill where a manager sent it. */
void signals_take(Supervisor *s, const Sigkill *signal);

/* An eye looked at its sender and target. */
void signals_parties(Supervisor *s, const EyesAnswer *answer);

/* Stops what waits. */
void signals_done(Supervisor *s);
