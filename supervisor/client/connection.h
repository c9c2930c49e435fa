#pragma once
/* One Varlink connection of a client: sends a call, takes replies, with a deadline for each wait. */
#include <stdbool.h>
#include <stdint.h>

#include "supervisor/text/wire.h"

typedef struct Connection {
        int fd;
        WireBuffer in;
} Connection;

#define CONNECTION_INIT { .fd = -1, .in = WIRE_BUFFER_INIT(WIRE_REPLY_MAX) }

/* What went wrong last, in words and as reeved put it. */
typedef struct ClientError {
        char text[512];
        char name[128];                 /* "" when the error was not reeved's */
        char *parameters;               /* JSON object text, or NULL */
} ClientError;

/* Forgets the last failure. */
void client_error_clear(ClientError *e);

/* Keeps @text (printf) for the failure @error and returns @error. */
int client_error_set(ClientError *e, int error, const char *text, ...) __attribute__((format(printf, 3, 4)));

/* Connects to the socket at @path. Returns 0, -ECONNREFUSED where nobody listens or there is no socket, or -errno. */
int connection_open(Connection *c, const char *path);

/* Closes it; a closed one is fine. */
void connection_close(Connection *c);

/* The moment @timeout_msec from now, for connection_left_msec(); -1 (for ever) stays -1. */
int64_t connection_deadline(int timeout_msec);

/* Milliseconds left until @deadline, 0 when it has passed, -1: for ever. */
int connection_left_msec(int64_t deadline);

/* Sends one call. @parameters is a JSON object text or NULL. @timeout_msec -1: for ever. Returns 0 or -errno. */
int connection_send(Connection *c, const char *method, const char *parameters, bool more, int timeout_msec);

/* Takes one reply, waiting up to @timeout_msec (-1: for ever). Returns 0 with @ret (wire_reply_clear() it), -EAGAIN
 * when none came in time, -ECONNRESET at the end of the connection, -EPROTO, or -errno. */
int connection_receive(Connection *c, WireReply *ret, int timeout_msec);

/* Makes an errno and words of an error reply. */
int client_error_of_reply(ClientError *e, const WireReply *reply);
