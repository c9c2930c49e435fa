#pragma once
/* Answers: what the server asks of the supervisor. */
#include "supervisor/flow/state.h"

/* The server's operations; userdata is the Supervisor. */
extern const ServerOps answers_ops;

/* An eye's answer to a question of a peer. */
void answers_eyes(Supervisor *s, const EyesAnswer *answer);

/* The same of a process that a peer named: its cgroup is what is meant. */
void answers_parties(Supervisor *s, const EyesAnswer *answer);
