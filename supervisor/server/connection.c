#include "supervisor/server/connection.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "supervisor/server/methods.h"
#include "supervisor/server/stream.h"

enum { READ_BYTES = 4096 };

static void message_take(Session *c, const char *text, size_t length) {
        WireCall call;

        if (wire_call_parse(&call, text, length) < 0) {
                session_kill(c);
                return;
        }
        method_call(c, &call);
        wire_call_clear(&call);
}

void connection_pump(Session *c) {
        if (c->pumping)
                return;
        c->pumping = true;
        c->ready = false;
        while (!c->dead && !c->call && !c->stream) {
                const char *text;
                size_t length;
                int r = wire_buffer_next(&c->in, &text, &length);

                if (r < 0)
                        session_kill(c);
                if (r <= 0)
                        break;
                message_take(c, text, length);
        }
        c->pumping = false;
        session_update(c);
}

static void input_read(Session *c) {
        size_t room;
        char *to = wire_buffer_room(&c->in, READ_BYTES, &room);
        ssize_t n = to ? recv(c->fd, to, room, MSG_DONTWAIT) : -1;

        if (n < 0 && to && (errno == EAGAIN || errno == EINTR))
                return;
        if (n < 0)
                session_kill(c);
        else if (n == 0)
                c->ended = true;
        else
                wire_buffer_added(&c->in, (size_t) n);
        connection_pump(c);
}

static int connection_io(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Session *c = userdata;

        (void) source;
        (void) fd;
        if (events & EPOLLOUT) {
                session_flush(c);
                if (c->stream && session_unsent(c) == 0)
                        stream_writable(c->stream);
                session_update(c);
        }
        if (events & EPOLLIN && !c->dead && c->events & EPOLLIN)
                input_read(c);
        else if (events & (EPOLLHUP | EPOLLERR))
                session_kill(c);
        return 0;
}

int connection_new(Server *s, int fd, const ServerPeer *peer) {
        Session *c = calloc(1, sizeof(*c));
        int r = c ? 0 : -ENOMEM;

        if (c) {
                *c = (Session) { .server = s, .fd = fd, .peer = *peer, .in = WIRE_BUFFER_INIT(WIRE_REQUEST_MAX) };
                c->events = EPOLLIN;
                r = sd_event_add_io(s->options.event, &c->io, fd, c->events, connection_io, c);
        }
        if (r < 0) {
                free(c);
                (void) close(fd);
                return r;
        }
        c->next = s->sessions;
        s->sessions = c;
        s->n_sessions++;
        return 0;
}

void connection_free(Session *c) {
        if (c->stream)
                stream_detach(c->stream);
        if (c->call)
                c->call->session = NULL;
        (void) sd_event_source_disable_unref(c->io);
        (void) close(c->fd);
        wire_buffer_clear(&c->in);
        free(c->out);
        free(c);
}
