#include "supervisor/observe/replaying.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/array.h"
#include "supervisor/observe/replaying-private.h"

enum { TREE_MAX = 1 << 20 };

/* ---- sections ---- */

static int config_of(const CaptureHead *head, Config **ret, CaptureError *reterr) {
        Complaints complaints = COMPLAINTS_INIT;
        int r;

        if (head->cut) {
                (void) snprintf(reterr->text, sizeof(reterr->text), "the configuration was too long to be in it");
                return -ENODATA;
        }
        r = config_parse(head->files, head->n_files, ret, &complaints);
        if (r == -EINVAL) {
                (void) complaint_format(&complaints.items[0], reterr->text, sizeof(reterr->text));
                r = -ENODATA;
        }
        complaints_done(&complaints);
        return r;
}

static int begin_anew(Replay *p) {
        TreeOptions tree = { .max_groups = TREE_MAX };
        int r;

        p->tree = tree_free(p->tree);
        r = tree_new(&p->tree, &tree, p->head->root_id);
        if (r < 0)
                return r;
        if (!p->judging.watchlist)
                r = watchlist_new(&p->judging.watchlist);
        if (r < 0)
                return r;
        p->judging.tree = p->tree;
        p->n_pending = 0;
        watchlist_configure(p->judging.watchlist, p->config, p->sums.mode);
        return 0;
}

/* Under its own configuration each section begins as reeved stood then. Under another the judge goes on: how that would have
 * stood is not in the capture. */
static int take_section(Replay *p, CaptureReader *reader, CaptureError *reterr) {
        bool first = !p->head;
        Config *config = NULL;
        int r = 0;

        p->head = capture_head(reader);
        if (first) {
                p->sums.from_usec = p->head->begin_usec;
                p->sums.offset_usec = p->head->offset_usec;
                (void) snprintf(p->sums.hash, sizeof(p->sums.hash), "%s", p->head->hash);
        }
        if (!p->options->config) {
                r = config_of(p->head, &config, reterr);
                if (r < 0)
                        return r;
                p->config = config_unref(p->config);
                p->config = config;
        } else if (first)
                p->config = config_ref(p->options->config);
        p->own = strcmp(p->config->hash, p->head->hash) == 0;
        p->theirs = config_unref(p->theirs);
        if (!p->own && config_of(p->head, &config, reterr) == 0)
                p->theirs = config;
        p->sums.own_config = p->own && (first || p->sums.own_config);
        p->sums.mode = p->own ? p->head->mode : p->config->reeve.mode;
        (void) snprintf(p->judging.init_path, sizeof(p->judging.init_path), "%s", p->head->init_path);
        (void) snprintf(p->judging.own_path, sizeof(p->judging.own_path), "%s", p->head->own_path);
        return first || p->own ? begin_anew(p) : 0;
}

/* Names that were looked for then, as those that are asked for now: of others nobody knows. */
static uint32_t comms_of(const Replay *p, uint32_t found) {
        const char *then[COMMS_MAX];
        const char *const *now;
        size_t n_now = watchlist_comms(p->judging.watchlist, &now), n;
        uint32_t translated = found & COMMS_KNOWN;

        if (p->own)
                return found;
        n = p->theirs ? comms_collect(p->theirs->rules, p->theirs->n_rules, then, NULL) : 0;
        for (size_t i = 0; i < n && i < COMMS_MAX; i++)
                for (size_t k = 0; found & UINT32_C(1) << i && k < n_now; k++)
                        if (strcmp(then[i], now[k]) == 0)
                                translated |= UINT32_C(1) << k;
        return translated;
}

static int take_group(Replay *p, const CaptureEvent *e) {
        int r = tree_learn(p->tree, &(TreeBirth) { .id = e->id, .path = e->path, .parent_id = e->parent_id, .owner = TREE_OWNER_UNKNOWN });

        if (r == -ENOMEM)
                return r;
        p->sums.cgroups += r > 0;
        (void) watchlist_born(p->judging.watchlist, e->id, e->path);
        return 0;
}

static int take_last(Replay *p, const CaptureLook *look) {
        WatchlistCgroup g = { .id = look->id, .known = look->known, .populated = look->populated, .oom_group = look->oom_group,
                              .points = look->points, .last = look->reading, .hot = look->hot, .stirred_usec = look->stirred_usec,
                              .marks = look->marks, .owner = look->owner, .bound_id = look->bound_id,
                              .comms = look->named ? comms_of(p, look->comms) : 0 };
        char path[CAPTURE_PATH_SIZE];

        if (!watchlist_restore(p->judging.watchlist, &g, replay_path(p, look->id, path, sizeof(path)), look->remembered, /* sleep= */ p->own))
                return -ENOMEM;
        /* Who sleeps under other rules nobody knows: they all wake. */
        if (!p->own)
                watchlist_rouse(p->judging.watchlist, look->id);
        return 0;
}

