#pragma once
/* A transient systemd scope around ourselves: the only way into a cgroup of one's own that systemd will not undo. */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

typedef struct ScopeOptions {
        bool user;                /* ask the user's systemd, not the system's */
        const char *name;         /* unit name with its suffix .scope */
        const char *description;  /* for systemctl list-units */
        const char *slice;        /* NULL: systemd's default */
        pid_t pid;                /* the process the scope starts with; it stays where it is on failure */
} ScopeOptions;

/* Asks systemd for the transient scope @o describes, with Delegate=yes and OOMPolicy=continue (where known), and waits until
 * the job is done. Returns 0; -EUNATCH: there is no such systemd to be reached; -EEXIST: a unit has this name; another
 * -errno; each with the reason in @reterr. */
int scope_start(const ScopeOptions *o, char *reterr, size_t err_size);

/* What systemd is there. */
typedef struct ScopeManager {
        bool reachable;           /* the bus answered */
        char version[64];         /* "252.39-1~deb12u2" */
        char default_oom_policy[16]; /* "stop", "continue", "kill"; empty: not told */
} ScopeManager;

/* Asks the system's or the user's systemd for its version and defaults. Never fails: what is not known stays empty. */
void scope_manager_read(ScopeManager *ret, bool user);
