#include "supervisor/observe/judging.h"

/* Of what lies in memory that an older reeved may have left. */
enum { MEMORY_VERSION = 1 };

JudgeEverywhere judging_everywhere(Judging *j) {
        const Config *config = watchlist_config(j->watchlist);
        JudgeEverywhere all = { .never = config ? &config->reeve.never : NULL, .init_path = j->init_path, .own_path = j->own_path,
                                .paused = j->paused };

        for (size_t i = 0; i < j->n_pauses; i++)
                if (j->pauses[i].path)
                        j->paused[all.n_paused++] = j->pauses[i].path;
        return all;
}

bool judging_paused(const Judging *j, uint64_t cgroup_id) {
        for (size_t i = 0; i < j->n_pauses; i++) {
                uint64_t id = j->pauses[i].cgroup_id;

                if (id == 0 || id == cgroup_id || tree_below(j->tree, cgroup_id, id))
                        return true;
        }
        return false;
}

bool judging_kill_limit(const Judging *j, uint64_t now_usec) {
        const Quota *limit = &watchlist_config(j->watchlist)->reeve.kill_limit;
        uint64_t n = 0;

        for (size_t i = 0; i < j->memory->n_kills && i < JUDGE_KILLS_MAX; i++)
                if (now_usec - j->memory->kills_usec[i] < limit->per_usec)
                        n++;
        return n >= limit->count;
}

static bool kin(const Judging *j, uint64_t a, uint64_t b) {
        return a == b || tree_below(j->tree, a, b) || tree_below(j->tree, b, a);
}

/* Whether what bounds both is the same: a parent that is full, or the host where that is short of memory. */
static bool bound_alike(const Judging *j, uint64_t a, uint64_t b) {
        const HostReading *host = &j->host;

        if (a == 0 || a != b)
                return false;
        return a != BATCH_BOUND_HOST || (host->available >= 0 && host->total > 0 && host->available < host->total / 10);
}

/* What was full when @k was decided need not be full any more, since somebody died in it: who lies in it shares that shortage. */
static bool was_bound(const Judging *j, const WatchlistMatch *m, const JudgingKill *k) {
        return k->bound_id != 0 && k->bound_id != BATCH_BOUND_HOST && tree_below(j->tree, m->cgroup->id, k->bound_id);
}

/* Two that are kin, or siblings under one bound, share a shortage: while one is acted on, or freed memory may still show, the other
 * waits. */
static bool held_by_another(const Judging *j, const WatchlistMatch *m, uint64_t now_usec) {
        uint64_t settle = m->rule->settle_usec ? m->rule->settle_usec : JUDGE_SETTLE_USEC;

        /* A kill is remembered when its cgroup is gone, and over a reload, which makes all rules new. */
        for (size_t i = 0; i < JUDGING_RECENT_MAX; i++) {
                const JudgingKill *k = &j->memory->recent[i];

                if (k->usec && now_usec - k->usec < settle &&
                    (kin(j, m->cgroup->id, k->match_id) || bound_alike(j, m->cgroup->bound_id, k->bound_id) || was_bound(j, m, k)))
                        return true;
        }
        for (size_t i = 0; i < watchlist_count(j->watchlist); i++) {
                const WatchlistMatch *other = watchlist_match(j->watchlist, i);

                if (other == m || (!other->judge.acting && now_usec >= other->judge.settle_until_usec))
                        continue;
                if (kin(j, other->cgroup->id, m->cgroup->id) || bound_alike(j, other->cgroup->bound_id, m->cgroup->bound_id))
                        return true;
        }
        return false;
}

static bool killing(const JudgeVerdict *verdict) {
        return !verdict->dry_run && judge_ends_somebody(verdict->action);
}

/* Noted when it is decided: when it is done the cgroup may be gone. */
static void note_kill(Judging *j, const WatchlistMatch *m) {
        JudgingMemory *k = j->memory;

        k->recent[k->n_recent++ % JUDGING_RECENT_MAX] = (JudgingKill) { .match_id = m->cgroup->id, .bound_id = m->cgroup->bound_id };
}

static void count_kill(JudgingMemory *k, uint64_t now_usec) {
        k->kills_usec[k->n_kills++ % JUDGE_KILLS_MAX] = now_usec;
}

/* What was decided for @match_id was done at @now_usec; 0: it was not, and shows no effect. */
static void note_end(Judging *j, uint64_t match_id, uint64_t now_usec) {
        for (size_t i = 0; i < JUDGING_RECENT_MAX; i++) {
                JudgingKill *k = &j->memory->recent[i];

                if (k->match_id != match_id || k->usec)
                        continue;
                if (now_usec)
                        k->usec = now_usec;
                else
                        *k = (JudgingKill) { .usec = 0 };
        }
}

void judging_recall(Judging *j, uint64_t now_usec) {
        JudgingMemory *k = j->memory;

        if (k->version != MEMORY_VERSION)
                *k = (JudgingMemory) { .version = MEMORY_VERSION };
        for (size_t i = 0; i < JUDGING_RECENT_MAX; i++)
                if (k->recent[i].match_id && !k->recent[i].usec) {
                        k->recent[i].usec = now_usec;
                        count_kill(k, now_usec);
                }
}

