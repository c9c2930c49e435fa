#include "supervisor/ledger/ledger.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "supervisor/base/fd.h"
#include "supervisor/ledger/ledger-private.h"
#include "supervisor/text/facts.h"

/* Columns are named everywhere: a newer reeved may have added some. */
static const char *const statements[_LEDGER_STATEMENTS] = {
        [LEDGER_INSERT] = "INSERT OR IGNORE INTO record (seq, type, time, owner, boot, key, origin_nsec, origin_pid, of_seq,"
                          " size, json) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
        [LEDGER_INSERT_CONCERN] = "INSERT INTO concern (seq, path, id) VALUES (?,?,?)",
        [LEDGER_INSERT_READER] = "INSERT INTO reader (seq, uid) VALUES (?,?)",
        [LEDGER_COPY_CONCERN] = "INSERT INTO concern (seq, path, id) SELECT ?1, path, id FROM concern WHERE seq = ?2",
        [LEDGER_COPY_READER] = "INSERT INTO reader (seq, uid) SELECT ?1, uid FROM reader WHERE seq = ?2",
        [LEDGER_VALUE_SET] = "INSERT OR REPLACE INTO ledger (name, value) VALUES (?,?)",
        [LEDGER_PAGES] = "SELECT (page_count - freelist_count) * page_size"
                         " FROM pragma_page_count, pragma_freelist_count, pragma_page_size",
        [LEDGER_EVICT] = "DELETE FROM record WHERE seq IN (SELECT seq FROM record WHERE"
                         " (?2 = 0 OR (?2 = 1 AND type != 1) OR (?2 = 2 AND type = 1)) AND time < ?3"
                         " ORDER BY seq LIMIT ?4) RETURNING seq, type, owner, size",
        [LEDGER_EVICT_OWNER] = "DELETE FROM record WHERE seq IN (SELECT seq FROM record WHERE owner = ?1"
                               " AND (?2 = 0 OR (?2 = 1 AND type != 1) OR (?2 = 2 AND type = 1)) AND time < ?3"
                               " ORDER BY seq LIMIT ?4) RETURNING seq, type, owner, size",
};

int ledger_fail(Ledger *l, int code) {
        (void) snprintf(l->error, sizeof(l->error), "%s", l->db ? sqlite3_errmsg(l->db) : sqlite3_errstr(code));
        switch (code & 0xff) {
        case SQLITE_FULL:
                return -ENOSPC;
        case SQLITE_READONLY:
                return -EROFS;
        case SQLITE_PERM:
        case SQLITE_AUTH:
                return -EACCES;
        case SQLITE_NOMEM:
                return -ENOMEM;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
                return -EBUSY;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
                return -EUCLEAN;
        default:
                return -EIO;
        }
}

sqlite3_stmt *ledger_statement(Ledger *l, enum LedgerStatement which) {
        if (!l->statements[which]) {
                int code = sqlite3_prepare_v3(l->db, statements[which], -1, SQLITE_PREPARE_PERSISTENT,
                                              &l->statements[which], NULL);

                if (code != SQLITE_OK) {
                        (void) ledger_fail(l, code);
                        return NULL;
                }
        }
        return l->statements[which];
}

int ledger_execute(Ledger *l, const char *sql) {
        int code = sqlite3_exec(l->db, sql, NULL, NULL, NULL);

        return code == SQLITE_OK ? 0 : ledger_fail(l, code);
}

int ledger_step(Ledger *l, sqlite3_stmt *s) {
        int code = sqlite3_step(s);
        int r = code == SQLITE_DONE || code == SQLITE_ROW ? 0 : ledger_fail(l, code);

        (void) sqlite3_reset(s);
        (void) sqlite3_clear_bindings(s);
        return r;
}

int ledger_value_set(Ledger *l, const char *name, int64_t value) {
        sqlite3_stmt *s = ledger_statement(l, LEDGER_VALUE_SET);

        if (!s)
                return ledger_fail(l, sqlite3_errcode(l->db));
        (void) sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC);
        (void) sqlite3_bind_int64(s, 2, value);
        return ledger_step(l, s);
}

const char *ledger_error(const Ledger *l) {
        return l->error;
}

void ledger_configure(Ledger *l, const LedgerBounds *bounds) {
        l->bounds = *bounds;
}

int ledger_begin(Ledger *l) {
        int r = ledger_execute(l, "BEGIN IMMEDIATE");

        if (r == 0)
                l->batch = true;
        return r;
}

