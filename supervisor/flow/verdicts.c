#include "supervisor/flow/verdicts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/base/clock.h"
#include "supervisor/base/fd.h"
#include "supervisor/flow/captures.h"
#include "supervisor/flow/levers.h"
#include "supervisor/flow/programs.h"
#include "supervisor/flow/whose.h"

/* So long the dying get until they are held to be stuck, and reclaim until it is broken off. */
enum { KILL_USEC = 5000000, RECLAIM_USEC = 10000000, OVERDUE_USEC = 15000000, RESTART_USEC = 30000000 };

/* ---- on record ---- */

static int write_verdict(Strbuf *out, const RecordContext *context, const void *what) {
        return record_verdict(out, context, what);
}

/* Returns the record's seq; its text is s->emit.text. */
static uint64_t emit(Supervisor *s, const Doing *d, const VerdictOutcome *outcome) {
        RecordContext context = s->emit.context;
        char incident[EMIT_ID_SIZE + 24];
        EmitHead head = {
                .type = REEVE_RECORD_VERDICT,
                .time_nsec = outcome->time_nsec,
                .owner_uid = whose_account_uid(s, d->match_id, /* path= */ NULL),
                .context = &context,
        };

        context.incident = emit_incident(&s->emit, d->incident, incident);
        context.rule_at = d->rule_at;
        return emit_record(&s->emit, &head, write_verdict, outcome);
}

/* ---- doing ---- */

static WatchlistMatch *match_of(Supervisor *s, uint64_t task) {
        for (size_t i = 0; task && i < watchlist_count(s->rules.judging.watchlist); i++)
                if (watchlist_match(s->rules.judging.watchlist, i)->task == task)
                        return watchlist_match(s->rules.judging.watchlist, i);
        return NULL;        /* its cgroup died, or other rules rule */
}

static Doing *doing_free(Supervisor *s) {
        for (size_t i = 0; i < RULES_DOING_MAX; i++)
                if (!s->rules.doing[i].cookie)
                        return &s->rules.doing[i];
        return NULL;
}

/* Ends @d: the rule goes on from there, and the record is written. Returns its seq. */
static uint64_t done(Supervisor *s, Doing *d, const VerdictOutcome *outcome, uint64_t now_usec) {
        WatchlistMatch *m = match_of(s, d->cookie);
        uint64_t seq;
        ReeveOutcome result = outcome->known ? outcome->result : REEVE_OUTCOME_DONE;

        if (m)
                m->task = 0;
        judging_done(&s->rules.judging, m, d->match_id, &d->verdict, d->process_key ? d->process_key : d->victim_id, result, now_usec);
        captures_done(s, d, result, outcome->known, now_usec);
        seq = emit(s, d, outcome);
        verdict_note_clear(&d->note);
        d->cookie = 0;
        return seq;
}

static VerdictOutcome outcome_of(const Doing *d, bool known, ReeveOutcome result, const char *error) {
        return (VerdictOutcome) { .note = &d->note, .time_nsec = d->time_nsec, .known = known, .result = result, .freed_bytes = -1,
                                  .took_usec = -1, .error = error };
}

static uint64_t done_at_once(Supervisor *s, Doing *d, bool known, ReeveOutcome result, const char *error) {
        VerdictOutcome outcome = outcome_of(d, known, result, error);

        return done(s, d, &outcome, d->time_nsec / 1000);
}

static void post(Supervisor *s, Doing *d, Hand *hand, const HandTask *task) {
        if (!hand || !hand_post(hand, task))
                (void) done_at_once(s, d, true, REEVE_OUTCOME_FAILED, "too much is being done already");
}

/* @process: the one that is meant; NULL: all of the cgroup. */
static void hand_over(Supervisor *s, Doing *d, const RuleStep *step, const char *path, const PickProcess *process) {
        HandTask task = { .cookie = d->cookie, .cgroup_id = d->victim_id, .bytes = step->bytes };

        (void) snprintf(task.path, sizeof(task.path), "%s", path);
        task.work = step->action == RULE_RECLAIM ? HAND_RECLAIM : step->action == RULE_TERM ? HAND_TERM
                    : step->action == RULE_RESTART ? HAND_RESTART : HAND_KILL;
        task.wait_usec = step->action == RULE_RECLAIM ? RECLAIM_USEC : step->action == RULE_TERM ? step->usec
                         : step->action == RULE_RESTART ? RESTART_USEC : KILL_USEC;
        task.user = s->options.user;
        if (process) {
                task.pid = process->pid;
                task.start_usec = process->start_usec;
        }
        post(s, d, step->action == RULE_RECLAIM ? s->rules.slow_hand : step->action == RULE_RESTART ? s->rules.unit_hand : s->rules.kill_hand,
             &task);
}

/* ---- one process of the chosen cgroup ---- */

static bool one_process(const Doing *d, const RuleSection *rule) {
        return rule->victim.value == RULE_VICTIM_PROCESS && (d->verdict.action == RULE_TERM || d->verdict.action == RULE_KILL);
}

