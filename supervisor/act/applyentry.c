#include "supervisor/act/applyentry.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "supervisor/act/applyadjust.h"
#include "supervisor/act/applymemory.h"
#include "supervisor/act/applyowner.h"
#include "supervisor/act/applyplan.h"
#include "supervisor/base/fd.h"

void apply_run(Job *j) {
        apply_memory(j);
        apply_oom_group(j);
        apply_oom_score_adjust(j);
}

/* Of a cgroup that went away before its values could be set. */
static void all_gone(Job *j) {
        for (int key = 0; key < LIMIT_KEYS; key++)
                if (j->changes[key].active)
                        apply_finish(j, (LimitKey) key, REEVE_OUTCOME_GONE, REEVE_REASON_GONE, "it is gone");
}

static bool is_gone(int dirfd) {
        char text[16];

        return cgroupfs_read(dirfd, "cgroup.type", text, sizeof(text)) == -ENODEV;
}

/* mkdir is told before the kernel lets the new directory be opened by its id: who looks at once finds nothing. */
static int open_fresh(Applier *a, const LimitEntry *e, bool fresh) {
        int fd = cgroupfs_open_sure(&a->fs, e->id, e->path);

        for (int i = 0; fresh && fd == -ENODEV && i < 3; i++) {
                const struct timespec pause = { .tv_nsec = 5000000 };

                (void) nanosleep(&pause, NULL);
                fd = cgroupfs_open_sure(&a->fs, e->id, e->path);
        }
        return fd;
}

/* Whether another cgroup is the same unit's by now: it was restarted, and the drop-ins serve again. */
static bool unit_lives_on(const Applier *a, const LimitEntry *gone) {
        for (const LimitEntry *e = a->state.entries; e; e = e->next)
                if (e != gone && e->unit && strcmp(e->unit, gone->unit) == 0)
                        return true;
        return false;
}

bool applier_died(Applier *a, uint64_t id) {
        LimitEntry *e = limitstate_find(&a->state, id);
        _cleanup_close_ int dirfd = e ? cgroupfs_open_sure(&a->fs, e->id, e->path) : -1;

        if (!e)
                return true;
        if (dirfd >= 0 && !is_gone(dirfd))
                return false;
        for (int key = 0; e->unit && !unit_lives_on(a, e) && key < LIMIT_MEMORY_COUNT; key++)
                if (e->values[key].changed && !e->values[key].dropin_before)
                        a->reload_wanted |= systemd_dropin_remove(a->user, e->unit, (LimitKey) key);
        if (a->drift)
                drift_forget(a->drift, e->id, e->path);
        limitstate_remove(&a->state, e);
        a->dirty = true;
        return true;
}

static void entry_apply(Applier *a, LimitEntry *e, bool fresh, bool shares) {
        Job j = { .a = a, .e = e, .shares = shares, .dry_run = a->mode != REEVE_MODE_ACT };
        _cleanup_close_ int dirfd = open_fresh(a, e, fresh);
        Budget budget;

        apply_budget_of(a, e->path, &budget);
        j.dirfd = dirfd;
        if (dirfd == -ENODEV)
                (void) applier_died(a, e->id);
        if (dirfd < 0)
                return;
        j.adjust_of = e->adjust_of = budget.limits[LIMIT_OOM_SCORE_ADJUST].at.order ? budget.adjust_of : e->adjust_of;
        if (apply_plan(&j, &budget)) {
                apply_decide_owner(&j, budget.own, fresh, /* owner_asks= */ false);
                if (is_gone(dirfd))
                        all_gone(&j);
                else
                        apply_run(&j);
        }
        if (a->drift && (budget.any || limitstate_is_used(e)))
                (void) drift_watch(a->drift, e->id, e->path, dirfd);
}

void apply_entry(Applier *a, LimitEntry *e, bool fresh) {
        entry_apply(a, e, fresh, /* shares= */ false);
}

void apply_entry_shares(Applier *a, LimitEntry *e) {
        entry_apply(a, e, /* fresh= */ false, /* shares= */ true);
}
