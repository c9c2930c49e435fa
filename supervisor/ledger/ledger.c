#include "supervisor/ledger/ledger.h"

#include <errno.h>
#include <stdio.h>

#include "supervisor/ledger/ledger-private.h"

/* Columns are named everywhere: a newer reeved may have added some. */
static const char *const statements[_LEDGER_STATEMENTS] = {
        [LEDGER_INSERT] = "INSERT OR IGNORE INTO record (seq, type, time, owner, boot, key, origin_nsec, origin_pid, of_seq,"
                          " size, json) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
        [LEDGER_INSERT_CONCERN] = "INSERT INTO concern (seq, path, id) VALUES (?,?,?)",
        [LEDGER_INSERT_READER] = "INSERT INTO reader (seq, uid) VALUES (?,?)",
        [LEDGER_COPY_CONCERN] = "INSERT INTO concern (seq, path, id) SELECT ?1, path, id FROM concern WHERE seq = ?2",
        [LEDGER_COPY_READER] = "INSERT INTO reader (seq, uid) SELECT ?1, uid FROM reader WHERE seq = ?2",
        [LEDGER_OWNER_OF] = "SELECT owner FROM record WHERE seq = ?1",
        [LEDGER_VALUE_SET] = "INSERT OR REPLACE INTO ledger (name, value) VALUES (?,?)",
        [LEDGER_PAGES] = "SELECT (page_count - freelist_count) * page_size"
                         " FROM pragma_page_count, pragma_freelist_count, pragma_page_size",
        /* The oldest is what happened first, not what was written first: a log that is read back tells of old kills late, and
         * 3,000 of them once made a record of the same minute give way (scenario 70). */
        [LEDGER_EVICT] = "DELETE FROM record WHERE seq IN (SELECT seq FROM record WHERE"
                         " (?2 = 0 OR (?2 = 1 AND type != 1) OR (?2 = 2 AND type = 1)) AND time < ?3"
                         " ORDER BY time, seq LIMIT ?4) RETURNING seq, type, owner, size",
        [LEDGER_EVICT_OWNER] = "DELETE FROM record WHERE seq IN (SELECT seq FROM record WHERE owner = ?1"
                               " AND (?2 = 0 OR (?2 = 1 AND type != 1) OR (?2 = 2 AND type = 1)) AND time < ?3"
                               " ORDER BY time, seq LIMIT ?4) RETURNING seq, type, owner, size",
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
