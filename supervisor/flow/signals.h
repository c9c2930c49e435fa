#pragma once
/* Signals: SIGKILLs that were no OOM, and what managers sent. */
#include "supervisor/flow/state.h"

/* A signal that was no OOM: a record where it is a SIGKILL, a kill where a manager sent it. */
void signals_take(Supervisor *s, const Sigkill *signal);

/* An eye looked at its sender and target. */
void signals_parties(Supervisor *s, const EyesAnswer *answer);

/* The evidence up to which ring pages may go: just before the oldest signal that waits to be recorded. */
uint64_t signals_releasable_nsec(const Supervisor *s, uint64_t now_nsec);

/* Records what waits, as far as it is known: before a stop. */
void signals_finish(Supervisor *s);

/* Stops what waits. */
void signals_done(Supervisor *s);
