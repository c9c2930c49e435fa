#pragma once
/* The ring tier: the rings of the kernel probes, drained into attribution. */
#include "supervisor/flow/state.h"

/* Opens the rings; what an earlier run left in them and in the spool comes with the first drain. Returns 0, or -errno with the reason in
 * s->from.kprobe_why; then ringtier_close(). */
int ringtier_open(Supervisor *s);

/* Takes in what the rings have, as far as the loop can spare the time: the rest comes by a timer. */
void ringtier_drain(Supervisor *s);

/* Up to when all that was taken in stands in finished records: just before the oldest kill or signal that is still open or
 * waits; UINT64_MAX where none does. The evidence up to there may go. */
uint64_t ringtier_recorded_nsec(const Supervisor *s);

/* Closes what this process holds; probes and rings stay. */
void ringtier_close(Supervisor *s);

/* Gives back the memory that attribution works in. */
void ringtier_forget(Supervisor *s);
