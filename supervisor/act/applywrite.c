#include "supervisor/act/applywrite.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "supervisor/host/owned.h"

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

static void value_text(int64_t value, char buf[static 32]) {
        if (value == LIMIT_MAX)
                (void) strcpy(buf, "max");
        else
                (void) snprintf(buf, 32, "%" PRId64, value);
}

int apply_write_file(Job *j, LimitKey key, int64_t value) {
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

void apply_settle(Job *j, LimitKey key, int error) {
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
static void write_unit(Job *j, bool restore) {
        SystemdLimit limits[LIMIT_MEMORY_COUNT];
        size_t n = 0;
        int r;

        for (int key = 0; key < LIMIT_MEMORY_COUNT; key++)
                if (j->writing[key] && j->changes[key].restore == restore)
                        limits[n++] = (SystemdLimit) { .key = (LimitKey) key, .value = j->changes[key].wanted };
        if (n == 0)
                return;
        r = systemd_set_limits(j->a->systemd, j->unit.name, limits, n, j->error, sizeof(j->error));
        for (size_t i = 0; i < n; i++) {
                int one = r;

                if (r < 0 && n > 1 && r != -EUNATCH && r != -ETIMEDOUT)
                        one = systemd_set_limits(j->a->systemd, j->unit.name, &limits[i], 1, j->error, sizeof(j->error));
                apply_settle(j, limits[i].key, one);
        }
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
                apply_settle(j, (LimitKey) key, r);
        }
        write_unit(j, /* restore= */ true);
}

void apply_write(Job *j) {
        if (j->own.kind == OWNERSHIP_UNIT) {
                write_unit(j, /* restore= */ false);
                restore_unit(j);
                return;
        }
        for (int key = 0; key < LIMIT_MEMORY_COUNT; key++)
                if (j->writing[key])
                        apply_settle(j, (LimitKey) key, apply_write_file(j, (LimitKey) key, j->changes[key].wanted));
}
