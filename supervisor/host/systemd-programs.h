#pragma once
/* Programs that systemd runs as units of their own, and how they end: told by its signals, waited for by nobody. All calls but
 * _take() and _poll() may take as long as those of systemd.h; one SystemdPrograms belongs to the thread of its Systemd. */
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "supervisor/host/systemd.h"

typedef struct SystemdPrograms SystemdPrograms;

/* A program of its own unit: unprivileged, time-limited, with @stdin_fd as its input and nothing in its environment. */
typedef struct SystemdProgram {
        const char *unit, *path, *description;
        int stdin_fd;
        uint64_t most_usec;              /* it is ended after that */
        uint64_t cookie, about;          /* the caller's; come back with its end */
} SystemdProgram;

/* How one ended. */
typedef struct SystemdEnded {
        uint64_t cookie, about;
        char result[32];                 /* systemd's word: "success", "exit-code", "timeout" ...; "": nobody could say */
        int32_t exit_status, signal;     /* -1: it did not end so, or nobody could say */
        int64_t ran_usec;                /* -1: not known */
} SystemdEnded;

/* What systemd says of a unit in one signal or more. Times are CLOCK_MONOTONIC; 0: not yet. */
typedef struct SystemdProgramState {
        char result[32], active[24];     /* "success" ...; "active", "failed" ... */
        int32_t code, status;            /* CLD_EXITED, CLD_KILLED or CLD_DUMPED, 0: it runs; the exit status or signal */
        uint64_t began_usec, ended_usec;
} SystemdProgramState;

/* None yet; @s must outlive it. Returns 0 or -ENOMEM. */
int systemd_programs_new(SystemdPrograms **ret, Systemd *s);

/* Waits for none any more; they run on (NULL is fine). Returns NULL. */
SystemdPrograms *systemd_programs_free(SystemdPrograms *p);

/* Starts it, and waits up to @wait_usec until it runs, not until it ends. Its end comes by _take() if this returned 0 or -ETIME.
 * Else -errno with words in @reterr. */
int systemd_programs_start(SystemdPrograms *p, const SystemdProgram *program, uint64_t wait_usec, char *reterr, size_t err_size);

/* What to wait for while any runs, its fd -1 while none does. Returns for how many milliseconds at most, -1: without end. */
int systemd_programs_poll(const SystemdPrograms *p, struct pollfd *ret);

/* The next that ended, as far as systemd told by now. To be called until false after each start and each wake. Never waits. */
bool systemd_programs_take(SystemdPrograms *p, SystemdEnded *ret);

/* Whether @state is the end, which then is in *@ret but for cookie and about. Pure. */
bool systemd_program_ended(const SystemdProgramState *state, SystemdEnded *ret);
