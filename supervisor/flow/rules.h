#pragma once
/* What do the rules say? Rounds of looks at what they match, judged, and handed to verdicts. */
#include <jansson.h>

#include "supervisor/flow/state.h"

/* Prepares for rules; nothing wakes before one matches. Returns 0 or -errno. */
int rules_open(Supervisor *s);
void rules_close(Supervisor *s);

/* A round was read. */
void rules_batch(Supervisor *s, const EyesAnswer *answer);

/* memory.events of cgroup @id tell of something: where a rule waits for that it is looked at. Returns whether it stands for many
 * below it, and is itself no matter. */
bool rules_herald(Supervisor *s, uint64_t id);

/* How the enabled rules stand on a cgroup: [{rule, rule_at, action, holds, conditions, sheltered_by ...}]; a new reference. */
json_t *rules_standing(Supervisor *s, uint64_t id);
