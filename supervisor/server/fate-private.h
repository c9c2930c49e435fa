#pragma once
/* Between fate.c and what reads its parameters. */
#include <jansson.h>

#include "supervisor/server/session.h"

typedef struct Fate Fate;
struct Fate {
        Fate *next;
        Server *server;         /* NULL: the server has gone */
        ServerCall *call;
        char *cgroup, *container;
        ServerCgroup meant;     /* by either */
        bool process;           /* asked for a process by pid and start */
        int64_t pid;
        uint64_t start_usec;
        uint64_t drained_usec;  /* CLOCK_BOOTTIME: the sources must be drained up to here: to the question, ... */
        bool gone;              /* ... or, once it was seen to be gone, to that moment */
        bool removed;           /* a cgroup whose directory is gone too */
        bool doubt;             /* the ledger cannot be read, or a record does not say whether of this cgroup or an earlier one */
        bool asking, last;      /* last: all is drained: what the ledger says now is the answer */
        bool drained;           /* the sources were drained for it */
        bool timed_out;
        sd_event_source *timer;
        LedgerRow found;        /* the kill, else the SIGKILL, that speaks of it; its json is ours */
};

/* Reads what is asked for. Returns NULL or the parameter that is wrong; *@ret_wait: 0 or what was asked for. */
const char *fate_parse(Fate *f, json_t *p, uint64_t *ret_wait);

/* Which cgroup is meant, now: a name may be another's in a moment. Returns false with the call ended where there is none. */
bool fate_locate(Fate *f);
