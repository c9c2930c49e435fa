#pragma once
/* Runloop: waits with a command that runs in a payload: signals and job control pass through, orphans are reaped. */
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <termios.h>

#include "supervisor/host/payload.h"

typedef struct RunLoop {
        int signal_fd;
        int tty_fd;               /* our controlling terminal, or -1 */
        bool foreground;          /* we were in its foreground when we began */
        bool restore;             /* @modes were read */
        struct termios modes;
        sigset_t mask;            /* as we found it; the command starts with it */
        pid_t child;              /* 0 before it is started */
        bool exited;
        int status;               /* of the child, as waitpid() tells it */
        bool hurry;               /* somebody asked us to end while the rest was ending */
} RunLoop;

#define RUNLOOP_INIT { .signal_fd = -1, .tty_fd = -1 }

/* Takes over signals and becomes the reaper of orphans. Before the command is started. Returns 0 or -errno. */
int runloop_begin(RunLoop *l);

/* Waits until the child has ended. Returns 0 or -errno. */
int runloop_until_exit(RunLoop *l);

/* Waits until @p is empty, for @timeout_usec at most (UINT64_MAX: for ever) or until somebody hurries us. Returns 1 when it is
 * empty, 0 when not, or -errno. */
int runloop_until_empty(RunLoop *l, const Payload *p, uint64_t timeout_usec);

/* Gives the terminal back as it was found, where the command was killed before it could. */
void runloop_end(RunLoop *l);
