/* Candidates: who may not be chosen, and who comes first. */
#include <string.h>

#include "policies/judge.h"
#include "policies/match.h"

const char *judge_shelter_to_string(int shelter) {
        static const char *const words[] = {
                [JUDGE_NEVER] = "never", [JUDGE_NEVER_BELOW] = "never_below", [JUDGE_INIT] = "init",
                [JUDGE_REEVE] = "reeve", [JUDGE_EMPTY] = "empty",             [JUDGE_PASSED] = "passed",
                [JUDGE_UNREAD] = "unread",       [JUDGE_PAUSED] = "paused",
                [JUDGE_OMIT] = "omit",
        };

        return shelter > JUDGE_OPEN && shelter < (int) (sizeof(words) / sizeof(*words)) ? words[shelter] : NULL;
}

/* Whether @path is @of, or one lies below the other. */
static bool kin(const char *path, const char *of) {
        size_t n = strlen(path), m = strlen(of), less = n < m ? n : m;
        const char *longer = n < m ? of : path;

        /* The root is above all, but protects itself only. */
        if (m <= 1)
                return n <= 1 && m == 1;
        return n > 1 && strncmp(path, of, less) == 0 && (longer[less] == '\0' || longer[less] == '/');
}

static const char *glob_of(const ConfigList *list, const char *path) {
        for (size_t i = 0; list && i < list->count; i++)
                if (match_glob_or_ancestor(list->items[i].text, path))
                        return list->items[i].text;
        return NULL;
}

JudgeShelter judge_shelter(const RuleSection *rule, const JudgeEverywhere *everywhere, const char *path, const char **ret_never) {
        const char *never = glob_of(everywhere->never, path);

        if (!never)
                never = glob_of(&rule->never, path);
        if (never) {
                *ret_never = never;
                return JUDGE_NEVER;
        }
        if (kin(path, everywhere->init_path))
                return JUDGE_INIT;
        if (kin(path, everywhere->own_path))
                return JUDGE_REEVE;
        /* The root is everybody. */
        if (strcmp(path, "/") == 0)
                return JUDGE_INIT;
        for (size_t i = 0; i < everywhere->n_paused; i++)
                if (kin(path, everywhere->paused[i]))
                        return JUDGE_PAUSED;
        return JUDGE_OPEN;
}

int judge_preference(const RuleSection *rule, const char *path, int named, unsigned marks) {
        if (named > 0 || glob_of(&rule->prefer, path))
                return 1;
        if (named < 0 || glob_of(&rule->avoid, path))
                return -1;
        return marks & JUDGE_MARK_PREFER ? 1 : marks & JUDGE_MARK_AVOID ? -1 : 0;
}

static double not_less(double value) {
        return value > 0 ? value : 0;
}

/* Who grew and grows still: what was filled a while ago is nobody's fault now. */
static bool growth(const Observation *o, uint64_t over, double *ret) {
        uint64_t now = over > JUDGE_LOOK_AGAIN_USEC ? JUDGE_LOOK_AGAIN_USEC : over;
        double lately;

        if (!observation_growth(o, over, ret) || !observation_growth(o, now, &lately))
                return false;
        *ret = lately < *ret ? lately : *ret;
        return true;
}

void judge_measure(JudgeCandidate *c, const Observation *o, double points) {
        const Reading *r = observation_last(o);
        /* Who is new is judged by what there is of him, but never by a moment. */
        uint64_t span = observation_span(o), over = span > CONDITION_GROWTH_USEC ? CONDITION_GROWTH_USEC : span;
        double value = 0;

        if (over < JUDGE_HISTORY_USEC)
                over = 0;
        c->size_bytes = !r || r->unreclaimable < 0 ? READING_UNKNOWN : r->unreclaimable + (r->swap > 0 ? r->swap : 0);
        c->parts[RANK_SIZE] = c->size_bytes < 0 ? -1 : not_less((double) (c->size_bytes - (r->protection > 0 ? r->protection : 0)));
        c->parts[RANK_SWAP] = r && r->swap >= 0 ? (double) r->swap : -1;
        c->parts[RANK_GROWTH] = growth(o, over, &value) ? not_less(value) : -1;
        c->parts[RANK_PRESSURE] = observation_stall(o, true, over, &value) ? not_less(value) : -1;
        c->parts[RANK_REFAULT] = observation_refault(o, over, &value) ? not_less(value) : -1;
        c->parts[RANK_OOM_SCORE] = points;
}

/* Steps of a fifth, from what is too little to speak of: near values are equal, and equality is of one kind for all. */
static int rough(RuleRank rank, double value) {
        static const double least[RANKS] = {
                [RANK_SIZE] = 1 << 20,    [RANK_GROWTH] = 64 << 10,  [RANK_PRESSURE] = 0.01,
                [RANK_SWAP] = 1 << 20,    [RANK_REFAULT] = 64 << 10, [RANK_OOM_SCORE] = 256,
        };

        int steps = 0;

        for (; value > least[rank]; value /= 1.2)
                steps++;
        return steps;
}

static int order(double a, double b) {
        return a > b ? -1 : a < b ? 1 : 0;
}

static int compare(const JudgeCandidate *a, const JudgeCandidate *b, const RuleSection *rule) {
        static const RuleRank size_only[] = { RANK_SIZE };
        const RuleRank *rank = rule->n_rank ? rule->rank : size_only;
        size_t n = rule->n_rank ? rule->n_rank : 1;
        int c = order(a->preference, b->preference);

        for (size_t i = 0; c == 0 && i < n; i++)
                c = order(rough(rank[i], a->parts[rank[i]]), rough(rank[i], b->parts[rank[i]]));
        for (size_t i = 0; c == 0 && i < n; i++)
                c = order(a->parts[rank[i]], b->parts[rank[i]]);
        return c ? c : a->id < b->id ? -1 : a->id > b->id;
}

static int before(const JudgeCandidate *a, const JudgeCandidate *b, const RuleSection *rule) {
        if ((a->shelter == JUDGE_OPEN) != (b->shelter == JUDGE_OPEN))
                return a->shelter == JUDGE_OPEN ? -1 : 1;
        return compare(a, b, rule);
}

size_t judge_rank(const RuleSection *rule, JudgeCandidate *candidates, size_t n) {
        size_t open = 0;

        /* Few, and nothing to allocate with: a heap in place. */
        for (size_t end = n, start = n / 2; end > 1;) {
                size_t root, child;

                if (start > 0)
                        start--;
                else {
                        JudgeCandidate last = candidates[--end];

                        candidates[end] = candidates[0];
                        candidates[0] = last;
                }
                for (root = start; (child = 2 * root + 1) < end; root = child) {
                        JudgeCandidate moved = candidates[root];

                        if (child + 1 < end && before(&candidates[child], &candidates[child + 1], rule) < 0)
                                child++;
                        if (before(&moved, &candidates[child], rule) >= 0)
                                break;
                        candidates[root] = candidates[child];
                        candidates[child] = moved;
                }
        }
        for (size_t i = 0; i < n; i++) {
                open += candidates[i].shelter == JUDGE_OPEN;
                candidates[i].rank = candidates[i].shelter == JUDGE_OPEN ? (unsigned) open : 0;
        }
        return open;
}
