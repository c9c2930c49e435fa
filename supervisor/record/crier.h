#pragma once
/* The crier: the thread that tells records to the journal, or where there is none one line each on stderr. It may be
 * slow or stand still (a stopped journald blocks after 513 messages): behind it records are dropped and counted, since
 * the ledger has them. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "supervisor/record/meta.h"

typedef struct Crier Crier;

typedef struct CrierOptions {
        size_t slots;                   /* how many records may wait; 0: 64 */
        size_t slot_bytes;              /* longest record text taken; 0: 16 KiB. Memory: slots times this, touched on use */
        bool to_stderr;                 /* never the journal */
} CrierOptions;

/* Starts the thread. All memory for records is taken here. Returns 0 or -errno. */
int crier_new(Crier **ret, const CrierOptions *options);

/* Tells what is queued, waiting at most @wait_usec (a thread stuck in the journal is left behind), and ends it.
 * Returns NULL. */
Crier *crier_free(Crier *c, uint64_t wait_usec);

/* Queues a copy of the record. Never blocks or allocates. Returns false when it was dropped (counted): the queue is full
 * or the text longer than a slot. */
bool crier_tell(Crier *c, const RecordMeta *meta, const char *json, size_t length);

/* Queues a plain message at syslog priority @priority (LOG_WARNING ...), cut to a slot. Likewise. */
bool crier_say(Crier *c, int priority, const char *text);

/* How many were dropped since the beginning. */
uint64_t crier_dropped(const Crier *c);
