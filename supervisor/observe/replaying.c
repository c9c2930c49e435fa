#include "supervisor/observe/replaying.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/array.h"
#include "supervisor/base/idmap.h"

enum { TREE_MAX = 1 << 20 };

/* A verdict of the capture, found when it is read through. */
typedef struct Recorded {
        CaptureVerdict verdict;         /* members point into the text */
        char rule[CAPTURE_NAME_SIZE];
        uint64_t round;                 /* in which it was decided, from 1 */
        bool met;                       /* the replay decided so too */
        bool known, done;               /* done: its outcome stands in the capture; known: there is one */
        ReeveOutcome outcome;
        uint64_t done_usec;
} Recorded;

/* What was decided and is not done yet. */
typedef struct Pending {
        uint64_t cookie, match_id, victim_id;
        char rule[CAPTURE_NAME_SIZE];
        JudgeVerdict verdict;
} Pending;

typedef struct Replay {
        const ReplayOptions *options;
        ReplaySums sums;
        const CaptureHead *head;
        Config *config;                 /* that judges now */
        bool own;                       /* it is the capture's */
        Judging judging;
        Tree *tree;
        Batch batch;
        bool in_round;
        uint64_t round, round_usec;
        Recorded *recorded;
        size_t n_recorded, size_recorded, next;         /* next: the first of this round or later */
        Pending *pending;
        size_t n_pending, size_pending;
        Idmap seen;                     /* ids of cgroups that were looked at */
        char paused[JUDGING_PAUSES_MAX][CAPTURE_PATH_SIZE];
} Replay;

/* ---- first: is it one, and what was decided ---- */

static int recorded_add(Replay *p, const CaptureEvent *e, uint64_t round) {
        Recorded *more = array_grow(p->recorded, p->n_recorded, &p->size_recorded, sizeof(*more));

        if (!more)
                return -ENOMEM;
        p->recorded = more;
        more[p->n_recorded] = (Recorded) { .verdict = e->verdict, .round = round };
        memcpy(more[p->n_recorded++].rule, e->rule, sizeof(e->rule));
        return 0;
}

/* Cookies are of one run of reeved: the newest with that number. */
static void recorded_done(Replay *p, const CaptureEvent *e) {
        for (size_t i = p->n_recorded; i-- > 0;)
                if (p->recorded[i].verdict.cookie == e->verdict.cookie && !p->recorded[i].done) {
                        p->recorded[i].done = true;
                        p->recorded[i].known = e->outcome_known;
                        p->recorded[i].outcome = e->outcome;
                        p->recorded[i].done_usec = e->verdict.time_usec;
                        return;
                }
}

static int read_through(Replay *p, const char *text, size_t length, CaptureError *reterr) {
        CaptureReader *reader;
        CaptureEvent e;
        uint64_t round = 0;
        int r = capture_reader_new(&reader, text, length);

        while (r >= 0 && (r = capture_next(reader, &e, reterr)) > 0) {
                round += e.kind == CAPTURE_ROUND;
                if (e.kind == CAPTURE_VERDICT)
                        r = recorded_add(p, &e, round);
                else if (e.kind == CAPTURE_OUTCOME)
                        recorded_done(p, &e);
        }
        reader = capture_reader_free(reader);
        return r;
}

/* ---- telling ---- */

static void tell(Replay *p, ReplayEvent *e) {
        e->offset_usec = p->head->offset_usec;
        e->ledger_id = p->head->ledger_id;
        if (p->options->tell)
                p->options->tell(e, p->options->userdata);
}

static const char *path_of(const Replay *p, uint64_t id, char *buf, size_t size) {
        return tree_path(p->tree, id, buf, size) < 0 ? "?" : buf;
}

static void tell_missing(Replay *p, const Recorded *was) {
        const CaptureVerdict *v = &was->verdict;
        char path[CAPTURE_PATH_SIZE], victim[CAPTURE_PATH_SIZE];
        ReplayEvent e = { .stand = REPLAY_MISSING, .time_usec = v->time_usec, .rule = was->rule, .action = v->action, .reason = v->reason,
                          .dry_run = v->dry_run, .why = "", .members = v->members, .members_length = v->members_length,
                          .outcome_known = was->known, .outcome = was->outcome };

        e.cgroup = path_of(p, v->match_id, path, sizeof(path));
        e.target = path_of(p, v->victim_id ? v->victim_id : v->match_id, victim, sizeof(victim));
        p->sums.missing++;
        tell(p, &e);
}

/* ---- judging ---- */

