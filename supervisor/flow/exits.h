#pragma once
/* Exits: what the dead used, told by taskstats; an addition to kill records, never needed. */
#include "supervisor/flow/state.h"

/* Opens or closes taskstats as Taskstats= and the tier want it; its self-test goes on by itself. */
void exits_configure(Supervisor *s);

/* Closes it. */
void exits_close(Supervisor *s);

/* The victims of a kill just recorded as @seq. */
void exits_expect(Supervisor *s, uint64_t seq, const Kill *kill);

/* Takes in what the kernel told by now. */
void exits_drain(Supervisor *s);

/* Whether a SIGKILL ended that process, which is gone: 1, 0, -ENODATA where nothing tells of it (any more). */
int exits_sigkilled(const Supervisor *s, int32_t tgid, uint64_t start_usec);

/* Whether @pid is the child of the self-test, whose end is no news. */
bool exits_is_test(const Supervisor *s, int32_t pid);
