#pragma once
/* Pausing: Pause and Resume for the peers on the socket. */
#include "supervisor/flow/state.h"

/* ServerOps.pause and .resume. */
void pausing_pause(ServerCall *call, const char *cgroup, uint64_t for_usec, void *userdata);
void pausing_resume(ServerCall *call, const char *cgroup, void *userdata);

/* An eye saw whose cgroup.kill is. */
void pausing_right(Supervisor *s, const EyesAnswer *answer);
