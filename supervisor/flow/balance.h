#pragma once
/* Balance: the kernel's count of OOM kills held against ours, over sources and over restarts. */
#include "supervisor/flow/state.h"

/* Begins with the source just opened. */
void balance_begin(Supervisor *s);

/* Begins where an earlier run ended. @accounted: what the spool's account said before anything was read. */
void balance_begin_first(Supervisor *s, uint64_t accounted);

/* Drains the source and compares: what is missing for longer than a moment becomes a gap. */
void balance_look(Supervisor *s);

/* How many kills the kernel has counted by now that stand in no record, and in *@ret_since_nsec since when. Where it does not
 * count they are told as a gap, and 0 is returned. */
uint64_t balance_owed(Supervisor *s, uint64_t *ret_since_nsec);

/* Begins with the source just opened, owing @owed kills since @since_nsec: they may be read back from the log still, else they
 * are a gap, since nobody watched. */
void balance_carry(Supervisor *s, uint64_t owed, uint64_t since_nsec);

/* A difference that stands now will not be made up once this source is closed: it is told, after two looks. */
void balance_settle(Supervisor *s);
