#include "supervisor/act/apply.h"

#include <errno.h>

#include "supervisor/act/applyentry.h"
#include "supervisor/act/applygroups.h"
#include "supervisor/act/applyplan.h"
#include "supervisor/base/fd.h"

void applier_born(Applier *a, uint64_t id, const char *path) {
        LimitEntry *e = limitstate_find(&a->state, id);

        if (a->mode == REEVE_MODE_WATCH)
                return;
        if (!a->config || !budget_any(a->config->budgets, a->config->n_budgets, path))
                return;
        /* A known one was brought up to date by applier_configure(). A new instance of a unit whose last one left drop-ins:
         * they go first, or their values would pass for its own. */
        if (e)
                return;
        applier_reload(a);
        e = limitstate_add(&a->state, id, path);
        if (e)
                apply_entry(a, e, /* fresh= */ true);
}

void applier_configure(Applier *a, Config *config, ReeveMode mode) {
        a->config = config_unref(a->config);
        a->config = config;
        a->mode = mode;
        if (mode == REEVE_MODE_WATCH)
                return;
        /* What is gone first: its drop-ins must not meet a new unit of the name. */
        for (LimitEntry *e = a->state.entries, *next; e; e = next) {
                _cleanup_close_ int dirfd = cgroupfs_open_sure(&a->fs, e->id, e->path);

                next = e->next;
                if (dirfd == -ENODEV)
                        (void) applier_died(a, e->id);
        }
        applier_reload(a);
        for (LimitEntry *e = a->state.entries, *next; e; e = next) {
                next = e->next;
                apply_entry(a, e, /* fresh= */ false);
        }
        if (mode == REEVE_MODE_ACT) {
                applygroups_create(a);
                applygroups_remove(a);
        }
        for (LimitEntry *e = a->state.entries, *next; e; e = next) {
                Budget budget;

                next = e->next;
                apply_budget_of(a, e->path, &budget);
                if (budget.any || limitstate_is_used(e))
                        continue;
                if (a->drift)
                        drift_forget(a->drift, e->id, e->path);
                limitstate_remove(&a->state, e);
        }
        a->dirty = true;
        applier_settle(a);
}

int applier_uninstall(Applier *a) {
        int left = 0;

        a->mode = REEVE_MODE_ACT;
        a->config = config_unref(a->config);
        for (LimitEntry *e = a->state.entries; e; e = e->next)
                for (int key = 0; key < LIMIT_KEYS; key++)
                        e->values[key].set = e->values[key].lever = false;
        for (LimitEntry *e = a->state.entries, *next; e; e = next) {
                next = e->next;
                apply_entry(a, e, /* fresh= */ false);
        }
        applygroups_remove(a);
        applier_reload(a);
        a->dirty = true;
        applier_settle(a);
        for (LimitEntry *e = a->state.entries; e; e = e->next)
                for (int key = 0; key < LIMIT_KEYS; key++)
                        left += e->values[key].changed;
        return left;
}
