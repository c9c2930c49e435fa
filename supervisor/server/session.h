#pragma once
/* What the files of the server share: one session is one connection, and what is sent on it. Calls of one session are
 * answered one after another. Nothing frees a session while it is in use: it is marked dead, and the reaper takes it. */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "supervisor/record/meta.h"
#include "supervisor/server/serverops.h"
#include "supervisor/text/wire.h"

enum {
        SESSION_HIGH_WATER = 256 << 10,         /* bytes a reader may have unread before the list waits for him */
        LIST_PAGE_BYTES = 128 << 10,            /* what a list takes from the ledger at once */
};

typedef struct Server Server;
typedef struct Session Session;
typedef struct Stream Stream;
typedef struct sd_event_source sd_event_source;

struct ServerCall {
        Session *session;               /* NULL: the peer has gone */
        ServerPeer peer;
        bool more, oneway;
};

struct Session {
        Session *next;
        Server *server;
        int fd;
        sd_event_source *io;
        uint32_t events;                /* what io waits for now */
        ServerPeer peer;
        WireBuffer in;
        char *out;                      /* bytes [out_start, out_end) are still to be sent */
        size_t out_start, out_end, out_size;
        ServerCall *call;               /* the call that waits for its answer; NULL: none */
        Stream *stream;                 /* the list in progress; NULL: none */
        bool pumping, dead, ended;      /* ended: the peer sends no more calls */
        bool ready;                     /* the next call in the buffer may begin: the pump takes it */
};

struct Server {
        ServerOptions options;
        char *path;                     /* of the own socket, to be removed; NULL: activated */
        char *version, *boot_id;
        int fd;
        sd_event_source *listen, *reaper, *pump, *heartbeat;
        Session *sessions;
        unsigned n_sessions, n_streams;
        uint64_t refused;
        struct Fate *fates;             /* calls that wait for the sources */
};

/* Marks it dead: the reaper frees it from the event loop. */
void session_kill(Session *c);

/* Adds a message in pieces, the last of which is NULL, and sends what goes without waiting. */
void session_send_parts(Session *c, const char *const parts[]);

/* How many bytes the peer has not taken yet. */
size_t session_unsent(const Session *c);

/* Sends what goes without waiting. */
void session_flush(Session *c);

/* Waits for what can be done next: the peer's next call, or that he takes what lies there. */
void session_update(Session *c);

/* Goes on after an answer: the next call, if it lies in the buffer already, is taken from the event loop. */
void session_ready(Session *c);