static void look_for_process(Supervisor *s, Doing *d, const char *path) {
        HandTask task = { .cookie = d->cookie, .work = HAND_LOOK, .cgroup_id = d->victim_id };

        (void) snprintf(task.path, sizeof(task.path), "%s", path);
        post(s, d, s->rules.kill_hand, &task);
}

/* What oom_score_adj is a share of: the limit under which the shortage is. */
static int64_t total_pages(const Supervisor *s, const WatchlistMatch *m) {
        const Reading *r = observation_last(&m->seen);
        PredictDomain domain = { .max_bytes = r ? r->limit : -1, .swap_max_bytes = r ? r->swap_limit : -1,
                                 .ram_bytes = s->rules.judging.host.total, .swap_bytes = s->rules.judging.host.swap_total,
                                 .page_size = sysconf(_SC_PAGESIZE) };

        if (m->cgroup->id == s->fs.root_id)
                domain.max_bytes = -1;
        return predict_total_pages(&domain);
}

static void looked(Supervisor *s, Doing *d, const HandTask *t) {
        const WatchlistMatch *m = match_of(s, d->cookie);
        int64_t pages;
        size_t open;
        int r;

        if (!m) {
                (void) done_at_once(s, d, true, REEVE_OUTCOME_FAILED, "its rule is another by now");
                return;
        }
        if (t->outcome != REEVE_OUTCOME_DONE) {
                (void) done_at_once(s, d, true, t->outcome, t->error);
                return;
        }
        pages = total_pages(s, m);
        open = pick_rank(m->rule, &m->judge, pages, t->processes, t->n_processes);
        r = verdict_note_processes(&d->note, t->processes, t->n_processes, open);
        if (r == 0)
                captures_looked(s, d, pages, t->processes, t->n_processes, open);
        if (r < 0)
                (void) done_at_once(s, d, true, REEVE_OUTCOME_FAILED, "no memory");
        else if (open == 0)
                (void) done_at_once(s, d, true, REEVE_OUTCOME_INEFFECTIVE, "none of its processes may be chosen");
        else if (d->verdict.dry_run)
                (void) done_at_once(s, d, false, REEVE_OUTCOME_DONE, NULL);
        else {
                d->process_key = pick_key(&t->processes[0]);
                hand_over(s, d, &m->rule->then[d->verdict.step], t->path, &t->processes[0]);
        }
}

/* ---- decided ---- */

static void begin_lever(Supervisor *s, Doing *d, const WatchlistMatch *m, const char *path) {
        int r = levers_begin(s, d->cookie, m, &m->rule->then[d->verdict.step], d->victim_id, path);

        if (r < 0)
                (void) done_at_once(s, d, true, REEVE_OUTCOME_FAILED, r == -EBUSY ? "too many steps wait to be undone" : "too much is being done already");
}

/* The record is what the program gets, so it is written first. */
static void call_program(Supervisor *s, Doing *d, const RuleStep *step) {
        uint64_t match_id = d->match_id, seq = done_at_once(s, d, false, REEVE_OUTCOME_DONE, NULL);

        if (seq)
                programs_call(s, seq, match_id, step->path);
}

static void carry_out(Supervisor *s, Doing *d, const WatchlistMatch *m, const char *path) {
        const RuleStep *step = &m->rule->then[d->verdict.step];
        ReeveOutcome result;
        bool known;

        if (one_process(d, m->rule))
                look_for_process(s, d, path);
        else if (judging_at_once(&d->verdict, &known, &result))
                (void) done_at_once(s, d, known, result, NULL);
        else if (step->action == RULE_EXEC)
                call_program(s, d, step);
        else if (judge_is_temporary((int) step->action))
                begin_lever(s, d, m, path);
        else
                hand_over(s, d, step, path, NULL);
}

/* Notes a decision. NULL: no room or no memory; then it was none, and the next look decides again. */
static Doing *begin(Supervisor *s, WatchlistMatch *m, const VerdictDecision *decision) {
        const JudgeVerdict *v = decision->verdict;
        Doing *d = doing_free(s);

        if (!d || verdict_note(&d->note, decision) < 0)
                return NULL;
        d->cookie = m->task = ++s->next_cookie;
        s->rules.decided[s->rules.n_decided++ % RULES_DECIDED_MAX] = (Decided) { .cookie = d->cookie, .incident = m->judge.incident };
        d->match_id = m->cgroup->id;
        d->process_key = 0;
        d->victim_id = v->victim < decision->n ? decision->candidates[v->victim].id : m->cgroup->id;
        d->incident = m->judge.incident;
        d->time_nsec = decision->now_usec * 1000;
        d->verdict = *v;
        (void) origin_format(&m->rule->at, d->rule_at, sizeof(d->rule_at));
        captures_decided(s, d);
        return d;
}

bool verdicts_decided(WatchlistMatch *m, const VerdictDecision *decision, void *userdata) {
        const JudgeVerdict *v = decision->verdict;
        Supervisor *s = userdata;
        Doing *d = begin(s, m, decision);

        if (d)
                carry_out(s, d, m, v->victim < decision->n ? decision->candidates[v->victim].path : m->cgroup->path);
        return d != NULL;
}

