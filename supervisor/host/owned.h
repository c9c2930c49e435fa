#pragma once
/* Cgroups that Reeve makes and owns itself, through libcgroup. They are named by path, which is sound only because
 * Reeve is the single writer there; cgroups of others are written through descriptors (cgroupfs.h). May block: not for
 * the event thread. */
#include <stdbool.h>
#include <stddef.h>

/* Makes the cgroup at @path ("/system.slice/reeve-groups.service/web") and what is missing above it, with the memory
 * controller. Nothing happens to what exists. Returns 0; -EOPNOTSUPP without a memory controller; -EINVAL for a name that
 * cannot be; or -errno with words in @reterr. */
int owned_create(const char *path, char *reterr, size_t err_size);

/* Writes @text to @file of the owned cgroup and reads it back. Returns 0; -EBADMSG where the kernel keeps another value;
 * or -errno with words in @reterr. A number must be rounded to pages by the caller. */
int owned_set(const char *path, const char *file, const char *text, char *reterr, size_t err_size);

/* Removes the owned cgroup. Returns 0 also where it is gone; -EBUSY where it has processes or children; or -errno. */
int owned_remove(const char *path, char *reterr, size_t err_size);
