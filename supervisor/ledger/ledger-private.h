#pragma once
/* What the files of the ledger share. */
#include <sqlite3.h>
#include <sys/types.h>

#include "supervisor/base/strbuf.h"
#include "supervisor/ledger/ledger.h"

enum { TALLY_ANY_OWNER = -2 };         /* of the sum of all */

/* How much one owner has in the ledger: his share is bounded. */
typedef struct Tally {
        int64_t owner;
        uint64_t records, sigkills, bytes;      /* sigkills are not in records */
} Tally;

/* The prepared statements. */
enum LedgerStatement {
        LEDGER_INSERT,
        LEDGER_INSERT_CONCERN,
        LEDGER_INSERT_READER,
        LEDGER_COPY_CONCERN,
        LEDGER_COPY_READER,
        LEDGER_OWNER_OF,
        LEDGER_VALUE_SET,
        LEDGER_PAGES,
        LEDGER_EVICT,
        LEDGER_EVICT_OWNER,
        _LEDGER_STATEMENTS,
};

struct Ledger {
        sqlite3 *db;
        sqlite3_stmt *statements[_LEDGER_STATEMENTS];
        LedgerBounds bounds;
        char id[LEDGER_ID_SIZE];
        dev_t device;                   /* of the file that is open */
        ino_t inode;
        uint64_t reserved_seq;          /* first seq that is not reserved */
        uint64_t evicted_seq, evicted_sigkill_seq;
        Tally *tallies;                 /* by owner; [0] is the sum of all */
        size_t n_tallies, room_tallies;
        bool batch;                     /* between begin and commit */
        char error[256];
};

/* Makes an errno of what SQLite said, and keeps its words. */
int ledger_fail(Ledger *l, int code);

/* Prepares @sql (once: the statement stays). Returns NULL after ledger_fail(). */
sqlite3_stmt *ledger_statement(Ledger *l, enum LedgerStatement which);

/* Runs @sql that returns nothing. */
int ledger_execute(Ledger *l, const char *sql);

/* Runs a prepared statement that returns nothing, and resets it. */
int ledger_step(Ledger *l, sqlite3_stmt *s);

/* Keeps a number under a name in the table `ledger`. */
int ledger_value_set(Ledger *l, const char *name, int64_t value);

/* Counts a record in (@sign 1) or out (-1). */
int ledger_tally_count(Ledger *l, int64_t owner, int type, uint64_t bytes, int sign);

/* Reads all tallies anew: at opening, and after a batch that was rolled back. */
int ledger_tally_load(Ledger *l);

enum { LEDGER_BINDS_MAX = 24 };

/* A WHERE under construction: its text, and what is bound to its question marks. */
typedef struct Where {
        Strbuf text;
        char room[3072];
        struct {
                const char *text;       /* NULL: number */
                int64_t number;
        } binds[LEDGER_BINDS_MAX];
        int n;
} Where;

/* @folder: the path with a slash behind; @beyond: with the character after the slash, so that a range of the index holds
 * exactly what is below. All must outlive the statement. */
typedef struct PathRange {
        char *path, *folder, *beyond;
        char named[1024];               /* LedgerQuery.named as records spell it, ... */
        char needle[256];               /* ... and what of it stands in their texts in any case */
} PathRange;

/* Frees what @p holds. */
void ledger_range_free(PathRange *p);

/* Makes the WHERE of @q; @range holds what its binds point to, and is the caller's to free. Returns 0, -ENOMEM, -E2BIG. */
int ledger_where(Where *w, const LedgerQuery *q, PathRange *range);

/* Binds the values to a statement that ends with it. */
void ledger_where_bind(const Where *w, sqlite3_stmt *s);
