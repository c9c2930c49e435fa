#pragma once
/* Intake: which kills become records. */
#include "supervisor/flow/state.h"

/* A kill, live or from before our start: becomes a record, unless it lies outside Watch= or the ledger has it. */
void intake_kill(Supervisor *s, const Kill *kill);

/* The same of one that was read back from a log, perhaps of another boot. */
void intake_read_back(Supervisor *s, const ReadbackKill *read);

/* Asks of those that could not be asked of yet: whenever the clerk has answered, and once the first walk is done. */
void intake_pump(Supervisor *s);

/* Whether enough wait: what is read back comes later. */
bool intake_full(const Supervisor *s);

/* Whether one of those read back still waits. */
bool intake_reads_back(const Supervisor *s);

/* The evidence up to which ring pages may go: just before the oldest kill that still waits for the ledger's word. */
uint64_t intake_releasable_nsec(const Supervisor *s);

/* Frees what waits. */
void intake_done(Supervisor *s);
