/* What is decided in a replay, beside what was decided then. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
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

/* "hog (pid 123) in /bed", raw bytes, where it was a process of @cgroup. */
static const char *target_of(const PickProcess *chosen, const char *cgroup, char *buf, size_t size) {
        if (!chosen)
                return cgroup;
        (void) snprintf(buf, size, "%s (pid %d) in %s", chosen->comm, (int) chosen->pid, cgroup);
        return buf;
}

static void tell_missing(Replay *p, const ReplayRecorded *was) {
        const CaptureVerdict *v = &was->verdict;
        char target[CAPTURE_PATH_SIZE + 128];
        char path[CAPTURE_PATH_SIZE], victim[CAPTURE_PATH_SIZE];
        ReplayEvent e = { .stand = REPLAY_MISSING, .time_usec = v->time_usec, .rule = was->rule, .action = v->action, .reason = v->reason,
                          .dry_run = v->dry_run, .why = "", .members = v->members, .members_length = v->members_length,
                          .outcome_known = was->known, .outcome = was->outcome };

        e.cgroup = replay_path(p, v->match_id, path, sizeof(path));
        e.target = replay_path(p, v->victim_id ? v->victim_id : v->match_id, victim, sizeof(victim));
        e.target = target_of(was->open ? &was->processes[0] : NULL, e.target, target, sizeof(target));
        if (was->members) {
                e.members = was->members;
                e.members_length = was->members_length;
        }
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

/* Of a decision: what its record says, and whom it means. */
typedef struct Made {
        VerdictNote note;
        PickProcess *processes;         /* NULL: it means a cgroup, or nobody knows who was in it */
        const PickProcess *chosen;
} Made;

static bool ends_one_process(const WatchlistMatch *m, const JudgeVerdict *v) {
        return m->rule->victim.value == RULE_VICTIM_PROCESS && (v->action == RULE_TERM || v->action == RULE_KILL);
}

/* As reeved does when a hand has looked: of those that were there. */
static int choose_process(Made *made, const WatchlistMatch *m, const ReplayRecorded *was) {
        size_t open;

        made->processes = calloc(was->n_processes + 1, sizeof(*made->processes));
        if (!made->processes)
                return -ENOMEM;
        memcpy(made->processes, was->processes, was->n_processes * sizeof(*made->processes));
        open = pick_rank(m->rule, &m->judge, was->total_pages, made->processes, was->n_processes);
        made->chosen = open ? &made->processes[0] : NULL;
        return verdict_note_processes(&made->note, made->processes, was->n_processes, open);
}

static void made_clear(Made *made) {
        verdict_note_clear(&made->note);
        free(made->processes);
}

/* Returns 0 or -ENOMEM; then there is nothing to be cleared. */
static int make(Made *ret, const WatchlistMatch *m, const VerdictDecision *d, const ReplayRecorded *was) {
        Made made = { .chosen = NULL };
        int r = verdict_note(&made.note, d);

        if (r == 0 && was && was->members && was->n_processes > 0 && ends_one_process(m, d->verdict))
                r = choose_process(&made, m, was);
        if (r < 0)
                made_clear(&made);
        else
                *ret = made;
        return r;
}

/* Whether the same process is meant. */
static bool means_the_same(const Made *made, const ReplayRecorded *was) {
        if (!made->processes)
                return true;
        return (made->chosen != NULL) == (was->open > 0) && (!made->chosen || pick_key(made->chosen) == pick_key(&was->processes[0]));
}

static bool is_exact(const Made *made, const ReplayRecorded *was) {
        const char *members = made->processes ? was->members : was->verdict.members;
        size_t length = made->processes ? was->members_length : was->verdict.members_length;

        return length == strlen(made->note.members) && memcmp(members, made->note.members, length) == 0;
}

static void decision_tell(Replay *p, WatchlistMatch *m, const VerdictDecision *d, const Made *made, const ReplayRecorded *was) {
        char at[256], target[CAPTURE_PATH_SIZE + 128];
        ReplayEvent e = { .stand = was ? REPLAY_SAME : REPLAY_NEW, .time_usec = d->now_usec, .incident_usec = m->judge.incident,
                          .rule = m->rule->name, .rule_at = origin_format(&m->rule->at, at, sizeof(at)), .action = d->verdict->action,
                          .reason = d->verdict->reason, .dry_run = d->verdict->dry_run, .cgroup = m->cgroup->path };

        e.target = d->verdict->victim < d->n ? d->candidates[d->verdict->victim].path : m->cgroup->path;
        e.target = target_of(made->chosen, e.target, target, sizeof(target));
        e.why = made->note.why;
        e.members = made->note.members;
        e.members_length = strlen(made->note.members);
        if (was) {
                e.exact = is_exact(made, was);
                e.outcome_known = was->known;
                e.outcome = was->outcome;
        }
        p->sums.verdicts++;
        p->sums.same += was != NULL;
        p->sums.exact += was && e.exact;
        p->sums.new_ones += !was;
        replay_tell(p, &e);
}

/* Tells of it, beside the one of the capture that is like it; of the same cgroup another process is another decision. */
static ReplayRecorded *compare(Replay *p, WatchlistMatch *m, const VerdictDecision *decision, ReplayRecorded *was) {
        Made made;

        if (make(&made, m, decision, was) < 0)
                return was;
        if (was && !means_the_same(&made, was))
                was = NULL;
        decision_tell(p, m, decision, &made, was);
        made_clear(&made);
        return was;
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
        was = compare(p, m, decision, recorded_like(p, &d));
        if (was) {
                was->met = true;
                d.cookie = was->verdict.cookie;
        }
        /* Whom a dry run would end is looked at all the same, and perhaps nobody is there. */
        if ((!judging_at_once(v, &known, &outcome) || ends_one_process(m, v)) && was) {
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
