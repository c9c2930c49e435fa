/* Questions to the ledger. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/fd.h"
#include "supervisor/ledger/ledger-private.h"

static void row_fill(LedgerRow *row, sqlite3_stmt *s) {
        *row = (LedgerRow) {
                .meta = { .seq = (uint64_t) sqlite3_column_int64(s, 0),
                          .type = sqlite3_column_int(s, 1),
                          .time_usec = (uint64_t) sqlite3_column_int64(s, 2),
                          .owner_uid = sqlite3_column_int64(s, 3),
                          .of_seq = (uint64_t) sqlite3_column_int64(s, 4),
                          .origin_nsec = (uint64_t) sqlite3_column_int64(s, 5),
                          .origin_pid = sqlite3_column_int(s, 6) },
                .json = (const char *) sqlite3_column_text(s, 7),
                .length = (size_t) sqlite3_column_bytes(s, 7),
        };
}

static int64_t rows_take(Ledger *l, sqlite3_stmt *s, const LedgerQuery *q, LedgerTake *take, void *userdata,
                         bool *ret_more) {
        size_t bytes = 0;
        int64_t n = 0;
        bool more = false;
        int code;

        while ((code = sqlite3_step(s)) == SQLITE_ROW) {
                LedgerRow row;

                if ((q->limit && !q->newest && (uint64_t) n == q->limit) || (q->max_bytes && bytes >= q->max_bytes)) {
                        more = true;
                        break;
                }
                row_fill(&row, s);
                if (!row.json)
                        continue;
                bytes += row.length;
                take(&row, userdata);
                n++;
        }
        if (code != SQLITE_DONE && code != SQLITE_ROW)
                return ledger_fail(l, code);
        if (ret_more)
                *ret_more = more;
        return n;
}

int64_t ledger_list(Ledger *l, const LedgerQuery *q, LedgerTake *take, void *userdata, bool *ret_more) {
        static const char columns[] = "seq, type, time, owner, of_seq, origin_nsec, origin_pid, json";
        _cleanup_(ledger_range_free) PathRange range = { 0 };
        char sql[3840];
        Strbuf b = STRBUF_INIT(sql);
        sqlite3_stmt *s = NULL;
        Where w;
        int64_t r;
        int code;

        code = ledger_where(&w, q, &range);
        if (code < 0)
                return code;
        if (q->newest && q->limit) {
                strbuf_printf(&b, "SELECT * FROM (SELECT %s FROM record%s ORDER BY ", columns, w.room);
                if (q->kills_first)
                        strbuf_printf(&b, "type = %d DESC, ", REEVE_RECORD_KILL);
                strbuf_puts(&b, "seq DESC LIMIT ?) ORDER BY seq");
                w.binds[w.n++] = (__typeof__(w.binds[0])) { .number = (int64_t) q->limit };
        } else
                strbuf_printf(&b, "SELECT %s FROM record%s ORDER BY seq", columns, w.room);
        code = b.truncated ? SQLITE_TOOBIG : sqlite3_prepare_v2(l->db, sql, -1, &s, NULL);
        if (code != SQLITE_OK)
                return ledger_fail(l, code);
        ledger_where_bind(&w, s);
        r = rows_take(l, s, q, take, userdata, ret_more);
        (void) sqlite3_finalize(s);
        return r;
}

/* One number; no row: 0. */
static int64_t number_take(Ledger *l, sqlite3_stmt *s) {
        int code = sqlite3_step(s);
        int64_t r = code == SQLITE_ROW ? sqlite3_column_int64(s, 0) : code == SQLITE_DONE ? 0 : ledger_fail(l, code);

        (void) sqlite3_finalize(s);
        return r;
}

static int64_t exists_origin(Ledger *l, const char *boot_id, uint64_t origin_nsec, int32_t origin_pid) {
        sqlite3_stmt *s = NULL;
        int code = sqlite3_prepare_v2(l->db, "SELECT seq FROM record WHERE boot = ? AND origin_nsec = ? AND origin_pid = ?", -1,
                                      &s, NULL);

        if (code != SQLITE_OK)
                return ledger_fail(l, code);
        (void) sqlite3_bind_text(s, 1, boot_id, -1, SQLITE_STATIC);
        (void) sqlite3_bind_int64(s, 2, (int64_t) origin_nsec);
        (void) sqlite3_bind_int(s, 3, origin_pid);
        return number_take(l, s);
}

/* A key with the log's stamp ("boot:tgid:@usec") stands for any kill of that process within five seconds of it: the line is
 * written after the kill, by a clock of its own, and an overloaded console holds it up. Of a group each member has a line,
 * and where the kernel left the head of the dump out (it prints ten in five seconds) nothing tells that they belong
 * together: so any victim of a record counts. */