/* After a failure SQLite may or may not have rolled back by itself: the tallies are read again in either case. */
static void batch_undo(Ledger *l) {
        char kept[sizeof(l->error)];

        memcpy(kept, l->error, sizeof(kept));
        if (!sqlite3_get_autocommit(l->db))
                (void) ledger_execute(l, "ROLLBACK");
        (void) ledger_tally_load(l);
        memcpy(l->error, kept, sizeof(kept));
        l->batch = false;
}

int ledger_commit(Ledger *l) {
        int r = ledger_execute(l, "COMMIT");

        if (r < 0)
                batch_undo(l);
        l->batch = false;
        return r;
}

void ledger_rollback(Ledger *l) {
        batch_undo(l);
}

static int record_insert(Ledger *l, const RecordMeta *meta, const Facts *f, const char *json, size_t length) {
        sqlite3_stmt *s = ledger_statement(l, LEDGER_INSERT);
        int r;

        if (!s)
                return ledger_fail(l, sqlite3_errcode(l->db));
        (void) sqlite3_bind_int64(s, 1, (int64_t) meta->seq);
        (void) sqlite3_bind_int(s, 2, meta->type);
        (void) sqlite3_bind_int64(s, 3, (int64_t) meta->time_usec);
        (void) sqlite3_bind_int64(s, 4, meta->owner_uid);
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

        if (r < 0) {
                (void) snprintf(l->error, sizeof(l->error), "record %llu is no JSON object",
                                (unsigned long long) meta->seq);
                return r;
        }
        added = r = record_insert(l, meta, &f, json, length);
        if (r > 0)
                r = facts_insert(l, meta, &f);
        facts_clear(&f);
        if (r == 0 && added > 0)
                r = ledger_tally_count(l, meta->owner_uid, meta->type, length, 1);
        if (r == 0)
                r = reserve(l, meta->seq);
        if (r < 0) {
                batch_undo(l);
                return r;
        }
        return added;
}

void ledger_id_make(char ret[static LEDGER_ID_SIZE]) {
        static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
        unsigned char random[LEDGER_ID_SIZE - 1] = { 0 };

        (void) !getrandom(random, sizeof(random), 0);
        for (size_t i = 0; i < sizeof(random); i++)
                ret[i] = letters[random[i] % (sizeof(letters) - 1)];
        ret[LEDGER_ID_SIZE - 1] = '\0';
}

void ledger_cursor_format(char *text, size_t size, const char *ledger_id, uint64_t seq) {
        (void) snprintf(text, size, "%s-%llu", ledger_id, (unsigned long long) seq);
}

/* A plain decimal number, no sign, no space. */
static int seq_parse(const char *text, uint64_t *ret) {
        unsigned long long v;
        size_t digits = strspn(text, "0123456789");

        if (digits == 0 || digits > 18 || text[digits])
                return -EINVAL;
        v = strtoull(text, NULL, 10);
        *ret = v;
        return 0;
}

int ledger_cursor_parse(const char *text, const char *ledger_id, uint64_t *ret_seq) {
        const char *dash = strchr(text, '-');

        if (!dash)
                return -EINVAL;
        if (dash - text != LEDGER_ID_SIZE - 1 || seq_parse(dash + 1, ret_seq) < 0)
                return -EINVAL;
        return strncmp(text, ledger_id, LEDGER_ID_SIZE - 1) == 0 ? 0 : -ESTALE;
}


static void seq_take(const LedgerRow *row, void *userdata) {
        uint64_t *first = userdata;

        if (*first == 0)
                *first = row->meta.seq;
}

/* "last" is the newest kill, "last~2" the third newest. */
static int find_last(Ledger *l, const LedgerQuery *q, const char *word, uint64_t *ret_seq) {
        LedgerQuery last = { .types = 1U << REEVE_RECORD_KILL, .newest = true, .limit = 1, .cgroup = q->cgroup,
                             .for_reader = q->for_reader, .reader_uid = q->reader_uid };
        uint64_t back = 0, seq = 0;
        int64_t n;

        if (word[4] && (word[4] != '~' || seq_parse(word + 5, &back) < 0 || back > 1000000))
                return -EINVAL;
        last.limit = back + 1;
        n = ledger_list(l, &last, seq_take, &seq, NULL);
        if (n < 0)
                return (int) n;
        if ((uint64_t) n <= back)
                return -ENOENT;
        *ret_seq = seq;
        return 0;
}

int ledger_find(Ledger *l, const LedgerQuery *q, const char *word, uint64_t *ret_seq) {
        int r;

        if (strncmp(word, "last", 4) == 0)
                return find_last(l, q, word, ret_seq);
        r = seq_parse(word, ret_seq);
        return r == 0 ? 0 : ledger_cursor_parse(word, l->id, ret_seq);
}
