/* Retention: what is kept in all, and of one owner. Evicting is counted by the highest seq that went, so that a reader
 * whose cursor lies before it is told. */
#include <errno.h>
#include <string.h>

#include "supervisor/ledger/ledger-private.h"

enum { EVICT_ALL = 0, EVICT_RECORDS = 1, EVICT_SIGKILLS = 2 };

/* Deletes the oldest @n of @owner of one @kind, with a time before @before_usec. Returns how many went, or -errno. */
static int64_t evict(Ledger *l, int64_t owner, int kind, uint64_t n, int64_t before_usec) {
        sqlite3_stmt *s = ledger_statement(l, owner == TALLY_ANY_OWNER ? LEDGER_EVICT : LEDGER_EVICT_OWNER);
        int64_t gone = 0;
        int code;

        if (!s)
                return ledger_fail(l, sqlite3_errcode(l->db));
        if (owner != TALLY_ANY_OWNER)
                (void) sqlite3_bind_int64(s, 1, owner);
        (void) sqlite3_bind_int(s, 2, kind);
        (void) sqlite3_bind_int64(s, 3, before_usec);
        (void) sqlite3_bind_int64(s, 4, (int64_t) n);
        while ((code = sqlite3_step(s)) == SQLITE_ROW) {
                uint64_t seq = (uint64_t) sqlite3_column_int64(s, 0);
                int type = sqlite3_column_int(s, 1);
                uint64_t *highest = type == REEVE_RECORD_SIGKILL ? &l->evicted_sigkill_seq : &l->evicted_seq;

                if (seq > *highest)
                        *highest = seq;
                (void) ledger_tally_count(l, sqlite3_column_int64(s, 2), type, (uint64_t) sqlite3_column_int64(s, 3), -1);
                gone++;
        }
        (void) sqlite3_reset(s);
        return code == SQLITE_DONE ? gone : ledger_fail(l, code);
}

/* A little more than what is over goes at once, so that not each further record evicts one. */
static int64_t evict_over(Ledger *l, int64_t owner, int kind, uint64_t have, uint64_t keep) {
        if (keep == 0 || have <= keep)
                return 0;
        return evict(l, owner, kind, have - keep + keep / 256, INT64_MAX);
}

static int64_t evict_owner(Ledger *l, const Tally *owner) {
        Tally t = *owner;
        uint64_t quarter_bytes = l->bounds.max_bytes / 4;
        int64_t records, sigkills, gone;

        /* Root's are bounded only in all, and so is what else is nobody's. */
        if (t.owner == 0)
                return 0;
        /* A SIGKILL whose target was gone before anybody looked is nobody's, and any user can make these without end (a loop of
         * pid namespaces): together they have the share of one. */
        if (t.owner < 0)
                return evict_over(l, t.owner, EVICT_SIGKILLS, t.sigkills, l->bounds.keep_sigkills / 4);
        records = evict_over(l, t.owner, EVICT_RECORDS, t.records, l->bounds.keep_records / 4);
        sigkills = evict_over(l, t.owner, EVICT_SIGKILLS, t.sigkills, l->bounds.keep_sigkills / 4);
        if (records < 0 || sigkills < 0)
                return records < 0 ? records : sigkills;
        gone = records + sigkills;
        if (quarter_bytes == 0 || gone > 0 || t.bytes <= quarter_bytes)
                return gone;
        /* His texts are over a quarter of MaxUse: what is over by the mean length of one goes. */
        return evict(l, t.owner, EVICT_ALL, (t.bytes - quarter_bytes) * (t.records + t.sigkills) / t.bytes + 16,
                     INT64_MAX);
}

static int64_t evict_size(Ledger *l) {
        const Tally *all = &l->tallies[0];
        sqlite3_stmt *s = ledger_statement(l, LEDGER_PAGES);
        uint64_t used = 0;
        int64_t gone = 0;

        for (int turns = 0; l->bounds.max_bytes > 0 && turns < 64; turns++) {
                int64_t n;

                if (!s)
                        return ledger_fail(l, sqlite3_errcode(l->db));
                if (sqlite3_step(s) == SQLITE_ROW)
                        used = (uint64_t) sqlite3_column_int64(s, 0);
                (void) sqlite3_reset(s);
                if (used <= l->bounds.max_bytes || all->records + all->sigkills == 0)
                        break;
                n = evict(l, TALLY_ANY_OWNER, EVICT_ALL, (all->records + all->sigkills) / 64 + 16, INT64_MAX);
                if (n < 0)
                        return n;
                gone += n;
        }
        return gone;
}

static int64_t evict_all(Ledger *l, uint64_t now_usec) {
        int64_t gone = 0, n = 0;

        if (now_usec > l->bounds.retention_usec && l->bounds.retention_usec > 0)
                gone = evict(l, TALLY_ANY_OWNER, EVICT_ALL, INT64_MAX, (int64_t) (now_usec - l->bounds.retention_usec));
        for (size_t i = 1; gone >= 0 && i < l->n_tallies; i++) {
                n = evict_owner(l, &l->tallies[i]);
                gone = n < 0 ? n : gone + n;
        }
        if (gone >= 0) {
                n = evict_over(l, TALLY_ANY_OWNER, EVICT_RECORDS, l->tallies[0].records, l->bounds.keep_records);
                gone = n < 0 ? n : gone + n;
        }
        if (gone >= 0) {
                n = evict_over(l, TALLY_ANY_OWNER, EVICT_SIGKILLS, l->tallies[0].sigkills, l->bounds.keep_sigkills);
                gone = n < 0 ? n : gone + n;
        }
        if (gone >= 0) {
                n = evict_size(l);
                gone = n < 0 ? n : gone + n;
        }
        return gone;
}

int64_t ledger_retain(Ledger *l, uint64_t now_usec) {
        bool own_batch = !l->batch;
        uint64_t before = l->evicted_seq, before_sigkill = l->evicted_sigkill_seq;
        int64_t gone;
        int r = 0;

        if (own_batch)
                r = ledger_begin(l);
        if (r < 0)
                return r;
        gone = evict_all(l, now_usec);
        if (gone > 0 && l->evicted_seq != before)
                r = ledger_value_set(l, "evicted_seq", (int64_t) l->evicted_seq);
        if (gone > 0 && r == 0 && l->evicted_sigkill_seq != before_sigkill)
                r = ledger_value_set(l, "evicted_sigkill_seq", (int64_t) l->evicted_sigkill_seq);
        if (gone < 0)
                r = (int) gone;
        if (own_batch) {
                int committed = ledger_commit(l);

                r = r < 0 ? r : committed;
        }
        if (r < 0) {
                l->evicted_seq = before;
                l->evicted_sigkill_seq = before_sigkill;
                return r;
        }
        return gone;
}

uint64_t ledger_evicted_seq(const Ledger *l, uint32_t types) {
        uint32_t sigkill = UINT32_C(1) << REEVE_RECORD_SIGKILL;
        uint64_t seq = 0;

        if (types == 0 || types & ~sigkill)
                seq = l->evicted_seq;
        if ((types == 0 || types & sigkill) && l->evicted_sigkill_seq > seq)
                seq = l->evicted_sigkill_seq;
        return seq;
}
