#pragma once
/* From a message to an op. */
#include "supervisor/server/session.h"

/* Begins the method that @call names, or refuses it. */
void method_call(Session *c, const WireCall *call);
