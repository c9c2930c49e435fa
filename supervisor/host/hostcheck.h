#pragma once
/* Hostcheck: is this a host for Reeve, and what in its settings should its owner know? Looks only, below a root that tests
 * can replace; asks no daemon. */
#include <stddef.h>

#include "supervisor/host/findings.h"
#include "supervisor/host/hostcheck-options.h"

/* Looks at everything and fills @ret, which the caller clears. Returns 0 or -ENOMEM. */
int hostcheck_run(Findings *ret, const HostcheckOptions *o);

/* Is there a cgroup v2 memory controller, below @o->cgroup_root or at the cgroup2 mount? Returns 0 with the mount in
 * @ret_mount (without @o->root); or -ENODEV with @reterr naming what is mounted and how to boot with cgroup v2. Either may
 * be NULL. */
int hostcheck_memory_controller(const HostcheckOptions *o, char *ret_mount, size_t mount_size, char *reterr, size_t err_size);
