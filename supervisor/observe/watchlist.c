#include "supervisor/observe/watchlist.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/observe/watchlist-private.h"

int watchlist_new(Watchlist **ret) {
        Watchlist *w = calloc(1, sizeof(*w));

        if (!w)
                return -ENOMEM;
        *ret = w;
        return 0;
}

static void clear(Watchlist *w) {
        watchlist_forget_all(w);
        for (size_t i = 0; i < w->n; i++)
                free(w->matches[i]);
        free(w->matches);
        free(w->attended);
        watchlist_rules_clear(w);
        watchlist_gauges_clear(w);
        watchlist_survey_clear(w);
        w->attended = NULL;
        w->matches = NULL;
        w->n = w->size = w->n_attended = w->attended_size = w->pairs = w->n_owed = w->turn = 0;
}

Watchlist *watchlist_free(Watchlist *w) {
        if (!w)
                return NULL;
        clear(w);
        w->config = config_unref(w->config);
        free(w->candidates);
        free(w->below);
        free(w->scratch);
        idmap_clear(&w->written);
        free(w);
        return NULL;
}

void watchlist_configure(Watchlist *w, Config *config, ReeveMode mode) {
        Config *before = w->config;

        clear(w);
        w->config = config ? config_ref(config) : NULL;
        w->mode = mode;
        w->n_comms = config ? comms_collect(config->rules, config->n_rules, w->comms, NULL) : 0;
        (void) config_unref(before);
}

size_t watchlist_comms(const Watchlist *w, const char *const **ret) {
        *ret = w->comms;
        return w->n_comms;
}

const Config *watchlist_config(const Watchlist *w) {
        return w->config;
}

ReeveMode watchlist_mode(const Watchlist *w) {
        return w->mode;
}

bool watchlist_born(Watchlist *w, uint64_t id, const char *path) {
        const WatchlistRules *rules;
        WatchlistCgroup *c = watchlist_find(w, id);

        if (!w->config || w->mode == REEVE_MODE_WATCH || (c && c->rules))
                return false;
        rules = watchlist_rules_of(w, path);
        if (!rules)
                return false;
        c = watchlist_get(w, id, path);
        if (!c) {
                w->refused += rules->n;
                return false;
        }
        c->rules = rules;
        w->pairs += rules->n;
        w->gauges_due = true;
        watchlist_attend(w, c);
        return true;
}

void watchlist_died(Watchlist *w, uint64_t id) {
        WatchlistCgroup *c = watchlist_find(w, id);

        if (!c)
                return;
        watchlist_drop(w, c);
        if (c->rules) {
                w->pairs -= c->rules->n;
                w->gauges_due = true;
        }
        /* What it held goes with it, and must not hide that others grew. */
        if (c->gauge && c->last.current > 0)
                w->gauges[c->gauge - 1].drift_bytes += c->last.current;
        c->rules = NULL;
        watchlist_attend(w, c);
        watchlist_forget(w, c);
}

void watchlist_ended(Watchlist *w, uint64_t id, uint64_t now_usec) {
        const WatchlistCgroup *victim = watchlist_find(w, id);
        size_t n = victim ? strlen(victim->path) : 0;

        for (size_t i = 0; victim && i < w->room; i++) {
                WatchlistCgroup *c = w->slots[i];

                if (!c || strncmp(c->path, victim->path, n) != 0 || (c->path[n] != '\0' && c->path[n] != '/'))
                        continue;
                c->full_usec = 0;
                c->ended_usec = now_usec;
        }
}

void watchlist_rouse(Watchlist *w, uint64_t id) {
        WatchlistCgroup *c = watchlist_find(w, id);

        if (!c || !c->rules || c->matches > 0)
                return;
        watchlist_wake(w, c);
}

size_t watchlist_pairs(const Watchlist *w) {
        return w->pairs;
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
