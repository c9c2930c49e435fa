#pragma once
/* Who is to be told of a cgroup's values: asked of systemd, decided by ownership_decide(). Blocks. */
#include "supervisor/act/applyjob.h"

/* Fills @j->own, @j->unit and the entry's unit. @own is what the configuration says; @fresh waits for a systemd that may be
 * about to know the cgroup; @owner_asks: the peer of a Set owns the file. */
void apply_decide_owner(Job *j, BudgetOwn own, bool fresh, bool owner_asks);
