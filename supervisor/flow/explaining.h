#pragma once
/* Explaining: why, in plain words. */
#include "supervisor/flow/asked.h"

/* ServerOps.explain. */
void explaining_answer(ServerCall *call, const char *what, void *userdata);

/* Ends @call with how a cgroup without kills stands; @facts are the eyes'. */
void explaining_standing(Supervisor *s, ServerCall *call, json_t *facts);
