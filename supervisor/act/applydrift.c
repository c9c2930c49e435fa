#include "supervisor/act/applydrift.h"

#include <stdio.h>

#include "supervisor/act/applyentry.h"
#include "supervisor/act/applygroups.h"
#include "supervisor/act/applyjob.h"
#include "supervisor/act/applyplan.h"
#include "supervisor/base/clock.h"

/* systemd, if the unit's own property says the same; else somebody past it. */
static ReeveLimitBy whose_hand(Applier *a, const DriftChange *change, char unit[256]) {
        SystemdUnit found;
        int64_t told;

        *unit = '\0';
        if (!a->systemd || systemd_unit_of(a->systemd, change->path, &found, NULL, 0) < 0 || !found.exact)
                return REEVE_LIMIT_BY_OTHER;
        (void) snprintf(unit, 256, "%s", found.name);
        if (systemd_get_limit(a->systemd, found.name, change->key, &told) < 0)
                return REEVE_LIMIT_BY_OTHER;
        if (told != LIMIT_MAX)
                told = told / a->page_size * a->page_size;
        return told == change->after ? REEVE_LIMIT_BY_SYSTEMD : REEVE_LIMIT_BY_OTHER;
}

static void drift_changed(const DriftChange *change, void *userdata) {
        Applier *a = userdata;
        LimitEntry *e = limitstate_find(&a->state, change->id);
        const LimitValue *v = e ? &e->values[change->key] : NULL;
        int64_t values[2] = { change->after, apply_least_above(a, change->path, change->key) };
        char unit[256];
        LimitResult result = {
                .time_nsec = clock_boottime_nsec(),
                .cgroup_id = change->id,
                .path = change->path,
                .key = change->key,
                .wanted = v && v->changed ? v->wanted : LIMIT_UNKNOWN,
                .before = change->before,
                .after = change->after,
                .effective_bytes = budget_effective(values, 2),
                .by = whose_hand(a, change, unit),
                .reason = REEVE_REASON_CHANGED_BY_OTHER,
                .outcome = REEVE_OUTCOME_DONE,
        };

        result.unit = *unit ? unit : NULL;
        if (e)
                e->values[change->key].applied = v->changed && v->wanted == change->after;
        if (a->emit)
                a->emit(&result, a->userdata);
}

/* Shares of a limit that changed are other bytes now. */
static void shares_again(Applier *a) {
        for (LimitEntry *e = a->state.entries, *next; e; e = next) {
                Budget budget;
                bool shares = false;

                next = e->next;
                apply_budget_of(a, e->path, &budget);
                for (int key = 0; key < LIMIT_MEMORY_COUNT; key++)
                        shares |= apply_holds_share(e, (LimitKey) key, &budget);
                if (shares)
                        apply_entry_shares(a, e);
        }
}

typedef struct DriftRound {
        Applier *a;
        bool max_changed;
} DriftRound;

static void drift_one(const DriftChange *change, void *userdata) {
        DriftRound *round = userdata;

        drift_changed(change, round->a);
        round->max_changed |= change->key == LIMIT_MEMORY_MAX;
}

void applier_drift(Applier *a) {
        DriftRound round = { .a = a };

        drift_read(a->drift, drift_one, &round);
        if (round.max_changed && a->mode == REEVE_MODE_ACT)
                shares_again(a);
        if (a->mode == REEVE_MODE_ACT && a->config)
                applygroups_remove(a);
}
