#pragma once
/* The ledger: the store of records, one SQLite file. Only one thread uses it at a time (the clerk). */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "supervisor/record/meta.h"

enum {
        LEDGER_ID_SIZE = 9,             /* "r7k2m9x4" and its NUL */
        LEDGER_BLOCK = 1 << 16,         /* how many seqs are reserved at once */
        LEDGER_SCHEMA = 1,              /* PRAGMA user_version: only ever gains tables and columns */
};
#define LEDGER_APPLICATION_ID 0x52656576        /* "Reev" */

typedef struct Ledger Ledger;

/* What is kept: [reeve] MaxRetentionSec, MaxUse, KeepRecords, KeepSigkills. Of one owner other than root at most a
 * quarter of the last three, and so of sigkills that are nobody's. 0: no bound. */
typedef struct LedgerBounds {
        uint64_t retention_usec;
        uint64_t max_bytes;
        uint64_t keep_records;
        uint64_t keep_sigkills;
} LedgerBounds;

#define LEDGER_BOUNDS_DEFAULT                                                                                \
        { .retention_usec = UINT64_C(90) * 86400 * 1000000, .max_bytes = UINT64_C(1) << 30,                  \
          .keep_records = 1000000, .keep_sigkills = 10000 }

/* What opening found. */
typedef struct LedgerOpening {
        char id[LEDGER_ID_SIZE];        /* the ledger's id */
        uint64_t next_seq;              /* the first seq that nobody ever had */
        bool created;                   /* it is new: no record was ever in it */
        bool set_aside;                 /* a corrupt or foreign file stood there and was renamed: see the message */
        uint64_t last_time_usec;        /* time of the newest record, CLOCK_REALTIME; 0: none */
        uint64_t records;               /* how many are kept */
} LedgerOpening;

/* Opens or makes the ledger at @path. A file that is corrupt or not a ledger is renamed to PATH.corrupt-TIME or
 * PATH.foreign-TIME (with its -wal and -shm) and told in @reterr_text, also on success. @keep_id: the id to give to a
 * new ledger, NULL: a random one. Reserves a block of seqs above @seq_floor (0: none) and above all that were reserved
 * before. Returns 0, or -errno (-ENOSPC, -EROFS, -EACCES, -EIO ...) with the reason in words. */
int ledger_open(Ledger **ret, const char *path, const LedgerBounds *bounds, const char *keep_id, uint64_t seq_floor,
                LedgerOpening *ret_opening, char *reterr_text, size_t text_size);

/* Closes it. @next_seq (0: not known) is the first seq not used: so a clean stop leaves no hole. Returns NULL. */
Ledger *ledger_close(Ledger *l, uint64_t next_seq);

/* Whether the file that is open still stands at @path: SQLite goes on writing one that was deleted, for nobody. */
bool ledger_is_at(const Ledger *l, const char *path);

/* Nothing up to @seq is here: who reads on from there is told that it is gone. Returns 0 or -errno. */
int ledger_begin_behind(Ledger *l, uint64_t seq);

/* Changes the bounds; they are enforced at the next insert. */
void ledger_configure(Ledger *l, const LedgerBounds *bounds);

/* Begins and ends a batch of inserts: one fsync for all. Returns 0 or -errno; after an error nothing of the batch is
 * in the ledger. */
int ledger_begin(Ledger *l);
int ledger_commit(Ledger *l);

/* Gives a batch up; nothing of it is in the ledger. Fine when there is none any more. */
void ledger_rollback(Ledger *l);

/* Adds one record (inside a batch). A record whose seq, or whose boot and origin, is there already is left out, and
 * that is no error. A `more` without cgroups of its own is found by those of the record it belongs to. Reserves the next
 * block of seqs in time. Returns 1 when it was added, 0 when it was there, or -errno: -ENOSPC, -EROFS, -EIO, -EUCLEAN
 * (the file is corrupt), -EBADMSG (the text is no JSON object). */
int ledger_insert(Ledger *l, const RecordMeta *meta, const char *json, size_t length);

/* Enforces the bounds by count and size, and with @now_usec (CLOCK_REALTIME; 0: not) that by age. Returns how many
 * records went, or -errno. */
int64_t ledger_retain(Ledger *l, uint64_t now_usec);

/* The highest seq that retention ever took of the types in the mask @types (bits 1 << ReeveRecordType, 0: all). */
uint64_t ledger_evicted_seq(const Ledger *l, uint32_t types);

/* What the last failure was, in words. */
const char *ledger_error(const Ledger *l);

