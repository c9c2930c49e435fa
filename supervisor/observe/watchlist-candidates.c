/* Whom a rule may act on. */
#include <stdlib.h>
#include <string.h>

#include "supervisor/observe/watchlist-private.h"

static bool make_room(Watchlist *w) {
        if (!w->below)
                w->below = calloc(WATCHLIST_CANDIDATES_MAX, sizeof(*w->below));
        if (!w->candidates)
                w->candidates = calloc(WATCHLIST_CANDIDATES_MAX, sizeof(*w->candidates));
        return w->below && w->candidates;
}

static WatchlistBelow *below_find(const Watchlist *w, uint64_t id) {
        for (size_t i = 0; i < w->n_below; i++)
                if (w->below[i].cgroup->id == id)
                        return &w->below[i];
        return NULL;
}

static void below_add(Watchlist *w, const TreeGroup *g, const char *path) {
        WatchlistCgroup *c = w->n_below < WATCHLIST_CANDIDATES_MAX ? watchlist_get(w, g->id, path) : NULL;

        if (c && watchlist_remember(c) == 0)
                w->below[w->n_below++] = (WatchlistBelow) { .cgroup = c, .parent_id = g->parent_id, .leaf = true };
}

/* What lies between the chosen and the match, for it may have to die with them. */
static void above_add(Watchlist *w, const Tree *tree, const WatchlistMatch *m) {
        char path[4352];
        TreeGroup g;

        for (size_t i = 0; i < w->n_below; i++)
                if (!below_find(w, w->below[i].parent_id) && tree_get(tree, w->below[i].parent_id, &g) &&
                    watchlist_is_below(tree, m, g.id) && tree_path(tree, g.id, path, sizeof(path)) >= 0)
                        below_add(w, &g, path);
}

void watchlist_below(Watchlist *w, const Tree *tree, const WatchlistMatch *m) {
        bool many = watchlist_survey(w, tree, m);
        char path[4352];
        TreeGroup g;

        w->n_below = 0;
        if (!make_room(w))
                return;
        for (size_t at = tree_next(tree, 0, &g); at && w->n_below < WATCHLIST_CANDIDATES_MAX; at = tree_next(tree, at, &g)) {
                if (!g.alive || (many && !watchlist_survey_chose(w, g.id)) || !watchlist_is_below(tree, m, g.id))
                        continue;
                if (tree_path(tree, g.id, path, sizeof(path)) >= 0)
                        below_add(w, &g, path);
        }
        if (many && m->rule->candidates.count == 0)
                above_add(w, tree, m);
        for (size_t i = 0; i < w->n_below; i++) {
                WatchlistBelow *parent = below_find(w, w->below[i].parent_id);

                if (parent && parent != &w->below[i])
                        parent->leaf = false;
        }
}

/* What has no memory of its own (its controller is not enabled there) is a part of the one above that has. */
static const WatchlistBelow *with_memory(const Watchlist *w, const WatchlistBelow *b, const WatchlistMatch *m) {
        const WatchlistBelow *up = b;

        while (up && up->cgroup->known && up->cgroup->last.current < 0 && up->cgroup->id != m->cgroup->id)
                up = below_find(w, up->parent_id);
        return up ? up : b;
}

/* The one that dies as a whole with @b: the highest memory.oom.group between it and the match. */
static const WatchlistBelow *whole(const Watchlist *w, const WatchlistBelow *b, const WatchlistMatch *m) {
        const WatchlistBelow *highest = b;

        for (const WatchlistBelow *up = b; up && up->cgroup->id != m->cgroup->id; up = below_find(w, up->parent_id))
                if (up->cgroup->oom_group)
                        highest = up;
        return m->cgroup->oom_group && below_find(w, m->cgroup->id) ? below_find(w, m->cgroup->id) : highest;
}

/* The tree knows what lies below even where it was not read. */
static JudgeShelter sheltered_below(const Tree *tree, const WatchlistMatch *m, const JudgeEverywhere *everywhere, uint64_t id,
                                    const char **ret_never) {
        char path[4352];
        TreeGroup g;

        for (size_t at = tree_next(tree, 0, &g); at; at = tree_next(tree, at, &g)) {
                if (!g.alive || g.id == id || !tree_below(tree, g.id, id) || tree_path(tree, g.id, path, sizeof(path)) < 0)
                        continue;
                if (judge_shelter(m->rule, everywhere, path, ret_never) == JUDGE_NEVER)
                        return JUDGE_NEVER_BELOW;
        }
        return JUDGE_OPEN;
}

