#include "supervisor/attribute/reconcile.h"

void reconcile_begin(Reconciler *r, const ReconcileReading *first) {
        *r = (Reconciler) { .begun = true, .base = *first, .settled_nsec = first->time_nsec };
}

/* Growth of a counter; one that is smaller than before began anew (a reboot, probes made again). */
static uint64_t growth(uint64_t before, uint64_t now, bool *reset) {
        if (now >= before)
                return now - before;
        *reset = true;
        return now;
}

/* All that grew since the last look. */
typedef struct Growth {
        uint64_t vmstat, hits, read, overruns, drops, confirmed, not_counted, cut_short, outside, recorded;
} Growth;

static Growth grown(Reconciler *r, const ReconcileReading *now) {
        const ReconcileReading *b = &r->base;
        bool reset = false;
        Growth g = {
                .vmstat = now->vmstat_known && b->vmstat_known ? growth(b->vmstat_oom_kill, now->vmstat_oom_kill, &reset) : 0,
                .confirmed = growth(b->confirmed, now->confirmed, &reset),
                .not_counted = growth(b->not_counted, now->not_counted, &reset),
                .cut_short = growth(b->cut_short, now->cut_short, &reset),
                .outside = growth(b->outside, now->outside, &reset),
                .recorded = growth(b->recorded, now->recorded, &reset),
        };

        if (now->probes_known && b->probes_known) {
                g.hits = growth(b->hits, now->hits, &reset);
                g.read = growth(b->read, now->read, &reset);
                g.overruns = growth(b->overruns, now->overruns, &reset);
                g.drops = growth(b->drops, now->drops, &reset);
        }
        if (reset)
                r->counters.resets++;
        return g;
}

static uint64_t excess(uint64_t more, uint64_t less) {
        return more > less ? more - less : 0;
}

/* What the growth leaves owing: kills counted without a record, hits without one. A surplus on the other side is a kill
 * that came between the two readings; it pays what the next look finds owing. */
static void balance(uint64_t *owed, uint64_t *surplus, uint64_t counted, uint64_t had) {
        uint64_t want = *owed + counted, have = *surplus + had;

        *owed = excess(want, have);
        *surplus = excess(have, want);
}

/* A surplus that stays while nothing happens came from no race of two readings: it must not hide a later loss. */
static void forget_surplus(Reconciler *r, const Growth *g, bool settled) {
        if (!settled)
                return;
        if (g->vmstat == 0 && g->confirmed == 0)
                r->vmstat_surplus = 0;
        if (g->hits == 0 && g->read == 0)
                r->hits_surplus = 0;
}

static size_t add_gap(Reconciler *r, ReconcileGap *gaps, size_t n, uint64_t lost, uint64_t unread, ReeveGapCause cause, uint64_t to_nsec) {
        if (lost == 0 || n >= RECONCILE_GAPS_MAX)
                return n;
        gaps[n] = (ReconcileGap) { .lost = lost, .unread = unread, .cause = cause, .from_nsec = r->settled_nsec, .to_nsec = to_nsec };
        r->counters.unattributed[cause] += lost;
        return n + 1;
}

static void forget_seen(Reconciler *r) {
        r->overruns_seen = r->drops_seen = r->hits_seen = r->cut_short_seen = 0;
}

/* The rings tell of hits that were lost, and by which of their counters; of what vmstat owes beyond that those explain a part
 * whose confirmation was overrun, and nobody the rest. */
static size_t declare(Reconciler *r, const ReconcileReading *now, ReconcileGap gaps[static RECONCILE_GAPS_MAX]) {
        uint64_t overrun = 0, dropped = 0, rest, cut;
        size_t n = 0;

        if (r->hits_owed > 0) {
                if (r->overruns_seen > 0)
                        overrun = r->hits_owed;
                else
                        dropped = r->hits_owed;
        }
        rest = excess(r->vmstat_owed, r->hits_owed);
        cut = rest < r->cut_short_seen ? rest : r->cut_short_seen;
        rest -= cut;
        n = add_gap(r, gaps, n, overrun + cut, overrun, REEVE_GAP_OVERRUN, now->time_nsec);
        n = add_gap(r, gaps, n, dropped, dropped, REEVE_GAP_DROPPED, now->time_nsec);
        n = add_gap(r, gaps, n, rest, 0, now->otherwise, now->time_nsec);
        r->blind = rest > 0 && now->probes_known && now->otherwise == REEVE_GAP_UNKNOWN && r->hits_seen == 0;
        r->vmstat_owed = r->hits_owed = 0;
        forget_seen(r);
        return n;
}

size_t reconcile_look(Reconciler *r, const ReconcileReading *now, uint64_t settle_nsec, ReconcileGap ret_gaps[static RECONCILE_GAPS_MAX]) {
        bool was_owing = reconcile_pending(r);
        uint64_t attempts;
        Growth g;
        size_t n;

        if (!r->begun) {
                reconcile_begin(r, now);
                return 0;
        }
        g = grown(r, now);
        attempts = now->vmstat_known ? g.vmstat : g.confirmed;
        r->counters.attempts += excess(attempts, r->told_before);
        r->told_before = excess(r->told_before, attempts);
        r->counters.attributed += g.recorded;
        r->counters.outside += g.outside;
        r->counters.not_counted += g.not_counted;
        r->overruns_seen += g.overruns;
        r->drops_seen += g.drops;
        r->hits_seen += g.hits;
        r->cut_short_seen += g.cut_short;
        if (now->vmstat_known && r->base.vmstat_known)
                balance(&r->vmstat_owed, &r->vmstat_surplus, g.vmstat, g.confirmed);
        if (now->probes_known && r->base.probes_known)
                balance(&r->hits_owed, &r->hits_surplus, g.hits, g.read);
        forget_surplus(r, &g, now->time_nsec - r->base.time_nsec >= settle_nsec);
        r->base = *now;
        if (!reconcile_pending(r)) {
                r->settled_nsec = now->time_nsec;
                forget_seen(r);
                return 0;
        }
        if (!was_owing)
                r->owed_nsec = now->time_nsec;
        if (now->open || !was_owing || now->time_nsec - r->owed_nsec < settle_nsec)
                return 0;
        n = declare(r, now, ret_gaps);
        r->settled_nsec = now->time_nsec;
        return n;
}

bool reconcile_take_blind(Reconciler *r) {
        bool blind = r->blind;

        r->blind = false;
        return blind;
}

bool reconcile_pending(const Reconciler *r) {
        return r->vmstat_owed > 0 || r->hits_owed > 0;
}
