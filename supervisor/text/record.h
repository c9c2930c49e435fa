#pragma once
/* Records as JSON text, each with every field of its type: what is not known is null. One object, no newline. Memory for
 * JSON comes from jansson's allocator (base/arena.h); nothing is kept after the call. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "supervisor/base/strbuf.h"
#include "supervisor/text/recordtypes.h"

/* All writers return 0; -ENOMEM; or -ENOBUFS: @out had no room, it is as it was. Times *_nsec are CLOCK_BOOTTIME;
 * @boot_id of a Kill read back from an earlier boot goes into a context of its own. */

/* A kill. Where the victims do not all fit into @out, the last are left out and victims_complete is false. */
int record_kill(Strbuf *out, const RecordContext *c, const Kill *k);

/* Writes a `sigkill` record as record_kill() does. */
int record_sigkill(Strbuf *out, const RecordContext *c, const Sigkill *s);

/* Writes a `gap` record as record_kill() does. */
int record_gap(Strbuf *out, const RecordContext *c, const RecordGap *g);

/* The gap that a reader is told at @now_nsec in place of records that went before he read them. It is no record of the ledger and has
 * no number. */
int record_retention(Strbuf *out, const RecordContext *c, uint64_t now_nsec);

/* Writes a `limit` record as record_kill() does. */
int record_limit(Strbuf *out, const RecordContext *c, const RecordLimit *l);

/* Writes a `supervisor` record as record_kill() does. */
int record_supervisor(Strbuf *out, const RecordContext *c, const RecordSupervisor *s);

/* Writes a `storm` record as record_kill() does. */
int record_storm(Strbuf *out, const RecordContext *c, const RecordStorm *s);

/* What was learned later of record @of (its id): @fragment is a JSON object as text, its members stand in the record
 * beside the common ones, which it cannot replace. @time_nsec: when it was learned. -EBADMSG: no JSON object. */
int record_more(Strbuf *out, const RecordContext *c, const char *of, uint64_t time_nsec, const char *fragment, size_t length);

/* A record of a type whose members the caller has ready (alert, storm, verdict): the common part and @members. */
int record_any(Strbuf *out, const RecordContext *c, ReeveRecordType type, uint64_t time_nsec, const char *members, size_t length);

/* The key of a kill: "boot-id:tgid:start_usec" of the first victim, "boot-id:tgid:@usec" where the start is not known.
 * Returns false (and an empty @out) without a victim or boot id. */
bool record_key(Strbuf *out, const char *boot_id, const Kill *k);