/* One record as it is kept. @json is NUL-terminated and lives as long as the call that handed it out. */
typedef struct LedgerRow {
        RecordMeta meta;
        const char *json;
        size_t length;
} LedgerRow;

/* Takes one row; it is valid during the call only. */
typedef void LedgerTake(const LedgerRow *row, void *userdata);

/* Which records; zero or NULL means: no such bound. */
typedef struct LedgerQuery {
        uint32_t types;                 /* bits 1 << ReeveRecordType */
        const char *cgroup;             /* concerning this path or what is below it, spelled as in records */
        uint64_t cgroup_from_id;        /* ... and no earlier one of that name: ids grow, so what lies in the cgroup with this one
                                         * has a higher one. Finds it by this id too where a record has no path */
        bool cgroup_unnamed;            /* ... or where a record has no id of that path */
        uint64_t cgroup_id;             /* concerning exactly this cgroup */
        uint64_t since_usec, until_usec;        /* CLOCK_REALTIME; since inclusive, until exclusive */
        uint64_t after_seq;             /* only behind it */
        uint64_t of_seq;                /* `more` records of this one */
        const char *key;                /* kills with this key */
        const char *boot_id;            /* of this boot */
        int64_t victim_pid;             /* among whose victims is this one */
        uint64_t victim_start_usec;     /* ... with this start, to the tick (0: any); a victim whose start nobody knew matches too */
        const char *container;          /* identity.container_id begins with it */
        const char *named;              /* the identity's unit, pod, container or its id, as typed or as records spell it */
        bool for_reader;                /* only what @reader_uid may read: his cgroups, victims with his uid */
        uint32_t reader_uid;
        uint64_t limit;                 /* so many at most: the first ones, or with @newest the last ones */
        bool newest;
        bool kills_first;               /* with @newest: a kill counts as newer than what is none */
        size_t max_bytes;               /* stop when the texts taken reach this; 0: no bound */
} LedgerQuery;

/* Hands the matching records to @take, oldest first. Returns how many, or -errno. *@ret_more (may be NULL): there were
 * more than the bounds let through. */
int64_t ledger_list(Ledger *l, const LedgerQuery *q, LedgerTake *take, void *userdata, bool *ret_more);

/* Whether @row, which need not be in a ledger, is what @q asks for; its order and bounds are not looked at. A `more` without names
 * of its own is not told by those of its record. */
bool ledger_query_matches(const LedgerQuery *q, const LedgerRow *row);

/* Finds the seq of what a person calls a record: an id ("r7k2m9x4-1042"), its number, "last" or "last~2" (the third last
 * kill that the reader of @q may read). Returns 0, -ENOENT, -EINVAL (no such form), -ESTALE (an id of another ledger). */
int ledger_find(Ledger *l, const LedgerQuery *q, const char *word, uint64_t *ret_seq);

/* Whether a kill of this boot with this origin is there, or with this key where @origin_nsec is 0. With both, a key with a
 * stamp ("boot:tgid:@usec") finds it too where the tier log recorded it, which knows no origin. Returns its seq, 0: none,
 * or -errno. */
int64_t ledger_exists(Ledger *l, const char *boot_id, uint64_t origin_nsec, int32_t origin_pid, const char *key);

typedef enum LedgerCountBy {
        LEDGER_BY_NONE,                 /* one sum, with the name "" */
        LEDGER_BY_UNIT,                 /* the identity's unit, else the cgroup's path, else "" */
        LEDGER_BY_REASON,
        LEDGER_BY_CGROUP,
} LedgerCountBy;

typedef struct LedgerCount {
        const char *name;
        uint64_t n;
} LedgerCount;

/* Counts kills since @q->since_usec (that the reader of @q may read), most frequent first. Returns how many groups there
 * are, or -errno. */
int64_t ledger_counts(Ledger *l, const LedgerQuery *q, LedgerCountBy by,
                      void (*take)(const LedgerCount *, void *userdata), void *userdata);

/* Since when it has watched without a gap: the end of the last gap, else the first start that is kept. Returns a time
 * on CLOCK_REALTIME in usec, 0: nothing is kept, or -errno. */
int64_t ledger_watched_since(Ledger *l);

/* Makes the text of a cursor: "r7k2m9x4-1042". @text of at least 32 bytes. */
void ledger_cursor_format(char *text, size_t size, const char *ledger_id, uint64_t seq);

/* Reads a cursor. Returns 0, -EINVAL (no cursor) or -ESTALE (of another ledger than @ledger_id). */
int ledger_cursor_parse(const char *text, const char *ledger_id, uint64_t *ret_seq);

/* Makes a random ledger id. */
void ledger_id_make(char ret[static LEDGER_ID_SIZE]);
