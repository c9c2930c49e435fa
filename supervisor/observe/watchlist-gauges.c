/* Gauges: ancestors whose numbers are those of all below them together. What moves there and is not accounted for by who is looked
 * at anyhow was one of the quiet ones: then, and only then, they are looked at. */
#include <stdlib.h>

#include "supervisor/base/array.h"
#include "supervisor/observe/watchlist-private.h"

/* Fewer are looked at by themselves. */
enum { GAUGE_LEAST = 8, LEVELS_MAX = 64, QUANTUM_BYTES = 1 << 20, QUANTUM_MAX_BYTES = 16 << 20 };
enum { FIND_USEC = 2000000, MEASURE_USEC = 10000000, STALLED_USEC = 5000000, FAR_USEC = 2000000 };

WatchlistGauge *watchlist_gauge(const Watchlist *w, uint64_t id) {
        for (size_t i = 0; i < w->n_gauges; i++)
                if (w->gauges[i].id == id)
                        return &w->gauges[i];
        return NULL;
}

void watchlist_gauges_clear(Watchlist *w) {
        free(w->gauges);
        w->gauges = NULL;
        w->n_gauges = w->gauges_size = w->n_owed = 0;
        w->gauged_usec = w->measured_usec = 0;
}

/* ---- which ---- */

static uint64_t parent_of(const Tree *tree, uint64_t id) {
        TreeGroup g;

        return tree_get(tree, id, &g) ? g.parent_id : 0;
}

/* How many that are matched lie below each. The root is nobody's gauge: its numbers are of another kind. */
static int count_below(const Watchlist *w, const Tree *tree, Idmap *below) {
        for (size_t i = 0; i < w->room; i++) {
                uint64_t up = w->slots[i] && w->slots[i]->rules ? parent_of(tree, w->slots[i]->id) : 0;

                for (int level = 0; up && level < LEVELS_MAX; level++, up = parent_of(tree, up)) {
                        uint64_t n = 0;

                        (void) idmap_get(below, up, &n);
                        if (idmap_set(below, up, n + 1) < 0)
                                return -1;
                }
        }
        return 0;
}

/* The nearest with enough below it; 0 where one that is matched itself comes before, for that may be accounted for as a whole. */
static uint64_t gauge_of(const Watchlist *w, const Tree *tree, const Idmap *below, uint64_t id) {
        uint64_t up = parent_of(tree, id), n;

        for (int level = 0; up && level < LEVELS_MAX; level++, up = parent_of(tree, up)) {
                const WatchlistCgroup *c = watchlist_find(w, up);

                if (parent_of(tree, up) == 0)
                        return 0;
                if (idmap_get(below, up, &n) && n >= GAUGE_LEAST)
                        return up;
                if (c && c->rules)
                        return 0;
        }
        return 0;
}

static WatchlistGauge *gauge_get(Watchlist *w, uint64_t id, Idmap *places) {
        WatchlistGauge *more;
        uint64_t at;

        if (idmap_get(places, id, &at))
                return &w->gauges[at];
        more = array_grow(w->gauges, w->n_gauges, &w->gauges_size, sizeof(*more));
        if (!more || idmap_set(places, id, w->n_gauges) < 0)
                return NULL;
        w->gauges = more;
        w->gauges[w->n_gauges] = (WatchlistGauge) { .id = id };
        return &w->gauges[w->n_gauges++];
}

/* Places those that are there already. */
static void places_of(const Watchlist *w, Idmap *places) {
        for (size_t i = 0; i < w->n_gauges; i++)
                (void) idmap_set(places, w->gauges[i].id, i);
}

static void assign(Watchlist *w, const Tree *tree, const Idmap *below, Idmap *places) {
        for (size_t i = 0; i < w->room; i++) {
                WatchlistCgroup *c = w->slots[i];
                uint64_t id = c && c->rules ? gauge_of(w, tree, below, c->id) : 0;
                WatchlistGauge *g = id ? gauge_get(w, id, places) : NULL;

                if (!c)
                        continue;
                c->gauge = g ? (size_t) (g - w->gauges) + 1 : 0;
                watchlist_attend(w, c);
        }
        for (size_t i = 0; i < w->n_gauges; i++)
                w->gauges[i].above_id = gauge_of(w, tree, below, w->gauges[i].id);
}

/* Those below which too little is left go; the places of the others change. */
static void prune(Watchlist *w, const Idmap *below) {
        size_t n = 0;
        uint64_t under;

        for (size_t i = 0; i < w->n_gauges; i++)
                if (idmap_get(below, w->gauges[i].id, &under) && under >= GAUGE_LEAST)
                        w->gauges[n++] = w->gauges[i];
        w->n_gauges = n;
}

/* What may pass without a look at them, and how soon the gauge is to be read again. */
static void measure(Watchlist *w) {
        for (size_t i = 0; i < w->n_gauges; i++) {
                w->gauges[i].quantum_bytes = INT64_MAX;
                w->gauges[i].interval_usec = FAR_USEC;
        }
        for (size_t i = 0; i < w->room; i++) {
                const WatchlistCgroup *c = w->slots[i];
                WatchlistGauge *g = c && c->gauge && c->known ? &w->gauges[c->gauge - 1] : NULL;
                int64_t left;

                if (!g || c->attended)
                        continue;
                if (watchlist_interval_of(w, c) < g->interval_usec)
                        g->interval_usec = watchlist_interval_of(w, c);
                if (c->rules->heralded)
                        continue;
                left = c->last.limit >= 0 && c->last.unreclaimable >= 0 ? (c->last.limit - c->last.unreclaimable) / 4 : 0;
                /* Never too much: a limit may have been lowered since it was read. */
                left = left > QUANTUM_MAX_BYTES ? QUANTUM_MAX_BYTES : left > QUANTUM_BYTES ? left : QUANTUM_BYTES;
                g->quantum_bytes = left < g->quantum_bytes ? left : g->quantum_bytes;
        }
}

