/* What was seen elsewhere put back in, for replay. */
#include <stdlib.h>
#include <string.h>

#include "supervisor/observe/watchlist-private.h"

const WatchlistCgroup *watchlist_cgroup(const Watchlist *w, uint64_t id) {
        return watchlist_find(w, id);
}

bool watchlist_kept(const Watchlist *w, const WatchlistCgroup *c) {
        return c->kept == w->near;
}

size_t watchlist_next(const Watchlist *w, size_t position, const WatchlistCgroup **ret) {
        for (; position < w->room; position++)
                if (w->slots[position]) {
                        *ret = w->slots[position];
                        return position + 1;
                }
        return 0;
}

bool watchlist_restore(Watchlist *w, const WatchlistCgroup *last, const char *path, bool remembered, bool sleep) {
        WatchlistCgroup *c = watchlist_get(w, last->id, path);

        if (!c || (remembered && watchlist_remember(c) < 0))
                return false;
        if (!remembered) {
                free(c->ring);
                c->ring = NULL;
        }
        if (sleep)
                watchlist_drop(w, c);
        observation_clear(&c->seen);
        c->known = last->known;
        c->populated = last->populated;
        c->oom_group = last->oom_group;
        c->points = last->points;
        c->marks = last->marks;
        c->owner = last->owner;
        c->comms = last->comms;
        c->bound_id = last->bound_id;
        c->last = last->last;
        c->hot = last->hot;
        c->stirred_usec = last->stirred_usec;
        watchlist_attend(w, c);
        return true;
}

bool watchlist_restore_before(Watchlist *w, uint64_t id, const Reading *reading) {
        WatchlistCgroup *c = watchlist_find(w, id);

        if (c && c->ring)
                observation_add(&c->seen, reading);
        return c && c->ring;
}

void watchlist_sleep(Watchlist *w, uint64_t id) {
        WatchlistCgroup *c = id ? watchlist_find(w, id) : NULL;

        if (c)
                watchlist_drop(w, c);
        while (!id && w->n > 0)
                watchlist_drop(w, w->matches[w->n - 1]->cgroup);
}

WatchlistMatch *watchlist_named(Watchlist *w, uint64_t id, const char *rule) {
        for (size_t i = watchlist_place(w, id); i < w->n && w->matches[i]->cgroup->id == id; i++)
                if (strcmp(w->matches[i]->rule->name, rule) == 0)
                        return w->matches[i];
        return NULL;
}
