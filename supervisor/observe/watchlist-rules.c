/* Which rules match whom, and for whom one of them could hold. */
#include <stdlib.h>
#include <string.h>

#include "policies/match.h"
#include "supervisor/base/array.h"
#include "supervisor/observe/watchlist-private.h"

bool watchlist_matches(const ConfigList *globs, const char *path) {
        for (size_t i = 0; i < globs->count; i++)
                if (match_glob(globs->items[i].text, path))
                        return true;
        return false;
}

uint64_t watchlist_reach(const RuleSection *rule) {
        uint64_t reach = 0;

        for (size_t i = 0; i < rule->n_when; i++)
                if (condition_reach(&rule->when[i]) > reach)
                        reach = condition_reach(&rule->when[i]);
        return reach;
}

uint64_t watchlist_ring_reach(const RuleSection *rule) {
        uint64_t reach = WATCHLIST_FAR_USEC;
        ObservationField field;

        for (size_t i = 0; i < rule->n_when; i++)
                if (!condition_tracked(&rule->when[i], &field) && condition_reach(&rule->when[i]) > reach)
                        reach = condition_reach(&rule->when[i]);
        return reach;
}

/* Of two windows alike one is enough. */
static bool tracked_before(const RuleSection *rule, size_t n, ObservationField field, uint64_t reach_usec) {
        ObservationField other;

        for (size_t i = 0; i < n; i++)
                if (condition_tracked(&rule->when[i], &other) && other == field && condition_reach(&rule->when[i]) == reach_usec)
                        return true;
        return false;
}

size_t watchlist_tracks(const RuleSection *rule, ObservationTrack *ret) {
        uint64_t ring = watchlist_ring_reach(rule);
        ObservationField field;
        size_t n = 0;

        for (size_t i = 0; i < rule->n_when && i < JUDGE_WHEN_MAX; i++) {
                uint64_t reach = condition_reach(&rule->when[i]);

                if (!condition_tracked(&rule->when[i], &field) || reach == ring || tracked_before(rule, i, field, reach))
                        continue;
                if (ret)
                        ret[n] = (ObservationTrack) { .field = field, .reach_usec = reach };
                n++;
        }
        return n;
}

static bool of_host(RuleWhat what) {
        return what == RULE_HOST_AVAILABLE || what == RULE_HOST_SWAP;
}

/* All conditions must hold: one that is heralded is enough. */
static bool heralded(const RuleSection *rule) {
        for (size_t i = 0; i < rule->n_when; i++)
                if (condition_heralded(&rule->when[i]))
                        return true;
        return false;
}

/* A trigger tells from a hundredth of the time on. */
static bool guarded(const RuleSection *rule) {
        for (size_t i = 0; i < rule->n_when; i++) {
                const RuleCondition *c = &rule->when[i];
                bool stall = c->what == RULE_MEMORY_SOME || c->what == RULE_MEMORY_FULL;

                if (condition_heralded(c) && (!stall || c->ratio >= 0.01))
                        return true;
        }
        return false;
}

static unsigned limit_files(const RuleSection *rule) {
        unsigned files = LIMITWATCH_MAX;

        for (size_t i = 0; i < rule->n_when; i++)
                files |= rule->when[i].what == RULE_SWAP ? LIMITWATCH_SWAP : rule->when[i].what == RULE_LIVELOCK ? LIMITWATCH_HIGH : 0;
        return files;
}

static WatchlistRules *rules_new(const RuleSection *const *rules, size_t n) {
        WatchlistRules *set = calloc(1, sizeof(*set) + n * sizeof(*rules));

        if (!set)
                return NULL;
        set->n = n;
        set->heralded = set->guarded = true;
        memcpy(set->rules, rules, n * sizeof(*rules));
        for (size_t i = 0; i < n; i++) {
                if (watchlist_reach(rules[i]) > set->reach_usec)
                        set->reach_usec = watchlist_reach(rules[i]);
                set->heralded = set->heralded && heralded(rules[i]);
                set->guarded = set->guarded && guarded(rules[i]);
                set->limit_files |= limit_files(rules[i]);
                for (size_t k = 0; k < rules[i]->n_when; k++)
                        set->of_host = set->of_host || of_host(rules[i]->when[k].what);
        }
        return set;
}