void watchlist_gauges_find(Watchlist *w, const Tree *tree, uint64_t now_usec) {
        Idmap below = IDMAP_INIT, places = IDMAP_INIT;

        if (w->gauges_due && (w->gauged_usec == 0 || now_usec - w->gauged_usec >= FIND_USEC) && count_below(w, tree, &below) == 0) {
                prune(w, &below);
                places_of(w, &places);
                assign(w, tree, &below, &places);
                w->gauges_due = false;
                w->gauged_usec = now_usec;
                w->measure_due = w->heralds_due = true;
                w->measured_usec = 0;
        }
        idmap_clear(&below);
        idmap_clear(&places);
        if (!w->measure_due || (w->measured_usec && now_usec - w->measured_usec < MEASURE_USEC))
                return;
        measure(w);
        w->measure_due = false;
        w->measured_usec = now_usec;
}

/* ---- what they tell ---- */

static bool accounted(const WatchlistCgroup *c) {
        return c->gauge > 0 && c->hot && c->known;
}

int watchlist_gauges_plan(Watchlist *w, const Tree *tree, Batch *b) {
        char path[4352];
        int r = 0;

        for (size_t i = 0; i < w->n_gauges && r == 0; i++)
                if (tree_path(tree, w->gauges[i].id, path, sizeof(path)) >= 0)
                        r = batch_add_tally(b, w->gauges[i].id, path);
        for (size_t i = 0; i < w->n_attended && r == 0; i++)
                if (accounted(w->attended[i]) && !watchlist_gauge(w, w->attended[i]->id))
                        r = batch_add_tally(b, w->attended[i]->id, w->attended[i]->path);
        return r;
}

static int64_t rise(int64_t before, int64_t now) {
        return before < 0 || now < 0 ? 0 : now - before;
}

static void account(WatchlistGauge *g, const BatchTally *before, const BatchTally *now) {
        g->parts.current += rise(before->current, now->current);
        g->parts.events += rise(before->events, now->events);
        g->parts.some_usec += rise(before->some_usec, now->some_usec);
}

/* All that is accounted for below a gauge, and what the gauges below it saw. */
static void take_parts(Watchlist *w, const Batch *b) {
        for (size_t i = 0; i < w->n_gauges; i++)
                w->gauges[i].parts = (BatchTally) { .id = 0 };
        for (size_t i = 0; i < b->n_tallies; i++) {
                const BatchTally *t = &b->tallies[i];
                WatchlistGauge *g = watchlist_gauge(w, t->id);
                WatchlistCgroup *c = g ? NULL : watchlist_find(w, t->id);

                if (g && g->known && g->above_id && watchlist_gauge(w, g->above_id))
                        account(watchlist_gauge(w, g->above_id), &g->at, t);
                watchlist_survey_take(w, t);
                if (!c || !accounted(c))
                        continue;
                if (c->gauge)
                        account(&w->gauges[c->gauge - 1], &c->at, t);
                c->at = *t;
        }
}

static bool moved(WatchlistGauge *g, const BatchTally *now) {
        int64_t elapsed = (int64_t) (now->time_usec - g->at.time_usec), some = rise(g->at.some_usec, now->some_usec);

        g->drift_bytes += rise(g->at.current, now->current) - g->parts.current;
        g->drift_events += rise(g->at.events, now->events) - g->parts.events;
        /* Two that stall at once are one stall above them: what hides behind another is looked for now and then. */
        return now->current < 0 || g->drift_bytes > g->quantum_bytes || g->drift_bytes < -g->quantum_bytes || g->drift_events > 0 ||
               (some - g->parts.some_usec) * 100 > elapsed || (some * 100 > elapsed && now->time_usec - g->owed_usec > STALLED_USEC);
}

void watchlist_gauges_take(Watchlist *w, const Batch *b) {
        take_parts(w, b);
        for (size_t i = 0; i < b->n_tallies; i++) {
                const BatchTally *t = &b->tallies[i];
                WatchlistGauge *g = watchlist_gauge(w, t->id);

                if (!g || (g->known && t->time_usec <= g->at.time_usec))
                        continue;
                if (!g->known || moved(g, t)) {
                        g->moved = true;
                        g->drift_bytes = g->drift_events = 0;
                        g->owed_usec = t->time_usec;
                } else if (!g->moved)
                        g->still_usec = t->time_usec;
                g->at = *t;
                g->known = true;
        }
}

/* ---- what tells of itself ---- */

uint64_t watchlist_next_herald(Watchlist *w) {
        if (!w->heralds_due)
                return 0;
        for (size_t i = 0; i < w->n_gauges; i++)
                if (!w->gauges[i].watched) {
                        w->gauges[i].watched = true;
                        return w->gauges[i].id;
                }
        for (size_t i = 0; i < w->n_attended; i++) {
                WatchlistCgroup *c = w->attended[i];

                if (c->gauge || c->watched || !c->rules->heralded)
                        continue;
                c->watched = true;
                return c->id;
        }
        w->heralds_due = false;
        return 0;
}

bool watchlist_herald(Watchlist *w, uint64_t id, bool *ret_many) {
        WatchlistCgroup *c = watchlist_find(w, id);

        if (c && c->watched)
                c->heralded = true;
        *ret_many = watchlist_gauge(w, id) != NULL;
        return *ret_many || (c && c->watched);
}
