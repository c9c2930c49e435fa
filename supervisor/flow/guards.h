#pragma once
/* Guards: triggers of the kernel's on stalls of cgroups in which nothing moves. Each is a source of the loop of its own: to ask
 * whether one fired takes that back, so that behind another epoll it would be lost. */
#include "supervisor/flow/state.h"

/* Stalls there are worth a look; @gone: and this was the last time, since the cgroup is gone or its pressure is not counted any more. */
typedef void GuardTold(Supervisor *s, uint64_t id, bool gone);

/* Takes the trigger @fd of cgroup @id, in the place of one that is there; @told is called when it fires. Returns 0 or -errno; the
 * descriptor is taken over in any case. */
int guards_take(Supervisor *s, uint64_t id, int fd, GuardTold *told);

/* That cgroup's is of no more use; nobody's is. */
void guards_forget(Supervisor *s, uint64_t id);
void guards_clear(Supervisor *s);
