#pragma once
/* What a handle holds: inside the library only. */
#include "reeve/reeve.h"
#include "supervisor/client/connection.h"

/* What the opaque handle of libreeve holds. */
struct reeve {
        Connection connection;
        char *path;
        int timeout_msec;
        ClientError error;
};

/* Words for a failure @error at the socket @path that was not an error reply. Returns @error. */
int client_failed(ClientError *e, const char *path, int error);

/* One call with one reply; an error reply becomes its errno. On success wire_reply_clear() *@ret. */
int client_call(reeve *r, const char *method, const char *parameters, WireReply *ret);

/* One call of which @member of the reply (NULL: all of it) is wanted as text: strings as they are, else JSON. */
int client_call_text(reeve *r, const char *method, const char *parameters, const char *member, char **ret);
