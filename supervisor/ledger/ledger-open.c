/* Opening: make or check the file, set aside what is no ledger of ours, reserve seqs. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "supervisor/base/fd.h"
#include "supervisor/ledger/ledger-private.h"

/* Only ever added to: a newer reeved adds with ALTER TABLE ADD COLUMN and CREATE TABLE and raises user_version; what
 * stands here stays true, so an older reeved goes on with a newer file. */
static const char schema[] =
        "CREATE TABLE IF NOT EXISTS ledger (name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
        "CREATE TABLE IF NOT EXISTS record (seq INTEGER PRIMARY KEY, type INTEGER NOT NULL, time INTEGER NOT NULL,"
        " owner INTEGER NOT NULL, boot TEXT, key TEXT, origin_nsec INTEGER, origin_pid INTEGER, of_seq INTEGER,"
        " size INTEGER NOT NULL, json TEXT NOT NULL);"
        "CREATE TABLE IF NOT EXISTS concern (seq INTEGER NOT NULL, path TEXT, id INTEGER NOT NULL);"
        "CREATE TABLE IF NOT EXISTS reader (seq INTEGER NOT NULL, uid INTEGER NOT NULL);"
        "CREATE INDEX IF NOT EXISTS record_time ON record (time);"
        "CREATE INDEX IF NOT EXISTS record_type ON record (type, seq);"
        "CREATE INDEX IF NOT EXISTS record_owner ON record (owner, seq);"
        "CREATE INDEX IF NOT EXISTS record_owner_time ON record (owner, time);"
        "CREATE INDEX IF NOT EXISTS record_key ON record (key) WHERE key IS NOT NULL;"
        "CREATE INDEX IF NOT EXISTS record_of ON record (of_seq) WHERE of_seq IS NOT NULL;"
        "CREATE UNIQUE INDEX IF NOT EXISTS record_origin ON record (boot, origin_nsec, origin_pid, type)"
        " WHERE origin_nsec IS NOT NULL;"
        "CREATE INDEX IF NOT EXISTS concern_seq ON concern (seq);"
        "CREATE INDEX IF NOT EXISTS concern_path ON concern (path, seq);"
        "CREATE INDEX IF NOT EXISTS concern_id ON concern (id, seq);"
        "CREATE INDEX IF NOT EXISTS reader_seq ON reader (seq, uid);"
        "CREATE TRIGGER IF NOT EXISTS record_gone AFTER DELETE ON record BEGIN"
        " DELETE FROM concern WHERE seq = old.seq; DELETE FROM reader WHERE seq = old.seq; END;";

/* FULL: a record of a kill is evidence and rare; 172 us an insert were measured. */
static const char settings[] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-256;"
                               "PRAGMA journal_size_limit=1048576; PRAGMA temp_store=MEMORY;";

/* One number from @sql; 1: it is in *@ret, 0: no row, or -errno. */
static int number_query(Ledger *l, const char *sql, int64_t *ret) {
        sqlite3_stmt *s = NULL;
        int code = sqlite3_prepare_v2(l->db, sql, -1, &s, NULL), r;

        if (code == SQLITE_OK)
                code = sqlite3_step(s);
        r = code == SQLITE_ROW ? 1 : code == SQLITE_DONE || code == SQLITE_OK ? 0 : ledger_fail(l, code);
        if (r > 0)
                *ret = sqlite3_column_int64(s, 0);
        (void) sqlite3_finalize(s);
        return r;
}

static int text_query(Ledger *l, const char *sql, char *ret, size_t size) {
        sqlite3_stmt *s = NULL;
        int code = sqlite3_prepare_v2(l->db, sql, -1, &s, NULL), r;
        const char *text;

        if (code == SQLITE_OK)
                code = sqlite3_step(s);
        r = code == SQLITE_ROW ? 1 : code == SQLITE_DONE || code == SQLITE_OK ? 0 : ledger_fail(l, code);
        text = r > 0 ? (const char *) sqlite3_column_text(s, 0) : NULL;
        if (text)
                (void) snprintf(ret, size, "%s", text);
        (void) sqlite3_finalize(s);
        return r;
}

static int value_get(Ledger *l, const char *name, uint64_t *ret) {
        char sql[96];
        int64_t v = 0;
        int r;

        (void) snprintf(sql, sizeof(sql), "SELECT value FROM ledger WHERE name = '%s'", name);
        r = number_query(l, sql, &v);
        if (r >= 0)
                *ret = v > 0 ? (uint64_t) v : 0;
        return r;
}

typedef enum Verdict { FILE_NEW, FILE_OURS, FILE_FOREIGN, FILE_CORRUPT } Verdict;

