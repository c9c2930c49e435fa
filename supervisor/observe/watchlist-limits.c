/* Whose limits were written to. */
#include "supervisor/observe/watchlist-private.h"

enum { LEVELS_MAX = 64 };

void watchlist_limits(Watchlist *w, uint64_t id) {
        if (id == 0 || idmap_set(&w->written, id, 1) < 0)
                w->all_written = true;
}

static bool is_written(const Watchlist *w, const Tree *tree, uint64_t id) {
        TreeGroup g = { .parent_id = id };
        uint64_t value;

        if (w->all_written)
                return true;
        for (int level = 0; g.parent_id && level < LEVELS_MAX; level++) {
                if (idmap_get(&w->written, g.parent_id, &value))
                        return true;
                if (!tree_get(tree, g.parent_id, &g))
                        return false;
        }
        return false;
}

void watchlist_limits_plan(Watchlist *w, const Tree *tree) {
        if (w->written.n == 0 && !w->all_written)
                return;
        for (size_t i = 0; i < w->room; i++) {
                WatchlistCgroup *c = w->slots[i];

                if (!c || !c->rules || !is_written(w, tree, c->id))
                        continue;
                c->full_usec = 0;
                c->heralded = true;
                if (c->gauge && !c->attended && !c->owed)
                        w->n_owed++;
                c->owed = true;
        }
        idmap_reset(&w->written);
        w->all_written = false;
}

uint64_t watchlist_unmarked(const Watchlist *w) {
        return w->unmarked;
}
