#pragma once
/* Kills: from an attributed kill to its record, and to what is learned of it afterwards. */
#include "supervisor/flow/state.h"

/* Records @kill, in @context (NULL: ours), and with @look asks the eyes what is left to see. */
void kills_record(Supervisor *s, const Kill *kill, const RecordContext *context, bool look);

/* What the eyes saw after the kill whose record has the seq @answer->cookie. */
void kills_details(Supervisor *s, const EyesAnswer *answer);
