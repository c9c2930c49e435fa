/* How much each owner has in the ledger, counted as records come and go. */
#include <errno.h>
#include <stdlib.h>

#include "supervisor/ledger/ledger-private.h"

/* The tally of @owner, made if need be; NULL: no memory. Its address lasts until the next call. */
static Tally *tally_of(Ledger *l, int64_t owner) {
        for (size_t i = 1; i < l->n_tallies; i++)
                if (l->tallies[i].owner == owner)
                        return &l->tallies[i];
        if (l->n_tallies + 1 >= l->room_tallies) {
                size_t room = l->room_tallies ? l->room_tallies * 2 : 16;
                Tally *t = realloc(l->tallies, room * sizeof(*t));

                if (!t)
                        return NULL;
                l->tallies = t;
                l->room_tallies = room;
        }
        if (l->n_tallies == 0)
                l->tallies[l->n_tallies++] = (Tally) { .owner = TALLY_ANY_OWNER };
        l->tallies[l->n_tallies] = (Tally) { .owner = owner };
        return &l->tallies[l->n_tallies++];
}

static void tally_add(Tally *t, int type, uint64_t bytes, int sign) {
        uint64_t one = sign > 0 ? 1 : UINT64_MAX;

        if (type == REEVE_RECORD_SIGKILL)
                t->sigkills += one;
        else
                t->records += one;
        t->bytes += sign > 0 ? bytes : -bytes;
}

int ledger_tally_count(Ledger *l, int64_t owner, int type, uint64_t bytes, int sign) {
        Tally *t = tally_of(l, owner);

        if (!t)
                return -ENOMEM;
        tally_add(t, type, bytes, sign);
        tally_add(&l->tallies[0], type, bytes, sign);
        return 0;
}

int ledger_tally_load(Ledger *l) {
        sqlite3_stmt *s = NULL;
        int code = sqlite3_prepare_v2(l->db, "SELECT owner, type = 1, count(*), sum(size) FROM record GROUP BY 1, 2", -1,
                                      &s, NULL);

        l->n_tallies = 0;
        if (!tally_of(l, 0)) {
                (void) sqlite3_finalize(s);
                return -ENOMEM;
        }
        while (code == SQLITE_OK || code == SQLITE_ROW) {
                Tally *t;
                uint64_t n, bytes;

                code = sqlite3_step(s);
                if (code != SQLITE_ROW)
                        break;
                t = tally_of(l, sqlite3_column_int64(s, 0));
                if (!t)
                        break;
                n = (uint64_t) sqlite3_column_int64(s, 2);
                bytes = (uint64_t) sqlite3_column_int64(s, 3);
                *(sqlite3_column_int(s, 1) ? &t->sigkills : &t->records) += n;
                *(sqlite3_column_int(s, 1) ? &l->tallies[0].sigkills : &l->tallies[0].records) += n;
                t->bytes += bytes;
                l->tallies[0].bytes += bytes;
        }
        (void) sqlite3_finalize(s);
        return code == SQLITE_DONE ? 0 : code == SQLITE_ROW ? -ENOMEM : ledger_fail(l, code);
}
