#pragma once
/* Sources: the one in use, drained, checked, and replaced when it fails. */
#include "supervisor/flow/state.h"

/* Opens the best source that Source= allows, says which and why no better one. */
void sources_open(Supervisor *s);

/* Takes in what it has by now: before a stop, or before another takes its place. */
void sources_finish(Supervisor *s);

/* Closes it; probes and rings stay. */
void sources_close(Supervisor *s);

/* Source= is another now. */
void sources_reopen(Supervisor *s);

/* Is all well, and do the numbers agree? At each watchdog tick and after each kill. */
void sources_check(Supervisor *s);

/* Takes in what they have by now. */
void sources_drain(Supervisor *s);

/* Up to when (CLOCK_BOOTTIME, usec) the sources are drained, and all that they told stands in records. 0: nothing tells who was
 * killed. */
uint64_t sources_drained_usec(const Supervisor *s);
