#include "policies/judge.h"

static uint64_t settle_usec(const RuleSection *rule) {
        return rule->settle_usec ? rule->settle_usec : JUDGE_SETTLE_USEC;
}

bool judge_ends_somebody(int action) {
        return action == RULE_TERM || action == RULE_KILL || action == RULE_RESTART;
}

bool judge_has_victim(int action) {
        return judge_ends_somebody(action) || action == RULE_FREEZE || action == RULE_THROTTLE;
}

bool judge_is_temporary(int action) {
        return action == RULE_FREEZE || action == RULE_THROTTLE || action == RULE_RELAX || action == RULE_RAISE;
}

/* ---- when ---- */

static bool all_hold(JudgeState *s, const RuleSection *rule, const Observation *o, const HostReading *host, uint64_t now_usec) {
        bool all = rule->n_when > 0 && rule->n_when <= JUDGE_WHEN_MAX;

        /* Each is fed, whatever the others say: `for` runs for all of them. */
        for (size_t i = 0; i < rule->n_when && i < JUDGE_WHEN_MAX; i++) {
                ConditionValue value = condition_measure(&rule->when[i], o, host);

                all = condition_feed(&s->conditions[i], &rule->when[i], value, now_usec) && all;
        }
        return all;
}

bool judge_near(const JudgeState *s, const RuleSection *rule) {
        for (size_t i = 0; i < rule->n_when && i < JUDGE_WHEN_MAX; i++)
                if (s->conditions[i].over)
                        return true;
        return false;
}

/* What calmed down for as long as it takes memory to come back is over; the next time is another incident. */
static bool incident_over(JudgeState *s, const RuleSection *rule, uint64_t now_usec) {
        if (s->incident == 0 || s->acting || now_usec < s->settle_until_usec || now_usec - s->crossed_usec < settle_usec(rule))
                return false;
        s->incident = 0;
        s->step = 0;
        s->exhausted = false;
        s->told = 0;
        s->n_passed = 0;
        s->failures = 0;
        s->ended = false;
        return true;
}

JudgeNext judge_look(JudgeState *s, const RuleSection *rule, const Observation *o, const HostReading *host, uint64_t now_usec) {
        bool crossed = all_hold(s, rule, o, host, now_usec);

        if (crossed != s->crossed)
                s->crossed_usec = now_usec;
        s->crossed = crossed;
        if (!crossed)
                return incident_over(s, rule, now_usec) ? JUDGE_CLEARED : JUDGE_NOTHING;
        if (s->incident == 0)
                s->incident = now_usec ? now_usec : 1;
        return s->acting || s->exhausted || now_usec < s->settle_until_usec ? JUDGE_NOTHING : JUDGE_CHOOSE;
}

/* ---- what ---- */

static void refuse(JudgeState *s, ReeveReason reason, JudgeVerdict *ret) {
        ret->action = -1;
        ret->reason = reason;
        ret->victim = SIZE_MAX;
        ret->tell = s->told != (int) reason;
        s->told = (int) reason;
}

static size_t first_open(const JudgeState *s, const JudgeCandidate *candidates, size_t open) {
        for (size_t i = 0; i < open; i++) {
                bool passed = false;

                for (size_t k = 0; k < s->n_passed; k++)
                        passed = passed || s->passed[k] == candidates[i].id;
                if (!passed)
                        return i;
        }
        return SIZE_MAX;
}

unsigned judge_level(const JudgeState *s, const RuleSection *rule) {
        return rule->step_up.value > 0 ? (s->failures + s->ended) / (unsigned) rule->step_up.value : 0;
}

bool judge_waits(const JudgeState *s, const RuleSection *rule, const JudgeCandidate *candidates, size_t open, uint64_t now_usec) {
        if (!judge_has_victim((int) rule->then[s->step].action) || now_usec - s->crossed_usec >= JUDGE_WAIT_USEC)
                return false;
        for (size_t i = 0; i < open; i++)
                if (candidates[i].unnamed || (rule->n_rank > 0 && candidates[i].parts[rule->rank[0]] < 0))
                        return true;
        return false;
}

void judge_choose(JudgeState *s, const RuleSection *rule, const JudgeBounds *bounds, const JudgeCandidate *candidates, size_t open,
                  size_t n, uint64_t now_usec, JudgeVerdict *ret) {
        RuleAction action = rule->then[s->step].action;

        (void) now_usec;
        *ret = (JudgeVerdict) { .action = (int) action, .step = s->step, .reason = REEVE_REASON_RULE, .victim = SIZE_MAX, .tell = true,
                                .dry_run = bounds->dry_run || rule->dry_run.value };
        if (bounds->pausing) {
                refuse(s, REEVE_REASON_PAUSED, ret);
                return;
        }
        if (bounds->kill_limit && !ret->dry_run) {
                refuse(s, REEVE_REASON_KILL_LIMIT, ret);
                return;
        }
        if (judge_has_victim(ret->action)) {
                ret->victim = first_open(s, candidates, open);
                if (ret->victim == SIZE_MAX) {
                        refuse(s, n > open ? REEVE_REASON_PROTECTED : REEVE_REASON_NO_CANDIDATE, ret);
                        return;
                }
        }
        if (judge_ends_somebody(ret->action)) {
                s->failures += s->ended;
                s->ended = false;
        }
        s->told = 0;
        s->acting = true;
}

/* After the last step: whoever ends somebody may have to once more; what else there is would only be repeated. */
static void step_on(JudgeState *s, const RuleSection *rule, const JudgeVerdict *verdict) {
        if (verdict->step + 1 < rule->n_then)
                s->step = verdict->step + 1;
        else if (!judge_ends_somebody(verdict->action) || verdict->dry_run)
                s->exhausted = true;
}

/* How long the effect of a step that ended nobody is waited for. */
static uint64_t effect_usec(const RuleSection *rule, const JudgeVerdict *verdict) {
        if (verdict->action == RULE_FREEZE)
                return rule->then[verdict->step].usec;
        if (verdict->action == RULE_RECLAIM || judge_is_temporary(verdict->action))
                return settle_usec(rule) < JUDGE_LOOK_AGAIN_USEC ? settle_usec(rule) : JUDGE_LOOK_AGAIN_USEC;
        return 0;
}

static void pass_over(JudgeState *s, uint64_t victim) {
        if (victim && s->n_passed < JUDGE_PASSED_MAX)
                s->passed[s->n_passed++] = victim;
}

void judge_done(JudgeState *s, const RuleSection *rule, const JudgeVerdict *verdict, uint64_t victim, ReeveOutcome outcome,
                uint64_t now_usec) {
        s->acting = false;
        if (verdict->action < 0 || outcome == REEVE_OUTCOME_RECOVERED)
                return;
        switch (outcome) {
        case REEVE_OUTCOME_DONE:
                if (judge_ends_somebody(verdict->action)) {
                        s->settle_until_usec = now_usec + settle_usec(rule);
                        s->ended = !verdict->dry_run;
                } else
                        s->settle_until_usec = now_usec + effect_usec(rule, verdict);
                break;
        case REEVE_OUTCOME_GONE:
                s->settle_until_usec = now_usec + JUDGE_LOOK_AGAIN_USEC;
                return;
        case REEVE_OUTCOME_INEFFECTIVE:
        case REEVE_OUTCOME_FAILED:
                /* Who does not end by a kill is not tried again; who does not end by a term is, by what comes next. */
                if (verdict->action == RULE_KILL || verdict->action == RULE_RESTART) {
                        pass_over(s, victim);
                        s->failures++;
                }
                break;
        default:
                break;
        }
        step_on(s, rule, verdict);
}
