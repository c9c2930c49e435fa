#pragma once
/* OOMScoreAdjust: a value of processes, not of their cgroup. Blocks. */
#include "supervisor/act/applyjob.h"

/* Makes the change of OOMScoreAdjust, if it is active: of the main process, or of all below the cgroup. */
void apply_oom_score_adjust(Job *j);
