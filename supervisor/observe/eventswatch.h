#pragma once
/* Watches memory.events of chosen cgroups (those with a budget or rule) on held descriptors: EPOLLPRI, one-shot, armed
 * again only after an interval, since a healthy page-cache user at its limit fires 60 to 100 times a second.
 * One descriptor to watch; no wakeups while nothing happens. Removal alone wakes nobody (the kernel wakes
 * no poller at rmdir): eventswatch_remove() when the tree learns of a death. Event thread only. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "supervisor/host/cgroupfs.h"
#include "supervisor/text/kernfile.h"

typedef struct Eventswatch Eventswatch;

typedef struct EventswatchNews {
        uint64_t id;
        bool gone;                      /* removed, or its memory controller disabled; the watch is already taken away */
        MemoryEvents before, now;       /* of the tree below it, at the last look and now */
        MemoryEvents local_before, local_now;   /* memory.events.local; KERNFILE_UNKNOWN where there is none */
        uint64_t before_nsec, now_nsec; /* CLOCK_BOOTTIME of the two looks */
} EventswatchNews;

/* Takes one piece of news; it is valid during the call only. */
typedef void (*EventswatchTake)(void *userdata, const EventswatchNews *news);

/* Returns 0, -errno. */
int eventswatch_new(Eventswatch **ret, const Cgroupfs *fs);
Eventswatch *eventswatch_free(Eventswatch *w);

/* Watches cgroup @id, armed again @interval_nsec after each news (0: 1 s). Known ids get the new interval. @path for where
 * handles may not be opened, else NULL. The first look is taken here. Returns 0, -ENODEV gone, -ENOENT no memory
 * controller there, -errno. */
int eventswatch_add(Eventswatch *w, uint64_t id, const char *path, uint64_t interval_nsec);
void eventswatch_remove(Eventswatch *w, uint64_t id);

/* Readable while there is something for eventswatch_drain(). */
int eventswatch_fd(const Eventswatch *w);

/* Reads what changed and calls @take for each cgroup; it may add and remove watches. Returns the number of news, -errno. */
int eventswatch_drain(Eventswatch *w, EventswatchTake take, void *userdata);

/* Looks at @id now, without waiting for a notification (reconciliation). Returns 0, -ENOENT not watched, -ENODEV gone. */
int eventswatch_look(Eventswatch *w, uint64_t id, EventswatchNews *ret);

/* The last counters seen, as counters.before of a kill. Returns true where @id is watched. */
bool eventswatch_last(const Eventswatch *w, uint64_t id, MemoryEvents *ret, uint64_t *ret_nsec);

/* How many cgroups are watched. */
size_t eventswatch_count(const Eventswatch *w);
