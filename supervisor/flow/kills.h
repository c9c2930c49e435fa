#pragma once
/* Kills: from an attributed kill to its record, and to what is learned of it afterwards. */
#include "supervisor/flow/state.h"

/* Records @kill, in @context (NULL: ours), and with @look asks the eyes what is left to see. */
void kills_record(Supervisor *s, const Kill *kill, const RecordContext *context, bool look);

/* Who, beside its time, names a kill for ever: the invoker, or below 0 the victim where the log did not tell that. */
int32_t kills_origin_pid(const Kill *kill);

/* What the eyes saw after the kill whose record has the seq @answer->cookie. */
void kills_details(Supervisor *s, const EyesAnswer *answer);
