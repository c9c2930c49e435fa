/* The cgroups of the watchlist by their ids. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/observe/watchlist-private.h"

static size_t slot_of(const Watchlist *w, uint64_t id) {
        size_t i = (size_t) (id * UINT64_C(0x9e3779b97f4a7c15)) & (w->room - 1);

        while (w->slots[i] && w->slots[i]->id != id)
                i = (i + 1) & (w->room - 1);
        return i;
}

WatchlistCgroup *watchlist_find(const Watchlist *w, uint64_t id) {
        return w->room ? w->slots[slot_of(w, id)] : NULL;
}

static int slots_grow(Watchlist *w) {
        size_t room = w->room ? w->room * 2 : 64, n = w->room;
        WatchlistCgroup **before = w->slots, **slots = calloc(room, sizeof(WatchlistCgroup *));

        if (!slots)
                return -ENOMEM;
        w->slots = slots;
        w->room = room;
        for (size_t i = 0; i < n; i++)
                if (before[i])
                        w->slots[slot_of(w, before[i]->id)] = before[i];
        free(before);
        return 0;
}

static void cgroup_free(WatchlistCgroup *c) {
        free(c->path);
        free(c->ring);
        free(c);
}

int watchlist_remember(WatchlistCgroup *c) {
        if (c->ring)
                return 0;
        c->ring = calloc(WATCHLIST_RING, sizeof(*c->ring));
        if (!c->ring)
                return -ENOMEM;
        observation_init(&c->seen, c->ring, WATCHLIST_RING, CONDITION_GROWTH_USEC);
        return 0;
}

WatchlistCgroup *watchlist_get(Watchlist *w, uint64_t id, const char *path) {
        WatchlistCgroup *c = watchlist_find(w, id);

        if (c)
                return c;
        if ((w->n_cgroups + 1) * 2 > w->room && slots_grow(w) < 0)
                return NULL;
        c = calloc(1, sizeof(*c));
        if (!c)
                return NULL;
        *c = (WatchlistCgroup) { .id = id, .path = strdup(path), .points = -1, .at = { .current = READING_UNKNOWN } };
        if (!c->path) {
                cgroup_free(c);
                return NULL;
        }
        w->slots[slot_of(w, id)] = c;
        w->n_cgroups++;
        return c;
}

void watchlist_forget(Watchlist *w, WatchlistCgroup *c) {
        size_t i = slot_of(w, c->id);

        w->slots[i] = NULL;
        w->n_cgroups--;
        /* What was pushed on by the one that went moves up. */
        for (i = (i + 1) & (w->room - 1); w->slots[i]; i = (i + 1) & (w->room - 1)) {
                WatchlistCgroup *moved = w->slots[i];

                w->slots[i] = NULL;
                w->slots[slot_of(w, moved->id)] = moved;
        }
        cgroup_free(c);
}

void watchlist_forget_all(Watchlist *w) {
        for (size_t i = 0; i < w->room; i++)
                if (w->slots[i])
                        cgroup_free(w->slots[i]);
        free(w->slots);
        w->slots = NULL;
        w->room = w->n_cgroups = 0;
}
