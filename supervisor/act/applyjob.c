#include "supervisor/act/applyjob.h"

#include <string.h>

#include "supervisor/act/scoreadjust.h"
#include "supervisor/base/clock.h"
#include "supervisor/base/fd.h"

int32_t apply_main_process(const Job *j) {
        return j->own.kind == OWNERSHIP_UNIT && j->unit.main_pid > 0 ? j->unit.main_pid : scoreadjust_first(j->dirfd);
}

int64_t apply_read(const Job *j, LimitKey key) {
        int64_t value;

        if (key == LIMIT_OOM_SCORE_ADJUST)
                return scoreadjust_read(apply_main_process(j), j->e->path);
        return cgroupfs_read_number(j->dirfd, limit_key_file((int) key), &value) == 0 ? value : LIMIT_UNKNOWN;
}

int64_t apply_least_above(const Applier *a, const char *path, LimitKey key) {
        char part[4096];
        int64_t least = LIMIT_UNKNOWN;
        size_t length = strlen(path);

        if (length >= sizeof(part))
                return LIMIT_UNKNOWN;
        memcpy(part, path, length + 1);
        for (;;) {
                char *slash = strrchr(part, '/');
                int64_t value;

                if (!slash || slash == part)
                        return least;
                *slash = '\0';
                _cleanup_close_ int dirfd = cgroupfs_open_path(&a->fs, part);

                if (dirfd >= 0 && cgroupfs_read_number(dirfd, limit_key_file((int) key), &value) == 0 &&
                    (least == LIMIT_UNKNOWN || value < least))
                        least = value;
        }
}

static int64_t effective(const Job *j, LimitKey key, int64_t own) {
        int64_t values[2] = { own, LIMIT_UNKNOWN };

        if (key >= LIMIT_MEMORY_COUNT)
                return LIMIT_UNKNOWN;
        values[1] = apply_least_above(j->a, j->e->path, key);
        return budget_effective(values, 2);
}

/* What the entry remembers of how it went. */
static void remember(Job *j, LimitKey key, ReeveOutcome outcome, ReeveReason reason, int64_t after) {
        LimitValue *v = &j->e->values[key];
        const Change *c = &j->changes[key];
        bool done = outcome == REEVE_OUTCOME_DONE && !j->dry_run;

        v->refused = outcome != REEVE_OUTCOME_DONE;
        v->reason = reason;
        if (c->restore && (done || outcome == REEVE_OUTCOME_GONE))
                *v = (LimitValue) { 0 };
        else if (done) {
                if (!v->changed) {
                        v->changed = true;
                        v->before = c->before;
                }
                v->wanted = c->wanted;
                v->applied = true;
        } else if (!v->applied && !c->restore) {
                v->wanted = c->wanted;
                /* Nothing happened: there is nothing to undo. */
                if (v->changed && after == v->before &&
                    !(j->own.kind == OWNERSHIP_UNIT && systemd_dropin_exists(j->a->user, j->unit.name, key)))
                        v->changed = false;
        }
        j->a->dirty = true;
        if (done && j->a->drift)
                drift_expect(j->a->drift, j->e->path, key, after);
}

void apply_finish(Job *j, LimitKey key, ReeveOutcome outcome, ReeveReason reason, const char *error) {
        Change *c = &j->changes[key];
        const LimitValue *v = &j->e->values[key];
        bool again;
        int64_t unknown = key == LIMIT_OOM_SCORE_ADJUST ? LIMIT_ADJ_UNKNOWN : LIMIT_UNKNOWN;
        int64_t after = j->dirfd >= 0 ? apply_read(j, key) : unknown;
        LimitResult result = {
                .time_nsec = clock_boottime_nsec(),
                .cgroup_id = j->e->id,
                .incident = v->lever || v->lever_over ? v->lever_incident : 0,
                .path = j->e->path,
                .unit = j->own.kind == OWNERSHIP_UNIT ? j->unit.name : NULL,
                .key = key,
                .wanted = c->wanted,
                .before = c->before,
                .after = after,
                .effective_bytes = j->dirfd >= 0 ? effective(j, key, after) : LIMIT_UNKNOWN,
                .by = REEVE_LIMIT_BY_REEVE,
                .reason = reason,
                .outcome = outcome,
                .dry_run = j->dry_run,
                .forced = c->forced,
                .origin = *c->origin ? c->origin : NULL,
                .error = error,
        };

        if (j->requester)
                result.requested_by = *j->requester;
        c->active = false;
        /* The same refusal at each reload says nothing new. */
        again = !j->requester && outcome == REEVE_OUTCOME_REFUSED && v->refused && v->reason == reason && v->wanted == c->wanted;
        remember(j, key, outcome, reason, after);
        if (j->a->emit && !again)
                j->a->emit(&result, j->a->userdata);
}
