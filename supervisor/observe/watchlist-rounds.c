/* What to look at now, and what was seen. */
#include <string.h>

#include "supervisor/observe/watchlist-private.h"

/* Limits are read so often, of who is hot and of others; who moved stays hot so long. */
enum { SETTINGS_USEC = 2000000, WHOLE_USEC = 10000000, HOT_USEC = 10000000, TURN_USEC = 2000000, QUIET_USEC = 1800000 };

/* In one round at most: who was never read, who may have moved, and whose turn it is. */
enum { NEW_MAX = 256, OWED_MAX = 512, TURN_MAX = 4 };

/* ---- planning ---- */

static int plan_one(const Watchlist *w, WatchlistCgroup *c, Batch *b, bool points) {
        uint64_t age = b->began_usec - c->full_usec;
        BatchLook look = !c->known || c->full_usec == 0 || age >= (c->hot ? SETTINGS_USEC : WHOLE_USEC) ? BATCH_WHOLE : c->hot ? BATCH_CLOSE : BATCH_QUICK;

        int r;

        if (c->round == w->round)
                return 0;
        c->round = w->round;
        r = batch_add(b, c->id, c->path, points, look, look == BATCH_WHOLE ? NULL : &c->last);
        if (r == 0 && look == BATCH_WHOLE && c->rules && !c->marked)
                b->items[b->n - 1].mark_files = c->rules->limit_files;
        return r;
}

static bool wants_points(const RuleSection *rule) {
        for (size_t i = 0; i < rule->n_rank; i++)
                if (rule->rank[i] == RANK_OOM_SCORE)
                        return true;
        return false;
}

/* Timers are late by a little: what is nearly due is. */
static bool due(const Watchlist *w, const WatchlistCgroup *c, uint64_t now_usec) {
        uint64_t interval = watchlist_interval_of(w, c);

        return c->heralded || now_usec - c->last.time_usec + interval / 8 >= interval;
}

/* Nobody looked at it since, because nothing moved: so it stood until then. */
static int plan_owed(Watchlist *w, WatchlistCgroup *c, Batch *b) {
        uint64_t still = w->gauges[c->gauge - 1].still_usec;
        int r = 0;

        /* What is known of its limits is not. */
        if (c->full_usec == 0)
                return plan_one(w, c, b, false);
        if (still > c->last.time_usec && still < b->began_usec) {
                c->last.time_usec = still;
                r = batch_add(b, c->id, c->path, false, BATCH_GIVEN, &c->last);
        }
        c->round = w->round;
        return r < 0 ? r : batch_add(b, c->id, c->path, false, BATCH_QUICK, &c->last);
}

static int plan_quiet(Watchlist *w, Batch *b) {
        bool any = w->n_owed > 0;
        size_t planned = 0;
        int r = 0;

        for (size_t i = 0; i < w->n_gauges; i++)
                any = any || w->gauges[i].moved;
        if (!any)
                return 0;
        w->n_owed = 0;
        for (size_t i = 0; i < w->room && r == 0; i++) {
                WatchlistCgroup *c = w->slots[i];

                if (!c || !c->gauge || c->attended || c->round == w->round)
                        continue;
                c->owed = c->owed || w->gauges[c->gauge - 1].moved;
                if (!c->owed)
                        continue;
                w->n_owed++;
                if (!due(w, c, b->began_usec))
                        continue;
                if (planned == OWED_MAX)
                        w->behind = true;
                else {
                        r = plan_owed(w, c, b);
                        planned++;
                }
        }
        for (size_t i = 0; i < w->n_gauges; i++)
                w->gauges[i].moved = false;
        return r;
}

/* Limits may be changed where nothing else moves: a few at a time, all are read whole once in a while. */
static int plan_turn(Watchlist *w, Batch *b) {
        int r = 0;

        if (w->n_gauges == 0 || b->began_usec - w->turned_usec < TURN_USEC)
                return 0;
        w->turned_usec = b->began_usec;
        for (size_t n = 0, looked = 0; r == 0 && n < TURN_MAX && looked < w->room; looked++) {
                WatchlistCgroup *c = w->slots[w->turn++ % w->room];

                if (!c || !c->gauge || c->attended || b->began_usec - c->full_usec < WHOLE_USEC)
                        continue;
                r = plan_one(w, c, b, false);
                n++;
        }
        return r;
}

