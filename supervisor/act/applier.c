#include "supervisor/act/applier.h"

#include <unistd.h>

#include "supervisor/base/fd.h"

static void thaw_left_frozen(Applier *a) {
        for (LimitEntry *e = a->state.entries; e; e = e->next) {
                _cleanup_close_ int dirfd = e->frozen ? cgroupfs_open_sure(&a->fs, e->id, e->path) : -1;

                if (dirfd >= 0)
                        (void) cgroupfs_write(dirfd, "cgroup.freeze", "0");
                e->frozen = false;
        }
}

int applier_init(Applier *a, const char *cgroup_root, const char *state_directory, bool user, bool no_systemd) {
        int r;

        *a = (Applier) { .user = user, .mode = REEVE_MODE_WATCH };
        a->page_size = sysconf(_SC_PAGESIZE);
        a->ram_bytes = (int64_t) sysconf(_SC_PHYS_PAGES) * a->page_size;
        r = cgroupfs_open(&a->fs, cgroup_root);
        if (r < 0)
                return r;
        r = limitstate_load(&a->state, state_directory);
        if (r < 0) {
                cgroupfs_close(&a->fs);
                return r;
        }
        (void) cgroupfs_own_id(&a->fs, &a->own_id);
        if (!no_systemd)
                (void) systemd_open(&a->systemd, user);
        thaw_left_frozen(a);
        return 0;
}

void applier_done(Applier *a) {
        a->systemd = systemd_close(a->systemd);
        a->drift = drift_free(a->drift);
        limitstate_done(&a->state);
        cgroupfs_close(&a->fs);
        a->config = config_unref(a->config);
}

void applier_reload(Applier *a) {
        if (a->reload_wanted && a->systemd)
                (void) systemd_reload(a->systemd, NULL, 0);
        a->reload_wanted = false;
}

void applier_settle(Applier *a) {
        if (a->dirty && limitstate_save(&a->state) == 0)
                a->dirty = false;
}
