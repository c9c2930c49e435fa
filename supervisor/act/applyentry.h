#pragma once
/* One known cgroup, from what is asked of it to what came of it; and its end. All of it blocks. */
#include "supervisor/act/applyjob.h"

/* Makes the changes that are planned in @j, whose owner is decided. */
void apply_run(Job *j);

/* Brings @e to what is asked of it now; it may be freed, where its cgroup is gone. @fresh: it was just born. */
void apply_entry(Applier *a, LimitEntry *e, bool fresh);

/* Writes of @e what is a share of a limit above that is another now. What somebody else changed stays as he left it. */
void apply_entry_shares(Applier *a, LimitEntry *e);

/* A cgroup is gone, somebody says. Returns false where it is there all the same: nothing is done then. */
bool applier_died(Applier *a, uint64_t id);
