#pragma once
/* Intake: which kills become records. */
#include "supervisor/flow/state.h"

/* A kill, live or from before our start: becomes a record, unless it lies outside Watch= or the ledger has it. */
void intake_kill(Supervisor *s, const Kill *kill);
