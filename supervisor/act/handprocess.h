#pragma once
/* One process of a cgroup: whom there is to choose from, and its end. Runs on a hand. */
#include "supervisor/act/hand.h"

/* Fills @t's processes with those in the cgroup behind @dirfd and below it that have memory. */
void handprocess_look(HandTask *t, int dirfd);

/* Ends @t->pid if it is the process that it was and still lives there, and waits for it. */
void handprocess_end(HandTask *t, int dirfd);

/* The outcome of @t is a failure of @what with @error (-errno). */
void handprocess_failed(HandTask *t, int error, const char *what);
