#include "supervisor/observe/watchlist.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policies/match.h"
#include "supervisor/base/array.h"
#include "supervisor/observe/watchlist-private.h"

/* ---- by id ---- */

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
        *c = (WatchlistCgroup) { .id = id, .path = strdup(path), .points = -1 };
        if (!c->path) {
                cgroup_free(c);
                return NULL;
        }
        w->slots[slot_of(w, id)] = c;
        w->n_cgroups++;
        return c;
}

static void forget(Watchlist *w, WatchlistCgroup *c) {
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

/* ---- rules and cgroups ---- */

int watchlist_new(Watchlist **ret) {
        Watchlist *w = calloc(1, sizeof(*w));

        if (!w)
                return -ENOMEM;
        *ret = w;
        return 0;
}

static void clear(Watchlist *w) {
        for (size_t i = 0; i < w->room; i++)
                if (w->slots[i])
                        cgroup_free(w->slots[i]);
        free(w->slots);
        for (size_t i = 0; i < w->n; i++)
                free(w->matches[i]);
        free(w->matches);
        w->slots = NULL;
        w->matches = NULL;
        w->room = w->n_cgroups = w->n = w->size = 0;
}

Watchlist *watchlist_free(Watchlist *w) {
        if (!w)
                return NULL;
        clear(w);
        w->config = config_unref(w->config);
        free(w->candidates);
        free(w->below);
        free(w);
        return NULL;
}

void watchlist_configure(Watchlist *w, Config *config, ReeveMode mode) {
        Config *before = w->config;

        clear(w);
        w->config = config ? config_ref(config) : NULL;
        w->mode = mode;
        (void) config_unref(before);
}

const Config *watchlist_config(const Watchlist *w) {
        return w->config;
}

ReeveMode watchlist_mode(const Watchlist *w) {
        return w->mode;
}

bool watchlist_matches(const ConfigList *globs, const char *path) {
        for (size_t i = 0; i < globs->count; i++)
                if (match_glob(globs->items[i].text, path))
                        return true;
        return false;
}

static bool has(const Watchlist *w, const RuleSection *rule, uint64_t id) {
        const WatchlistCgroup *c = watchlist_find(w, id);

        if (!c || c->matches == 0)
                return false;
        for (size_t i = 0; i < w->n; i++)
                if (w->matches[i]->rule == rule && w->matches[i]->cgroup->id == id)
                        return true;
        return false;
}

static uint64_t reach_of(const RuleSection *rule) {
        uint64_t reach = 0;

        for (size_t i = 0; i < rule->n_when; i++)
                if (condition_reach(&rule->when[i]) > reach)
                        reach = condition_reach(&rule->when[i]);
        return reach;
}

static bool match_add(Watchlist *w, const RuleSection *rule, uint64_t id, const char *path) {
        WatchlistCgroup *c = watchlist_get(w, id, path);
        WatchlistMatch *m, **more;

        if (!c)
                return false;
        more = array_grow(w->matches, w->n, &w->size, sizeof(WatchlistMatch *));
        if (!more)
                return false;
        w->matches = more;
        m = calloc(1, sizeof(*m));
        if (!m)
                return false;
        m->rule = rule;
        m->cgroup = c;
        observation_init(&m->seen, m->ring, WATCHLIST_RING, reach_of(rule));
        c->matches++;
        w->matches[w->n++] = m;
        return true;
}

bool watchlist_born(Watchlist *w, uint64_t id, const char *path) {
        bool any = false;

        if (!w->config || w->mode == REEVE_MODE_WATCH)
                return false;
        for (size_t i = 0; i < w->config->n_rules; i++) {
                const RuleSection *rule = &w->config->rules[i];

                if (!rule->enabled.value || !watchlist_matches(&rule->match, path) || has(w, rule, id))
                        continue;
                if (w->n < WATCHLIST_MATCHES_MAX && match_add(w, rule, id, path))
                        any = true;
                else
                        w->refused++;
        }
        return any;
}

void watchlist_died(Watchlist *w, uint64_t id) {
        WatchlistCgroup *c = watchlist_find(w, id);

        if (!c)
                return;
        for (size_t i = w->n; i-- > 0 && c->matches > 0;)
                if (w->matches[i]->cgroup == c) {
                        free(w->matches[i]);
                        w->matches[i] = w->matches[--w->n];
                        c->matches--;
                }
        forget(w, c);
}

uint64_t watchlist_refused(const Watchlist *w) {
        return w->refused;
}

size_t watchlist_count(const Watchlist *w) {
        return w->n;
}

WatchlistMatch *watchlist_match(Watchlist *w, size_t index) {
        return w->matches[index];
}
