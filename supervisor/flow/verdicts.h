#pragma once
/* What was decided is done, and both are on record. */
#include "supervisor/flow/state.h"

/* Starts the hands, at the first match of a rule: later there may be no memory to. Returns 0 or -errno. */
int verdicts_open(Supervisor *s);
void verdicts_close(Supervisor *s);

/* Chooses for @m, all of whose conditions hold at the second look too, and has it done. */
void verdicts_choose(Supervisor *s, WatchlistMatch *m);

/* Its conditions held, and did no more at the second look: that is on record as well. */
void verdicts_recovered(Supervisor *s, WatchlistMatch *m);

/* Whether KillLimit= is reached. */
bool verdicts_kill_limit(const Supervisor *s);

/* Which of our decisions a signal of @nsec (CLOCK_BOOTTIME) comes from; 0 where @killer is not Reeve. */
uint64_t verdicts_task_at(const Supervisor *s, ReeveKiller killer, uint64_t nsec);
