#pragma once
/* A walk over cgroups in the kernel's own order: parents first, siblings by age. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Takes one cgroup: its open directory, path ("/a/b", "/" the root) and id, and what its parent was given in *@ret_index. A
 * negative answer ends the walk. */
typedef int (*SubtreeTake)(void *userdata, int dirfd, const char *path, uint64_t id, size_t parent, size_t *ret_index);

/* Walks @dirfd (named @path) and all below it; what goes away meanwhile is left out. Returns 0, or the negative answer. */
int subtree_walk(int dirfd, const char *path, SubtreeTake take, void *userdata);

/* Whether a person who says @word means a cgroup called @name: a unit or other name with a dot, or the container whose id it
 * begins. */
bool subtree_named(const char *name, const char *word);
