#pragma once
/* Balance: the kernel's count of OOM kills held against ours, over sources and over restarts. */
#include "supervisor/flow/state.h"

/* Begins with the source just opened; with @first_ever, where an earlier run ended. */
void balance_begin(Supervisor *s, bool first_ever);

/* Drains the source and compares: what is missing for longer than a moment becomes a gap. */
void balance_look(Supervisor *s);

/* A difference that stands now will not be made up once this source is closed: it is told, after two looks. */
void balance_settle(Supervisor *s);
