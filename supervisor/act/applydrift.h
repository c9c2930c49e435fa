#pragma once
/* What follows where other hands changed a limit. Blocks. */
#include "supervisor/act/applier.h"

/* Tells of limits that other hands changed, and recomputes shares of them. */
void applier_drift(Applier *a);
