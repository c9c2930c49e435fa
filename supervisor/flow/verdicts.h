#pragma once
/* What was decided is done, and both are on record. */
#include "supervisor/flow/state.h"

/* Starts the hands, at the first match of a rule: later there may be no memory to. Returns 0 or -errno. */
int verdicts_open(Supervisor *s);
void verdicts_close(Supervisor *s);

/* JudgingDecide: has what was decided for @m done. @userdata: the supervisor. */
bool verdicts_decided(WatchlistMatch *m, const VerdictDecision *decision, void *userdata);

/* Which of our decisions a signal of @nsec (CLOCK_BOOTTIME) comes from; 0 where @killer is not Reeve. */
uint64_t verdicts_task_at(const Supervisor *s, ReeveKiller killer, uint64_t nsec);

/* What the budgets' hand says of a step that is to be undone, or of its undoing. */
void verdicts_lever(Supervisor *s, const BudgetsAnswer *answer);

/* Ends steps that take too long: the ladder goes on. */
void verdicts_overdue(Supervisor *s);
