#pragma once
/* Supervisor: owns everything and lets the data flow. All of it is the event thread's. */
#include "supervisor/flow/state.h"

/* Opens everything in order; what is missing but not vital is said in records and status. Returns 0, -errno with the reason
 * in @reterr; -ENODEV: there is no cgroup v2 memory controller. The caller frees with supervisor_done() in any case. */
int supervisor_init(Supervisor *s, const Options *options, char *reterr, size_t err_size);

/* Runs until told to stop. Returns 0 or -errno. */
int supervisor_run(Supervisor *s);

/* Closes everything; probes, rings, limits and the spool stay. */
void supervisor_done(Supervisor *s);
