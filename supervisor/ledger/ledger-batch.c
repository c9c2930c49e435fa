/* Batches: what is written together, or not at all. */
#include <string.h>

#include "supervisor/ledger/ledger-private.h"

int ledger_begin(Ledger *l) {
        int r = ledger_execute(l, "BEGIN IMMEDIATE");

        if (r == 0)
                l->batch = true;
        return r;
}

/* After a failure SQLite may or may not have rolled back by itself: the tallies are read again in either case. */
void ledger_rollback(Ledger *l) {
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
                ledger_rollback(l);
        l->batch = false;
        return r;
}