/* Asked only where the next look may choose. Of those that are listed nobody knows what lies below them. */
static BatchComms comms_of(const WatchlistMatch *m) {
        if (!m->twice || !comms_wanted(m->rule))
                return BATCH_COMMS_NOWHERE;
        return m->rule->candidates.count > 0 ? BATCH_COMMS_BELOW : BATCH_COMMS_THERE;
}

static int plan_candidates(Watchlist *w, const Tree *tree, const WatchlistMatch *m, Batch *b) {
        bool own = m->rule->candidates.count == 0, points = wants_points(m->rule);
        BatchComms comms = comms_of(m);
        int r = 0;

        b->hot = true;
        /* A hundred rules on one cgroup have the same candidates. */
        if (own && !points && !comms && m->cgroup->below_round == w->round)
                return 0;
        if (own)
                m->cgroup->below_round = w->round;
        watchlist_below(w, tree, m);
        for (size_t k = 0, n = b->n; k < w->n_below && r == 0; k++, n = b->n) {
                WatchlistCgroup *c = w->below[k].cgroup;

                r = plan_one(w, c, b, points);
                if (b->n > n)
                        b->items[n].hot = true;
                c->comms_wanted = comms > c->comms_wanted ? (uint8_t) comms : c->comms_wanted;
        }
        return r < 0 ? r : watchlist_survey_plan(w, tree, b);
}

/* Of those that may be acted on after this look: where the shortage is. */
static void want_bounds(const Watchlist *w, Batch *b) {
        for (size_t i = 0; i < w->n; i++)
                for (size_t k = 0; w->matches[i]->twice && k < b->n; k++)
                        if (b->items[k].id == w->matches[i]->cgroup->id)
                                b->items[k].bound_wanted = true;
}

static int want_comms(Watchlist *w, Batch *b) {
        int r = 0;

        for (size_t i = 0; i < w->n_comms && r == 0; i++)
                r = batch_add_comm(b, w->comms[i]);
        for (size_t i = 0; w->n_comms > 0 && i < b->n; i++) {
                WatchlistCgroup *c = watchlist_find(w, b->items[i].id);

                if (c && !b->items[i].given) {
                        b->items[i].comms_wanted = (BatchComms) c->comms_wanted;
                        c->comms_wanted = BATCH_COMMS_NOWHERE;
                }
        }
        return r;
}

int watchlist_plan(Watchlist *w, const Tree *tree, Batch *b) {
        size_t unknown = 0;
        int r;

        w->round++;
        watchlist_mark(w);
        watchlist_gauges_find(w, tree, b->began_usec);
        watchlist_limits_plan(w, tree);
        r = watchlist_gauges_plan(w, tree, b);
        /* Who may be acted on first: it is read with all that ranking wants. */
        for (size_t i = 0; i < w->n && r == 0; i++)
                if (watchlist_near(w->matches[i]))
                        r = plan_candidates(w, tree, w->matches[i], b);
        for (size_t i = 0; i < w->n_attended && r == 0; i++) {
                WatchlistCgroup *c = w->attended[i];

                if (c->known ? due(w, c, b->began_usec) : unknown++ < NEW_MAX)
                        r = plan_one(w, c, b, false);
        }
        w->behind = unknown > NEW_MAX;
        /* Who is awake and quiet: it is seen to be so. */
        for (size_t i = 0; i < w->n && r == 0; i++) {
                WatchlistCgroup *c = w->matches[i]->cgroup;

                if (!c->attended && b->began_usec - c->last.time_usec >= QUIET_USEC)
                        r = plan_one(w, c, b, false);
        }
        if (r == 0)
                r = plan_quiet(w, b);
        if (r == 0)
                r = plan_turn(w, b);
        want_bounds(w, b);
        if (r == 0)
                r = watchlist_guards_plan(w, tree, b);
        return r < 0 ? r : want_comms(w, b);
}

/* ---- taking in ---- */

static int64_t apart(int64_t a, int64_t b) {
        return a > b ? a - b : b - a;
}