/* ---- what came of it ---- */

static Doing *doing_of(Supervisor *s, uint64_t cookie) {
        for (size_t i = 0; cookie && i < RULES_DOING_MAX; i++)
                if (s->rules.doing[i].cookie == cookie)
                        return &s->rules.doing[i];
        return NULL;
}

static void took(Supervisor *s, const HandTask *t) {
        Doing *d = doing_of(s, t->cookie);
        VerdictOutcome outcome;

        if (t->work == HAND_EXEC)
                programs_called(s, t);
        if (t->work == HAND_ENDED)
                programs_ended(s, t);
        if (t->work == HAND_FREEZE || t->work == HAND_THAW)
                levers_done(s, t->cookie, t->outcome);
        if (!d)
                return;
        if (t->work == HAND_LOOK) {
                looked(s, d, t);
                return;
        }
        outcome = outcome_of(d, true, t->outcome, t->error);
        outcome.freed_bytes = t->work == HAND_FREEZE ? -1 : t->freed_bytes;
        outcome.took_usec = (int64_t) t->took_usec;
        outcome.pids = t->pids;
        outcome.n_pids = t->n_pids;
        (void) done(s, d, &outcome, clock_boottime_nsec() / 1000);
}

void verdicts_lever(Supervisor *s, const BudgetsAnswer *answer) {
        Doing *d = doing_of(s, answer->cookie);
        VerdictOutcome outcome;

        levers_done(s, answer->cookie, answer->result.outcome);
        if (!d)
                return;
        outcome = outcome_of(d, true, answer->result.outcome, answer->result.error);
        outcome.took_usec = (int64_t) ((clock_boottime_nsec() - d->time_nsec) / 1000);
        (void) done(s, d, &outcome, clock_boottime_nsec() / 1000);
}

void verdicts_overdue(Supervisor *s) {
        uint64_t now = clock_boottime_nsec();

        for (size_t i = 0; i < RULES_DOING_MAX; i++) {
                Doing *d = &s->rules.doing[i];

                if (d->cookie && judge_is_temporary(d->verdict.action) && now - d->time_nsec > OVERDUE_USEC * UINT64_C(1000))
                        (void) done_at_once(s, d, true, REEVE_OUTCOME_FAILED, "it takes too long; it will be undone if it is done after all");
        }
}

uint64_t verdicts_task_at(const Supervisor *s, ReeveKiller killer, uint64_t nsec) {
        return killer == REEVE_KILLER_REEVE && s->rules.kill_hand ? hand_task_at(s->rules.kill_hand, nsec) : 0;
}

static void hand_drain(Supervisor *s, Hand *hand) {
        HandTask *t;

        ring_drain_fd(hand_ring(hand));
        while ((t = hand_take(hand))) {
                took(s, t);
                hand_return(hand, t);
        }
}

static int on_kill_hand(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Supervisor *s = userdata;

        (void) source, (void) fd, (void) revents;
        hand_drain(s, s->rules.kill_hand);
        return 0;
}

static int on_slow_hand(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Supervisor *s = userdata;

        (void) source, (void) fd, (void) revents;
        hand_drain(s, s->rules.slow_hand);
        return 0;
}

static int on_unit_hand(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Supervisor *s = userdata;

        (void) source, (void) fd, (void) revents;
        hand_drain(s, s->rules.unit_hand);
        return 0;
}

static int open_hand(Supervisor *s, Hand **ret, sd_event_source **io, int64_t priority, sd_event_io_handler_t handler) {
        int e = *ret ? 0 : hand_new(ret, &s->fs);

        return e < 0 || *io ? e : state_io(s, io, ring_fd(hand_ring(*ret)), EPOLLIN, priority, handler);
}

int verdicts_open(Supervisor *s) {
        Rules *r = &s->rules;
        int e = open_hand(s, &r->kill_hand, &r->kill_hand_io, 2, on_kill_hand);

        if (e >= 0)
                e = open_hand(s, &r->slow_hand, &r->slow_hand_io, 5, on_slow_hand);
        if (e >= 0)
                e = open_hand(s, &r->unit_hand, &r->unit_hand_io, 5, on_unit_hand);
        return e < 0 ? e : 0;
}

void verdicts_close(Supervisor *s) {
        Rules *r = &s->rules;

        r->kill_hand_io = sd_event_source_disable_unref(r->kill_hand_io);
        r->slow_hand_io = sd_event_source_disable_unref(r->slow_hand_io);
        r->unit_hand_io = sd_event_source_disable_unref(r->unit_hand_io);
        r->kill_hand = hand_free(r->kill_hand);
        r->slow_hand = hand_free(r->slow_hand);
        r->unit_hand = hand_free(r->unit_hand);
        for (size_t i = 0; i < RULES_DOING_MAX; i++)
                verdict_note_clear(&r->doing[i].note);
}