static int take_look(Replay *p, const CaptureLook *look) {
        char path[CAPTURE_PATH_SIZE];
        BatchItem *item;

        if (!p->in_round)
                return 0;
        if (batch_add(&p->batch, look->id, replay_path(p, look->id, path, sizeof(path)), false, BATCH_WHOLE, NULL) < 0 ||
            idmap_set(&p->seen, look->id, 1) < 0)
                return -ENOMEM;
        item = &p->batch.items[p->batch.n - 1];
        item->quick = look->quick;
        item->close = look->close;
        item->given = look->given;
        item->gone = look->gone;
        item->populated = look->populated;
        item->oom_group = look->oom_group;
        item->points = look->points;
        item->marks = look->marks;
        item->owner = look->owner;
        item->bound_wanted = look->bounded;
        item->bound_id = look->bound_id;
        item->comms_wanted = look->named ? BATCH_COMMS_THERE : BATCH_COMMS_NOWHERE;
        item->comms = look->named ? comms_of(p, look->comms) : 0;
        item->reading = look->reading;
        p->sums.looks++;
        return 0;
}

/* How a rule stood; only the same rule may stand so. Steps that it does not have were another's. */
static WatchlistMatch *take_state(Replay *p, const CaptureEvent *e) {
        WatchlistMatch *m;

        if (!p->own)
                return NULL;
        watchlist_rouse(p->judging.watchlist, e->state.id);
        m = watchlist_named(p->judging.watchlist, e->state.id, e->rule);
        if (!m || e->state.judge.step >= m->rule->n_then)
                return NULL;
        m->judge = e->state.judge;
        m->twice = e->state.twice;
        observation_clear(&m->seen);
        return m;
}

static void take_kills(Replay *p, const CaptureEvent *e) {
        if (!p->own)
                return;
        p->memory.n_kills = e->n_kills;
        memcpy(p->memory.kills_usec, e->kills, e->n_kills * sizeof(*e->kills));
}

static void take_recent(Replay *p, const CaptureEvent *e) {
        JudgingMemory *m = &p->memory;

        if (p->own)
                m->recent[m->n_recent++ % JUDGING_RECENT_MAX] = (JudgingKill) { .usec = e->recent_usec, .match_id = e->id,
                                                                                .bound_id = e->bound_id };
}

static int take_pending(Replay *p, const CaptureEvent *e) {
        ReplayPending d = { .cookie = e->verdict.cookie, .match_id = e->verdict.match_id, .victim_id = e->verdict.victim_id,
                      .verdict = { .action = e->verdict.action, .step = (size_t) e->verdict.step, .dry_run = e->verdict.dry_run,
                                   .reason = e->verdict.reason, .victim = SIZE_MAX } };

        WatchlistMatch *m = p->own ? watchlist_named(p->judging.watchlist, d.match_id, e->rule) : NULL;

        (void) snprintf(d.rule, sizeof(d.rule), "%s", e->rule);
        if (m)
                m->task = d.cookie;
        return !p->own || replay_pending_add(p, &d) ? 0 : -ENOMEM;
}

static void take_pause(Replay *p, const CaptureEvent *e) {
        Judging *j = &p->judging;

        if (e->kind == CAPTURE_RESUMED) {
                j->n_pauses = 0;
                return;
        }
        if (j->n_pauses == JUDGING_PAUSES_MAX)
                return;
        memcpy(p->paused[j->n_pauses], e->path, sizeof(e->path));
        j->pauses[j->n_pauses] = (JudgingPause) { .cgroup_id = e->id, .path = e->path[0] ? p->paused[j->n_pauses] : NULL };
        j->n_pauses++;
}

static void take_kernel(Replay *p, const CaptureEvent *e) {
        ReplayEvent kill = { .stand = REPLAY_KERNEL, .time_usec = e->time_usec, .cgroup = e->path, .target = e->path, .action = -1, .why = "" };

        p->sums.kernel++;
        replay_tell(p, &kill);
}

static int take_round(Replay *p, const CaptureEvent *e) {
        const char *const *comms;
        size_t n = watchlist_comms(p->judging.watchlist, &comms);
        int r = 0;

        batch_clear(&p->batch);
        for (size_t i = 0; i < n && r == 0; i++)
                r = batch_add_comm(&p->batch, comms[i]);
        p->batch.host = e->host;
        p->in_round = true;
        p->round++;
        p->round_usec = e->time_usec;
        p->sums.rounds++;
        return r;
}

