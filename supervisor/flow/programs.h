#pragma once
/* Programs: what rules call, and what came of it. */
#include "supervisor/flow/state.h"

/* Has @path called with the record @seq, which was written just now (its text is s->emit.text), about @cgroup_id. Never waited for:
 * how it went is added to that record. */
void programs_call(Supervisor *s, uint64_t seq, uint64_t cgroup_id, const char *path);

/* The hand is back. */
void programs_called(Supervisor *s, const HandTask *t);

/* The program ended. */
void programs_ended(Supervisor *s, const HandTask *t);
