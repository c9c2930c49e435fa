#pragma once
/* Exits: what the dead used, told by taskstats; an addition to kill records, never needed. */
#include "supervisor/flow/state.h"

/* Opens or closes taskstats as Taskstats= and the tier want it; its self-test goes on by itself. */
void exits_configure(Supervisor *s);

/* Closes it. */
void exits_close(Supervisor *s);

/* The victims of a kill just recorded as @seq. */
void exits_expect(Supervisor *s, uint64_t seq, const Kill *kill);

/* Whether @pid is the child of the self-test, whose end is no news. */
bool exits_is_test(const Supervisor *s, int32_t pid);
