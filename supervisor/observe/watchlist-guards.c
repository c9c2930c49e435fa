/* Guards: where all that rules wait for is told by the kernel (events of memory.events, and stalls by a trigger), nobody looks at all
 * while nothing moves. */
#include "supervisor/observe/watchlist-private.h"

/* So many are asked for in one round. */
enum { ASKED_MAX = 64 };

static bool guarded_rules(const Watchlist *w) {
        for (size_t i = 0; i < w->n_rules; i++)
                if (!w->rules[i]->guarded)
                        return false;
        return w->n_rules > 0;
}

static int ask(Batch *b, const Tree *tree, uint64_t id, uint8_t *guard) {
        char path[4352];

        if (tree_path(tree, id, path, sizeof(path)) < 0)
                return 0;
        *guard = WATCHLIST_GUARD_ASKED;
        return batch_add_guard(b, id, path);
}

int watchlist_guards_plan(Watchlist *w, const Tree *tree, Batch *b) {
        int r = 0;

        if (!guarded_rules(w))
                return 0;
        for (size_t i = 0; i < w->n_gauges && r == 0 && b->n_guards < ASKED_MAX; i++)
                if (!w->gauges[i].guard)
                        r = ask(b, tree, w->gauges[i].id, &w->gauges[i].guard);
        for (size_t i = 0; i < w->n_attended && r == 0 && b->n_guards < ASKED_MAX; i++) {
                WatchlistCgroup *c = w->attended[i];

                if (!c->guard && !c->gauge && c->known)
                        r = ask(b, tree, c->id, &c->guard);
        }
        return r;
}

void watchlist_guarded(Watchlist *w, uint64_t id, bool there) {
        WatchlistGauge *g = watchlist_gauge(w, id);
        WatchlistCgroup *c = watchlist_find(w, id);

        if (g)
                g->guard = there ? WATCHLIST_GUARDED : WATCHLIST_UNGUARDED;
        if (c)
                c->guard = there ? WATCHLIST_GUARDED : WATCHLIST_UNGUARDED;
}

bool watchlist_calm(const Watchlist *w) {
        if (w->n > 0 || w->n_owed > 0 || w->behind || w->gauges_due || w->heralds_due || w->unmarked > 0 || w->written.n > 0 ||
            w->all_written || !guarded_rules(w))
                return false;
        for (size_t i = 0; i < w->n_attended; i++) {
                const WatchlistCgroup *c = w->attended[i];

                if (!c->known || c->hot || c->heralded || !c->watched || c->guard != WATCHLIST_GUARDED)
                        return false;
        }
        for (size_t i = 0; i < w->n_gauges; i++) {
                const WatchlistGauge *g = &w->gauges[i];

                if (!g->known || g->moved || !g->watched || g->guard != WATCHLIST_GUARDED)
                        return false;
        }
        return true;
}
