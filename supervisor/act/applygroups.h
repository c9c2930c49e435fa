#pragma once
/* Cgroups of Own=create: made where the configuration names them, removed where it no longer does. All of it blocks. */
#include "supervisor/act/applier.h"

/* Makes what the configuration names and is not there, and brings it to its values. */
void applygroups_create(Applier *a);

/* Removes cgroups of Own=create that are empty and no longer configured; those in use wait for their last process. */
void applygroups_remove(Applier *a);
