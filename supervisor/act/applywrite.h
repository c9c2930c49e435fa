#pragma once
/* Writing values: told to systemd, by libcgroup or by descriptor, as whose the cgroup is. Blocks. */
#include "supervisor/act/applyjob.h"

/* Writes the memory limits in @j->writing, and ends their changes. */
void apply_write(Job *j);

/* Writes one file past systemd: by libcgroup what is ours, by descriptor what was given to us. Returns 0, or -errno with @j->error. */
int apply_write_file(Job *j, LimitKey key, int64_t value);

/* What is written ends here; its outcome is what the kernel file says then, or that of @error (-errno, with @j->error). */
void apply_settle(Job *j, LimitKey key, int error);
