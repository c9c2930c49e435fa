#pragma once
/* Reading what another process maps and cuts short: journald truncates a journal file when it archives it, also on a full disk,
 * and a reader that looks behind the new end gets SIGBUS. Within a guard that thread reads zeros there instead, and its library
 * says that the file is damaged. Any other SIGBUS stays what it is. */
#include <stdbool.h>

/* From here on, on this thread. */
void mapguard_enter(void);

/* Ends it. Returns whether anything was missing meanwhile. */
bool mapguard_leave(void);
