#include "supervisor/client/connection.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "supervisor/base/clock.h"
#include "supervisor/base/fd.h"

enum { CONNECT_TIMEOUT_MSEC = 10000, READ_SIZE = 64 << 10 };

void client_error_clear(ClientError *e) {
        free(e->parameters);
        e->parameters = NULL;
        e->text[0] = e->name[0] = '\0';
}

int client_error_set(ClientError *e, int error, const char *text, ...) {
        va_list ap;

        client_error_clear(e);
        va_start(ap, text);
        (void) vsnprintf(e->text, sizeof(e->text), text, ap);
        va_end(ap);
        return error;
}

static int64_t now_msec(void) {
        return (int64_t) (clock_usec(CLOCK_MONOTONIC) / 1000);
}

int connection_left_msec(int64_t deadline) {
        int64_t left;

        if (deadline < 0)
                return -1;
        left = deadline - now_msec();
        return left > 0 ? (int) left : 0;
}

int64_t connection_deadline(int timeout_msec) {
        return timeout_msec < 0 ? -1 : now_msec() + timeout_msec;
}

/* Returns 1 when @events (or an end) are there, 0 when the time was up, -errno. */
static int wait_for(int fd, short events, int64_t deadline) {
        for (;;) {
                struct pollfd p = { .fd = fd, .events = events };
                int r = poll(&p, 1, connection_left_msec(deadline));

                if (r >= 0)
                        return r;
                if (errno != EINTR)
                        return -errno;
        }
}

int connection_open(Connection *c, const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        struct timeval timeout = { .tv_sec = CONNECT_TIMEOUT_MSEC / 1000 };
        _cleanup_close_ int fd = -1;

        if (strlen(path) >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        memcpy(address.sun_path, path, strlen(path));
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        /* A unix socket whose backlog is full makes a blocking connect() wait: it waits this long at most. */
        (void) setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
        if (connect(fd, (const struct sockaddr *) &address, sizeof(address)) < 0)
                return errno == ENOENT || errno == ENOTDIR ? -ECONNREFUSED : errno == EAGAIN ? -ETIMEDOUT : -errno;
        connection_close(c);
        c->fd = fd_steal(&fd);
        return 0;
}

void connection_close(Connection *c) {
        fd_closep(&c->fd);
        c->fd = -1;
        wire_buffer_clear(&c->in);
}

static int send_all(int fd, const char *data, size_t length, int64_t deadline) {
        while (length > 0) {
                ssize_t n = send(fd, data, length, MSG_NOSIGNAL | MSG_DONTWAIT);
                int r;

                if (n >= 0) {
                        data += n;
                        length -= (size_t) n;
                        continue;
                }
                if (errno == EINTR)
                        continue;
                if (errno == EPIPE)
                        return -ECONNRESET;
                if (errno != EAGAIN)
                        return -errno;
                r = wait_for(fd, POLLOUT, deadline);
                if (r <= 0)
                        return r < 0 ? r : -ETIMEDOUT;
        }
        return 0;
}

int connection_send(Connection *c, const char *method, const char *parameters, bool more, int timeout_msec) {
        size_t length;
        _cleanup_free_ char *text = NULL;

        if (c->fd < 0)
                return -ECONNRESET;
        text = wire_call_compose(method, parameters, more, &length);
        if (!text)
                return -ENOMEM;
        return send_all(c->fd, text, length + 1, connection_deadline(timeout_msec));
}

/* One read into the buffer. Returns 1 when something came, -EAGAIN, -ECONNRESET at the end, or -errno. */
static int receive_some(Connection *c) {
        size_t room;
        char *to = wire_buffer_room(&c->in, READ_SIZE, &room);
        ssize_t n;

        if (!to)
                return -ENOMEM;
        n = recv(c->fd, to, room, MSG_DONTWAIT);
        if (n < 0)
                return errno == EINTR ? -EAGAIN : -errno;
        if (n == 0)
                return -ECONNRESET;
        wire_buffer_added(&c->in, (size_t) n);
        return 1;
}

int connection_receive(Connection *c, WireReply *ret, int timeout_msec) {
        int64_t deadline = connection_deadline(timeout_msec);

        if (c->fd < 0)
                return -ECONNRESET;
        for (;;) {
                const char *text;
                size_t length;
                int r = wire_buffer_next(&c->in, &text, &length);

                if (r > 0)
                        return wire_reply_parse(ret, text, length);
                if (r < 0)
                        return -EPROTO;
                r = receive_some(c);
                if (r > 0)
                        continue;
                if (r != -EAGAIN)
                        return r;
                r = wait_for(c->fd, POLLIN, deadline);
                if (r <= 0)
                        return r < 0 ? r : -EAGAIN;
        }
}

static const struct {
        const char *name;
        int error;
        const char *member;             /* the parameter that says what */
        const char *words;
} known_errors[] = {
        { WIRE_INTERFACE ".NotAllowed", -EACCES, "reason", "not allowed" },
        { WIRE_INTERFACE ".NotFound", -ENOENT, "what", "not found" },
        { WIRE_INTERFACE ".BadConfiguration", -EBADMSG, "complaints", "bad configuration" },
        { WIRE_INTERFACE ".TooManyConnections", -EUSERS, NULL, "too many connections of this user" },
        { WIRE_INTERFACE ".Failed", -EREMOTEIO, "reason", "reeved failed" },
        { WIRE_SERVICE ".InvalidParameter", -EINVAL, "parameter", "invalid parameter" },
        { WIRE_SERVICE ".MethodNotFound", -EOPNOTSUPP, "method", "reeved does not know the method" },
        { WIRE_SERVICE ".MethodNotImplemented", -EOPNOTSUPP, "method", "reeved does not offer the method" },
        { WIRE_SERVICE ".InterfaceNotFound", -EOPNOTSUPP, "interface", "reeved does not know the interface" },
        { WIRE_SERVICE ".PermissionDenied", -EACCES, NULL, "not allowed" },
        { WIRE_SERVICE ".ExpectedMore", -EINVAL, NULL, "this call needs `more`" },
};

/* Writes "words: detail"; a list becomes one line each. */
static void error_describe(ClientError *e, const char *words, json_t *detail) {
        Strbuf b = STRBUF_INIT(e->text);

        strbuf_puts(&b, words);
        if (json_is_string(detail))
                strbuf_printf(&b, ": %s", json_string_value(detail));
        for (size_t i = 0; json_is_array(detail) && i < json_array_size(detail); i++) {
                const char *line = json_string_value(json_array_get(detail, i));

                if (line)
                        strbuf_printf(&b, "\n%s", line);
        }
}

int client_error_of_reply(ClientError *e, const WireReply *reply) {
        client_error_clear(e);
        (void) snprintf(e->name, sizeof(e->name), "%s", reply->error);
        if (reply->parameters)
                e->parameters = json_dumps(reply->parameters, JSON_COMPACT);
        for (size_t i = 0; i < ELEMENTSOF(known_errors); i++)
                if (strcmp(known_errors[i].name, reply->error) == 0) {
                        const char *member = known_errors[i].member;

                        error_describe(e, known_errors[i].words,
                                       member ? json_object_get(reply->parameters, member) : NULL);
                        return known_errors[i].error;
                }
        error_describe(e, reply->error, NULL);
        return -EREMOTEIO;
}
