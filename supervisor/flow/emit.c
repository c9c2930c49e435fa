#include "supervisor/flow/emit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "supervisor/host/proc.h"

enum { ARENA_BYTES = 16 << 20, TEXT_BYTES = 768 << 10 };

int emit_init(Emit *e) {
        /* One mapping for both; MAP_NORESERVE since only the longest group kill would use all of it. */
        void *memory = mmap(NULL, ARENA_BYTES + TEXT_BYTES, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

        if (memory == MAP_FAILED)
                return -ENOMEM;
        *e = (Emit) {
                .arena = { .base = memory, .size = ARENA_BYTES },
                .text = (char *) memory + ARENA_BYTES,
                .text_size = TEXT_BYTES,
        };
        return 0;
}

const char *emit_id(const Emit *e, uint64_t seq, char buf[static EMIT_ID_SIZE]) {
        ledger_cursor_format(buf, EMIT_ID_SIZE, clerk_ledger_id(e->clerk), seq);
        return buf;
}

const char *emit_incident(const Emit *e, uint64_t usec, char buf[static EMIT_ID_SIZE + 24]) {
        (void) snprintf(buf, EMIT_ID_SIZE + 24, "%.32s-i%" PRIu64, clerk_ledger_id(e->clerk), usec);
        return buf;
}

/* Hands a record that stands in the spool to the clerk. Nonzero when his queue is full: later ones wait behind it. */
static int post(const SpoolRecord *record, void *userdata) {
        Emit *e = userdata;

        if (record->seq <= e->posted_seq || record->meta_size != sizeof(RecordMeta))
                return 0;
        e->waiting = !clerk_post(e->clerk, record->meta, record->json, record->json_size);
        if (!e->waiting)
                e->posted_seq = record->seq;
        return e->waiting;
}

void emit_replay(Emit *e) {
        (void) spool_records_replay(e->spool, post, e);
}

static RecordMeta meta_of(const EmitHead *head, const RecordContext *context) {
        return (RecordMeta) {
                .seq = context->seq,
                .time_usec = (uint64_t) ((int64_t) (head->time_nsec / 1000) + context->realtime_offset_usec),
                .of_seq = head->of_seq,
                .origin_nsec = head->origin_nsec,
                .origin_pid = head->origin_pid,
                .type = (int32_t) head->type,
                .owner_uid = head->owner_uid,
        };
}

static int write_text(Emit *e, const RecordContext *context, EmitWrite write, const void *what, size_t *ret_length) {
        Strbuf out = { .data = e->text, .size = e->text_size };
        int r;

        arena_enter(&e->arena);
        r = write(&out, context, what);
        arena_leave(&e->arena);
        *ret_length = out.length;
        return r;
}

/* What users can make at any speed (signals, refused wishes, and what is learned afterwards) may fill half the spool and no
 * more: while the ledger cannot be written the other half is for the kills themselves. */
static bool may_wait(Emit *e, int32_t type) {
        uint64_t used, size;

        if (type != REEVE_RECORD_SIGKILL && type != REEVE_RECORD_MORE && type != REEVE_RECORD_LIMIT)
                return true;
        spool_usage(e->spool, &used, &size);
        return used < size / 2;
}

static int put(Emit *e, const RecordMeta *meta, size_t length) {
        SpoolRecord record = {
                .seq = meta->seq,
                .origin_nsec = meta->origin_nsec,
                .origin_pid = meta->origin_pid,
                .type = (uint32_t) meta->type,
                .meta = meta,
                .meta_size = sizeof(*meta),
                .json = e->text,
                .json_size = (uint32_t) length,
        };

        return may_wait(e, meta->type) ? spool_record_put(e->spool, &record) : -ENOBUFS;
}

/* Who listens comes first: the clerk's and the crier's threads, once woken, want this CPU (the event thread was traced waiting
 * for it up to 5 ms between the record and the socket, emulated). */
static void tell(Emit *e, const RecordMeta *meta, size_t length, bool stands) {
        SpoolRecord record;

        if (e->server)
                server_publish(e->server, meta, e->text, length);
        /* The clerk keeps the pointer, so it must be the spool's own. */
        if (stands && !e->waiting && spool_record_find(e->spool, meta->seq, &record) == 0)
                (void) post(&record, e);
        if (e->crier)
                (void) crier_tell(e->crier, meta, e->text, length);
}

static void no_room(Emit *e, ReeveRecordType type, uint64_t now_nsec) {
        if (type != REEVE_RECORD_KILL) {
                e->left_out++;
                return;
        }
        if (e->homeless++ == 0)
                e->homeless_from_nsec = now_nsec;
        e->kills_lost++;
}

uint64_t emit_record(Emit *e, const EmitHead *head, EmitWrite write, const void *what) {
        RecordContext context = head->context ? *head->context : e->context;
        uint64_t now_nsec = clock_boottime_nsec();
        RecordMeta meta;
        size_t length;
        bool stands;

        context.seq = clerk_next_seq(e->clerk);
        /* Now is in this boot, whichever @head->context is of. */
        context.recorded_usec = (int64_t) (now_nsec / 1000) + e->context.realtime_offset_usec;
        if (write_text(e, &context, write, what, &length) < 0) {
                no_room(e, head->type, now_nsec);
                return 0;
        }
        meta = meta_of(head, &context);
        stands = put(e, &meta, length) == 0;
        /* Not in the ledger's way any more, but those who listen now shall have it. */
        if (!stands)
                no_room(e, head->type, now_nsec);
        tell(e, &meta, length, stands);
        return meta.seq;
}

static int write_gap(Strbuf *out, const RecordContext *context, const void *what) {
        return record_gap(out, context, what);
}

void emit_committed(Emit *e, uint64_t seq) {
        spool_records_committed(e->spool, seq);
        if (e->waiting)
                emit_replay(e);
        if (e->homeless > 0) {
                uint64_t now = clock_boottime_nsec();
                RecordGap gap = { .lost = e->homeless, .cause = REEVE_GAP_DROPPED,
                                  .from_nsec = e->homeless_from_nsec, .to_nsec = now };
                EmitHead head = { .type = REEVE_RECORD_GAP, .time_nsec = now, .owner_uid = RECORD_OWNER_UNKNOWN };

                e->homeless = 0;
                (void) emit_record(e, &head, write_gap, &gap);
        }
}

void emit_rehearse(Emit *e) {
        KillVictim victim = { .tgid = 1, .tid = 1, .comm = "rehearsal", .uid = 0, .oom_score_adj = 0, .attempts = 1,
                              .confirmed = 1 };
        Kill kill = { .time_nsec = clock_boottime_nsec(), .victims = &victim, .n_victims = 1, .max_victims = 1,
                      .invoker_comm = "rehearsal" };
        Strbuf out = { .data = e->text, .size = e->text_size };
        RecordContext context = e->context;

        arena_enter(&e->arena);
        (void) record_kill(&out, &context, &kill);
        arena_leave(&e->arena);
}
