#pragma once
/* The made-up host below REEVE_STAGE, for a reeved without privileges: a directory cgroup/ that passes for a cgroup2 mount, kmsg
 * that passes for the kernel's log, vmstat, an empty journal/, no system bus. Without REEVE_STAGE all is as it is. */
#include <fcntl.h>
#include <stdbool.h>
#include <sys/types.h>
#include <sys/vfs.h>

/* NULL: there is none. */
const char *stage(void);

/* @path is below the stage's @part ("cgroup"). */
bool stage_has(const char *path, const char *part);

/* What statfs() says of a file in cgroup/ is made to look like cgroup2. */
void stage_statfs(const char *path, struct statfs *fs);

/* open_by_handle_at(): the directory in cgroup/ with this inode number, or -1 and ESTALE. */
int stage_open_handle(const struct file_handle *handle, int flags);

/* /dev/kmsg: lines of the file kmsg, each read() one; poll() tells when it grows. */
int stage_kmsg_open(void);
bool stage_kmsg_is(int fd);
ssize_t stage_kmsg_read(int fd, void *buffer, size_t size);
int stage_kmsg_end(int fd);
void stage_kmsg_close(int fd);
