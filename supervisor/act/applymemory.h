#pragma once
/* Limits of memory and OOMGroup: told to systemd, written by libcgroup or by descriptor, as whose they are. Blocks. */
#include "supervisor/act/applyjob.h"

/* Writes the active changes of memory limits, lowering with care. */
void apply_memory(Job *j);

/* Makes the change of OOMGroup, if it is active. */
void apply_oom_group(Job *j);