static uint64_t hash_of(const RuleSection *const *rules, size_t n) {
        uint64_t hash = n;

        for (size_t i = 0; i < n; i++)
                hash = (hash ^ (uint64_t) (uintptr_t) rules[i]) * UINT64_C(0x100000001b3);
        return hash ? hash : 1;
}

/* The set of just these, shared by all whom they match. */
static const WatchlistRules *intern(Watchlist *w, const RuleSection *const *rules, size_t n) {
        uint64_t hash = hash_of(rules, n), at;
        WatchlistRules **more, *set;

        if (idmap_get(&w->rules_by_hash, hash, &at) && w->rules[at]->n == n && memcmp(w->rules[at]->rules, rules, n * sizeof(*rules)) == 0)
                return w->rules[at];
        more = array_grow(w->rules, w->n_rules, &w->rules_size, sizeof(WatchlistRules *));
        if (!more)
                return NULL;
        w->rules = more;
        set = rules_new(rules, n);
        if (!set)
                return NULL;
        (void) idmap_set(&w->rules_by_hash, hash, w->n_rules);
        w->rules[w->n_rules++] = set;
        return set;
}

const WatchlistRules *watchlist_rules_of(Watchlist *w, const char *path) {
        const WatchlistRules *set;
        size_t n = 0;

        if (w->config->n_rules == 0)
                return NULL;
        if (!w->scratch)
                w->scratch = calloc(w->config->n_rules, sizeof(*w->scratch));
        for (size_t i = 0; i < w->config->n_rules; i++) {
                const RuleSection *rule = &w->config->rules[i];

                if (!rule->enabled.value || !watchlist_matches(&rule->match, path))
                        continue;
                if (!w->scratch)
                        w->refused++;
                else
                        w->scratch[n++] = rule;
        }
        set = n ? intern(w, w->scratch, n) : NULL;
        if (n && !set)
                w->refused += n;
        return set;
}

void watchlist_rules_clear(Watchlist *w) {
        for (size_t i = 0; i < w->n_rules; i++)
                free(w->rules[i]);
        free(w->rules);
        free(w->scratch);
        idmap_clear(&w->rules_by_hash);
        w->rules = NULL;
        w->scratch = NULL;
        w->n_rules = w->rules_size = 0;
}

/* ---- what may hold ---- */

static bool may_hold(const RuleSection *rule, const Observation *still, const HostReading *host) {
        for (size_t i = 0; i < rule->n_when; i++)
                if (!condition_still(&rule->when[i], still, host))
                        return false;
        return true;
}

bool watchlist_may_hold(const Watchlist *w, const WatchlistCgroup *c, const RuleSection *rule) {
        Reading last = c->last;
        Observation still = { .ring = &last, .size = 1, .n = 1 };

        return c->known && may_hold(rule, &still, &w->host);
}

bool watchlist_any_may_hold(const Watchlist *w, const WatchlistCgroup *c) {
        for (size_t i = 0; c->rules && i < c->rules->n; i++)
                if (watchlist_may_hold(w, c, c->rules->rules[i]))
                        return true;
        return false;
}

/* As far as its conditions ask for the host, and some do. */
static bool host_short_of(const RuleSection *rule, const HostReading *host) {
        Observation none = { .ring = NULL };
        bool any = false;

        for (size_t i = 0; i < rule->n_when; i++) {
                if (!of_host(rule->when[i].what))
                        continue;
                if (!condition_still(&rule->when[i], &none, host))
                        return false;
                any = true;
        }
        return any;
}

bool watchlist_host_shorter(Watchlist *w, const HostReading *host) {
        bool any = false;

        for (size_t i = 0; i < w->n_rules; i++) {
                WatchlistRules *set = w->rules[i];
                bool now = false;

                for (size_t k = 0; set->of_host && k < set->n; k++)
                        now = now || host_short_of(set->rules[k], host);
                any = any || (now && !set->host_short);
                set->host_short = now;
        }
        return any;
}
