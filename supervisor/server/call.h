#pragma once
/* One call of one peer: who asks, and the one reply that ends it. */
#include <stdbool.h>
#include <sys/types.h>

#include "supervisor/ledger/ledger.h"

/* Who asks, by the socket's credentials. */
typedef struct ServerPeer {
        uid_t uid;
        gid_t gid;
        pid_t pid;
        bool reads_all;                 /* root, reeved's own uid, or group reeve */
        bool privileged;                /* root or reeved's own uid */
} ServerPeer;

/* A call that waits for its answer: exactly one of server_reply() and server_fail() ends it, at once or later, on the
 * event thread. It stays valid when the peer goes meanwhile. */
typedef struct ServerCall ServerCall;

/* Who asked. */
const ServerPeer *server_call_peer(const ServerCall *call);

/* Bounds @q to what the caller may read. */
void server_call_restrict(const ServerCall *call, LedgerQuery *q);

/* Ends @call well. @parameters is a JSON object text. */
void server_reply(ServerCall *call, const char *parameters);

/* Ends @call well with {@member: @text}, of @length bytes of UTF-8. */
void server_reply_text(ServerCall *call, const char *member, const char *text, size_t length);

/* The same as one reply of many: the call goes on. Only of a call that asked for more. */
void server_continue_text(ServerCall *call, const char *member, const char *text, size_t length);

/* Whether the peer has gone, and how many bytes he has not taken yet. */
bool server_call_gone(const ServerCall *call);
size_t server_call_unsent(const ServerCall *call);

/* Ends @call with an error: one of io.reeve.Supervisor ("NotFound") or a full name. @parameters: object text or NULL. */
void server_fail(ServerCall *call, const char *error, const char *parameters);

/* The same for errors with one text parameter: NotAllowed(reason), NotFound(what), Failed(reason). @text is escaped. */
void server_fail_text(ServerCall *call, const char *error, const char *text);
