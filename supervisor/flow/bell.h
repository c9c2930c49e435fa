#pragma once
/* The bell: the kernel writes a line for each OOM kill into its log, also where somebody has silenced our rings. No line is
 * read here: whenever there is one, it is looked whether the kernel's count and ours agree. */
#include "supervisor/flow/state.h"

/* Listens, where the log may be read at all. */
void bell_open(Supervisor *s);

/* Listens for the next line; those so far have been heard. Before the counts are read. */
void bell_arm(Supervisor *s);

/* Listens no more. */
void bell_close(Supervisor *s);
