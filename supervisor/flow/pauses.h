#pragma once
/* Pauses: what rules were told to hold still, by whom and until when. They outlive a reload, a restart and a crash of
 * reeved, in the spool. */
#include <jansson.h>

#include "supervisor/flow/state.h"

/* Takes up what an earlier life left. */
void pauses_load(Supervisor *s);

/* Rules that look at @cgroup_id (of @path) or below it only judge from now on, for @for_usec (0: until pauses_end()); with
 * 0 all rules. @whole: nor is it acted on by any other rule. What was said of that cgroup before is forgotten. Returns 0,
 * -ENOBUFS where there are too many, or -EPERM where one begun with @whole would become one without. */
int pauses_begin(Supervisor *s, uint64_t cgroup_id, const char *path, uint64_t for_usec, bool whole, const LimitRequester *by);

/* Ends the pause of @cgroup_id; with 0 all of them, and KillLimit= counts anew. Without @whole those begun with it stay.
 * Returns how many ended. */
size_t pauses_end(Supervisor *s, uint64_t cgroup_id, bool whole, const LimitRequester *by);

/* All of them: [{cgroup, until, uid}]; a null cgroup is all, a null time no end. */
json_t *pauses_json(Supervisor *s);
