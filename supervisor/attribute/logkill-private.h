#pragma once
/* Between reading lines (logkill.c), the kill under way (logkill-kill.c) and what it was (logkill-decide.c). */
#include "supervisor/attribute/logkill.h"

/* Copies what fits of @s and a NUL. */
void logkill_copy(char *to, size_t size, KmsgSlice s);

/* printk() cuts each piece of a line at some 1000 bytes, at 975 on 5.10, and says nothing of it. */
static inline bool logkill_may_be_cut(KmsgSlice path) {
        return path.length >= 960;
}

/* Decides from all lines of the kill why it was, by whose limit, and how sure that is. */
void logkill_decide(Logkill *l);

/* Begins an OOM. */
void logkill_begin(Logkill *l, uint64_t usec);

/* Begins and fills it by a "Killed process" line by itself. @v may be one of @l's own. */
void logkill_begin_alone(Logkill *l, const KillVictim *v, uint64_t usec, KmsgMessage message);

/* Which selection the line's beginning tells, as far as it does. */
void logkill_take_message(Kill *k, KmsgMessage message);

/* Hands over what was begun, if there is a victim, and ends it. What came behind a group's members and may be another OOM's is
 * handed over by itself: that it was killed is sure. */
void logkill_close(Logkill *l, const LogkillSink *sink);
