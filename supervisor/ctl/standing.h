#pragma once
/* What `status` says of one cgroup, and of the counters, in words and tables. */
#include <jansson.h>

#include "supervisor/ctl/ctl.h"

/* Prints how a cgroup stands: @standing is the daemon's answer to Status(cgroup). */
void standing_print(const CtlContext *c, const json_t *standing);

/* Prints the counters of @status, the daemon's answer to Status(). */
void counters_print(const CtlContext *c, const json_t *status);
