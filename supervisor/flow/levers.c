#include "supervisor/flow/levers.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "supervisor/base/clock.h"
#include "supervisor/base/fd.h"
#include "supervisor/flow/settings.h"

enum { SWEEP_USEC = 1000000, AGAIN_USEC = 30000000, STOP_USEC = 5000000 };

static uint64_t now_usec(void) {
        return clock_boottime_nsec() / 1000;
}

static Lever *lever_at(Supervisor *s, uint64_t cookie) {
        for (size_t i = 0; cookie && i < RULES_LEVERS_MAX; i++)
                if (s->rules.levers[i].used && s->rules.levers[i].cookie == cookie)
                        return &s->rules.levers[i];
        return NULL;
}

static void forget(Supervisor *s, Lever *l) {
        spool_drop(s->spool, l->place);
        l->used = false;
}

/* ---- undoing ---- */

static void on_undone(Supervisor *s, Lever *l, ReeveOutcome outcome) {
        if (outcome == REEVE_OUTCOME_DONE || outcome == REEVE_OUTCOME_GONE)
                forget(s, l);
        else {
                l->lifting = false;
                l->again_usec = now_usec() + AGAIN_USEC;
        }
}

static HandTask thaw_of(const SpoolKept *kept, uint64_t cookie) {
        HandTask task = { .work = HAND_THAW, .cookie = cookie, .cgroup_id = kept->cgroup_id };

        (void) snprintf(task.path, sizeof(task.path), "%s", kept->path);
        return task;
}

static void undo(Supervisor *s, Lever *l) {
        HandTask thaw;

        l->cookie = ++s->next_cookie;
        l->lifting = true;
        l->over = true;
        if (l->kept.kind == SPOOL_FREEZE) {
                thaw = thaw_of(&l->kept, l->cookie);
                if (!s->rules.kill_hand || !hand_post(s->rules.kill_hand, &thaw))
                        on_undone(s, l, REEVE_OUTCOME_FAILED);
        } else if (!s->budgets || budgets_lift(s->budgets, l->cookie, l->kept.cgroup_id, (LimitKey) l->kept.key) < 0)
                on_undone(s, l, REEVE_OUTCOME_FAILED);
}

/* Whether the shortage for which it was done goes on. */
static bool goes_on(Supervisor *s, const Lever *l) {
        Watchlist *w = s->rules.judging.watchlist;

        for (size_t i = 0; i < watchlist_count(w); i++) {
                const WatchlistMatch *m = watchlist_match(w, i);

                if (m->cgroup->id == l->match_id && m->judge.incident == l->incident)
                        return true;
        }
        return false;
}

static int on_sweep(sd_event_source *source, uint64_t usec, void *userdata);

/* While there is any: when the next is due, at most a second. */
static void arm(Supervisor *s) {
        uint64_t now = now_usec(), wait = SWEEP_USEC;
        bool any = false;

        for (size_t i = 0; i < RULES_LEVERS_MAX; i++) {
                const Lever *l = &s->rules.levers[i];

                any = any || l->used;
                if (l->used && !l->over && l->kept.until_usec && l->kept.until_usec < now + wait)
                        wait = l->kept.until_usec > now ? l->kept.until_usec - now : 1000;
        }
        if (s->rules.lever_timer)
                (void) sd_event_source_set_enabled(s->rules.lever_timer, SD_EVENT_OFF);
        if (any)
                state_timer(s, &s->rules.lever_timer, wait, on_sweep);
}

static void sweep(Supervisor *s) {
        uint64_t now = now_usec();

        for (size_t i = 0; i < RULES_LEVERS_MAX; i++) {
                Lever *l = &s->rules.levers[i];

                if (!l->used || l->lifting || now < l->again_usec)
                        continue;
                if (l->over || (l->kept.until_usec && now >= l->kept.until_usec) || !goes_on(s, l))
                        undo(s, l);
        }
}

static int on_sweep(sd_event_source *source, uint64_t usec, void *userdata) {
        (void) source, (void) usec;
        sweep(userdata);
        arm(userdata);
        return 0;
}

/* ---- doing ---- */

static uint32_t kind_of(RuleAction action) {
        return action == RULE_FREEZE ? SPOOL_FREEZE : SPOOL_LIMIT;
}

/* The one in use on that cgroup goes on as this one: what was before is before both. */
static Lever *lever_for(Supervisor *s, const SpoolKept *kept) {
        Lever *idle = NULL;

        for (size_t i = 0; i < RULES_LEVERS_MAX; i++) {
                Lever *l = &s->rules.levers[i];

                if (l->used && l->kept.kind == kept->kind && l->kept.key == kept->key && l->kept.cgroup_id == kept->cgroup_id) {
                        spool_drop(s->spool, l->place);
                        return l;
                }
                if (!l->used)
                        idle = l;
        }
        return idle;
}

