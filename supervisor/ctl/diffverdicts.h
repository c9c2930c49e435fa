#pragma once
/* Which verdicts of the last minutes another configuration would have changed. */
#include "supervisor/ctl/ctl.h"
#include "supervisor/text/config.h"

/* Judges what reeved's black box holds in memory by @after, and prints what differs from what was decided. Where reeved does not
 * answer or does not tell, that is said. Returns an exit code. */
int diffverdicts_print(const CtlContext *c, Config *after);