/* Who owns a cgroup may mark it: what a user says of his own counts only among his own. */
static unsigned marks_heard(const WatchlistMatch *m, const WatchlistCgroup *c) {
        return c->owner == 0 || c->owner == m->cgroup->owner ? c->marks : 0;
}

/* @c: what is known of it; NULL: nothing. @whole: it may have others below it. */
static JudgeShelter shelter_of(const Tree *tree, const WatchlistMatch *m, const JudgeEverywhere *everywhere, uint64_t id, const char *path,
                               const WatchlistCgroup *c, bool whole, const char **ret_never) {
        JudgeShelter shelter = judge_shelter(m->rule, everywhere, path, ret_never);

        if (shelter == JUDGE_OPEN && c && marks_heard(m, c) & JUDGE_MARK_OMIT)
                shelter = JUDGE_OMIT;
        if (shelter == JUDGE_OPEN && whole)
                shelter = sheltered_below(tree, m, everywhere, id, ret_never);
        return shelter == JUDGE_OPEN && c && c->known && !c->populated ? JUDGE_EMPTY : shelter;
}

/* StepUp=: so many levels above @b, but never above the match. */
static const WatchlistBelow *higher(const Watchlist *w, const WatchlistBelow *b, const WatchlistMatch *m, unsigned levels) {
        for (; levels > 0 && b->cgroup->id != m->cgroup->id; levels--) {
                const WatchlistBelow *up = below_find(w, b->parent_id);

                if (!up)
                        break;
                b = up;
        }
        return b;
}

/* Who is chosen as a whole holds what lies below it. */
static uint32_t comms_in(const Watchlist *w, const Tree *tree, const WatchlistMatch *m, const WatchlistBelow *b) {
        uint32_t found = b->cgroup->comms;

        if (b->leaf || m->rule->candidates.count > 0)
                return found;
        for (size_t i = 0; i < w->n_below; i++)
                if (tree_below(tree, w->below[i].cgroup->id, b->cgroup->id))
                        found |= w->below[i].cgroup->comms;
        return found;
}

static void prefer(const Watchlist *w, const Tree *tree, const WatchlistMatch *m, const WatchlistBelow *b, JudgeCandidate *c) {
        bool asks = comms_wanted(m->rule);
        uint32_t found = asks ? comms_in(w, tree, m, b) : 0;

        c->preference = judge_preference(m->rule, c->path, comms_preference_of(m->rule, w->comms, w->n_comms, found), marks_heard(m, b->cgroup));
        c->unnamed = asks && !(found & COMMS_KNOWN);
}

static void candidate_add(Watchlist *w, const Tree *tree, const WatchlistMatch *m, const JudgeEverywhere *everywhere,
                          const WatchlistBelow *b, size_t *n) {
        JudgeCandidate *c = &w->candidates[*n];

        for (size_t i = 0; i < *n; i++)
                if (w->candidates[i].id == b->cgroup->id)
                        return;
        *c = (JudgeCandidate) { .id = b->cgroup->id, .path = b->cgroup->path, .populated = b->cgroup->populated };
        judge_measure(c, &b->cgroup->seen, b->cgroup->points);
        prefer(w, tree, m, b, c);
        /* Of those that are named nobody knows whether they are leaves. */
        c->shelter = shelter_of(tree, m, everywhere, c->id, c->path, b->cgroup, !b->leaf || m->rule->candidates.count > 0, &c->never);
        if (c->shelter == JUDGE_OPEN && c->size_bytes < 0)
                c->shelter = JUDGE_UNREAD;
        (*n)++;
}

/* ---- one that is asked about ---- */

static bool passed_over(const JudgeState *s, uint64_t id) {
        for (size_t i = 0; i < s->n_passed; i++)
                if (s->passed[i] == id)
                        return true;
        return false;
}

