#include "supervisor/act/applymemory.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "policies/path.h"
#include "supervisor/act/applywrite.h"
#include "supervisor/act/lowering.h"
#include "supervisor/base/fd.h"
#include "supervisor/text/size.h"

static const uint64_t RECLAIM_USEC = UINT64_C(10) * 1000000;

static bool is_lowering(const Change *c, LimitKey key) {
        return c->active && (key == LIMIT_MEMORY_HIGH || key == LIMIT_MEMORY_MAX) && c->wanted != LIMIT_MAX &&
               (c->before == LIMIT_UNKNOWN || c->wanted < c->before);
}

static void note_freezing(bool frozen, void *userdata) {
        Job *j = userdata;

        j->e->frozen = frozen;
        /* After the thaw the next save will do: thawing twice harms nobody. */
        if (frozen)
                (void) limitstate_save(&j->a->state);
}

/* Not what would stop ourselves, PID 1, or the bus by which it is asked. */
static bool may_freeze(const Job *j) {
        static const char *const needed[] = { "/init.scope", "/system.slice/dbus.service", "/system.slice/dbus-broker.service" };
        const char *path = j->e->path;
        char own[4096];
        _cleanup_close_ int dirfd = cgroupfs_open_sure(&j->a->fs, j->a->own_id, NULL);

        for (size_t i = 0; i < ELEMENTSOF(needed); i++)
                if (path_is_below(needed[i], path))
                        return false;
        if (dirfd < 0 || cgroupfs_path(&j->a->fs, dirfd, own, sizeof(own)) < 0)
                return false;
        return !path_is_below(own, path);
}

static void refuse_below_usage(Job *j, LimitKey key, int64_t current, bool no_reclaim) {
        char usage[16], limit[16];

        (void) snprintf(j->error, sizeof(j->error), "%s is used and could not be brought below %s%s; Risk=yes would set it all the same",
                        size_format(usage, sizeof(usage), (uint64_t) current),
                        size_format(limit, sizeof(limit), (uint64_t) j->changes[key].wanted),
                        no_reclaim ? " (this kernel has no memory.reclaim)" : "");
        j->writing[key] = false;
        apply_finish(j, key, REEVE_OUTCOME_REFUSED, REEVE_REASON_BELOW_USAGE, j->error);
}

/* Refuses (or, with Risk=, forces) what is below @current. Returns whether a lowering is left that is not forced. */
static bool sift(Job *j, int64_t current, bool no_reclaim) {
        bool left = false;

        for (int key = 0; key < LIMIT_MEMORY_COUNT; key++) {
                Change *c = &j->changes[key];

                if (!j->writing[key] || !is_lowering(c, (LimitKey) key))
                        continue;
                if (c->wanted >= current)
                        left = true;
                else if (c->risk)
                        c->forced = true;
                else
                        refuse_below_usage(j, (LimitKey) key, current, no_reclaim);
        }
        return left;
}

static int64_t least_target(const Job *j) {
        int64_t least = LIMIT_MAX;

        for (int key = 0; key < LIMIT_MEMORY_COUNT; key++)
                if (j->writing[key] && is_lowering(&j->changes[key], (LimitKey) key) && !j->changes[key].forced &&
                    j->changes[key].wanted < least)
                        least = j->changes[key].wanted;
        return least;
}

static int write_lowered(void *userdata) {
        apply_write(userdata);
        return 0;
}

/* Brings usage down as far as the lowest limit asks, then decides limit by limit. */
static void lower(Job *j) {
        Lowering l = {
                .dirfd = j->dirfd,
                .target_bytes = least_target(j),
                .may_freeze = may_freeze(j),
                .reclaim_usec = RECLAIM_USEC,
                .freezing = note_freezing,
                .write = write_lowered,
                .userdata = j,
        };
        int64_t current = 0;
        bool no_reclaim;
        int r = lowering_reclaim(&l, &current);

        no_reclaim = r == -EOPNOTSUPP;
        /* No memory.current: a unit without memory accounting, whose limits begin with the write. */
        if (r == -ENOENT) {
                apply_write(j);
                return;
        }
        for (int round = 0; round < 2; round++) {
                if (!sift(j, current, no_reclaim)) {
                        apply_write(j);
                        return;
                }
                l.target_bytes = least_target(j);
                r = lowering_write(&l, &current);
                if (r != -EDQUOT)
                        break;
        }
        if (r == -EDQUOT) {
                (void) sift(j, INT64_MAX, no_reclaim);
                apply_write(j);
        } else if (r < 0)
                for (int key = 0; key < LIMIT_MEMORY_COUNT; key++)
                        if (j->writing[key]) {
                                (void) snprintf(j->error, sizeof(j->error), "%s", strerror(-r));
                                apply_settle(j, (LimitKey) key, r);
                        }
}

