#include "supervisor/act/applygroups.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policies/match.h"
#include "supervisor/act/applyentry.h"
#include "supervisor/act/applyplan.h"
#include "supervisor/base/fd.h"
#include "supervisor/host/owned.h"

/* Where the groups' unit is up, or comes up now. */
static int groups_unit_up(Applier *a, char *error, size_t size) {
        SystemdUnit unit;

        if (!a->systemd) {
                (void) snprintf(error, size, "Own=create needs systemd, which holds " OWNERSHIP_GROUPS_UNIT);
                return -EUNATCH;
        }
        if (systemd_unit_of(a->systemd, OWNERSHIP_GROUPS_PATH, &unit, NULL, 0) == 0 && unit.exact && unit.delegate)
                return 0;
        return systemd_start_unit(a->systemd, OWNERSHIP_GROUPS_UNIT, error, size);
}

/* The values of a cgroup that could not be made, each told as refused. */
static void not_created(Applier *a, const char *path, const char *error) {
        LimitEntry e = { .path = strdup(path) };
        Job j = { .a = a, .e = &e, .dirfd = -1, .dry_run = a->mode != REEVE_MODE_ACT };
        BudgetFacts facts = { .ancestors_max = LIMIT_MAX, .ram_bytes = a->ram_bytes, .page_size = a->page_size };
        Budget budget;

        if (!e.path)
                return;
        apply_budget_of(a, path, &budget);
        for (int key = 0; key < LIMIT_KEYS; key++)
                if (budget.limits[key].at.order) {
                        apply_plan_value(&j, (LimitKey) key, &budget.limits[key], &facts, false, REEVE_REASON_CONFIGURED);
                        apply_finish(&j, (LimitKey) key, REEVE_OUTCOME_FAILED, REEVE_REASON_FAILED, error);
                }
        free(e.path);
}

static void create_one(Applier *a, const char *path) {
        char error[512] = "";
        uint64_t id;
        LimitEntry *e;
        int r = groups_unit_up(a, error, sizeof(error));

        if (r == 0)
                r = owned_create(path, error, sizeof(error));
        _cleanup_close_ int dirfd = r == 0 ? cgroupfs_open_path(&a->fs, path) : -1;

        if (dirfd < 0 || cgroupfs_id(dirfd, &id) < 0) {
                not_created(a, path, *error ? error : "it could not be made");
                return;
        }
        e = limitstate_find(&a->state, id);
        if (!e)
                e = limitstate_add(&a->state, id, path);
        if (!e)
                return;
        e->created = true;
        (void) limitstate_save(&a->state);
        apply_entry(a, e, /* fresh= */ false);
}

void applygroups_create(Applier *a) {
        for (size_t i = 0; i < a->config->n_budgets; i++) {
                const BudgetSection *b = &a->config->budgets[i];

                if (b->own.value != BUDGET_OWN_CREATE || !b->enabled.value)
                        continue;
                for (size_t k = 0; k < b->match.count; k++) {
                        char path[4096];

                        if (match_literal_path(b->match.items[k].text, path, sizeof(path)) > 0)
                                create_one(a, path);
                }
        }
}

/* What stands between the groups' unit and a removed cgroup goes with it, if it was made for that one only. */
static void remove_parents(const char *path) {
        char part[4096], error[512];
        size_t top = strlen(OWNERSHIP_GROUPS_PATH);

        (void) snprintf(part, sizeof(part), "%s", path);
        for (;;) {
                char *slash = strrchr(part, '/');

                if (!slash || (size_t) (slash - part) <= top)
                        return;
                *slash = '\0';
                if (owned_remove(part, error, sizeof(error)) < 0)
                        return;
        }
}

void applygroups_remove(Applier *a) {
        for (LimitEntry *e = a->state.entries, *next; e; e = next) {
                _cleanup_close_ int dirfd = -1;
                char error[512];
                Budget budget;

                next = e->next;
                if (!e->created)
                        continue;
                apply_budget_of(a, e->path, &budget);
                if (budget.own == BUDGET_OWN_CREATE)
                        continue;
                if (owned_remove(e->path, error, sizeof(error)) < 0) {
                        dirfd = cgroupfs_open_sure(&a->fs, e->id, e->path);
                        if (a->drift && dirfd >= 0)
                                (void) drift_watch_population(a->drift, e->id, e->path, dirfd);
                        continue;
                }
                remove_parents(e->path);
                (void) applier_died(a, e->id);
        }
}
