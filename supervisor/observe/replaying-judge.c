/* What is decided in a replay, beside what was decided then. */
#include <stdio.h>
#include <string.h>

#include "supervisor/base/array.h"
#include "supervisor/observe/replaying-private.h"

/* ---- telling ---- */

void replay_tell(Replay *p, ReplayEvent *e) {
        e->offset_usec = p->head->offset_usec;
        e->ledger_id = p->head->ledger_id;
        if (p->options->tell)
                p->options->tell(e, p->options->userdata);
}

const char *replay_path(const Replay *p, uint64_t id, char *buf, size_t size) {
        return tree_path(p->tree, id, buf, size) < 0 ? "?" : buf;
}

static void tell_missing(Replay *p, const ReplayRecorded *was) {
        const CaptureVerdict *v = &was->verdict;
        char path[CAPTURE_PATH_SIZE], victim[CAPTURE_PATH_SIZE];
        ReplayEvent e = { .stand = REPLAY_MISSING, .time_usec = v->time_usec, .rule = was->rule, .action = v->action, .reason = v->reason,
                          .dry_run = v->dry_run, .why = "", .members = v->members, .members_length = v->members_length,
                          .outcome_known = was->known, .outcome = was->outcome };

        e.cgroup = replay_path(p, v->match_id, path, sizeof(path));
        e.target = replay_path(p, v->victim_id ? v->victim_id : v->match_id, victim, sizeof(victim));
        p->sums.missing++;
        replay_tell(p, &e);
}

/* ---- judging ---- */

static ReplayRecorded *recorded_like(Replay *p, const ReplayPending *d) {
        for (size_t i = p->next; i < p->n_recorded && p->recorded[i].round == p->round; i++) {
                ReplayRecorded *r = &p->recorded[i];
                const CaptureVerdict *v = &r->verdict;

                if (!r->met && v->match_id == d->match_id && v->victim_id == d->victim_id && v->action == d->verdict.action &&
                    v->step == d->verdict.step && v->dry_run == d->verdict.dry_run && v->reason == d->verdict.reason &&
                    strcmp(r->rule, d->rule) == 0)
                        return r;
        }
        return NULL;
}

static void decision_tell(Replay *p, WatchlistMatch *m, const VerdictDecision *d, const ReplayRecorded *was) {
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
        replay_tell(p, &e);
        verdict_note_clear(&note);
}

bool replay_pending_add(Replay *p, const ReplayPending *d) {
        ReplayPending *more = array_grow(p->pending, p->n_pending, &p->size_pending, sizeof(*more));

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
        ReplayPending d = { .match_id = m->cgroup->id, .victim_id = v->victim < decision->n ? decision->candidates[v->victim].id : m->cgroup->id,
                      .verdict = *v };
        ReeveOutcome outcome = REEVE_OUTCOME_DONE;
        ReplayRecorded *was;
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
                return replay_pending_add(p, &d);
        }
        judging_done(&p->judging, m, d.match_id, v, d.victim_id, outcome, decision->now_usec);
        return true;
}

void replay_round_end(Replay *p) {
        if (!p->in_round)
                return;
        p->in_round = false;
        (void) judging_round(&p->judging, &p->batch, p->round_usec, decided, p);
        for (; p->next < p->n_recorded && p->recorded[p->next].round <= p->round; p->next++)
                if (!p->recorded[p->next].met)
                        tell_missing(p, &p->recorded[p->next]);
}

void replay_take_outcome(Replay *p, const CaptureEvent *e) {
        for (size_t i = 0; i < p->n_pending; i++) {
                WatchlistMatch *m;
                ReplayPending d = p->pending[i];

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
