#pragma once
/* Units: what became of the units in which somebody was killed. */
#include <jansson.h>

#include "supervisor/flow/state.h"

/* Asks systemd about the unit in which the kill just recorded as @seq was; the answer becomes a `more` record. */
void units_ask(Supervisor *s, uint64_t seq, const Kill *kill);

/* Takes out of what an eye saw of the kill @seq who was the main process, where systemd was asked for it. */
void units_correct(Supervisor *s, uint64_t seq, json_t *details);

/* Asks no more. */
void units_close(Supervisor *s);
