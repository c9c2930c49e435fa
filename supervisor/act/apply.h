#pragma once
/* Bringing cgroups to what their budgets ask, and back. All of it blocks: it runs on the slow hand, or in --uninstall. */
#include "supervisor/act/applier.h"

/* Makes @config (a reference is taken over) and @mode rule: what is no longer asked for returns, what is known is
 * brought to what is asked for now, cgroups of Own=create are made and unmade. */
void applier_configure(Applier *a, Config *config, ReeveMode mode);

/* A cgroup was born or found. */
void applier_born(Applier *a, uint64_t id, const char *path);

/* Puts back everything. Returns how many values could not be. */
int applier_uninstall(Applier *a);
