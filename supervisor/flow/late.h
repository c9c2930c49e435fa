#pragma once
/* Late: kills from before our source was opened, found in a ring, in the spool's pages or in the kernel's log. Whether one is
 * recorded already only the ledger knows, and that takes a moment. */
#include "supervisor/flow/state.h"

/* Whether a kill of the source in use may be recorded already: by an earlier run, or because it was read back from the log. */
bool late_may_be(const Supervisor *s, const Kill *kill);

/* Such a kill. It is recorded when it is sure that it was not, else when the ledger says so. */
void late_kill(Supervisor *s, const Kill *kill);

/* One that was read back from a log, perhaps of another boot: unless the source in use tells of it too. */
void late_read_back(Supervisor *s, const ReadbackKill *read);

/* Goes on with those that wait: whenever the clerk has answered, and once the first walk is done. */
void late_pump(Supervisor *s);

/* There is no room for more evidence: those that only wait for the first walk do so no longer. */
void late_hurry(Supervisor *s);

/* Whether enough wait: what is read back comes later. */
bool late_full(const Supervisor *s);

/* Whether one of those read back still waits. */
bool late_reads_back(const Supervisor *s);

/* The evidence up to which ring pages may go: just before the oldest kill that waits. UINT64_MAX: none does. */
uint64_t late_releasable_nsec(const Supervisor *s);

/* When the newest record of an earlier run was of, on the boot clock; 0: none, or of another boot. */
uint64_t late_recorded_nsec(const Supervisor *s);

/* Frees what waits. */
void late_done(Supervisor *s);
