#pragma once
/* A section of a capture as the supervisor begins it. */
#include "supervisor/flow/state.h"
#include "supervisor/observe/capturing.h"

/* The head of every section of ours, as far as it never changes. */
CaptureHead capturesection_head(const Supervisor *s);

/* Begins a section of @c, with what is being done. */
void capturesection_begin(Supervisor *s, Capturing *c, uint64_t now_usec);
