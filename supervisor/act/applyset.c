#include "supervisor/act/applyset.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "supervisor/act/applyentry.h"
#include "supervisor/act/applyowner.h"
#include "supervisor/act/applyplan.h"
#include "supervisor/base/fd.h"

/* Whether the peer may write the file that @key is: uid 0 may, others what they own. */
static bool may_set(const Job *j, LimitKey key, const LimitRequester *peer, bool *ret_owns) {
        struct stat st;

        *ret_owns = false;
        if (peer->uid == 0)
                return true;
        if (key == LIMIT_OOM_SCORE_ADJUST)
                return false;
        _cleanup_close_ int fd = cgroupfs_open_file(j->dirfd, limit_key_file((int) key), O_PATH);

        return *ret_owns = fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == peer->uid;
}

/* Why a peer's wish is not even tried. Returns false where it may be. */
static bool set_refused(Job *j, LimitKey key, const LimitRequester *peer, bool *ret_owns) {
        if (j->dirfd < 0)
                apply_finish(j, key, REEVE_OUTCOME_GONE, REEVE_REASON_GONE, "it is gone");
        else if (j->a->mode == REEVE_MODE_WATCH)
                apply_finish(j, key, REEVE_OUTCOME_REFUSED, REEVE_REASON_MODE_WATCH, "Mode=watch changes nothing");
        else if (!may_set(j, key, peer, ret_owns))
                apply_finish(j, key, REEVE_OUTCOME_REFUSED, REEVE_REASON_NOT_PERMITTED,
                             "only root, or who owns that very file, may change it");
        else
                return false;
        return true;
}

static void set_run(Job *j, const ApplySet *set) {
        BudgetFacts facts = apply_facts(j);
        bool owns = false, any = false;
        Budget budget;

        apply_budget_of(j->a, j->e->path, &budget);
        j->adjust_of = budget.adjust_of;
        for (int key = 0; key < LIMIT_KEYS; key++) {
                BudgetValue anonymous = set->values[key];
                bool own_file = false;

                if (!anonymous.at.order)
                        continue;
                anonymous.at.file = NULL;
                apply_plan_value(j, (LimitKey) key, &anonymous, &facts, set->risk, REEVE_REASON_REQUESTED);
                j->changes[key].active = true;
                any |= !set_refused(j, (LimitKey) key, &set->requester, &own_file);
                owns |= own_file;
        }
        if (!any)
                return;
        apply_decide_owner(j, budget.own, /* fresh= */ false, owns);
        /* On disk with what was before, so that a restart holds to it as well. */
        for (int key = 0; key < LIMIT_KEYS; key++)
                if (j->changes[key].active && !j->dry_run) {
                        j->e->values[key].set = true;
                        j->e->values[key].set_value = set->values[key];
                        j->e->values[key].set_risk = set->risk;
                }
        apply_run(j);
}

void applier_set(Applier *a, const ApplySet *set) {
        LimitEntry *known = limitstate_find(&a->state, set->id), *e = known;
        _cleanup_close_ int dirfd = cgroupfs_open_sure(&a->fs, set->id, set->path);
        Job j = { .a = a, .requester = &set->requester, .dirfd = dirfd };

        j.dry_run = set->dry_run || a->mode != REEVE_MODE_ACT;
        if (!e)
                e = limitstate_add(&a->state, set->id, set->path);
        if (!e)
                return;
        j.e = e;
        set_run(&j, set);
        /* A Set that was refused leaves nothing to hold to. */
        for (int key = 0; key < LIMIT_KEYS; key++)
                if (set->values[key].at.order && !e->values[key].applied)
                        e->values[key].set = false;
        if (!known && !limitstate_is_used(e))
                limitstate_remove(&a->state, e);
        else if (a->drift && dirfd >= 0)
                (void) drift_watch(a->drift, e->id, e->path, dirfd);
        a->dirty = true;
        applier_settle(a);
}
