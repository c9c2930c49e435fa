#include "supervisor/observe/capturing.h"

#include <stdio.h>
#include <string.h>

#include "supervisor/text/capturereading.h"

/* What Capturing.told says of a cgroup: when the reading told last was taken, whether its history was kept by then, and whether
 * it was introduced at all, or only named. */
enum { TOLD_LAST = 1, TOLD_HISTORY = 2, TOLD_SHIFT = 2, LEVELS_MAX = 64 };

/* Room that a round leaves for what is decided on it. */
enum { DECISIONS_BYTES = 16 << 10 };

/* A line that does not fit is not there, nor is what follows: the section ends before it. */
static void keep_whole(Capturing *c, size_t length) {
        if (!c->out.truncated)
                return;
        c->out.length = length;
        c->out.data[length] = '\0';
        c->out.truncated = false;
        c->whole = false;
        c->lost++;
}

/* ---- cgroups ---- */

static void name_one(Capturing *c, const TreeGroup *g) {
        char path[CAPTURE_PATH_SIZE];

        if (tree_path(c->judging->tree, g->id, path, sizeof(path)) < 0)
                return;
        capture_put_group(&c->out, g->id, g->parent_id, path);
        if (idmap_set(&c->told, g->id, 0) < 0)
                c->out.truncated = true;
}

/* A cgroup's name, those above it first; the dead ones die at once. Returns false where it is not known, or dead. */
static bool name_group(Capturing *c, uint64_t id) {
        TreeGroup above[LEVELS_MAX];
        uint64_t told;
        size_t n = 0, all;

        for (uint64_t at = id; at && n < LEVELS_MAX && !idmap_get(&c->told, at, &told); at = above[n++].parent_id)
                if (!tree_get(c->judging->tree, at, &above[n]))
                        break;
        for (all = n; n > 0;)
                name_one(c, &above[--n]);
        for (; n < all; n++)
                if (!above[n].alive && idmap_get(&c->told, above[n].id, &told)) {
                        capture_put_gone(&c->out, above[n].id);
                        idmap_remove(&c->told, above[n].id);
                }
        return idmap_get(&c->told, id, &told);
}

/* The names of all below: a rule that lists its candidates asks who is sheltered there, whether it was looked at or not. */
static void name_below(Capturing *c, uint64_t id) {
        TreeGroup g;

        for (size_t at = tree_next(c->judging->tree, 0, &g); at; at = tree_next(c->judging->tree, at, &g))
                if (g.alive && tree_below(c->judging->tree, g.id, id))
                        (void) name_group(c, g.id);
}

static uint64_t told_by(const WatchlistCgroup *g, uint64_t time_usec) {
        return time_usec << TOLD_SHIFT | TOLD_LAST | (g->ring ? TOLD_HISTORY : 0);
}

static uint64_t told_of(const WatchlistCgroup *g) {
        return told_by(g, g->known ? g->last.time_usec : 0);
}

/* Whether all looks since were told too. */
static bool is_told(uint64_t told, const WatchlistCgroup *g) {
        return ((told ^ told_of(g)) & (TOLD_LAST | TOLD_HISTORY)) == 0;
}

static CaptureLook look_of(const WatchlistCgroup *g) {
        return (CaptureLook) { .id = g->id, .known = g->known, .populated = g->populated, .oom_group = g->oom_group,
                               .remembered = g->ring != NULL, .hot = g->hot, .stirred_usec = g->stirred_usec, .points = g->points,
                               .marks = g->marks, .owner = g->owner, .bounded = g->bound_id != 0, .bound_id = g->bound_id,
                               .named = g->comms != 0, .comms = g->comms, .reading = g->known ? g->last : capture_reading_none };
}

static void history_put(Capturing *c, CaptureKind kind, uint64_t id, const Observation *o) {
        const Reading *before = NULL;

        for (size_t i = 0; i < o->n; i++) {
                CaptureLook look = { .id = id, .points = -1, .reading = *observation_at(o, i) };

                capture_put_look(&c->out, kind, &look, before);
                before = observation_at(o, i);
        }
}

