#pragma once
/* Beginning and refusing calls, for the methods. */
#include "supervisor/server/session.h"

/* Makes a call object of @c, which waits until it is answered. NULL: no memory (then the session is killed). */
ServerCall *call_new(Session *c, bool more, bool oneway);

/* Ends @call with InvalidParameter(@name). */
void call_refuse(ServerCall *call, const char *name);

/* Ends @call with @error and {@member: @text}. A text that is no UTF-8 is escaped. */
void call_fail_with(ServerCall *call, const char *error, const char *member, const char *text);
