#pragma once
/* What a configuration comes to for one cgroup, key by key, each with the line it is from. */
#include <jansson.h>

#include "supervisor/ctl/ctl.h"
#include "supervisor/text/config.h"

/* Prints it for the cgroup at @path (raw bytes) as a table. */
void effective_print(const CtlContext *c, const char *path, const Config *config, const BudgetFacts *facts);

/* The same: {cgroup, limits: {KEY: {value, bytes, file, line}}, settings: {KEY: {value, file, line}}, labels and documentation:
 * [{value, file, line}], rules: [{rule, when, then, dry_run, file, line}]}, of rules those that are on and whose Match= it is. NULL:
 * no memory. */
json_t *effective_json(const char *path, const Config *config, const BudgetFacts *facts);