static void track_put(Capturing *c, const ObservationTrack *t) {
        CaptureLook look = { .points = -1, .reading = capture_reading_none };
        Reading before = capture_reading_none;

        capture_put_track(&c->out, t->field, t->reach_usec);
        for (size_t i = 0; i < t->n; i++, before = look.reading) {
                observation_track_get(t, i, &look.reading);
                capture_put_look(&c->out, CAPTURE_SEEN, &look, i ? &before : NULL);
        }
}

static void match_put(Capturing *c, const WatchlistMatch *m) {
        CaptureState state = { .id = m->cgroup->id, .twice = m->twice, .judge = m->judge };

        capture_put_state(&c->out, &state, m->rule->n_when, m->rule->name);
        history_put(c, CAPTURE_SEEN, m->cgroup->id, &m->seen);
        for (size_t i = 0; i < m->seen.n_tracks; i++)
                track_put(c, &m->seen.tracks[i]);
}

/* Tells all that is known of a cgroup, unless that was told already and each look since. */
static void introduce(Capturing *c, uint64_t id) {
        Watchlist *w = c->judging->watchlist;
        const WatchlistCgroup *g = watchlist_cgroup(w, id);
        CaptureLook look;
        uint64_t told;

        if (!g || !name_group(c, id) || (idmap_get(&c->told, id, &told) && is_told(told, g)))
                return;
        if (c->listed)
                name_below(c, id);
        look = look_of(g);
        capture_put_look(&c->out, CAPTURE_LAST, &look, NULL);
        if (g->ring)
                history_put(c, CAPTURE_BEFORE, id, &g->seen);
        for (size_t i = watchlist_place(w, id); i < watchlist_count(w) && watchlist_match(w, i)->cgroup == g; i++)
                match_put(c, watchlist_match(w, i));
        (void) idmap_set(&c->told, id, told_of(g));
}

/* Those of whom something may come soon, or has. */
static void introduce_kept(Capturing *c) {
        const Watchlist *w = c->judging->watchlist;

        for (size_t i = 0; i < watchlist_count(w); i++) {
                const WatchlistCgroup *g = watchlist_match(c->judging->watchlist, i)->cgroup;

                if (watchlist_kept(w, g))
                        introduce(c, g->id);
        }
        c->asleep = false;
}

static void introduce_all(Capturing *c) {
        const WatchlistCgroup *g;

        for (size_t at = watchlist_next(c->judging->watchlist, 0, &g); at; at = watchlist_next(c->judging->watchlist, at, &g))
                introduce(c, g->id);
}

/* ---- sections ---- */

static void kills_put(Capturing *c, uint64_t now_usec) {
        const JudgingMemory *m = c->judging->memory;
        uint64_t span = watchlist_config(c->judging->watchlist)->reeve.kill_limit.per_usec, usec[JUDGE_KILLS_MAX];
        size_t n = 0;

        for (size_t i = 0; i < m->n_kills && i < JUDGE_KILLS_MAX; i++)
                if (now_usec - m->kills_usec[i] < span)
                        usec[n++] = m->kills_usec[i];
        if (n > 0)
                capture_put_kills(&c->out, usec, n);
        /* In their order, the oldest first: the next takes its place. */
        for (size_t i = 0; i < JUDGING_RECENT_MAX; i++) {
                size_t place = (m->n_recent + i) % JUDGING_RECENT_MAX;
                const JudgingKill *k = &m->recent[place];

                if (place < m->n_recent)
                        capture_put_recent(&c->out, k->usec, k->match_id, k->bound_id);
        }
}

