#pragma once
/* More: what is learned of a kill after its record. */
#include "supervisor/flow/state.h"

/* A `more` record of the kill with the seq @of_seq; @cgroup_id says whose it is, @text is a JSON object. */
void more_record(Supervisor *s, uint64_t of_seq, uint64_t cgroup_id, const char *text);
