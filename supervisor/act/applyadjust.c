#include "supervisor/act/applyadjust.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "supervisor/act/scoreadjust.h"
#include "supervisor/base/fd.h"

enum { ROUNDS = 3 };

typedef struct Round {
        const Job *j;
        int64_t wanted;
        unsigned changed, failed;
        int error;
} Round;

static void change_one(int32_t pid, void *userdata) {
        Round *r = userdata;
        int error = scoreadjust_set(pid, r->j->e->path, r->wanted);

        if (error > 0)
                r->changed++;
        else if (error < 0) {
                r->failed++;
                r->error = error;
        }
}

static int change_child(void *userdata, const char *name, uint64_t id);

static void change_all(Round *r, int dirfd) {
        scoreadjust_each(dirfd, change_one, r);
        (void) cgroupfs_children(dirfd, change_child, r);
}

static int change_child(void *userdata, const char *name, uint64_t id) {
        Round *r = userdata;
        _cleanup_close_ int dirfd = cgroupfs_open_id(&r->j->a->fs, id);

        (void) name;
        if (dirfd >= 0)
                change_all(r, dirfd);
        return 0;
}

/* A cgroup that was just born has no process yet. */
static int32_t wait_main_process(Job *j) {
        int32_t pid = apply_main_process(j);

        for (int i = 0; pid == 0 && i < 10; i++) {
                const struct timespec pause = { .tv_nsec = 50000000 };
                SystemdUnit unit;

                (void) nanosleep(&pause, NULL);
                if (j->own.kind == OWNERSHIP_UNIT && systemd_unit_of(j->a->systemd, j->e->path, &unit, NULL, 0) == 0)
                        j->unit.main_pid = unit.main_pid;
                pid = apply_main_process(j);
        }
        return pid;
}

void apply_oom_score_adjust(Job *j) {
        Change *c = &j->changes[LIMIT_OOM_SCORE_ADJUST];
        Round round = { .j = j, .wanted = c->wanted };
        int32_t pid;

        if (!c->active)
                return;
        /* Other people's processes are theirs as their limits are: the same question decides. */
        if (j->own.kind == OWNERSHIP_REFUSED) {
                apply_finish(j, LIMIT_OOM_SCORE_ADJUST, REEVE_OUTCOME_REFUSED, j->own.reason, j->own.text);
                return;
        }
        pid = wait_main_process(j);
        c->before = apply_read(j, LIMIT_OOM_SCORE_ADJUST);
        if (pid == 0 && j->adjust_of == BUDGET_ADJUST_MAIN) {
                apply_finish(j, LIMIT_OOM_SCORE_ADJUST, REEVE_OUTCOME_FAILED, REEVE_REASON_GONE, "it has no process");
                return;
        }
        if (!j->dry_run && !c->restore && !j->e->values[LIMIT_OOM_SCORE_ADJUST].changed) {
                j->e->values[LIMIT_OOM_SCORE_ADJUST].changed = true;
                j->e->values[LIMIT_OOM_SCORE_ADJUST].before = c->before == LIMIT_ADJ_UNKNOWN ? 0 : c->before;
                j->e->values[LIMIT_OOM_SCORE_ADJUST].wanted = c->wanted;
                (void) limitstate_save(&j->a->state);
        }
        if (!j->dry_run && j->adjust_of == BUDGET_ADJUST_MAIN)
                change_one(pid, &round);
        /* Again for what was forked meanwhile from those not yet changed. */
        for (int i = 0; !j->dry_run && j->adjust_of == BUDGET_ADJUST_ALL && i < ROUNDS; i++) {
                round.changed = 0;
                change_all(&round, j->dirfd);
                if (round.changed == 0)
                        break;
        }
        if (round.failed)
                apply_finish(j, LIMIT_OOM_SCORE_ADJUST, REEVE_OUTCOME_FAILED,
                             round.error == -EACCES || round.error == -EPERM ? REEVE_REASON_NOT_PERMITTED : REEVE_REASON_FAILED,
                             strerror(-round.error));
        else
                apply_finish(j, LIMIT_OOM_SCORE_ADJUST, REEVE_OUTCOME_DONE, c->reason, NULL);
}
