/* A record with what it is found by: its places, and who may read it. */
#include <stdio.h>

#include "supervisor/ledger/ledger-private.h"
#include "supervisor/text/facts.h"

/* What was learned of a record later is its owner's, also where the cgroup is not known any more: it is counted in his share. */
static int64_t owner_of(Ledger *l, const RecordMeta *meta) {
        int64_t owner = meta->owner_uid;
        sqlite3_stmt *s = owner < 0 && meta->of_seq ? ledger_statement(l, LEDGER_OWNER_OF) : NULL;

        if (!s)
                return owner;
        (void) sqlite3_bind_int64(s, 1, (int64_t) meta->of_seq);
        if (sqlite3_step(s) == SQLITE_ROW)
                owner = sqlite3_column_int64(s, 0);
        (void) sqlite3_reset(s);
        return owner;
}

static int record_insert(Ledger *l, const RecordMeta *meta, int64_t owner, const Facts *f, const char *json, size_t length) {
        sqlite3_stmt *s = ledger_statement(l, LEDGER_INSERT);
        int r;

        if (!s)
                return ledger_fail(l, sqlite3_errcode(l->db));
        (void) sqlite3_bind_int64(s, 1, (int64_t) meta->seq);
        (void) sqlite3_bind_int(s, 2, meta->type);
        (void) sqlite3_bind_int64(s, 3, (int64_t) meta->time_usec);
        (void) sqlite3_bind_int64(s, 4, owner);
        (void) sqlite3_bind_text(s, 5, f->boot_id, -1, SQLITE_STATIC);
        (void) sqlite3_bind_text(s, 6, f->key, -1, SQLITE_STATIC);
        if (meta->origin_nsec) {
                (void) sqlite3_bind_int64(s, 7, (int64_t) meta->origin_nsec);
                (void) sqlite3_bind_int(s, 8, meta->origin_pid);
        }
        if (meta->of_seq)
                (void) sqlite3_bind_int64(s, 9, (int64_t) meta->of_seq);
        (void) sqlite3_bind_int64(s, 10, (int64_t) length);
        (void) sqlite3_bind_text64(s, 11, json, length, SQLITE_STATIC, SQLITE_UTF8);
        r = ledger_step(l, s);
        return r < 0 ? r : sqlite3_changes(l->db) > 0;
}

static int places_insert(Ledger *l, uint64_t seq, const Facts *f) {
        sqlite3_stmt *s = ledger_statement(l, LEDGER_INSERT_CONCERN);
        int r = s ? 0 : ledger_fail(l, sqlite3_errcode(l->db));

        for (size_t i = 0; r == 0 && i < f->n_places; i++) {
                (void) sqlite3_bind_int64(s, 1, (int64_t) seq);
                (void) sqlite3_bind_text(s, 2, f->places[i].path, -1, SQLITE_STATIC);
                (void) sqlite3_bind_int64(s, 3, (int64_t) f->places[i].id);
                r = ledger_step(l, s);
        }
        return r;
}

static int readers_insert(Ledger *l, uint64_t seq, const Facts *f) {
        sqlite3_stmt *s = ledger_statement(l, LEDGER_INSERT_READER);
        int r = s ? 0 : ledger_fail(l, sqlite3_errcode(l->db));

        for (size_t i = 0; r == 0 && i < f->n_uids; i++) {
                (void) sqlite3_bind_int64(s, 1, (int64_t) seq);
                (void) sqlite3_bind_int64(s, 2, f->uids[i]);
                r = ledger_step(l, s);
        }
        return r;
}

/* A `more` concerns what its record concerns, and who may read that may read this. */
static int inherit(Ledger *l, enum LedgerStatement which, uint64_t seq, uint64_t of_seq) {
        sqlite3_stmt *s = ledger_statement(l, which);

        if (!s)
                return ledger_fail(l, sqlite3_errcode(l->db));
        (void) sqlite3_bind_int64(s, 1, (int64_t) seq);
        (void) sqlite3_bind_int64(s, 2, (int64_t) of_seq);
        return ledger_step(l, s);
}

static int facts_insert(Ledger *l, const RecordMeta *meta, const Facts *f) {
        int r;

        if (f->n_places == 0 && meta->of_seq)
                r = inherit(l, LEDGER_COPY_CONCERN, meta->seq, meta->of_seq);
        else
                r = places_insert(l, meta->seq, f);
        if (r < 0)
                return r;
        if (f->n_uids == 0 && meta->of_seq)
                return inherit(l, LEDGER_COPY_READER, meta->seq, meta->of_seq);
        return readers_insert(l, meta->seq, f);
}

/* The next block is reserved when half of the present one is used, in the batch that got there. */
static int reserve(Ledger *l, uint64_t seq) {
        uint64_t reserved = seq + LEDGER_BLOCK;
        int r;

        if (seq + LEDGER_BLOCK / 2 < l->reserved_seq)
                return 0;
        r = ledger_value_set(l, "reserved_seq", (int64_t) reserved);
        if (r == 0)
                l->reserved_seq = reserved;
        return r;
}

int ledger_insert(Ledger *l, const RecordMeta *meta, const char *json, size_t length) {
        Facts f;
        int r = facts_parse(&f, json, length), added;
        int64_t owner;

        if (r < 0) {
                (void) snprintf(l->error, sizeof(l->error), "record %llu is no JSON object",
                                (unsigned long long) meta->seq);
                return r;
        }
        owner = owner_of(l, meta);
        added = r = record_insert(l, meta, owner, &f, json, length);
        if (r > 0)
                r = facts_insert(l, meta, &f);
        facts_clear(&f);
        if (r == 0 && added > 0)
                r = ledger_tally_count(l, owner, meta->type, length, 1);
        if (r == 0)
                r = reserve(l, meta->seq);
        if (r < 0) {
                ledger_rollback(l);
                return r;
        }
        return added;
}
