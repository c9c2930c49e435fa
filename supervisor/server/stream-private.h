#pragma once
/* Between stream.c and what reads its parameters. */
#include "supervisor/server/session.h"

/* Where the walk stands. */
typedef enum StreamState {
        STREAM_ASKING,          /* the clerk was asked */
        STREAM_FULL,            /* the reader must take what lies there first */
        STREAM_COMMIT,          /* the next one can only be judged from the ledger: it must be committed first */
        STREAM_HEAD,            /* all is told: waits for the next to be published */
} StreamState;

struct Stream {
        Session *session;       /* NULL: gone; freed when the answer comes */
        Server *server;
        StreamState state;
        bool asking, more, follow, oneway, single_sent;
        LedgerQuery filter;     /* its cgroup and named are ours */
        char *cgroup;
        char *named;            /* a name that is no cgroup's now: of those that bore it */
        bool told;              /* a record, at least */
        uint64_t cursor;        /* all up to here is told, or does not match */
        uint64_t gap_seq;       /* what went up to here was told */
        bool from_cursor;       /* a cursor was given, or we have told something: what is gone behind it is a gap */
        uint64_t left;          /* how many may still be told; 0 with @bounded: none */
        bool bounded;
        uint64_t commit_seq;    /* STREAM_COMMIT: up to where */
        uint64_t skip;          /* how many of the newest are too many, since newer ones are not committed yet */
        uint64_t counted;
        uint64_t reserved;      /* of the newest so many are left to those that are not committed yet */
};

/* Reads the parameters. NULL: all is well, else the name of the one that is not. *@ret_error: 0 or -errno of it. */
const char *stream_parameters(Stream *t, json_t *p, int *ret_error);