static Recorded *recorded_like(Replay *p, const Pending *d) {
        for (size_t i = p->next; i < p->n_recorded && p->recorded[i].round == p->round; i++) {
                Recorded *r = &p->recorded[i];
                const CaptureVerdict *v = &r->verdict;

                if (!r->met && v->match_id == d->match_id && v->victim_id == d->victim_id && v->action == d->verdict.action &&
                    v->step == d->verdict.step && v->dry_run == d->verdict.dry_run && v->reason == d->verdict.reason &&
                    strcmp(r->rule, d->rule) == 0)
                        return r;
        }
        return NULL;
}

static void decision_tell(Replay *p, WatchlistMatch *m, const VerdictDecision *d, const Recorded *was) {
        VerdictNote note;
        char at[256];
        ReplayEvent e = { .stand = was ? REPLAY_SAME : REPLAY_NEW, .time_usec = d->now_usec, .incident_usec = m->judge.incident,
                          .rule = m->rule->name, .rule_at = origin_format(&m->rule->at, at, sizeof(at)), .action = d->verdict->action,
                          .reason = d->verdict->reason, .dry_run = d->verdict->dry_run, .cgroup = m->cgroup->path };

        e.target = d->verdict->victim < d->n ? d->candidates[d->verdict->victim].path : m->cgroup->path;
        if (verdict_note(&note, d) < 0)
                return;
        e.why = note.why;
        e.members = note.members;
        e.members_length = strlen(note.members);
        if (was) {
                e.exact = was->verdict.members_length == e.members_length && memcmp(was->verdict.members, e.members, e.members_length) == 0;
                e.outcome_known = was->known;
                e.outcome = was->outcome;
        }
        p->sums.verdicts++;
        p->sums.same += was != NULL;
        p->sums.exact += was && e.exact;
        p->sums.new_ones += !was;
        tell(p, &e);
        verdict_note_clear(&note);
}

static bool pending_add(Replay *p, const Pending *d) {
        Pending *more = array_grow(p->pending, p->n_pending, &p->size_pending, sizeof(*more));

        if (!more)
                return false;
        p->pending = more;
        more[p->n_pending++] = *d;
        return true;
}

/* What the capture did too ends as it did there, when it did; of what only we do we assume that it works at once. */
static bool decided(WatchlistMatch *m, const VerdictDecision *decision, void *userdata) {
        const JudgeVerdict *v = decision->verdict;
        Replay *p = userdata;
        Pending d = { .match_id = m->cgroup->id, .victim_id = v->victim < decision->n ? decision->candidates[v->victim].id : m->cgroup->id,
                      .verdict = *v };
        ReeveOutcome outcome = REEVE_OUTCOME_DONE;
        Recorded *was;
        bool known;

        (void) snprintf(d.rule, sizeof(d.rule), "%s", m->rule->name);
        was = recorded_like(p, &d);
        decision_tell(p, m, decision, was);
        if (was) {
                was->met = true;
                d.cookie = was->verdict.cookie;
        }
        if (!judging_at_once(v, &known, &outcome) && was) {
                m->task = d.cookie;
                return pending_add(p, &d);
        }
        judging_done(&p->judging, m, d.match_id, v, d.victim_id, outcome, decision->now_usec);
        return true;
}

static void round_end(Replay *p) {
        if (!p->in_round)
                return;
        p->in_round = false;
        (void) judging_round(&p->judging, &p->batch, p->round_usec, decided, p);
        for (; p->next < p->n_recorded && p->recorded[p->next].round <= p->round; p->next++)
                if (!p->recorded[p->next].met)
                        tell_missing(p, &p->recorded[p->next]);
}