/* What was before @key: read just now, unless the unit's cgroup before this one is still known. Then Reeve's own value was
 * handed down by systemd, and what was before that counts. */
static void inherit_before(const Job *j, LimitKey key, LimitValue *v) {
        v->before = j->changes[key].before == LIMIT_UNKNOWN ? LIMIT_MAX : j->changes[key].before;
        v->dropin_before = j->own.kind == OWNERSHIP_UNIT && systemd_dropin_exists(j->a->user, j->unit.name, key);
        for (const LimitEntry *e = j->a->state.entries; e && j->e->unit; e = e->next)
                if (e != j->e && e->unit && strcmp(e->unit, j->e->unit) == 0 && e->values[key].changed) {
                        v->before = e->values[key].before;
                        v->dropin_before = e->values[key].dropin_before;
                }
}

/* Remembers what was before, on disk, before anything is written. */
static int note_before(Job *j) {
        LimitEntry *e = j->e;

        for (int key = 0; key < LIMIT_MEMORY_COUNT; key++) {
                LimitValue *v = &e->values[key];

                if (!j->writing[key] || j->changes[key].restore)
                        continue;
                if (!v->changed) {
                        inherit_before(j, (LimitKey) key, v);
                        v->changed = true;
                }
                v->wanted = j->changes[key].wanted;
        }
        return limitstate_save(&j->a->state);
}

void apply_memory(Job *j) {
        bool any = false, lowering = false;
        int r;

        for (int key = 0; key < LIMIT_MEMORY_COUNT; key++) {
                Change *c = &j->changes[key];

                if (!c->active)
                        continue;
                if (j->own.kind == OWNERSHIP_REFUSED)
                        apply_finish(j, (LimitKey) key, REEVE_OUTCOME_REFUSED, j->own.reason, j->own.text);
                else if (j->dry_run)
                        apply_finish(j, (LimitKey) key, REEVE_OUTCOME_DONE, c->reason, NULL);
                else if (c->before == LIMIT_UNKNOWN && j->own.kind != OWNERSHIP_UNIT)
                        apply_finish(j, (LimitKey) key, REEVE_OUTCOME_REFUSED, REEVE_REASON_KERNEL,
                                     "the cgroup has no such file: its memory controller is off, or the kernel is too old");
                else {
                        any = j->writing[key] = true;
                        lowering |= is_lowering(c, (LimitKey) key);
                }
        }
        if (!any)
                return;
        r = note_before(j);
        if (r < 0) {
                (void) snprintf(j->error, sizeof(j->error), "what was before cannot be noted in limits.json: %s", strerror(-r));
                for (int key = 0; key < LIMIT_MEMORY_COUNT; key++)
                        if (j->writing[key])
                                apply_settle(j, (LimitKey) key, r);
                return;
        }
        if (lowering)
                lower(j);
        else
                apply_write(j);
}

void apply_oom_group(Job *j) {
        Change *c = &j->changes[LIMIT_OOM_GROUP];
        LimitValue *v = &j->e->values[LIMIT_OOM_GROUP];
        int r;

        if (!c->active)
                return;
        if (j->own.kind == OWNERSHIP_REFUSED)
                apply_finish(j, LIMIT_OOM_GROUP, REEVE_OUTCOME_REFUSED, j->own.reason, j->own.text);
        else if (c->before == c->wanted || j->dry_run)
                apply_finish(j, LIMIT_OOM_GROUP, REEVE_OUTCOME_DONE, c->reason, NULL);
        else if (j->own.kind == OWNERSHIP_UNIT) {
                (void) snprintf(j->error, sizeof(j->error),
                                "systemd sets memory.oom.group when a unit starts: put OOMPolicy=%s into a drop-in of %s and restart it",
                                c->wanted ? "kill" : "continue", j->unit.name);
                apply_finish(j, LIMIT_OOM_GROUP, REEVE_OUTCOME_REFUSED, REEVE_REASON_NEEDS_OOM_POLICY, j->error);
        } else {
                if (!c->restore && !v->changed) {
                        v->changed = true;
                        v->before = c->before;
                }
                v->wanted = c->wanted;
                r = limitstate_save(&j->a->state);
                if (r == 0)
                        r = apply_write_file(j, LIMIT_OOM_GROUP, c->wanted);
                apply_settle(j, LIMIT_OOM_GROUP, r);
        }
}