/* The lowest of @id and all that it lies in whom the rule names. */
static uint64_t named(const Tree *tree, const RuleSection *rule, uint64_t id) {
        TreeGroup g = { .parent_id = id };
        char path[4352];

        while (rule->candidates.count > 0 && g.parent_id && tree_get(tree, g.parent_id, &g))
                if (tree_path(tree, g.id, path, sizeof(path)) >= 0 && watchlist_matches(&rule->candidates, path))
                        return g.id;
        return 0;
}

uint64_t watchlist_candidate(const Tree *tree, const WatchlistMatch *m, uint64_t id) {
        if (m->rule->candidates.count > 0)
                return named(tree, m->rule, id);
        return id == m->cgroup->id || tree_below(tree, id, m->cgroup->id) ? id : 0;
}

JudgeShelter watchlist_shelter(const Watchlist *w, const Tree *tree, const WatchlistMatch *m, const JudgeEverywhere *everywhere,
                               uint64_t id, const char **ret_never) {
        const WatchlistCgroup *c = watchlist_find(w, id);
        char path[4352];

        *ret_never = NULL;
        if (tree_path(tree, id, path, sizeof(path)) < 0)
                return JUDGE_OPEN;
        if (passed_over(&m->judge, id))
                return JUDGE_PASSED;
        /* Else its leaves are chosen one by one. */
        return shelter_of(tree, m, everywhere, id, path, c, m->rule->candidates.count > 0 || (c && c->oom_group), ret_never);
}

void watchlist_rouse_over(Watchlist *w, const Tree *tree, uint64_t id, size_t most) {
        TreeGroup g = { .parent_id = id };

        while (g.parent_id && tree_get(tree, g.parent_id, &g))
                watchlist_rouse(w, g.id);
        for (size_t i = 0; i < w->n_rules && most > 0; i++) {
                bool names = false;

                for (size_t k = 0; k < w->rules[i]->n && !names; k++)
                        names = named(tree, w->rules[i]->rules[k], id) != 0;
                for (size_t k = 0; names && k < w->room && most > 0; k++)
                        if (w->slots[k] && w->slots[k]->rules == w->rules[i]) {
                                watchlist_rouse(w, w->slots[k]->id);
                                most--;
                        }
        }
}

/* ---- those who may be acted on, ranked ---- */

/* StepUp=: whom the victim is a part of goes before all others, unless that is not to be chosen or would not end. */
static void step_up(Watchlist *w, const Tree *tree, const WatchlistMatch *m, const JudgeEverywhere *everywhere, size_t *n, size_t *open) {
        unsigned levels = judge_level(&m->judge, m->rule);
        const WatchlistBelow *victim = NULL, *up;
        size_t before = *n;
        JudgeCandidate c;

        for (size_t i = 0; levels > 0 && i < *open && !victim; i++)
                if (!passed_over(&m->judge, w->candidates[i].id))
                        victim = below_find(w, w->candidates[i].id);
        up = victim ? higher(w, victim, m, levels) : NULL;
        if (!up || up == victim || *n == WATCHLIST_CANDIDATES_MAX)
                return;
        candidate_add(w, tree, m, everywhere, up, n);
        if (*n == before || w->candidates[before].shelter != JUDGE_OPEN || passed_over(&m->judge, up->cgroup->id))
                return;
        c = w->candidates[before];
        memmove(w->candidates + 1, w->candidates, before * sizeof(c));
        w->candidates[0] = c;
        (*open)++;
        for (size_t i = 0; i < *open; i++)
                w->candidates[i].rank = (unsigned) i + 1;
}

JudgeCandidate *watchlist_candidates(Watchlist *w, const Tree *tree, const WatchlistMatch *m, const JudgeEverywhere *everywhere,
                                     size_t *ret_n, size_t *ret_open) {
        bool listed = m->rule->candidates.count > 0;
        size_t n = 0;

        watchlist_below(w, tree, m);
        for (size_t i = 0; i < w->n_below; i++)
                if (listed)
                        candidate_add(w, tree, m, everywhere, &w->below[i], &n);
                else if (w->below[i].leaf)
                        candidate_add(w, tree, m, everywhere, whole(w, with_memory(w, &w->below[i], m), m), &n);
        *ret_open = n > 0 ? judge_rank(m->rule, w->candidates, n) : 0;
        step_up(w, tree, m, everywhere, &n, ret_open);
        *ret_n = n;
        return w->candidates;
}