static bool pauses_told(const Capturing *c) {
        const Judging *j = c->judging;

        for (size_t i = 0; i < j->n_pauses && j->n_pauses == c->n_pauses; i++)
                if (j->pauses[i].cgroup_id != c->pauses[i].cgroup_id || j->pauses[i].path != c->pauses[i].path)
                        return false;
        return j->n_pauses == c->n_pauses;
}

static void pauses_put(Capturing *c) {
        const Judging *j = c->judging;

        capture_put_resumed(&c->out);
        for (size_t i = 0; i < j->n_pauses; i++)
                capture_put_paused(&c->out, j->pauses[i].cgroup_id, j->pauses[i].path);
        c->n_pauses = j->n_pauses;
        memcpy(c->pauses, j->pauses, sizeof(c->pauses));
}

static bool lists_candidates(const Config *config) {
        for (size_t i = 0; i < config->n_rules; i++)
                if (config->rules[i].enabled.value && config->rules[i].candidates.count > 0)
                        return true;
        return false;
}

void capturing_begin(Capturing *c, uint64_t now_usec, int64_t offset_usec) {
        const Judging *j = c->judging;
        const Config *config = watchlist_config(j->watchlist);
        size_t length = c->out.length;

        capturing_end(c);
        if (!config)
                return;
        c->whole = true;
        c->listed = lists_candidates(config);
        c->head.mode = watchlist_mode(j->watchlist);
        c->head.begin_usec = c->last_usec = now_usec;
        c->head.offset_usec = offset_usec;
        (void) snprintf(c->head.init_path, sizeof(c->head.init_path), "%s", j->init_path);
        (void) snprintf(c->head.own_path, sizeof(c->head.own_path), "%s", j->own_path);
        capture_put_head(&c->out, &c->head, config);
        for (size_t i = 0; i < JUDGING_RECENT_MAX; i++)
                if (j->memory->recent[i].match_id)
                        (void) name_group(c, j->memory->recent[i].match_id);
        kills_put(c, now_usec);
        pauses_put(c);
        if (c->all) {
                name_below(c, c->head.root_id);
                introduce_all(c);
        } else
                introduce_kept(c);
        keep_whole(c, length);
}

void capturing_end(Capturing *c) {
        idmap_clear(&c->told);
        c->whole = false;
}

void capturing_clear(Capturing *c) {
        capturing_end(c);
}

/* ---- what happens ---- */

void capturing_pending(Capturing *c, const CaptureVerdict *verdict, const char *rule) {
        size_t length = c->out.length;

        if (!c->whole)
                return;
        (void) name_group(c, verdict->match_id);
        capture_put_verdict(&c->out, CAPTURE_PENDING, verdict, rule);
        keep_whole(c, length);
}

static bool wanted(const Capturing *c, const BatchItem *item) {
        const WatchlistCgroup *g = watchlist_cgroup(c->judging->watchlist, item->id);

        return g && (c->all || item->hot || watchlist_kept(c->judging->watchlist, g));
}

/* Who is looked at and not told of is told anew when he comes near. */
static void item_prepare(Capturing *c, const BatchItem *item) {
        uint64_t told;

        if (wanted(c, item))
                introduce(c, item->id);
        else if (idmap_get(&c->told, item->id, &told) && (told & TOLD_LAST)) {
                capture_put_asleep(&c->out, item->id);
                (void) idmap_set(&c->told, item->id, 0);
        }
}

/* Where nobody looked the time goes on before the look is told: the rest is as it was. */
static void item_put(Capturing *c, const BatchItem *item) {
        const WatchlistCgroup *g = watchlist_cgroup(c->judging->watchlist, item->id);
        CaptureLook look = { .id = item->id, .gone = item->gone, .quick = item->quick, .close = item->close, .given = item->given,
                             .populated = item->populated, .oom_group = item->oom_group, .points = item->points,
                             .marks = item->marks, .owner = item->owner, .bounded = item->bound_wanted, .bound_id = item->bound_id,
                             .named = item->comms_wanted != BATCH_COMMS_NOWHERE, .comms = item->comms, .reading = item->reading };
        Reading before = g->last;
        uint64_t told;

        if (!idmap_get(&c->told, item->id, &told))
                return;
        before.time_usec = told >> TOLD_SHIFT;
        capture_put_look(&c->out, CAPTURE_LOOK, &look, before.time_usec ? &before : NULL);
        if (!item->gone)
                (void) idmap_set(&c->told, item->id, told_by(g, item->reading.time_usec));
}