/* What lies there? Returns a Verdict or -errno. */
static int file_judge(Ledger *l) {
        int64_t application = 0, tables = 0;
        char integrity[128] = "";
        int r = number_query(l, "PRAGMA application_id", &application);

        if (r >= 0)
                r = number_query(l, "SELECT count(*) FROM sqlite_schema", &tables);
        if (r == -EUCLEAN)
                return (sqlite3_errcode(l->db) & 0xff) == SQLITE_NOTADB ? FILE_FOREIGN : FILE_CORRUPT;
        if (r < 0)
                return r;
        if (tables == 0 && (application == 0 || application == LEDGER_APPLICATION_ID))
                return FILE_NEW;
        if (application != LEDGER_APPLICATION_ID)
                return FILE_FOREIGN;
        r = text_query(l, "PRAGMA quick_check(1)", integrity, sizeof(integrity));
        if (r < 0 && r != -EUCLEAN)
                return r;
        if (r < 0 || strcmp(integrity, "ok") != 0) {
                (void) snprintf(l->error, sizeof(l->error), "integrity check: %.200s", r < 0 ? "malformed" : integrity);
                return FILE_CORRUPT;
        }
        return FILE_OURS;
}

static int file_create(Ledger *l, const char *keep_id) {
        char id[LEDGER_ID_SIZE], sql[160];
        int r;

        if (keep_id)
                (void) snprintf(id, sizeof(id), "%s", keep_id);
        else
                ledger_id_make(id);
        r = ledger_execute(l, "BEGIN IMMEDIATE");
        if (r < 0)
                return r;
        (void) snprintf(sql, sizeof(sql), "PRAGMA application_id=%d; PRAGMA user_version=%d;", LEDGER_APPLICATION_ID,
                        LEDGER_SCHEMA);
        r = ledger_execute(l, sql);
        if (r == 0)
                r = ledger_execute(l, schema);
        (void) snprintf(sql, sizeof(sql), "INSERT OR IGNORE INTO ledger (name, value) VALUES ('id', '%s')", id);
        if (r == 0)
                r = ledger_execute(l, sql);
        if (r == 0)
                r = ledger_execute(l, "COMMIT");
        if (r < 0 && !sqlite3_get_autocommit(l->db))
                (void) sqlite3_exec(l->db, "ROLLBACK", NULL, NULL, NULL);
        return r;
}

/* Renames PATH, PATH-wal and PATH-shm to PATH.WHY-TIME... Nothing is ever overwritten: the name is one that is free. */
static int file_set_aside(const char *path, const char *why, char *ret_name, size_t size) {
        static const char *const suffixes[] = { "", "-wal", "-shm" };
        _cleanup_free_ char *from = malloc(strlen(path) + 8), *to = malloc(size + 8);
        time_t now = time(NULL);

        if (!from || !to)
                return -ENOMEM;
        for (unsigned n = 0;; n++) {
                if (n == 0)
                        (void) snprintf(ret_name, size, "%s.%s-%lld", path, why, (long long) now);
                else
                        (void) snprintf(ret_name, size, "%s.%s-%lld.%u", path, why, (long long) now, n);
                if (access(ret_name, F_OK) != 0)
                        break;
        }
        for (size_t i = 0; i < ELEMENTSOF(suffixes); i++) {
                (void) sprintf(from, "%s%s", path, suffixes[i]);
                (void) snprintf(to, size + 8, "%s%s", ret_name, suffixes[i]);
                if (rename(from, to) < 0 && (i == 0 || errno != ENOENT))
                        return -errno;
        }
        return 0;
}

/* SQLite would make the file with mode 0644: what is in it is not for everybody. */
static int file_touch(const char *path) {
        struct stat st;
        int fd;

        if (lstat(path, &st) == 0)
                return S_ISREG(st.st_mode) ? 0 : -EINVAL;
        fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
        if (fd < 0)
                return -errno;
        (void) close(fd);
        return 0;
}

static void db_close(Ledger *l) {
        for (size_t i = 0; i < _LEDGER_STATEMENTS; i++) {
                (void) sqlite3_finalize(l->statements[i]);
                l->statements[i] = NULL;
        }
        (void) sqlite3_close(l->db);
        l->db = NULL;
}

static int db_open(Ledger *l, const char *path) {
        int r = file_touch(path), code;
        struct stat st;

        if (r < 0) {
                (void) snprintf(l->error, sizeof(l->error), "%s", strerror(-r));
                return r;
        }
        code = sqlite3_open_v2(path, &l->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX, NULL);
        if (code != SQLITE_OK)
                return ledger_fail(l, code);
        (void) sqlite3_busy_timeout(l->db, 2000);
        if (stat(path, &st) < 0)
                return -errno;
        l->device = st.st_dev;
        l->inode = st.st_ino;
        return 0;
}

