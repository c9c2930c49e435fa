#pragma once
/* What the memory files of one cgroup say, together. Reading memory.stat may flush the kernel's books: eyes only. */
#include <stdint.h>

#include "supervisor/host/cgroupfs.h"
#include "supervisor/text/kernfile.h"

/* Bytes; KERNFILE_UNKNOWN, KERNFILE_MAX. */
typedef struct Sample {
        uint64_t time_nsec;
        int64_t current, peak, low, high, max, min, swap, swap_max;
        MemoryStat stat;
        int64_t unreclaimable;
} Sample;

/* Reads an open cgroup. Returns 0, -ENODEV where it is gone, -ENOENT where it has no memory controller (the root has a
 * stat only). What single files do not tell stays unknown. */
int sample_read(int dirfd, Sample *ret);

/* memory.events (@file) of an open cgroup. Returns 0, as cgroupfs_read(). */
int sample_events(int dirfd, const char *file, MemoryEvents *ret);

/* RAM and swap of the host. */
void sample_host(MemInfo *ret);

/* The least memory.max from the cgroup @path ("/a/b") up to the root. @ret_length: how much of @path names its owner.
 * Returns 1 and the limit, 0 where no ancestor has one, -errno. */
int sample_effective(const Cgroupfs *fs, const char *path, int64_t *ret, size_t *ret_length);
