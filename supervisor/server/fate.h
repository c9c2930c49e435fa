#pragma once
/* Fate: what became of a process or cgroup. */
#include "supervisor/server/session.h"

/* Begins Fate. */
void fate_begin(ServerCall *call, json_t *parameters);

/* Looks again at the fates that wait; with @all, ends them. */
void fates_drained(Server *s);
void fates_drop(Server *s);