static int64_t exists_stamp(Ledger *l, const char *key, const char *at, bool of_log) {
        enum { NEAR_SECONDS = 5 };
        const int64_t near = NEAR_SECONDS * INT64_C(1000000000), nsec = strtoll(at + 1, NULL, 10) * 1000;
        const char *tgid = strchr(key, ':');
        sqlite3_stmt *s = NULL;
        int code = sqlite3_prepare_v2(l->db,
                                      "SELECT min(seq) FROM record WHERE boot = ?1 AND origin_nsec > ?2 AND origin_nsec < ?3"
                                      " AND type = ?4 AND (?5 = 0 OR json_extract(json, '$.tier') = 'log')"
                                      " AND EXISTS (SELECT 1 FROM json_each(record.json, '$.victims')"
                                      " WHERE json_extract(value, '$.pid') = ?6)", -1, &s, NULL);

        if (code != SQLITE_OK)
                return ledger_fail(l, code);
        (void) sqlite3_bind_text(s, 1, key, (int) (tgid - key), SQLITE_STATIC);
        (void) sqlite3_bind_int64(s, 2, nsec - near);
        (void) sqlite3_bind_int64(s, 3, nsec + near);
        (void) sqlite3_bind_int(s, 4, REEVE_RECORD_KILL);
        (void) sqlite3_bind_int(s, 5, of_log);
        (void) sqlite3_bind_int64(s, 6, strtoll(tgid + 1, NULL, 10));
        return number_take(l, s);
}

static int64_t exists_key(Ledger *l, const char *key) {
        sqlite3_stmt *s = NULL;
        const char *at = key ? strchr(key, '@') : NULL;
        int code;

        if (at)
                return exists_stamp(l, key, at, /* of_log= */ false);
        code = sqlite3_prepare_v2(l->db, "SELECT min(seq) FROM record WHERE key = ?", -1, &s, NULL);
        if (code != SQLITE_OK)
                return ledger_fail(l, code);
        (void) sqlite3_bind_text(s, 1, key, -1, SQLITE_STATIC);
        return number_take(l, s);
}

int64_t ledger_exists(Ledger *l, const char *boot_id, uint64_t origin_nsec, int32_t origin_pid, const char *key) {
        const char *at = key ? strchr(key, '@') : NULL;
        int64_t r;

        if (!origin_nsec)
                return exists_key(l, key);
        r = exists_origin(l, boot_id, origin_nsec, origin_pid);
        return r == 0 && at ? exists_stamp(l, key, at, /* of_log= */ true) : r;
}

int64_t ledger_counts(Ledger *l, const LedgerQuery *q, LedgerCountBy by,
                      void (*take)(const LedgerCount *, void *userdata), void *userdata) {
        static const char *const names[] = {
                [LEDGER_BY_NONE] = "''",
                [LEDGER_BY_UNIT] = "coalesce(json_extract(json, '$.identity.unit'), json_extract(json, '$.cgroup.path'), '')",
                [LEDGER_BY_REASON] = "coalesce(json_extract(json, '$.reason'), 'unknown')",
                [LEDGER_BY_CGROUP] = "coalesce(json_extract(json, '$.cgroup.path'), '')",
        };
        LedgerQuery kills = *q;
        _cleanup_(ledger_range_free) PathRange range = { 0 };
        char sql[3840];
        Strbuf b = STRBUF_INIT(sql);
        sqlite3_stmt *s = NULL;
        Where w;
        int64_t n = 0;
        int code;

        kills.types = UINT32_C(1) << REEVE_RECORD_KILL;
        code = ledger_where(&w, &kills, &range);
        if (code < 0)
                return code;
        strbuf_printf(&b, "SELECT %s AS name, count(*) AS n FROM record%s GROUP BY name ORDER BY n DESC, name", names[by],
                      w.room);
        code = b.truncated ? SQLITE_TOOBIG : sqlite3_prepare_v2(l->db, sql, -1, &s, NULL);
        if (code == SQLITE_OK)
                ledger_where_bind(&w, s);
        while (code == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW) {
                const char *name = (const char *) sqlite3_column_text(s, 0);
                LedgerCount c = { .name = name ? name : "", .n = (uint64_t) sqlite3_column_int64(s, 1) };

                take(&c, userdata);
                n++;
        }
        if (code != SQLITE_OK)
                n = ledger_fail(l, code);
        (void) sqlite3_finalize(s);
        return n;
}

int64_t ledger_watched_since(Ledger *l) {
        sqlite3_stmt *s = NULL;
        char sql[256];
        int code;

        (void) snprintf(sql, sizeof(sql),
                        "SELECT coalesce((SELECT max(time) FROM record WHERE type = %d),"
                        " (SELECT min(time) FROM record WHERE type = %d))", REEVE_RECORD_GAP, REEVE_RECORD_SUPERVISOR);
        code = sqlite3_prepare_v2(l->db, sql, -1, &s, NULL);
        if (code != SQLITE_OK)
                return ledger_fail(l, code);
        return number_take(l, s);
}
