#include "supervisor/act/applylever.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/act/applyentry.h"
#include "supervisor/act/applyowner.h"
#include "supervisor/act/applyplan.h"
#include "supervisor/base/fd.h"

LimitKey apply_lever_key(RuleAction action) {
        return action == RULE_RAISE ? LIMIT_MEMORY_MAX : LIMIT_MEMORY_HIGH;
}

/* ---- what is told of it ---- */

/* Between the applier and who listens to it. */
typedef struct Listener {
        ApplyLeverTold *told;
        void (*emit)(const LimitResult *result, void *userdata);
        void *userdata;
} Listener;

static void listen_to(const LimitResult *result, void *userdata) {
        Listener *l = userdata;

        l->told->outcome = result->outcome;
        l->told->reason = result->reason;
        l->told->before = result->before;
        l->told->after = result->after;
        (void) snprintf(l->told->error, sizeof(l->told->error), "%s", result->error ? result->error : "");
        if (l->emit)
                l->emit(result, l->userdata);
}

static Listener listen_begin(Applier *a, ApplyLeverTold *told) {
        Listener l = { .told = told, .emit = a->emit, .userdata = a->userdata };

        a->emit = listen_to;
        return l;
}

static void tell(ApplyLeverTold *ret, ReeveOutcome outcome, ReeveReason reason, const char *error) {
        *ret = (ApplyLeverTold) { .outcome = outcome, .reason = reason, .before = LIMIT_UNKNOWN, .after = LIMIT_UNKNOWN };
        (void) snprintf(ret->error, sizeof(ret->error), "%s", error ? error : "");
}

/* ---- doing ---- */

/* The value that is wanted; LIMIT_UNKNOWN with the words where there is none. */
static int64_t wanted_of(const Job *j, const ApplyLever *lever, int64_t before, const char **reterr) {
        int64_t current, wanted;

        if (lever->action == RULE_RELAX) {
                *reterr = before == LIMIT_MAX ? "memory.high is max already" : NULL;
                return *reterr ? LIMIT_UNKNOWN : LIMIT_MAX;
        }
        if (lever->action == RULE_RAISE) {
                if (before == LIMIT_MAX || before >= lever->bytes) {
                        *reterr = "memory.max is as high already";
                        return LIMIT_UNKNOWN;
                }
                wanted = before + (int64_t) ((double) before * lever->ratio);
                wanted = wanted > lever->bytes ? lever->bytes : wanted;
        } else {
                if (cgroupfs_read_number(j->dirfd, "memory.current", &current) < 0) {
                        *reterr = "what it uses could not be read";
                        return LIMIT_UNKNOWN;
                }
                wanted = (int64_t) ((double) current * lever->ratio);
                if (before != LIMIT_UNKNOWN && before <= wanted) {
                        *reterr = "memory.high is as low already";
                        return LIMIT_UNKNOWN;
                }
        }
        return wanted / j->a->page_size * j->a->page_size;
}

static void lever_run(Job *j, const ApplyLever *lever, ApplyLeverTold *ret) {
        LimitKey key = apply_lever_key(lever->action);
        LimitValue *v = &j->e->values[key];
        int64_t before = apply_read(j, key), wanted;
        const char *error = NULL;
        Budget budget;

        wanted = wanted_of(j, lever, before, &error);
        if (wanted == LIMIT_UNKNOWN) {
                tell(ret, REEVE_OUTCOME_INEFFECTIVE, REEVE_REASON_RULE, error);
                return;
        }
        apply_budget_of(j->a, j->e->path, &budget);
        apply_decide_owner(j, lever->own == BUDGET_OWN_NO ? budget.own : lever->own, /* fresh= */ false, /* owner_asks= */ false);
        j->changes[key] = (Change) { .active = true, .wanted = wanted, .before = before, .reason = REEVE_REASON_RULE,
                                     /* Below what is used is the point of a throttle. */
                                     .risk = lever->action == RULE_THROTTLE };
        if (lever->origin)
                (void) snprintf(j->changes[key].origin, sizeof(j->changes[key].origin), "%s", lever->origin);
        v->lever = true;
        v->lever_value = wanted;
        v->lever_incident = lever->incident;
        v->lever_over = false;
        apply_run(j);
        if (ret->outcome != REEVE_OUTCOME_DONE)
                v->lever = false;
}

