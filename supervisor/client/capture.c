/* A running capture: one call of Capture with `more` on a connection of its own. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/client/handle.h"

struct reeve_capture {
        Connection connection;
        ClientError error;
        char *path, *text;              /* text: the piece handed out last */
        int failed;                     /* the error that ended it; 1: it came to its end */
};

reeve_capture *reeve_capture_close(reeve_capture *c) {
        if (!c)
                return NULL;
        connection_close(&c->connection);
        client_error_clear(&c->error);
        free(c->path);
        free(c->text);
        free(c);
        return NULL;
}

int reeve_capture_open(reeve_capture **ret, reeve *r, bool recent) {
        reeve_capture *c = ret ? calloc(1, sizeof(*c)) : NULL;
        int error;

        if (!c)
                return ret ? -ENOMEM : -EINVAL;
        *ret = NULL;
        c->connection = (Connection) CONNECTION_INIT;
        c->path = strdup(r->path);
        error = c->path ? connection_open(&c->connection, c->path) : -ENOMEM;
        if (error == 0)
                error = connection_send(&c->connection, WIRE_INTERFACE ".Capture", recent ? "{\"recent\":true}" : "{}", /* more= */ true,
                                        r->timeout_msec);
        /* Turned away: the reply that says why lies there already. */
        if (error < 0 && error != -ECONNRESET) {
                (void) reeve_capture_close(c);
                return client_failed(&r->error, r->path, error);
        }
        client_error_clear(&r->error);
        *ret = c;
        return 0;
}

/* Keeps what one reply holds. Returns 1 with a text, 0 without. */
static int piece_take(reeve_capture *c, const WireReply *reply) {
        const char *text = json_string_value(json_object_get(reply->parameters, "data"));

        if (!reply->continues)
                c->failed = 1;
        if (!text || !*text)
                return 0;
        free(c->text);
        c->text = strdup(text);
        return c->text ? 1 : -ENOMEM;
}

int reeve_capture_next(reeve_capture *c, int timeout_msec, const char **ret_text) {
        int64_t deadline = connection_deadline(timeout_msec);

        while (!c->failed) {
                WireReply reply = { 0 };
                int r = connection_receive(&c->connection, &reply, connection_left_msec(deadline));

                if (r == -EAGAIN)
                        return r;
                if (r == 0)
                        r = reply.error ? client_error_of_reply(&c->error, &reply) : piece_take(c, &reply);
                else
                        (void) client_failed(&c->error, c->path, r);
                wire_reply_clear(&reply);
                if (r > 0) {
                        *ret_text = c->text;
                        return 1;
                }
                if (r < 0)
                        c->failed = r;
        }
        return c->failed < 0 ? c->failed : 0;
}

int reeve_capture_fd(const reeve_capture *c) {
        return c->connection.fd;
}

const char *reeve_capture_error_text(const reeve_capture *c) {
        return c->error.text;
}
