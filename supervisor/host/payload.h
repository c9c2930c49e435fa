#pragma once
/* Payload: a cgroup of our own with two leaves, `supervisor` for us and `payload` for a command under limits. Everything
 * is done relative to directory fds of the cgroup itself, never by path after it was opened. */
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PAYLOAD_INIT { .top_fd = -1, .payload_fd = -1, .events_fd = -1, .home_fd = -1 }

typedef struct Payload {
        int top_fd;               /* directory of the scope, or of the cgroup we made */
        int payload_fd;           /* directory of the leaf */
        int events_fd;            /* its cgroup.events: POLLPRI when `populated` changes */
        int home_fd;              /* where we came from, if we must go back before removal; else -1 */
        bool made_top;            /* the top cgroup was made by us and is removed by us */
        char name[256];           /* of the top cgroup, for removal below its parent */
        int parent_fd;            /* directory of the parent; only with made_top */
        char path[4096];          /* of the payload leaf below the cgroup2 mount, for people */
        uint64_t id;              /* cgroup id of the leaf */
} Payload;

/* Opens the cgroup we are in (a delegated scope that holds nobody else), moves us to its leaf `supervisor`, makes the leaf
 * `payload` with a memory controller. @mount is the cgroup2 mount. Returns 0, or -errno with the reason in @reterr:
 * -EOPNOTSUPP where the memory controller is not delegated. */
int payload_enter(Payload *ret, const char *mount, char *reterr, size_t err_size);

/* The same without systemd: makes a cgroup @name beside or below the one we are in, at the nearest place up the tree where
 * we may. Returns 0, or -errno with the reason in @reterr. */
int payload_enter_below(Payload *ret, const char *mount, const char *name, char *reterr, size_t err_size);

/* Leaves and removes what we made; NULL-like after. Safe on PAYLOAD_INIT. */
void payload_leave(Payload *p);

/* Writes @value to the file @key of the payload leaf. Returns 0 or -errno (-ENOENT: this kernel has no such file). */
int payload_set(const Payload *p, const char *key, const char *value);

/* Least memory.max over the ancestors of the payload leaf, in bytes, and RAM where there is none. */
uint64_t payload_room_bytes(const Payload *p, const char *mount);

/* Starts @command in the payload leaf, there from its first instruction: clone3() with CLONE_INTO_CGROUP, or, where the
 * kernel or a filter lacks it, fork() and a move before exec. The child starts with the signal mask @mask.
 * Returns 0 with *ret_pid; a positive errno of execvp() (the command could not be run); or -errno: we failed. */
int payload_spawn(const Payload *p, char *const *command, const sigset_t *mask, pid_t *ret_pid);

/* Is a process left in the payload or below? Returns 1, 0 or -errno. */
int payload_is_populated(const Payload *p);

/* Sends @signo to each process in the payload and below; each is known by a pidfd and looked at again before the signal.
 * Returns how many got it, or -errno. */
int payload_signal(const Payload *p, int signo);

/* Kills everything in the payload and below: cgroup.kill, else pidfds until there is nobody left to find. */
int payload_kill(const Payload *p);

/* What the kernel counted for the payload; -1: this kernel does not tell. */
typedef struct PayloadCounters {
        int64_t low, high, max, oom, oom_kill, oom_group_kill; /* memory.events: hierarchical */
        int64_t local_oom;        /* memory.events.local: OOMs at the payload's own limit */
        int64_t peak_bytes, swap_peak_bytes, current_bytes;
} PayloadCounters;

/* Reads the counters; exact once the payload is no longer populated. */
void payload_read(const Payload *p, PayloadCounters *ret);
