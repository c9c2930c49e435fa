#pragma once
/* systemd, asked over D-Bus by the slow hand: whose unit a cgroup is, and limits told to it. Every call may take up to its
 * timeout while PID 1 is busy; not for the event thread. One Systemd belongs to one thread. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policies/limit.h"

typedef struct Systemd Systemd;

/* Connects to the system's or the user's systemd. Returns 0, or -EUNATCH where there is none to be reached. A lost
 * connection is made anew by the next call. */
int systemd_open(Systemd **ret, bool user);

/* Disconnects (NULL is fine). Returns NULL. */
Systemd *systemd_close(Systemd *s);

/* The unit nearest to a cgroup. */
typedef struct SystemdUnit {
        char name[256];                  /* "web-1.service" */
        char control_group[4096];        /* its ControlGroup */
        bool exact;                      /* which is the very path asked for */
        bool delegate;                   /* Delegate= is on */
        int32_t main_pid;                /* services; 0: none */
} SystemdUnit;

/* Finds the unit whose cgroup is @path or the nearest above it. Returns 0, -ENOENT where systemd knows none, -EUNATCH
 * without systemd, or -errno with words in @reterr. */
int systemd_unit_of(Systemd *s, const char *path, SystemdUnit *ret, char *reterr, size_t err_size);

/* One memory limit; LIMIT_MAX is infinity. */
typedef struct SystemdLimit {
        LimitKey key;
        int64_t value;
} SystemdLimit;

/* Tells systemd @n limits of @unit, in one call, until the next boot. All or none are taken. Returns 0 or -errno. */
int systemd_set_limits(Systemd *s, const char *unit, const SystemdLimit *limits, size_t n, char *reterr, size_t err_size);

/* What systemd believes a limit of @unit to be, in *@ret. Returns 0 or -errno. */
int systemd_get_limit(Systemd *s, const char *unit, LimitKey key, int64_t *ret);

/* Starts @unit and waits up to 10 s until it is active. Returns 0 or -errno. */
int systemd_start_unit(Systemd *s, const char *unit, char *reterr, size_t err_size);

/* daemon-reload. Returns 0 or -errno. */
int systemd_reload(Systemd *s, char *reterr, size_t err_size);

/* Whether systemd keeps a drop-in of its own for @key of @unit, as each systemd_set_limits() leaves one. */
bool systemd_dropin_exists(bool user, const char *unit, LimitKey key);

/* Removes it, and the directory once that is empty; systemd_reload() must follow. Returns true where something went. */
bool systemd_dropin_remove(bool user, const char *unit, LimitKey key);

/* Restarts @unit and waits up to @wait_usec for that to be done. Returns 0, -ETIME where it goes on, or -errno. */
int systemd_restart_unit(Systemd *s, const char *unit, uint64_t wait_usec, char *reterr, size_t err_size);
