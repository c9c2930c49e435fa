#pragma once
/* History: what the kernel log, the journal and pstore keep from before we were here. */
#include "supervisor/flow/state.h"

/* When the ledger was begun (CLOCK_BOOTTIME) for which an earlier run began to read all back and did not come to the end; 0: none. */
uint64_t history_unfinished_nsec(const Supervisor *s);

/* Begins to read it back, once per ledger and boot. */
void history_read(Supervisor *s);

/* Our rings were silent since @since_nsec (CLOCK_BOOTTIME): what the kernel's log tells of that time is read back. */
void history_read_missed(Supervisor *s, uint64_t since_nsec);

/* The ledger was lost while we run: what it had is read back, as far as the logs still have it. */
void history_read_again(Supervisor *s);

/* Takes on what was read: whenever kills that waited have got their records. */
void history_take(Supervisor *s);

/* Stops reading. */
void history_done(Supervisor *s);
