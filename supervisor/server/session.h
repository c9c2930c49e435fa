#pragma once
/* What the files of the server share: one session is one connection. Calls of one session are answered one after
 * another. Nothing frees a session while it is in use: it is marked dead, and the reaper takes it. */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "supervisor/server/server.h"
#include "supervisor/text/wire.h"

enum {
        SESSION_HIGH_WATER = 256 << 10,         /* bytes a reader may have unread before the list waits for him */
        LIST_PAGE_BYTES = 128 << 10,            /* what a list takes from the ledger at once */
};

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
};

struct Server {
        ServerOptions options;
        char *path;                     /* of the own socket, to be removed; NULL: activated */
        char *version, *boot_id;
        int fd;
        sd_event_source *listen, *reaper, *heartbeat;
        Session *sessions;
        unsigned n_sessions, n_streams;
        uint64_t refused;
        struct Fate *fates;             /* calls that wait for the sources */
};

/* Takes an accepted connection over. Returns 0 or -errno (then @fd is closed). */
int session_new(Server *s, int fd, const ServerPeer *peer);

/* Frees it and all that hangs on it. */
void session_free(Session *c);

/* Marks it dead: the reaper frees it from the event loop. */
void session_kill(Session *c);

/* Adds @length bytes and a NUL to what is sent, and sends what goes without waiting. */
void session_send(Session *c, const char *text, size_t length);

/* As session_send() with the message in pieces, the last of which is NULL. */
void session_send_parts(Session *c, const char *const parts[]);

/* How many bytes the peer has not taken yet. */
size_t session_unsent(const Session *c);

/* Goes on after an answer: the next call that lies in the buffer. */
void session_pump(Session *c);

/* What a session understands of a method: its name and what begins it. In methods.c. */
void method_call(Session *c, const WireCall *call);

/* Begins ListRecords; the stream answers for itself. */
void stream_begin(Session *c, json_t *parameters, bool more, bool oneway);

/* The session goes: the stream is freed now, or when the ledger has answered. */
void stream_detach(Stream *t);

/* The peer has taken all bytes: a list that waited goes on. */
void stream_writable(Stream *t);

/* One record was published, resp. committed up to @seq, resp. 30 s have gone by. */
void stream_publish(Stream *t, const RecordMeta *meta, const char *json, size_t length);
void stream_committed(Stream *t, uint64_t seq);
void stream_heartbeat(Stream *t);

/* Begins Fate. */
void fate_begin(ServerCall *call, json_t *parameters);

/* Looks again at the fates that wait; with @all, ends them. */
void fates_drained(Server *s);
void fates_drop(Server *s);

/* Makes a call object of @c, which waits until it is answered. NULL: no memory (then the session is killed). */
ServerCall *call_new(Session *c, bool more, bool oneway);

/* Ends @call with InvalidParameter(@name). */
void call_refuse(ServerCall *call, const char *name);

/* A text parameter: *@ret is NULL where it is absent or null. false: it is there with another type. */
bool parameter_text(json_t *parameters, const char *name, const char **ret);

/* A number that is not negative, 0 where it is absent or null. false: it is something else. */
bool parameter_number(json_t *parameters, const char *name, uint64_t *ret);

/* A boolean, false where it is absent or null. */
bool parameter_bool(json_t *parameters, const char *name, bool *ret);
