#pragma once
/* Settings: the configuration, its reload, and the budgets it makes. */
#include "supervisor/flow/state.h"

/* Reads the configuration at start: the defaults where it is bad. */
void settings_load(Supervisor *s);

/* Reads it again. Returns 0, or 1 where another source is asked for, with {"changes": [...]} in *@ret_text; or -EBADMSG
 * with {"complaints": [...]}: the old one stays. The caller frees. */
int settings_reload(Supervisor *s, char **ret_text);

/* What rules now: the command line, else the configuration; watch while none could be loaded. */
ReeveMode settings_mode(const Supervisor *s);

/* Begins to apply budgets, or applies others after a reload. After the first walk. */
void settings_apply(Supervisor *s);

/* Records what the slow hand did. Returns the record's seq; its text is s->emit.text. */
uint64_t settings_record(Supervisor *s, const LimitResult *result);