static int post(Supervisor *s, const Lever *l, const WatchlistMatch *m, const RuleStep *step) {
        char at[256];
        ApplyLever lever = { .id = l->kept.cgroup_id, .path = l->kept.path, .action = step->action, .ratio = step->ratio,
                             .bytes = (int64_t) step->bytes, .own = (BudgetOwn) m->rule->own.value, .incident = l->incident };
        HandTask task = thaw_of(&l->kept, l->cookie);

        if (step->action == RULE_FREEZE) {
                task.work = HAND_FREEZE;
                return s->rules.kill_hand && hand_post(s->rules.kill_hand, &task) ? 0 : -EUNATCH;
        }
        lever.origin = origin_format(&step->at, at, sizeof(at));
        return s->budgets && budgets_lever(s->budgets, l->cookie, &lever) == 0 ? 0 : -EUNATCH;
}

int levers_begin(Supervisor *s, uint64_t cookie, const WatchlistMatch *m, const RuleStep *step, uint64_t cgroup_id, const char *path) {
        SpoolKept kept = { .kind = kind_of(step->action), .cgroup_id = cgroup_id };
        Lever *l;
        int r;

        if (step->action == RULE_FREEZE)
                kept.until_usec = now_usec() + step->usec;
        else
                kept.key = apply_lever_key(step->action);
        (void) snprintf(kept.path, sizeof(kept.path), "%s", path);
        l = lever_for(s, &kept);
        if (!l)
                return -EBUSY;
        *l = (Lever) { .used = true, .kept = kept, .match_id = m->cgroup->id, .incident = m->judge.incident, .cookie = cookie };
        l->place = spool_keep(s->spool, &kept);
        if (l->place < 0) {
                l->used = false;
                return -EBUSY;
        }
        r = post(s, l, m, step);
        if (r < 0)
                forget(s, l);
        arm(s);
        return r;
}

void levers_done(Supervisor *s, uint64_t cookie, ReeveOutcome outcome) {
        Lever *l = lever_at(s, cookie);

        if (!l)
                return;
        if (l->lifting)
                on_undone(s, l, outcome);
        /* What failed may be there all the same. */
        else if (outcome == REEVE_OUTCOME_FAILED)
                l->over = true;
        else if (outcome != REEVE_OUTCOME_DONE)
                forget(s, l);
        arm(s);
}

/* ---- another life ---- */

void levers_thaw(Spool *spool, const Cgroupfs *fs) {
        SpoolKept kept;

        for (int i = 0; i < SPOOL_KEPT_MAX; i++)
                if (spool_kept(spool, i, &kept) && kept.kind == SPOOL_FREEZE) {
                        HandTask task = thaw_of(&kept, 0);

                        hand_do(fs, &task);
                        if (task.outcome == REEVE_OUTCOME_DONE || task.outcome == REEVE_OUTCOME_GONE)
                                spool_drop(spool, i);
                }
}

void levers_load(Supervisor *s) {
        SpoolKept kept;
        size_t n = 0;

        for (int i = 0; i < SPOOL_KEPT_MAX; i++)
                if (spool_kept(s->spool, i, &kept) && kept.kind == SPOOL_LIMIT && n < RULES_LEVERS_MAX)
                        s->rules.levers[n++] = (Lever) { .used = true, .over = true, .place = i, .kept = kept };
        sweep(s);
        arm(s);
}

static bool any_limit(const Supervisor *s) {
        for (size_t i = 0; i < RULES_LEVERS_MAX; i++)
                if (s->rules.levers[i].used && s->rules.levers[i].lifting && s->rules.levers[i].kept.kind == SPOOL_LIMIT)
                        return true;
        return false;
}

void levers_close(Supervisor *s) {
        uint64_t until = now_usec() + STOP_USEC;

        /* Nobody freezes behind our back. */
        s->rules.kill_hand_io = sd_event_source_disable_unref(s->rules.kill_hand_io);
        s->rules.kill_hand = hand_free(s->rules.kill_hand);
        levers_thaw(s->spool, &s->fs);
        for (size_t i = 0; i < RULES_LEVERS_MAX; i++)
                if (s->rules.levers[i].used && s->rules.levers[i].kept.kind == SPOOL_LIMIT)
                        undo(s, &s->rules.levers[i]);
        while (s->budgets && any_limit(s) && now_usec() < until) {
                struct pollfd p = { .fd = budgets_fd(s->budgets), .events = POLLIN };
                BudgetsAnswer *a;

                (void) poll(&p, 1, 100);
                while ((a = budgets_pop(s->budgets))) {
                        if (a->type == BUDGETS_RESULT)
                                (void) settings_record(s, &a->result);
                        else if (a->type == BUDGETS_LEVER)
                                levers_done(s, a->cookie, a->result.outcome);
                        a = budgets_answer_free(a);
                }
        }
        s->rules.lever_timer = sd_event_source_disable_unref(s->rules.lever_timer);
}