static void take_outcome(Replay *p, const CaptureEvent *e) {
        for (size_t i = 0; i < p->n_pending; i++) {
                WatchlistMatch *m;
                Pending d = p->pending[i];

                if (d.cookie != e->verdict.cookie)
                        continue;
                p->pending[i] = p->pending[--p->n_pending];
                m = watchlist_named(p->judging.watchlist, d.match_id, d.rule);
                if (m)
                        m->task = 0;
                judging_done(&p->judging, m, d.match_id, &d.verdict, e->verdict.victim_id, e->outcome, e->verdict.time_usec);
                return;
        }
}

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
        p->sums.own_config = p->own && (first || p->sums.own_config);
        p->sums.mode = p->own ? p->head->mode : p->config->reeve.mode;
        (void) snprintf(p->judging.init_path, sizeof(p->judging.init_path), "%s", p->head->init_path);
        (void) snprintf(p->judging.own_path, sizeof(p->judging.own_path), "%s", p->head->own_path);
        return first || p->own ? begin_anew(p) : 0;
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
                              .marks = look->marks, .owner = look->owner, .bound_id = look->bound_id };
        char path[CAPTURE_PATH_SIZE];

        if (!watchlist_restore(p->judging.watchlist, &g, path_of(p, look->id, path, sizeof(path)), look->remembered, /* sleep= */ p->own))
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
        if (batch_add(&p->batch, look->id, path_of(p, look->id, path, sizeof(path)), false, BATCH_WHOLE, NULL) < 0 ||
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
        Judging *j = &p->judging;

        if (!p->own)
                return;
        j->n_kills = e->n_kills;
        memcpy(j->kills_usec, e->kills, e->n_kills * sizeof(*e->kills));
}

static void take_recent(Replay *p, const CaptureEvent *e) {
        Judging *j = &p->judging;

        if (p->own)
                j->recent[j->n_recent++ % JUDGING_RECENT_MAX] = (JudgingKill) { .usec = e->recent_usec, .match_id = e->id,
                                                                                .bound_id = e->bound_id };
}

static int take_pending(Replay *p, const CaptureEvent *e) {
        Pending d = { .cookie = e->verdict.cookie, .match_id = e->verdict.match_id, .victim_id = e->verdict.victim_id,
                      .verdict = { .action = e->verdict.action, .step = (size_t) e->verdict.step, .dry_run = e->verdict.dry_run,
                                   .reason = e->verdict.reason, .victim = SIZE_MAX } };

        WatchlistMatch *m = p->own ? watchlist_named(p->judging.watchlist, d.match_id, e->rule) : NULL;

        (void) snprintf(d.rule, sizeof(d.rule), "%s", e->rule);
        if (m)
                m->task = d.cookie;
        return !p->own || pending_add(p, &d) ? 0 : -ENOMEM;
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
        tell(p, &kill);
}

static void take_round(Replay *p, const CaptureEvent *e) {
        batch_clear(&p->batch);
        p->batch.host = e->host;
        p->in_round = true;
        p->round++;
        p->round_usec = e->time_usec;
        p->sums.rounds++;
}

static int take(Replay *p, CaptureReader *reader, const CaptureEvent *e, WatchlistMatch **state, CaptureError *reterr) {
        if (e->kind != CAPTURE_LOOK)
                round_end(p);
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
        case CAPTURE_STATE: *state = take_state(p, e); return 0;
        case CAPTURE_SEEN:
                if (*state)
                        observation_add(&(*state)->seen, &e->look.reading);
                return 0;
        case CAPTURE_KILLS: take_kills(p, e); return 0;
        case CAPTURE_RECENT: take_recent(p, e); return 0;
        case CAPTURE_PENDING: return take_pending(p, e);
        case CAPTURE_RESUMED:
        case CAPTURE_PAUSED: take_pause(p, e); return 0;
        case CAPTURE_ROUND: take_round(p, e); return 0;
        case CAPTURE_LOOK: return take_look(p, &e->look);
        case CAPTURE_OUTCOME: take_outcome(p, e); return 0;
        case CAPTURE_KERNEL: take_kernel(p, e); return 0;
        case CAPTURE_LOST: p->sums.lost_rounds += e->lost_rounds; return 0;
        case CAPTURE_END: p->sums.ended = true; return 0;
        case CAPTURE_VERDICT: return 0;
        }
        return 0;
}

static int judge_again(Replay *p, const char *text, size_t length, CaptureError *reterr) {
        WatchlistMatch *state = NULL;
        CaptureReader *reader;
        CaptureEvent e;
        int r = capture_reader_new(&reader, text, length);

        while (r >= 0 && (r = capture_next(reader, &e, reterr)) > 0)
                r = take(p, reader, &e, &state, reterr);
        if (r == 0)
                round_end(p);
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
        *reterr = (CaptureError) { .line = 0 };
        r = read_through(p, text, length, reterr);
        if (r == 0)
                r = judge_again(p, text, length, reterr);
        if (r == 0) {
                count_unseen(p);
                *ret = p->sums;
        }
        p->judging.watchlist = watchlist_free(p->judging.watchlist);
        p->tree = tree_free(p->tree);
        p->config = config_unref(p->config);
        batch_done(&p->batch);
        idmap_clear(&p->seen);
        free(p->recorded);
        free(p->pending);
        free(p);
        return r;
}
