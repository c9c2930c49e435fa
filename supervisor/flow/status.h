#pragma once
/* Status: how the whole stands, and how a cgroup does. */
#include "supervisor/flow/asked.h"

/* ServerOps.status. */
void status_answer(ServerCall *call, const char *cgroup, void *userdata);

/* Asks the eyes how cgroup @id stands, for @kind. */
void status_ask(Supervisor *s, ServerCall *call, uint64_t id, AskedKind kind);

/* A time as records spell it; a new reference. */
json_t *status_time(int64_t realtime_usec);
