#pragma once
/* Deadlines of a slow hand: what the kernel does in a write (reclaim, for minutes where swap is slow) ends on a signal to
 * the thread. One deadline at a time per thread. */
#include <stdint.h>

/* Prepares this thread: unblocks the signal and makes its timer. Returns 0 or -errno. */
int deadline_thread_init(void);

/* Undoes deadline_thread_init(). */
void deadline_thread_done(void);

/* From @usec on, blocking calls of this thread end with EINTR, again and again until deadline_disarm(). */
void deadline_arm(uint64_t usec);

/* Ends what deadline_arm() began. */
void deadline_disarm(void);

/* After @usec, writes "0" to @fd (a cgroup.freeze) from within the signal, so that a frozen cgroup is thawed even while this
 * thread waits for someone. -1 and 0 take it back. */
void deadline_thaw(int fd, uint64_t usec);
