#include "supervisor/act/applymemory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "policies/path.h"
#include "supervisor/act/lowering.h"
#include "supervisor/base/fd.h"
#include "supervisor/host/owned.h"
#include "supervisor/text/size.h"

static const uint64_t RECLAIM_USEC = UINT64_C(10) * 1000000;

static ReeveReason reason_of(int error) {
        switch (error) {
        case -EACCES:
        case -EPERM:
        case -EROFS:
                return REEVE_REASON_NOT_PERMITTED;
        case -ENODEV:
                return REEVE_REASON_GONE;
        case -ENOENT:
        case -EOPNOTSUPP:
                return REEVE_REASON_KERNEL;
        default:
                return REEVE_REASON_FAILED;
        }
}

static ReeveOutcome outcome_of(int error) {
        return error == -ENODEV ? REEVE_OUTCOME_GONE : REEVE_OUTCOME_FAILED;
}

static bool is_lowering(const Change *c, LimitKey key) {
        return c->active && (key == LIMIT_MEMORY_HIGH || key == LIMIT_MEMORY_MAX) && c->wanted != LIMIT_MAX &&
               (c->before == LIMIT_UNKNOWN || c->wanted < c->before);
}

static void value_text(int64_t value, char buf[static 32]) {
        if (value == LIMIT_MAX)
                (void) strcpy(buf, "max");
        else
                (void) snprintf(buf, 32, "%" PRId64, value);
}

/* Past systemd: by libcgroup what is ours, by descriptor what was given to us. */
static int write_file(Job *j, LimitKey key, int64_t value) {
        char text[32];
        int r;

        value_text(value, text);
        if (j->own.kind == OWNERSHIP_OWNED)
                r = owned_set(j->e->path, limit_key_file((int) key), text, j->error, sizeof(j->error));
        else {
                r = cgroupfs_write(j->dirfd, limit_key_file((int) key), text);
                if (r < 0)
                        (void) snprintf(j->error, sizeof(j->error), "writing %s: %s", limit_key_file((int) key), strerror(-r));
        }
        return r;
}

/* What is written ends here; its outcome is what the kernel file says then. */
static void settle(Job *j, LimitKey key, int error) {
        Change *c = &j->changes[key];
        int64_t now;

        j->writing[key] = false;
        if (error < 0) {
                apply_finish(j, key, outcome_of(error), reason_of(error), j->error);
                return;
        }
        now = apply_read(j, key);
        if (now != c->wanted) {
                char has[32], wants[32];

                value_text(now, has);
                value_text(c->wanted, wants);
                (void) snprintf(j->error, sizeof(j->error), "%s was taken, but the kernel holds %s", wants, has);
                apply_finish(j, key, REEVE_OUTCOME_FAILED, REEVE_REASON_FAILED, j->error);
        } else
                apply_finish(j, key, REEVE_OUTCOME_DONE, c->reason, NULL);
}

/* All limits in one call; where that fails, one by one, so that one bad value does not take the others with it. */
static int write_unit(Job *j, bool restore) {
        SystemdLimit limits[LIMIT_MEMORY_COUNT];
        size_t n = 0;
        int r;

        for (int key = 0; key < LIMIT_MEMORY_COUNT; key++)
                if (j->writing[key] && j->changes[key].restore == restore)
                        limits[n++] = (SystemdLimit) { .key = (LimitKey) key, .value = j->changes[key].wanted };
        if (n == 0)
                return 0;
        r = systemd_set_limits(j->a->systemd, j->unit.name, limits, n, j->error, sizeof(j->error));
        for (size_t i = 0; i < n; i++) {
                int one = r;

                if (r < 0 && n > 1 && r != -EUNATCH && r != -ETIMEDOUT)
                        one = systemd_set_limits(j->a->systemd, j->unit.name, &limits[i], 1, j->error, sizeof(j->error));
                settle(j, limits[i].key, one);
        }
        return 0;
}

/* Waits up to a second for systemd to write what the reload gave back. */
static void wait_changed(Job *j, LimitKey key) {
        int64_t before = j->changes[key].before;

        for (int i = 0; i < 50 && before != j->changes[key].wanted && apply_read(j, key) == before; i++) {
                const struct timespec pause = { .tv_nsec = 20000000 };

                (void) nanosleep(&pause, NULL);
        }
}

/* A unit's own value is back once systemd's drop-in is gone; one that had a runtime drop-in before gets its value told. */
static void restore_unit(Job *j) {
        bool reload = false, removed[LIMIT_MEMORY_COUNT] = { false };
        int r = 0;

        for (int key = 0; key < LIMIT_MEMORY_COUNT; key++)
                if (j->writing[key] && j->changes[key].restore && !j->e->values[key].dropin_before)
                        reload |= removed[key] = systemd_dropin_remove(j->a->user, j->unit.name, (LimitKey) key);
        if (reload)
                r = systemd_reload(j->a->systemd, j->error, sizeof(j->error));
        for (int key = 0; key < LIMIT_MEMORY_COUNT; key++) {
                if (!removed[key])
                        continue;
                if (r == 0) {
                        wait_changed(j, (LimitKey) key);
                        /* The unit's file may have changed meanwhile: what it says now is right, whatever was before. */
                        j->changes[key].wanted = apply_read(j, (LimitKey) key);
                }
                settle(j, (LimitKey) key, r);
        }
        (void) write_unit(j, /* restore= */ true);
}

static int write_all(void *userdata) {
        Job *j = userdata;

        if (j->own.kind == OWNERSHIP_UNIT) {
                (void) write_unit(j, /* restore= */ false);
                restore_unit(j);
                return 0;
        }
        for (int key = 0; key < LIMIT_MEMORY_COUNT; key++)
                if (j->writing[key])
                        settle(j, (LimitKey) key, write_file(j, (LimitKey) key, j->changes[key].wanted));
        return 0;
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

/* Brings usage down as far as the lowest limit asks, then decides limit by limit. */
static void lower(Job *j) {
        Lowering l = {
                .dirfd = j->dirfd,
                .target_bytes = least_target(j),
                .may_freeze = may_freeze(j),
                .reclaim_usec = RECLAIM_USEC,
                .freezing = note_freezing,
                .write = write_all,
                .userdata = j,
        };
        int64_t current = 0;
        bool no_reclaim;
        int r = lowering_reclaim(&l, &current);

        no_reclaim = r == -EOPNOTSUPP;
        /* No memory.current: a unit without memory accounting, whose limits begin with the write. */
        if (r == -ENOENT) {
                (void) write_all(j);
                return;
        }
        for (int round = 0; round < 2; round++) {
                if (!sift(j, current, no_reclaim)) {
                        (void) write_all(j);
                        return;
                }
                l.target_bytes = least_target(j);
                r = lowering_write(&l, &current);
                if (r != -EDQUOT)
                        break;
        }
        if (r == -EDQUOT) {
                (void) sift(j, INT64_MAX, no_reclaim);
                (void) write_all(j);
        } else if (r < 0)
                for (int key = 0; key < LIMIT_MEMORY_COUNT; key++)
                        if (j->writing[key]) {
                                (void) snprintf(j->error, sizeof(j->error), "%s", strerror(-r));
                                settle(j, (LimitKey) key, r);
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
                                settle(j, (LimitKey) key, r);
                return;
        }
        if (lowering)
                lower(j);
        else
                (void) write_all(j);
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
                        r = write_file(j, LIMIT_OOM_GROUP, c->wanted);
                settle(j, LIMIT_OOM_GROUP, r);
        }
}
