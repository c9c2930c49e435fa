/* What to look at, how closely and when next. */
#include "supervisor/observe/watchlist-private.h"

/* A memory hog on today's hardware takes less than this much a second; four looks before it has used up what is left. */
#define HOG_BYTES_PER_SEC (INT64_C(256) << 20)
enum { CLOSE_USEC = 200000, FAR_USEC = 2000000, SOON_USEC = 60000000, FULL_USEC = 10000000 };

/* Whether what happens there may concern a rule soon. */
static bool near(const WatchlistMatch *m) {
        const Reading *r = observation_last(&m->seen);
        double stalled, left;

        if (m->twice || m->judge.incident || judge_near(&m->judge, m->rule))
                return true;
        if (observation_stall(&m->seen, false, FAR_USEC, &stalled) && stalled > 0.01)
                return true;
        if (observation_time_to_limit(&m->seen, FAR_USEC, &left) && left < SOON_USEC)
                return true;
        return r && r->unreclaimable >= 0 && r->limit > 0 && r->limit != READING_UNLIMITED && r->unreclaimable > r->limit / 2;
}

static int plan_one(Watchlist *w, WatchlistCgroup *c, Batch *b, bool points, bool quick) {
        if (c->round == w->round)
                return 0;
        c->round = w->round;
        /* Limits may be changed where nothing else does. */
        quick = quick && c->known && c->last.current >= 0 && c->last.time_usec - c->full_usec < FULL_USEC;
        return batch_add(b, c->id, c->path, points, quick ? &c->last : NULL);
}

static bool wants_points(const RuleSection *rule) {
        for (size_t i = 0; i < rule->n_rank; i++)
                if (rule->rank[i] == RANK_OOM_SCORE)
                        return true;
        return false;
}

int watchlist_plan(Watchlist *w, const Tree *tree, Batch *b) {
        int r = 0;

        w->round++;
        /* Who may be acted on first: it is read with all that ranking wants. */
        for (size_t i = 0; i < w->n && r == 0; i++) {
                const WatchlistMatch *m = w->matches[i];

                if (!near(m))
                        continue;
                watchlist_below(w, tree, m);
                for (size_t k = 0; k < w->n_below && r == 0; k++)
                        r = plan_one(w, w->below[k].cgroup, b, wants_points(m->rule), false);
        }
        for (size_t i = 0; i < w->n && r == 0; i++)
                r = plan_one(w, w->matches[i]->cgroup, b, false, !near(w->matches[i]));
        return r;
}

void watchlist_take(Watchlist *w, const Batch *b) {
        for (size_t i = 0; i < b->n; i++) {
                const BatchItem *item = &b->items[i];
                WatchlistCgroup *c = watchlist_find(w, item->id);

                if (!c || item->gone)
                        continue;
                if (c->ring)
                        observation_add(&c->seen, &item->reading);
                c->last = item->reading;
                if (item->quick)
                        continue;
                c->known = true;
                c->full_usec = item->reading.time_usec;
                c->populated = item->populated;
                c->oom_group = item->oom_group;
                c->points = item->points;
        }
        for (size_t i = 0; i < w->n; i++)
                if (w->matches[i]->cgroup->known)
                        observation_add(&w->matches[i]->seen, &w->matches[i]->cgroup->last);
}

static uint64_t interval_of(const WatchlistMatch *m) {
        const Reading *r = observation_last(&m->seen);
        uint64_t usec;

        if (!r || near(m))
                return CLOSE_USEC;
        if (r->limit < 0 || r->unreclaimable < 0 || r->limit == READING_UNLIMITED)
                return FAR_USEC;
        usec = r->limit > r->unreclaimable ? (uint64_t) ((r->limit - r->unreclaimable) / (HOG_BYTES_PER_SEC / 1000000) / 4) : 0;
        return usec < CLOSE_USEC ? CLOSE_USEC : usec > FAR_USEC ? FAR_USEC : usec;
}

uint64_t watchlist_interval(const Watchlist *w, const HostReading *host) {
        uint64_t least = FAR_USEC;

        for (size_t i = 0; i < w->n; i++) {
                uint64_t usec = interval_of(w->matches[i]);

                least = usec < least ? usec : least;
        }
        /* Whatever the limits say: the host has an end too. */
        if (host->available >= 0 && host->available / (HOG_BYTES_PER_SEC / 1000000) / 4 < (int64_t) least)
                least = (uint64_t) (host->available / (HOG_BYTES_PER_SEC / 1000000) / 4);
        return least < CLOSE_USEC ? CLOSE_USEC : least;
}
