#pragma once
/* Emit: the one way a record comes into the world. It gets its number, is written as JSON, stands in the spool, and only
 * then goes to the ledger's clerk, the journal's crier and the socket's followers. Event thread only. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "supervisor/base/arena.h"
#include "supervisor/ledger/clerk.h"
#include "supervisor/record/crier.h"
#include "supervisor/record/spool.h"
#include "supervisor/server/server.h"
#include "supervisor/text/record.h"

enum { EMIT_ID_SIZE = 40 };

typedef struct Emit {
        Spool *spool;                   /* not owned, like the three below; crier and server may be NULL */
        Clerk *clerk;
        Crier *crier;
        Server *server;
        RecordContext context;          /* what all records share; the emitter sets seq and recorded_usec */
        Arena arena;
        char *text;                     /* the record being written */
        size_t text_size;
        uint64_t posted_seq;            /* the clerk took everything up to here ... */
        bool waiting;                   /* ... and his queue was full then: what follows waits in the spool, in order */
        uint64_t left_out;              /* records of other types for which the spool had no room, since the start */
        uint64_t homeless;              /* kills for which the spool had no room: said in a gap when there is room again */
        uint64_t homeless_from_nsec;
        uint64_t kills_lost;            /* all of these, since the start */
} Emit;

/* What the emitter must know of a record besides its content. */
typedef struct EmitHead {
        ReeveRecordType type;
        uint64_t time_nsec;             /* CLOCK_BOOTTIME */
        uint64_t origin_nsec;           /* with origin_pid: the evidence it stems from; 0: none */
        int32_t origin_pid;
        uint64_t of_seq;                /* of a `more` */
        int64_t owner_uid;              /* of the cgroup it speaks of; RECORD_OWNER_UNKNOWN */
        const RecordContext *context;   /* instead of the emitter's own (another boot); NULL */
} EmitHead;

/* Writes the record's text: one of text/record.h behind a cast. */
typedef int (*EmitWrite)(Strbuf *out, const RecordContext *context, const void *what);

/* Takes memory for the longest record (about 17 MiB of address space, touched only as far as used). Fields named above
 * are the caller's to fill afterwards; the memory lasts as long as the process. Returns 0 or -ENOMEM. */
int emit_init(Emit *e);

/* Emits one record. Returns its seq, or 0 when it could not be written at all (counted). */
uint64_t emit_record(Emit *e, const EmitHead *head, EmitWrite write, const void *what);

/* The id of record @seq: "r7k2m9x4-1042". Returns @buf. */
const char *emit_id(const Emit *e, uint64_t seq, char buf[static EMIT_ID_SIZE]);

/* The id of the incident that began at @usec: "r7k2m9x4-i1042". Returns @buf. */
const char *emit_incident(const Emit *e, uint64_t usec, char buf[static EMIT_ID_SIZE + 24]);

/* What an earlier run left in the spool goes to the clerk under its old numbers. */
void emit_replay(Emit *e);

/* The ledger has all up to @seq: frees the spool, posts what waited, tells what found no room. */
void emit_committed(Emit *e, uint64_t seq);

/* Writes one kill and throws it away, so that no page on the kill path is touched first during a shortage. */
void emit_rehearse(Emit *e);
