#pragma once
/* RecordMeta: what must be known of a record without reading its JSON. Plain bytes without pointers, so that it can
 * stand in the spool beside the text. Everything else the ledger and the server take from the text itself
 * (text/facts.h). */
#include <stdint.h>

#include "reeve/words.h"

#define RECORD_OWNER_UNKNOWN INT64_C(-1)

typedef struct RecordMeta {
        uint64_t seq;                   /* of the ledger; never 0 */
        uint64_t time_usec;             /* when it happened, CLOCK_REALTIME */
        uint64_t of_seq;                /* of a `more`: the record it belongs to; 0 else */
        uint64_t origin_nsec;           /* of a kill: boot clock of the invocation, with origin_pid its name for ever; 0: none */
        int32_t origin_pid;             /* the invoker's thread id */
        int32_t type;                   /* ReeveRecordType */
        int64_t owner_uid;              /* owner of the cgroup it speaks of; RECORD_OWNER_UNKNOWN */
} RecordMeta;