/* Which match is told of, and which of its tracks; NULL: of all that it has seen. */
typedef struct Telling {
        WatchlistMatch *match;
        bool track_only;
        ObservationTrack *track;
} Telling;

static void take_seen(const Telling *t, const Reading *reading) {
        if (t->track)
                observation_restore(t->track, reading);
        else if (t->match && !t->track_only)
                observation_add(&t->match->seen, reading);
}

static int take(Replay *p, CaptureReader *reader, const CaptureEvent *e, Telling *telling, CaptureError *reterr) {
        if (e->kind != CAPTURE_LOOK)
                replay_round_end(p);
        if (e->time_usec > p->sums.to_usec)
                p->sums.to_usec = e->time_usec;
        switch (e->kind) {
        case CAPTURE_SECTION: return take_section(p, reader, reterr);
        case CAPTURE_GROUP: return take_group(p, e);
        case CAPTURE_GONE:
                watchlist_died(p->judging.watchlist, e->id);
                tree_died(p->tree, e->id, NULL, e->time_usec * 1000);
                return 0;
        case CAPTURE_ASLEEP:
                if (p->own)
                        watchlist_sleep(p->judging.watchlist, e->id);
                return 0;
        case CAPTURE_LAST: return take_last(p, &e->look);
        case CAPTURE_BEFORE:
                (void) watchlist_restore_before(p->judging.watchlist, e->look.id, &e->look.reading);
                return 0;
        case CAPTURE_STATE: *telling = (Telling) { .match = take_state(p, e) }; return 0;
        case CAPTURE_TRACK:
                telling->track_only = true;
                telling->track = telling->match ? observation_track_clear(&telling->match->seen, e->track, e->reach_usec) : NULL;
                return 0;
        case CAPTURE_SEEN: take_seen(telling, &e->look.reading); return 0;
        case CAPTURE_KILLS: take_kills(p, e); return 0;
        case CAPTURE_RECENT: take_recent(p, e); return 0;
        case CAPTURE_PENDING: return take_pending(p, e);
        case CAPTURE_RESUMED:
        case CAPTURE_PAUSED: take_pause(p, e); return 0;
        case CAPTURE_ROUND: return take_round(p, e);
        case CAPTURE_LOOK: return take_look(p, &e->look);
        case CAPTURE_OUTCOME: replay_take_outcome(p, e); return 0;
        case CAPTURE_KERNEL: take_kernel(p, e); return 0;
        case CAPTURE_LOST: p->sums.lost_rounds += e->lost_rounds; return 0;
        case CAPTURE_END: p->sums.ended = true; return 0;
        case CAPTURE_VERDICT:
        case CAPTURE_PROCESSES:
        case CAPTURE_PROCESS: return 0;
        }
        return 0;
}

static int judge_again(Replay *p, const char *text, size_t length, CaptureError *reterr) {
        Telling telling = { .match = NULL };
        CaptureReader *reader;
        CaptureEvent e;
        int r = capture_reader_new(&reader, text, length);

        while (r >= 0 && (r = capture_next(reader, &e, reterr)) > 0)
                r = take(p, reader, &e, &telling, reterr);
        if (r == 0)
                replay_round_end(p);
        reader = capture_reader_free(reader);
        return r;
}

static void count_unseen(Replay *p) {
        const Watchlist *w = p->judging.watchlist;
        const WatchlistCgroup *g;
        uint64_t value;

        for (size_t at = w ? watchlist_next(w, 0, &g) : 0; at; at = watchlist_next(w, at, &g)) {
                p->sums.matched += g->rules != NULL;
                p->sums.unseen += g->rules && !idmap_get(&p->seen, g->id, &value);
        }
}

int replay_run(const char *text, size_t length, const ReplayOptions *options, ReplaySums *ret, CaptureError *reterr) {
        Replay *p = calloc(1, sizeof(*p));
        int r;

        if (!p)
                return -ENOMEM;
        p->options = options;
        p->judging.memory = &p->memory;
        *reterr = (CaptureError) { .line = 0 };
        r = replay_read_through(p, text, length, reterr);
        if (r == 0)
                r = judge_again(p, text, length, reterr);
        if (r == 0) {
                count_unseen(p);
                *ret = p->sums;
        }
        p->judging.watchlist = watchlist_free(p->judging.watchlist);
        p->tree = tree_free(p->tree);
        p->config = config_unref(p->config);
        p->theirs = config_unref(p->theirs);
        batch_done(&p->batch);
        idmap_clear(&p->seen);
        for (size_t i = 0; i < p->n_recorded; i++)
                free(p->recorded[i].processes);
        free(p->recorded);
        free(p->pending);
        free(p);
        return r;
}
