#pragma once
/* Store: where records are kept. */
#include "supervisor/flow/state.h"

/* Opens spool and ledger, starts the clerk and the crier. Returns 0, or -errno with the reason in @reterr. */
int store_open(Supervisor *s, char *reterr, size_t size);

/* Prepares the emitter, and hands the clerk what an earlier run left in the spool. After groups_open(). Returns 0 or
 * -errno. */
int store_open_emit(Supervisor *s);

/* The wall clock was set: times of records to come are told by it. */
void store_set_clock(Supervisor *s);