void applier_lever(Applier *a, const ApplyLever *lever, ApplyLeverTold *ret) {
        LimitEntry *known = limitstate_find(&a->state, lever->id), *e = known;
        _cleanup_close_ int dirfd = cgroupfs_open_sure(&a->fs, lever->id, lever->path);
        Job j = { .a = a, .dirfd = dirfd };
        Listener l;

        tell(ret, REEVE_OUTCOME_FAILED, REEVE_REASON_FAILED, "no memory");
        if (dirfd < 0) {
                tell(ret, REEVE_OUTCOME_GONE, REEVE_REASON_GONE, "it is gone");
                return;
        }
        if (!e)
                e = limitstate_add(&a->state, lever->id, lever->path);
        if (!e)
                return;
        j.e = e;
        j.dry_run = a->mode != REEVE_MODE_ACT;
        l = listen_begin(a, ret);
        a->userdata = &l;
        lever_run(&j, lever, ret);
        a->emit = l.emit;
        a->userdata = l.userdata;
        if (!known && !limitstate_is_used(e))
                limitstate_remove(&a->state, e);
        else if (a->drift)
                (void) drift_watch(a->drift, e->id, e->path, dirfd);
        a->dirty = true;
        applier_settle(a);
}

void applier_probe(Applier *a, const ApplyLever *lever) {
        _cleanup_close_ int dirfd = cgroupfs_open_sure(&a->fs, lever->id, lever->path);
        LimitEntry e = { .id = lever->id, .path = (char *) (uintptr_t) lever->path };
        LimitKey key = apply_lever_key(lever->action);
        Job j = { .a = a, .e = &e, .dirfd = dirfd };
        Budget budget;

        /* Of who has been written to already it is known. */
        if (dirfd < 0 || limitstate_find(&a->state, lever->id))
                return;
        apply_budget_of(a, lever->path, &budget);
        apply_decide_owner(&j, lever->own == BUDGET_OWN_NO ? budget.own : lever->own, /* fresh= */ false, /* owner_asks= */ false);
        free(e.unit);
        if (j.own.kind != OWNERSHIP_REFUSED)
                return;
        j.changes[key] = (Change) { .active = true, .wanted = LIMIT_UNKNOWN, .before = LIMIT_UNKNOWN };
        if (lever->origin)
                (void) snprintf(j.changes[key].origin, sizeof(j.changes[key].origin), "%s", lever->origin);
        apply_finish(&j, key, REEVE_OUTCOME_REFUSED, j.own.reason, j.own.text);
}

/* ---- undoing ---- */

static void lift_run(Job *j, LimitKey key) {
        Budget budget = { 0 };

        /* Who only watches does not bring anything to a budget; but what was changed for a while returns. */
        if (j->a->mode == REEVE_MODE_ACT)
                apply_budget_of(j->a, j->e->path, &budget);
        if (!apply_plan_key(j, key, &budget))
                return;
        apply_decide_owner(j, budget.own, /* fresh= */ false, /* owner_asks= */ false);
        apply_run(j);
}

void applier_lift(Applier *a, uint64_t id, LimitKey key, ApplyLeverTold *ret) {
        LimitEntry *e = limitstate_find(&a->state, id);
        _cleanup_close_ int dirfd = e ? cgroupfs_open_sure(&a->fs, e->id, e->path) : -1;
        Job j = { .a = a, .e = e, .dirfd = dirfd };
        Listener l;

        tell(ret, REEVE_OUTCOME_DONE, REEVE_REASON_INCIDENT_OVER, NULL);
        if (!e || dirfd < 0) {
                ret->outcome = e ? REEVE_OUTCOME_GONE : REEVE_OUTCOME_DONE;
                return;
        }
        if (e->values[key].lever)
                e->values[key].lever_over = true;
        e->values[key].lever = false;
        l = listen_begin(a, ret);
        a->userdata = &l;
        lift_run(&j, key);
        a->emit = l.emit;
        a->userdata = l.userdata;
        /* The same refusal is told once; it is one all the same. */
        if (ret->outcome == REEVE_OUTCOME_DONE && e->values[key].lever_over && e->values[key].refused)
                ret->outcome = REEVE_OUTCOME_REFUSED;
        if (ret->outcome == REEVE_OUTCOME_DONE)
                e->values[key].lever_over = false;
        a->dirty = true;
        if (!limitstate_is_used(e)) {
                if (a->drift)
                        drift_forget(a->drift, e->id, e->path);
                limitstate_remove(&a->state, e);
        }
        applier_settle(a);
}
