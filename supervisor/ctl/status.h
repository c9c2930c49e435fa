#pragma once
/* The status of reeved in words; shared by `status` and the bare command. */
#include <jansson.h>

#include "supervisor/ctl/ctl.h"

/* One line: state, since when, tier, mode. */
void status_headline(const CtlContext *c, const json_t *status);

/* One line for each better source that is not used, with the reason; nothing where the best is. */
void status_why_not_better(const CtlContext *c, const json_t *status);

/* One line for each cgroup on which rules are paused. */
void status_pauses(const CtlContext *c, const json_t *status);
