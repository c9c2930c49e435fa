/* Who is awake, and when to look again. */
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/array.h"
#include "supervisor/observe/watchlist-private.h"

/* A memory hog on today's hardware takes less than this much a second; four looks before it has used up what is left. */
#define HOG_BYTES_PER_SEC (INT64_C(256) << 20)
enum { CLOSE_USEC = 200000, FAR_USEC = WATCHLIST_FAR_USEC, SOON_SEC = 60, SLEEP_USEC = 30000000 };

/* Readings for FAR_USEC: all looks are kept that are CLOSE_USEC apart. What it spares is room for two tracks. */
enum { RING_FAR = 24 };

/* ---- awake ---- */

/* Beginning with what is known, so that it can be said how it stands. */
static void begin(WatchlistMatch *m, const HostReading *host) {
        observation_add(&m->seen, &m->cgroup->last);
        for (size_t i = 0; i < m->rule->n_when && i < JUDGE_WHEN_MAX; i++)
                (void) condition_feed(&m->judge.conditions[i], &m->rule->when[i], condition_measure(&m->rule->when[i], &m->seen, host),
                                      m->cgroup->last.time_usec);
}

/* By cgroup, then rule: who is judged first must not hang on who woke first. */
static size_t place_of(const Watchlist *w, const RuleSection *rule, uint64_t id) {
        size_t low = 0, high = w->n;

        while (low < high) {
                size_t middle = (low + high) / 2;
                const WatchlistMatch *m = w->matches[middle];

                if (m->cgroup->id < id || (m->cgroup->id == id && m->rule < rule))
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

size_t watchlist_place(const Watchlist *w, uint64_t id) {
        return place_of(w, NULL, id);
}

static void match_remove(Watchlist *w, size_t index) {
        free(w->matches[index]);
        w->n--;
        memmove(&w->matches[index], &w->matches[index + 1], (w->n - index) * sizeof(*w->matches));
}

static bool match_add(Watchlist *w, const RuleSection *rule, WatchlistCgroup *c) {
        WatchlistMatch *m, **more;
        uint64_t reach = watchlist_ring_reach(rule);
        size_t place, tracks = watchlist_tracks(rule, NULL), ring = reach > FAR_USEC ? WATCHLIST_RING : RING_FAR;

        more = array_grow(w->matches, w->n, &w->size, sizeof(WatchlistMatch *));
        if (!more)
                return false;
        w->matches = more;
        m = calloc(1, sizeof(*m) + tracks * sizeof(*m->tracks) + ring * sizeof(*m->seen.ring));
        if (!m)
                return false;
        m->rule = rule;
        m->cgroup = c;
        observation_init(&m->seen, (Reading *) (void *) (m->tracks + tracks), ring, reach);
        observation_track(&m->seen, m->tracks, watchlist_tracks(rule, m->tracks));
        if (c->known)
                begin(m, &w->host);
        c->matches++;
        place = place_of(w, rule, c->id);
        memmove(&w->matches[place + 1], &w->matches[place], (w->n - place) * sizeof(*w->matches));
        w->matches[place] = m;
        w->n++;
        return true;
}

void watchlist_drop(Watchlist *w, WatchlistCgroup *c) {
        for (size_t i = w->n; i-- > 0 && c->matches > 0;)
                if (w->matches[i]->cgroup == c) {
                        match_remove(w, i);
                        c->matches--;
                }
}

void watchlist_wake(Watchlist *w, WatchlistCgroup *c) {
        bool room = c->rules && w->n + c->rules->n <= WATCHLIST_MATCHES_MAX;

        if (!c->rules || c->matches > 0)
                return;
        for (size_t i = 0; room && i < c->rules->n; i++)
                room = match_add(w, c->rules->rules[i], c);
        /* All or none, so that who has some has all. */
        if (!room) {
                watchlist_drop(w, c);
                w->refused += c->rules->n;
        }
}

static bool held(const Watchlist *w, const WatchlistCgroup *c, uint64_t now_usec) {
        uint64_t after = c->rules && c->rules->reach_usec * 3 / 2 > SLEEP_USEC ? c->rules->reach_usec * 3 / 2 : SLEEP_USEC;

        return c->hot || c->kept == w->near || now_usec - c->stirred_usec < after;
}

void watchlist_lull(Watchlist *w, uint64_t now_usec) {
        for (size_t i = w->n; i-- > 0;) {
                WatchlistCgroup *c = w->matches[i]->cgroup;

                if (held(w, c, now_usec))
                        continue;
                match_remove(w, i);
                c->matches--;
        }
}

/* ---- how closely ---- */

bool watchlist_near(const WatchlistMatch *m) {
        const Reading *r = observation_last(&m->seen);
        double stalled, each;

        if (m->twice || m->task || (m->judge.incident && !m->judge.exhausted))
                return true;
        if (!m->cgroup->hot)
                return false;
        if (judge_near(&m->judge, m->rule) && !m->judge.exhausted)
                return true;
        if (observation_stall(&m->seen, false, FAR_USEC, &stalled) && stalled > 0.01)
                return true;
        if (!r || r->unreclaimable < 0 || r->limit <= 0 || r->limit == READING_UNLIMITED)
                return false;
        /* The plain slope will do, it is asked for each match three times a round: whether to look closely is soon undone. */
        if (observation_growth(&m->seen, FAR_USEC, &each) && each * SOON_SEC > (double) (r->limit - r->unreclaimable))
                return true;
        return r->unreclaimable > r->limit / 2;
}

void watchlist_mark(Watchlist *w) {
        w->near++;
        for (size_t i = 0; i < w->n; i++) {
                const WatchlistMatch *m = w->matches[i];
                bool near = watchlist_near(m);

                if (near)
                        m->cgroup->near = w->near;
                if (near || m->judge.incident)
                        m->cgroup->kept = w->near;
                /* Whose ladder came to its end has nothing more to do while all stays as it is. */
                if (!m->judge.exhausted && watchlist_may_hold(w, m->cgroup, m->rule))
                        m->cgroup->eager = w->near;
        }
}

uint64_t watchlist_interval_of(const Watchlist *w, const WatchlistCgroup *c) {
        const Reading *r = &c->last;
        uint64_t usec;

        if (!c->known)
                return 0;
        if (c->near == w->near)
                return CLOSE_USEC;
        /* Of who is owed a look it is the herald. */
        if ((!c->hot && !c->owed && c->rules && c->rules->heralded) || r->limit < 0 || r->unreclaimable < 0 || r->limit == READING_UNLIMITED)
                return FAR_USEC;
        usec = r->limit > r->unreclaimable ? (uint64_t) ((r->limit - r->unreclaimable) / (HOG_BYTES_PER_SEC / 1000000) / 4) : 0;
        return usec < CLOSE_USEC ? CLOSE_USEC : usec > FAR_USEC ? FAR_USEC : usec;
}

/* Whether @a's incident says more of what lies below both than @b's does. */
static bool tells_more(const Tree *tree, const WatchlistMatch *a, const WatchlistMatch *b) {
        if (!b || a->cgroup == b->cgroup)
                return !b || a->judge.incident < b->judge.incident;
        return tree_below(tree, a->cgroup->id, b->cgroup->id);
}

uint64_t watchlist_incident(const Watchlist *w, const Tree *tree, uint64_t id, uint64_t usec) {
        const WatchlistMatch *best = NULL;

        for (size_t i = 0; id && i < w->n; i++) {
                const WatchlistMatch *m = w->matches[i];

                if (m->judge.incident && m->judge.incident <= usec && tree_below(tree, id, m->cgroup->id) && tells_more(tree, m, best))
                        best = m;
        }
        return best ? best->judge.incident : 0;
}

void watchlist_attend(Watchlist *w, WatchlistCgroup *c) {
        bool wanted = c->rules && (c->hot || !c->known || c->gauge == 0);
        WatchlistCgroup **more;

        if (wanted == (c->attended > 0))
                return;
        if (!wanted) {
                w->attended[c->attended - 1] = w->attended[--w->n_attended];
                w->attended[c->attended - 1]->attended = c->attended;
                c->attended = 0;
                return;
        }
        more = array_grow(w->attended, w->n_attended, &w->attended_size, sizeof(WatchlistCgroup *));
        if (!more)
                return;
        w->attended = more;
        w->attended[w->n_attended++] = c;
        c->attended = w->n_attended;
}

uint64_t watchlist_interval(Watchlist *w, const HostReading *host) {
        uint64_t least = FAR_USEC;
        bool heralded = true;

        watchlist_mark(w);
        for (size_t i = 0; i < w->n_rules; i++)
                heralded = heralded && w->rules[i]->heralded;
        for (size_t i = 0; i < w->n_attended; i++) {
                uint64_t usec = watchlist_interval_of(w, w->attended[i]);

                least = usec < least ? usec : least;
        }
        for (size_t i = 0; i < w->n_gauges; i++)
                least = w->gauges[i].interval_usec < least ? w->gauges[i].interval_usec : least;
        /* Whatever the limits say: the host has an end too. */
        if (!heralded && host->available >= 0 && host->available / (HOG_BYTES_PER_SEC / 1000000) / 4 < (int64_t) least)
                least = (uint64_t) (host->available / (HOG_BYTES_PER_SEC / 1000000) / 4);
        if (w->behind)
                return CLOSE_USEC / 20;
        return least < CLOSE_USEC ? CLOSE_USEC : least;
}