/* Whether more changed than what is always changing. */
static bool stirs(const Reading *before, const Reading *now) {
        int64_t elapsed = (int64_t) (now->time_usec - before->time_usec), by = batch_little(before);

        return apart(now->current, before->current) > by || apart(now->unreclaimable, before->unreclaimable) > by ||
               apart(now->swap, before->swap) > by || (now->some_usec - before->some_usec) * 100 > elapsed ||
               now->high != before->high || now->max != before->max || now->oom != before->oom || now->oom_kill != before->oom_kill ||
               now->limit != before->limit || now->throttle != before->throttle;
}

static void take_whole(WatchlistCgroup *c, const BatchItem *item) {
        c->known = true;
        c->populated = item->populated;
        c->points = item->points;
        if (item->bound_wanted)
                c->bound_id = item->bound_id;
        if (item->close)
                return;
        /* A look that was under way as somebody was ended may have seen him. */
        c->full_usec = item->reading.time_usec > c->ended_usec ? item->reading.time_usec : 0;
        c->oom_group = item->oom_group;
        c->marks = item->marks;
        c->owner = item->owner;
}

static void take_one(Watchlist *w, WatchlistCgroup *c, const BatchItem *item) {
        const Reading *now = &item->reading;
        bool before = c->known, counted = before && c->hot;

        if (before && !item->quick && !item->given && stirs(&c->last, now))
                c->stirred_usec = now->time_usec;
        /* Before what is new, so that the history begins with how it was. */
        if (c->stirred_usec == now->time_usec && before)
                watchlist_wake(w, c);
        if (c->ring)
                observation_add(&c->seen, now);
        c->last = *now;
        if (item->given)
                return;
        c->owed = c->heralded = false;
        if (item->mark_files) {
                c->marked = true;
                w->unmarked += !item->marked;
        }
        if (!item->quick)
                take_whole(c, item);
        c->hot = (c->stirred_usec && now->time_usec - c->stirred_usec < HOT_USEC) ||
                 (before && c->matches > 0 ? c->eager == w->near : watchlist_any_may_hold(w, c));
        if (c->hot)
                watchlist_wake(w, c);
        /* Of who is in the tallies already they tell, for they are read beside the gauge. */
        if (!counted)
                c->at = (BatchTally) { .id = c->id, .time_usec = now->time_usec, .current = now->current, .some_usec = now->some_usec,
                                       .events = batch_events(now) };
        w->measure_due = w->measure_due || !item->quick;
        watchlist_attend(w, c);
}

/* The host grew short for a rule that also asks for more: of all whom it matches nobody knows how they stand. */
static void owe_all(Watchlist *w) {
        for (size_t i = 0; i < w->room; i++)
                if (w->slots[i] && w->slots[i]->rules && w->slots[i]->rules->host_short && w->slots[i]->gauge) {
                        w->slots[i]->owed = true;
                        w->n_owed++;
                }
}

/* What was asked by rules that do not rule any more is of no use. */
static bool same_comms(const Watchlist *w, const Batch *b) {
        const char *items[COMMS_MAX];
        bool same = w->n_comms == b->n_comms;

        batch_comms(b, items);
        for (size_t i = 0; same && i < b->n_comms; i++)
                same = strcmp(items[i], w->comms[i]) == 0;
        return same;
}

void watchlist_take(Watchlist *w, const Batch *b) {
        bool comms = same_comms(w, b);
        uint64_t now = 0;

        w->host = b->host;
        /* Also where nobody planned: a captured run is judged as it was. */
        watchlist_mark(w);
        watchlist_gauges_take(w, b);
        for (size_t i = 0; i < b->n; i++) {
                const BatchItem *item = &b->items[i];
                WatchlistCgroup *c = watchlist_find(w, item->id);

                if (!c || item->gone)
                        continue;
                take_one(w, c, item);
                if (comms && item->comms_wanted)
                        c->comms = item->comms;
                now = item->reading.time_usec > now ? item->reading.time_usec : now;
        }
        if (watchlist_host_shorter(w, &b->host))
                owe_all(w);
        for (size_t i = 0; i < w->n; i++)
                if (w->matches[i]->cgroup->known)
                        observation_add(&w->matches[i]->seen, &w->matches[i]->cgroup->last);
        watchlist_mark(w);
        if (now)
                watchlist_lull(w, now);
}