/* The reserved seqs: above all that were reserved, above the spool's, above what the records show. */
static int seqs_reserve(Ledger *l, uint64_t floor_seq, uint64_t *ret_next) {
        uint64_t reserved = 0, next;
        int64_t newest = 0;
        int r = value_get(l, "reserved_seq", &reserved);

        if (r >= 0)
                r = number_query(l, "SELECT max(seq) FROM record", &newest);
        if (r < 0)
                return r;
        next = reserved > 0 ? reserved : 1;
        if (next <= floor_seq)
                next = floor_seq + 1;
        if (newest > 0 && next <= (uint64_t) newest)
                next = (uint64_t) newest + 1;
        l->reserved_seq = next + LEDGER_BLOCK;
        *ret_next = next;
        return ledger_value_set(l, "reserved_seq", (int64_t) l->reserved_seq);
}

static int opening_fill(Ledger *l, LedgerOpening *o) {
        int64_t last = 0;
        int r = text_query(l, "SELECT value FROM ledger WHERE name = 'id'", l->id, sizeof(l->id));

        if (r >= 0)
                r = value_get(l, "evicted_seq", &l->evicted_seq);
        if (r >= 0)
                r = value_get(l, "evicted_sigkill_seq", &l->evicted_sigkill_seq);
        if (r >= 0)
                r = number_query(l, "SELECT max(time) FROM record", &last);
        if (r >= 0)
                r = ledger_tally_load(l);
        if (r < 0)
                return r;
        memcpy(o->id, l->id, sizeof(o->id));
        o->last_time_usec = last > 0 ? (uint64_t) last : 0;
        o->records = l->tallies[0].records + l->tallies[0].sigkills;
        return 0;
}

/* Opens and judges; sets aside what is not ours and opens again. */
static int file_open(Ledger *l, const char *path, const char *keep_id, LedgerOpening *o, char *text, size_t size) {
        int r = db_open(l, path), judged;

        if (r < 0)
                return r;
        judged = file_judge(l);
        if (judged < 0)
                return judged;
        if (judged == FILE_FOREIGN || judged == FILE_CORRUPT) {
                const char *why = judged == FILE_FOREIGN ? "foreign" : "corrupt";
                char name[4096];

                db_close(l);
                r = file_set_aside(path, why, name, sizeof(name));
                if (r < 0)
                        return r;
                (void) snprintf(text, size, "%s was %s and is now %s; a new ledger was begun", path,
                                judged == FILE_FOREIGN ? "no ledger of Reeve's" : "damaged", name);
                o->set_aside = true;
                r = db_open(l, path);
                if (r < 0)
                        return r;
                judged = FILE_NEW;
        }
        r = ledger_execute(l, settings);
        if (r == 0 && judged == FILE_NEW) {
                o->created = true;
                return file_create(l, keep_id);
        }
        /* An older file gains what this version added. On a full disk this fails, and the file can still be read. */
        if (r == 0)
                (void) ledger_execute(l, schema);
        return r;
}

int ledger_open(Ledger **ret, const char *path, const LedgerBounds *bounds, const char *keep_id, uint64_t seq_floor,
                LedgerOpening *ret_opening, char *reterr_text, size_t text_size) {
        Ledger *l = calloc(1, sizeof(*l));
        LedgerOpening o = { 0 };
        int r;

        if (!l)
                return -ENOMEM;
        if (text_size > 0)
                reterr_text[0] = '\0';
        l->bounds = *bounds;
        r = file_open(l, path, keep_id, &o, reterr_text, text_size);
        if (r == 0)
                r = opening_fill(l, &o);
        if (r == 0)
                r = seqs_reserve(l, seq_floor, &o.next_seq);
        if (r < 0) {
                (void) snprintf(reterr_text, text_size, "%s: %s", path, l->error[0] ? l->error : strerror(-r));
                (void) ledger_close(l, 0);
                return r;
        }
        *ret_opening = o;
        *ret = l;
        return 0;
}

bool ledger_is_at(const Ledger *l, const char *path) {
        struct stat st;

        /* What cannot be told is no reason to let go of what works. */
        if (stat(path, &st) < 0)
                return errno != ENOENT;
        return st.st_dev == l->device && st.st_ino == l->inode;
}

int ledger_begin_behind(Ledger *l, uint64_t seq) {
        int r = ledger_value_set(l, "evicted_seq", (int64_t) seq);

        if (r == 0)
                r = ledger_value_set(l, "evicted_sigkill_seq", (int64_t) seq);
        if (r == 0)
                l->evicted_seq = l->evicted_sigkill_seq = seq;
        return r;
}

Ledger *ledger_close(Ledger *l, uint64_t next_seq) {
        if (!l)
                return NULL;
        if (l->db && next_seq > 0)
                (void) ledger_value_set(l, "reserved_seq", (int64_t) next_seq);
        db_close(l);
        free(l->tallies);
        free(l);
        return NULL;
}
