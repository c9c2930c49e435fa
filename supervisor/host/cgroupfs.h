#pragma once
/* Cgroup directories and their files, by descriptor and by id. A cgroup is its id; paths are names that another cgroup
 * may bear a moment later, so what counts is opened by handle, which also avoids the lookup in a contended parent.
 * "Gone" is always -ENODEV, whether the kernel said ESTALE, ENOENT or ENODEV. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct Cgroupfs {
        int root_fd;                    /* the directory where the hierarchy (or our part of it) is mounted */
        uint64_t root_id;               /* its id; 1 for the real root */
        bool by_handle;                 /* open_by_handle_at works (CAP_DAC_READ_SEARCH) */
        char root[4096];                /* its path on this host */
} Cgroupfs;

/* Opens the hierarchy mounted at @root. Returns 0, -errno. cgroupfs_close() closes. */
int cgroupfs_open(Cgroupfs *ret, const char *root);
void cgroupfs_close(Cgroupfs *fs);

/* Opens the directory of cgroup @id for reading. Returns a descriptor, -ENODEV where it is gone, -EPERM where handles
 * may not be opened: then cgroupfs_open_path() with a path from the tree, and cgroupfs_id() to be sure. */
int cgroupfs_open_id(const Cgroupfs *fs, uint64_t id);

/* Opens the directory named @path ("/a/b", "/" the root) below the root: no link, no other mount, no "..". Returns a
 * descriptor, -ENODEV where there is none, -EINVAL for a name that leads out. */
int cgroupfs_open_path(const Cgroupfs *fs, const char *path);

/* By @path (may be NULL, or of another cgroup by now) where it is that of @id, else by handle. As cgroupfs_open_id(). The
 * cheapest way to a cgroup among many siblings. */
int cgroupfs_open_sure(const Cgroupfs *fs, uint64_t id, const char *path);

/* The id of an open cgroup directory. Returns 0, -errno. */
int cgroupfs_id(int dirfd, uint64_t *ret);

/* The path below the root of an open cgroup directory, whatever its depth. Returns its length, -ENODEV where it was
 * removed, -ENAMETOOLONG. */
int cgroupfs_path(const Cgroupfs *fs, int dirfd, char *ret, size_t size);

/* Reads a file of a cgroup whole, NUL-terminated. Returns its length, -ENODEV where the cgroup is gone, -ENOENT where the
 * cgroup has no such file, -errno. What does not fit is cut (length == size - 1). */
ssize_t cgroupfs_read(int dirfd, const char *file, char *ret, size_t size);

/* As cgroupfs_read() on a file already open, from its beginning. */
ssize_t cgroupfs_reread(int fd, char *ret, size_t size);

/* A file with one number or "max" (KERNFILE_MAX). Returns 0, as cgroupfs_read(), -EINVAL. */
int cgroupfs_read_number(int dirfd, const char *file, int64_t *ret);

/* Writes @text in one write(2). Returns 0, -errno as the kernel says, -ENODEV where the cgroup is gone. Blocks as long as
 * the kernel reclaims: never on the event thread. */
int cgroupfs_write(int dirfd, const char *file, const char *text);

/* Opens a file of a cgroup with @flags (O_CLOEXEC added). Returns a descriptor, -ENODEV, -errno. */
int cgroupfs_open_file(int dirfd, const char *file, int flags);

/* Calls @each for every child directory: its name and id. A negative return ends the round and is returned. */
typedef int (*CgroupfsEach)(void *userdata, const char *name, uint64_t id);
int cgroupfs_children(int dirfd, CgroupfsEach each, void *userdata);

/* The invocation id systemd stamped on the directory (16 bytes). Returns true where there is one. */
bool cgroupfs_invocation(int dirfd, uint8_t ret[16]);

/* The id of the cgroup this process is in. Returns 0, -errno. */
int cgroupfs_own_id(const Cgroupfs *fs, uint64_t *ret);
