#pragma once
/* Watching limit files for changes by others: of cgroups with a budget and of their ancestors. By inotify on the files,
 * which tells of every write to them. For the slow hand. */
#include <stddef.h>
#include <stdint.h>

#include "policies/limit.h"
#include "supervisor/host/cgroupfs.h"

typedef struct Drift Drift;

/* A limit that is no longer what was last seen. */
typedef struct DriftChange {
        uint64_t id;                     /* of the cgroup; 0 where not known */
        const char *path;
        LimitKey key;
        int64_t before, after;
} DriftChange;

/* Makes a watch on limit files. Returns 0 and gives it to the caller in @ret, or -errno. */
int drift_new(Drift **ret, const Cgroupfs *fs);

/* NULL is fine. Returns NULL. */
Drift *drift_free(Drift *d);

/* Readable when something may have changed. */
int drift_fd(const Drift *d);

/* Watches the limits of the cgroup @id at @path, open as @dirfd, and memory.max and memory.high of its ancestors. Again for a
 * cgroup that is watched does nothing. Returns 0 or -errno (some files may be watched then). */
int drift_watch(Drift *d, uint64_t id, const char *path, int dirfd);

/* Makes drift_fd() readable also when the cgroup's last process goes. */
int drift_watch_population(Drift *d, uint64_t id, const char *path, int dirfd);

/* Ends what both began. */
void drift_forget(Drift *d, uint64_t id, const char *path);

/* Takes @value as known: Reeve itself made it so. */
void drift_expect(Drift *d, const char *path, LimitKey key, int64_t value);

/* Reads what inotify told and compares; calls @changed for each limit that another hand changed. */
void drift_read(Drift *d, void (*changed)(const DriftChange *change, void *userdata), void *userdata);
