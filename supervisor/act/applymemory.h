#pragma once
/* Limits of memory, lowered with care, and OOMGroup. Blocks. */
#include "supervisor/act/applyjob.h"

/* Writes the active changes of memory limits, lowering with care. */
void apply_memory(Job *j);

/* Makes the change of OOMGroup, if it is active. */
void apply_oom_group(Job *j);