static void choose(Judging *j, WatchlistMatch *m, uint64_t now_usec, JudgingDecide *decide, void *userdata) {
        JudgeEverywhere everywhere = judging_everywhere(j);
        JudgeBounds bounds = { .dry_run = watchlist_mode(j->watchlist) == REEVE_MODE_DRY_RUN, .kill_limit = judging_kill_limit(j, now_usec),
                               .pausing = judging_paused(j, m->cgroup->id) };
        JudgeVerdict verdict;
        size_t n, open;
        JudgeCandidate *candidates = watchlist_candidates(j->watchlist, j->tree, m, &everywhere, &n, &open);
        VerdictDecision decision = { .rule = m->rule, .state = &m->judge, .verdict = &verdict, .cgroup_id = m->cgroup->id,
                                     .path = m->cgroup->path, .candidates = candidates, .n = n, .open = open, .now_usec = now_usec };

        if (judge_waits(&m->judge, m->rule, candidates, open, now_usec))
                return;
        judge_choose(&m->judge, m->rule, &bounds, candidates, open, n, now_usec, &verdict);
        if (verdict.tell && killing(&verdict))
                note_kill(j, m);
        if (verdict.tell && !decide(m, &decision, userdata)) {
                m->judge.acting = false;
                if (killing(&verdict))
                        note_end(j, m->cgroup->id, 0);
        }
}

/* Its conditions held, and did no more at the second look: that is worth a record too, but once of what flutters. */
static void recovered(WatchlistMatch *m, uint64_t now_usec, JudgingDecide *decide, void *userdata) {
        JudgeVerdict verdict = { .action = -1, .step = m->judge.step, .reason = REEVE_REASON_RECOVERED, .victim = SIZE_MAX };
        VerdictDecision decision = { .rule = m->rule, .state = &m->judge, .verdict = &verdict, .cgroup_id = m->cgroup->id,
                                     .path = m->cgroup->path, .now_usec = now_usec };

        if (m->judge.told == (int) REEVE_REASON_RECOVERED)
                return;
        m->judge.told = (int) REEVE_REASON_RECOVERED;
        if (!decide(m, &decision, userdata))
                m->judge.acting = false;
}

/* Returns whether a second look is wanted at once. */
static bool judge_one(Judging *j, WatchlistMatch *m, uint64_t now_usec, JudgingDecide *decide, void *userdata) {
        bool before = m->twice;

        m->twice = false;
        switch (judge_look(&m->judge, m->rule, &m->seen, &j->host, now_usec)) {
        case JUDGE_CHOOSE:
                if (held_by_another(j, m, now_usec))
                        return false;
                if (before)
                        choose(j, m, now_usec, decide, userdata);
                else
                        m->twice = true;
                return m->twice;
        case JUDGE_CLEARED:
        case JUDGE_NOTHING:
                if (before && !m->judge.crossed)
                        recovered(m, now_usec, decide, userdata);
                return false;
        }
        return false;
}

bool judging_round(Judging *j, const Batch *b, uint64_t now_usec, JudgingDecide *decide, void *userdata) {
        bool again = false;

        j->host = b->host;
        watchlist_take(j->watchlist, b);
        for (size_t i = 0; i < watchlist_count(j->watchlist); i++)
                again = judge_one(j, watchlist_match(j->watchlist, i), now_usec, decide, userdata) || again;
        return again;
}

void judging_done(Judging *j, WatchlistMatch *m, uint64_t match_id, const JudgeVerdict *verdict, uint64_t victim, ReeveOutcome outcome,
                  uint64_t now_usec) {
        /* A quick look sees only who uses less: nobody does where what he held are files of a tmpfs. */
        if (judge_ends_somebody(verdict->action) && !verdict->dry_run)
                watchlist_ended(j->watchlist, victim, now_usec);
        if (killing(verdict)) {
                note_end(j, match_id, outcome == REEVE_OUTCOME_DONE ? now_usec : 0);
                if (outcome == REEVE_OUTCOME_DONE)
                        count_kill(j->memory, now_usec);
        }
        if (m)
                judge_done(&m->judge, m->rule, verdict, victim, outcome, now_usec);
}

bool judging_at_once(const JudgeVerdict *verdict, bool *ret_known, ReeveOutcome *ret_outcome) {
        if (verdict->reason == REEVE_REASON_RECOVERED) {
                *ret_known = true;
                *ret_outcome = REEVE_OUTCOME_RECOVERED;
        } else if (verdict->action < 0 || verdict->dry_run) {
                *ret_known = false;
                *ret_outcome = REEVE_OUTCOME_DONE;
        } else if (verdict->action == RULE_NOTIFY) {
                *ret_known = true;
                *ret_outcome = REEVE_OUTCOME_DONE;
        } else
                return false;
        return true;
}
