#pragma once
/* Counters: memory.events of the cgroups that have a budget. */
#include "supervisor/flow/state.h"

/* Reads what changed: asks for a look ahead at who is near its limit, and in tier log without a kernel log counts kills. */
void counters_drain(Supervisor *s);
