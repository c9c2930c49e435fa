/* Very many below one match: all are asked how much they hold, and only those who hold or grew most are looked at. */
#include <stdlib.h>

#include "supervisor/base/array.h"
#include "supervisor/observe/watchlist-private.h"

/* So many are asked in a round; so many are chosen, the rest of the room is for what lies above them. */
enum { ASKED_MAX = 1024, CHOSEN_MAX = WATCHLIST_CANDIDATES_MAX / 2, GRADES = 64 * 4, AGAIN_USEC = 1000000 };

/* What grew in a second is worth as much as sixteen times what lies there: it is what will be there soon. */
enum { GROWTH_WEIGHT = 16 };

bool watchlist_is_below(const Tree *tree, const WatchlistMatch *m, uint64_t id) {
        char path[4352];

        if (m->rule->candidates.count == 0)
                return tree_below(tree, id, m->cgroup->id);
        return tree_path(tree, id, path, sizeof(path)) >= 0 && watchlist_matches(&m->rule->candidates, path);
}

void watchlist_survey_clear(Watchlist *w) {
        free(w->survey.items);
        idmap_clear(&w->survey.by_id);
        idmap_clear(&w->survey.parents);
        w->survey = (WatchlistSurvey) { .match_id = 0 };
}

/* ---- who ---- */

static bool more_than_fit(const Tree *tree, const WatchlistMatch *m, size_t *ret_n) {
        TreeGroup g;

        *ret_n = 0;
        for (size_t at = tree_next(tree, 0, &g); at; at = tree_next(tree, at, &g))
                *ret_n += g.alive && watchlist_is_below(tree, m, g.id);
        return *ret_n > WATCHLIST_CANDIDATES_MAX;
}

/* Who is a parent is told by the children only. */
static void parents_note(WatchlistSurvey *s, const Tree *tree) {
        TreeGroup g;

        idmap_reset(&s->parents);
        for (size_t at = tree_next(tree, 0, &g); at; at = tree_next(tree, at, &g))
                if (g.alive && g.parent_id)
                        (void) idmap_set(&s->parents, g.parent_id, 1);
}

static void item_add(WatchlistSurvey *s, uint64_t id) {
        WatchlistSurveyed *more = array_grow(s->items, s->n, &s->size, sizeof(*more));

        if (!more)
                return;
        s->items = more;
        if (idmap_set(&s->by_id, id, s->n) == 0)
                s->items[s->n++] = (WatchlistSurveyed) { .id = id };
}

/* Leaves, or those that are named. Who is new is added, who died stays until there are too many of them. */
static void list(Watchlist *w, const Tree *tree, const WatchlistMatch *m, size_t expected) {
        bool named = m->rule->candidates.count > 0;
        WatchlistSurvey *s = &w->survey;
        TreeGroup g;
        uint64_t known;

        if (!named)
                parents_note(s, tree);
        if (s->match_id != m->cgroup->id || s->n > 2 * expected) {
                idmap_reset(&s->by_id);
                s->n = s->next = 0;
                s->match_id = m->cgroup->id;
        }
        for (size_t at = tree_next(tree, 0, &g); at; at = tree_next(tree, at, &g))
                if (g.alive && (named || !idmap_get(&s->parents, g.id, &known)) && !idmap_get(&s->by_id, g.id, &known) &&
                    watchlist_is_below(tree, m, g.id))
                        item_add(s, g.id);
}

/* Four to each doubling. */
static unsigned grade_of(const WatchlistSurveyed *i) {
        int64_t worth = i->grown > i->current / GROWTH_WEIGHT ? i->grown * GROWTH_WEIGHT : i->current;
        unsigned doublings;

        if (worth < 8)
                return 0;
        doublings = 63 - (unsigned) __builtin_clzll((unsigned long long) worth);
        return doublings * 4 + (unsigned) (worth >> (doublings - 2) & 3);
}

/* The least grade of which, with all above it, there are no more than are chosen. */
static void choose(WatchlistSurvey *s) {
        size_t of_grade[GRADES] = { 0 }, n = 0;

        for (size_t i = 0; i < s->n; i++)
                if (s->items[i].time_usec)
                        of_grade[grade_of(&s->items[i])]++;
        for (s->least = GRADES; s->least > 0 && n + of_grade[s->least - 1] <= CHOSEN_MAX; s->least--)
                n += of_grade[s->least - 1];
}

bool watchlist_survey(Watchlist *w, const Tree *tree, const WatchlistMatch *m) {
        size_t n;

        if (!more_than_fit(tree, m, &n))
                return false;
        list(w, tree, m, n);
        choose(&w->survey);
        return true;
}

bool watchlist_survey_chose(const Watchlist *w, uint64_t id) {
        uint64_t at;

        return idmap_get(&w->survey.by_id, id, &at) && w->survey.items[at].time_usec && grade_of(&w->survey.items[at]) >= w->survey.least;
}

/* ---- how much ---- */

int watchlist_survey_plan(Watchlist *w, const Tree *tree, Batch *b) {
        WatchlistSurvey *s = &w->survey;
        char path[4352];
        int r = 0;

        for (size_t n = 0, looked = 0; r == 0 && n < ASKED_MAX && looked < s->n; looked++) {
                const WatchlistSurveyed *i = &s->items[s->next++ % s->n];

                if ((i->time_usec && b->began_usec - i->time_usec < AGAIN_USEC) || tree_path(tree, i->id, path, sizeof(path)) < 0)
                        continue;
                r = batch_add_tally(b, i->id, path);
                n++;
        }
        return r;
}

void watchlist_survey_take(Watchlist *w, const BatchTally *t) {
        WatchlistSurveyed *i;
        uint64_t at;

        if (w->survey.n == 0 || !idmap_get(&w->survey.by_id, t->id, &at))
                return;
        i = &w->survey.items[at];
        i->grown = i->time_usec && t->current > i->current ? t->current - i->current : 0;
        i->current = t->current;
        i->time_usec = t->time_usec;
}
