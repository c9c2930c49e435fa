#pragma once
/* Identity: what runs in a cgroup, by the pattern of its path. Pure. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "supervisor/attribute/kill.h"

enum { IDENTITY_LEVELS_MAX = 64 };

/* Finds out what runs in @path ("/system.slice/web.service"). The innermost match is the subject. @root_owned[i]: the
 * directory of the path's level i + 1 belongs to root (so [0] is "/system.slice"); @n_levels of them are known, what is
 * not known counts as not root's; @owner_uids likewise, may be NULL. Confidence is certain only when all directories
 * down to the end of the match belong to root: else anybody could have made the name. Always answers: a path without a
 * pattern is `plain`. @invocation_id may be NULL. */
void identity_find(Identity *ret, const char *path, const bool root_owned[], const int64_t owner_uids[], size_t n_levels,
                   const char *invocation_id);

/* Fills in a pod's namespace, name and container from a directory name of the kubelet's log folder:
 * /var/log/pods/NAMESPACE_POD_UID, with /CONTAINER behind it where that is known (host/podnames.h). Returns false if @name is no such name or another pod's. */
bool identity_name_pod(Identity *identity, const char *name);

/* Whether a container's id stands in the directory name @name (cri-containerd-<64 digits>.scope) and begins with @word, 12
 * hexadecimal digits at least. */
bool identity_names_container(const char *name, const char *word);
