#pragma once
/* Levers: the steps of rules that are undone: freeze, throttle, relax and raise. What they change stands in the spool before it is
 * done. It is undone when its incident is over (a freeze when its time is), at a stop, and by the next life after a crash. */
#include "supervisor/flow/state.h"

/* Begins the step @action of an incident on @cgroup_id. @cookie comes back with what the hand or the budgets' answer says, to
 * levers_done(). Returns 0; -EBUSY where too many are in use, -EUNATCH where nobody is there to do it. */
int levers_begin(Supervisor *s, uint64_t cookie, const WatchlistMatch *m, const RuleStep *step, uint64_t cgroup_id, const char *path);

/* What came of the step or of its undoing. */
void levers_done(Supervisor *s, uint64_t cookie, ReeveOutcome outcome);

/* Puts back the limits that an earlier life left; after budgets exist. */
void levers_load(Supervisor *s);

/* Undoes all, and waits for it a few seconds: reeved stops. What does not come to an end stands in the spool. */
void levers_close(Supervisor *s);

/* Thaws what stands still by @spool: at a start, and for --uninstall. */
void levers_thaw(Spool *spool, const Cgroupfs *fs);
