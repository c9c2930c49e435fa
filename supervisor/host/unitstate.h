#pragma once
/* What systemd says of a unit after a kill: its main process, how it ended, whether it was started again. Each call may take
 * up to its timeout while PID 1 is busy; not for the event thread. One Unitstates belongs to one thread. */
#include <stddef.h>
#include <stdint.h>

typedef struct Unitstates Unitstates;

/* Times in microseconds, 0: never. */
typedef struct UnitState {
        char result[32];                /* "oom-kill", "success"; "" where this kind of unit has none */
        char active[24];                /* "active", "failed", "activating" ... */
        int32_t main_pid;               /* services: 0 as soon as systemd saw its end */
        int32_t last_main_pid;          /* services: stays until the next start; 0: none */
        uint64_t started_monotonic_usec;        /* when it last began to start */
        int64_t started_realtime_usec;
        uint64_t active_monotonic_usec;         /* when it was last up */
        int64_t active_realtime_usec;
} UnitState;

/* Connects to the system's systemd. Returns 0, -EUNATCH where there is none to be reached, -ENOMEM. */
int unitstates_open(Unitstates **ret);

/* Disconnects (NULL is fine). Returns NULL. */
Unitstates *unitstates_close(Unitstates *u);

/* Asks for @unit ("web.service"). Returns 0, -ENOENT where systemd does not have it loaded (any more), or -errno: then
 * close and open again. */
int unitstates_read(Unitstates *u, const char *unit, UnitState *ret);