/* Nothing is near. The judge looks at all matches in every round: how they stand is not told from here on. */
static void round_skip(Capturing *c) {
        if (!c->asleep) {
                capture_put_asleep(&c->out, 0);
                for (size_t i = 0; i < c->told.size; i++)
                        if (c->told.cells[i].key)
                                c->told.cells[i].value = 0;
        }
        c->asleep = true;
}

static void round_put(Capturing *c, const Batch *b, uint64_t now_usec) {
        if (!c->all)
                introduce_kept(c);
        for (size_t i = 0; i < b->n; i++)
                item_prepare(c, &b->items[i]);
        if (!pauses_told(c))
                pauses_put(c);
        capture_put_round(&c->out, now_usec, &b->host);
        for (size_t i = 0; i < b->n; i++)
                if (wanted(c, &b->items[i]))
                        item_put(c, &b->items[i]);
        c->last_usec = now_usec;
}

void capturing_round(Capturing *c, const Batch *b, uint64_t now_usec) {
        size_t length = c->out.length;

        if (!c->whole)
                return;
        if (c->all || b->hot) {
                round_put(c, b, now_usec);
                c->round_at = length;
                if (c->out.size - c->out.length < DECISIONS_BYTES)
                        c->out.truncated = true;
        } else
                round_skip(c);
        keep_whole(c, length);
}

void capturing_decided(Capturing *c, const CaptureVerdict *verdict, const char *rule) {
        if (!c->whole)
                return;
        /* A round without what was decided on it would say that nothing was. */
        capture_put_verdict(&c->out, CAPTURE_VERDICT, verdict, rule);
        keep_whole(c, c->round_at);
}

void capturing_looked(Capturing *c, uint64_t cookie, int64_t total_pages, const PickProcess *processes, size_t n, size_t open,
                      const char *members) {
        size_t length = c->out.length;

        if (!c->whole)
                return;
        capture_put_processes(&c->out, cookie, total_pages, processes, n, open, members);
        keep_whole(c, length);
}

void capturing_done(Capturing *c, uint64_t cookie, uint64_t now_usec, ReeveOutcome outcome, bool known, uint64_t victim) {
        size_t length = c->out.length;

        if (!c->whole)
                return;
        capture_put_outcome(&c->out, cookie, now_usec, outcome, known, victim);
        keep_whole(c, length);
}

void capturing_born(Capturing *c, uint64_t id) {
        size_t length = c->out.length;
        uint64_t told;
        TreeGroup g;

        if (!c->whole || !tree_get(c->judging->tree, id, &g) || !idmap_get(&c->told, g.parent_id, &told))
                return;
        /* What is born where nothing is near will be told when it is. */
        if (!c->all && !(told & TOLD_LAST))
                return;
        (void) name_group(c, id);
        keep_whole(c, length);
}

void capturing_died(Capturing *c, uint64_t id) {
        size_t length = c->out.length;
        uint64_t told;

        if (!c->whole || !idmap_get(&c->told, id, &told))
                return;
        capture_put_gone(&c->out, id);
        idmap_remove(&c->told, id);
        keep_whole(c, length);
}

void capturing_kernel(Capturing *c, uint64_t time_usec, uint64_t cgroup_id, uint64_t limit_id, const char *path) {
        size_t length = c->out.length;

        if (!c->whole)
                return;
        capture_put_kernel(&c->out, time_usec, cgroup_id, limit_id, path);
        keep_whole(c, length);
}
