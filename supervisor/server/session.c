#include "supervisor/server/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "supervisor/base/fd.h"

enum { READ_BYTES = 4096 };

size_t session_unsent(const Session *c) {
        return c->out_end - c->out_start;
}

void session_kill(Session *c) {
        if (c->dead)
                return;
        c->dead = true;
        (void) sd_event_source_set_enabled(c->io, SD_EVENT_OFF);
        (void) sd_event_source_set_enabled(c->server->reaper, SD_EVENT_ONESHOT);
}

/* While a call waits for its answer nothing more is read: a client cannot fill our memory with calls. */
static void events_update(Session *c) {
        uint32_t want = 0;

        if (c->dead)
                return;
        /* A peer that only closed its writing half still gets its answers; one that is gone is told by EPOLLHUP. */
        if (!c->call && !c->stream && c->ended && session_unsent(c) == 0) {
                session_kill(c);
                return;
        }
        if (!c->call && !c->stream && !c->ended)
                want |= EPOLLIN;
        if (session_unsent(c) > 0)
                want |= EPOLLOUT;
        if (want == c->events)
                return;
        c->events = want;
        if (sd_event_source_set_io_events(c->io, want) < 0)
                session_kill(c);
}

static void out_flush(Session *c) {
        while (session_unsent(c) > 0 && !c->dead) {
                ssize_t n = send(c->fd, c->out + c->out_start, session_unsent(c), MSG_NOSIGNAL | MSG_DONTWAIT);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && errno == EAGAIN)
                        break;
                if (n < 0) {
                        session_kill(c);
                        break;
                }
                c->out_start += (size_t) n;
        }
        if (session_unsent(c) > 0)
                return;
        c->out_start = c->out_end = 0;
        /* A long answer's memory is not kept. */
        if (c->out_size > SESSION_HIGH_WATER) {
                free(c->out);
                c->out = NULL;
                c->out_size = 0;
        }
}

/* Room for @n more bytes to send; false: no memory, and the session is dead. */
static bool out_reserve(Session *c, size_t n) {
        size_t size = c->out_size ? c->out_size : 4096;
        char *out;

        if (c->out_start > 0) {
                memmove(c->out, c->out + c->out_start, session_unsent(c));
                c->out_end -= c->out_start;
                c->out_start = 0;
        }
        if (c->out_size - c->out_end >= n)
                return true;
        while (size - c->out_end < n)
                size *= 2;
        out = realloc(c->out, size);
        if (!out) {
                session_kill(c);
                return false;
        }
        c->out = out;
        c->out_size = size;
        return true;
}

static void out_add(Session *c, const char *data, size_t n) {
        memcpy(c->out + c->out_end, data, n);
        c->out_end += n;
}

void session_send(Session *c, const char *text, size_t length) {
        if (c->dead || !out_reserve(c, length + 1))
                return;
        out_add(c, text, length);
        out_add(c, "", 1);
        out_flush(c);
        events_update(c);
}

void session_send_parts(Session *c, const char *const parts[]) {
        size_t length = 0;

        for (size_t i = 0; parts[i]; i++)
                length += strlen(parts[i]);
        if (c->dead || !out_reserve(c, length + 1))
                return;
        for (size_t i = 0; parts[i]; i++)
                out_add(c, parts[i], strlen(parts[i]));
        out_add(c, "", 1);
        out_flush(c);
        events_update(c);
}

static void message_take(Session *c, const char *text, size_t length) {
        WireCall call;

        if (wire_call_parse(&call, text, length) < 0) {
                session_kill(c);
                return;
        }
        method_call(c, &call);
        wire_call_clear(&call);
}

void session_pump(Session *c) {
        if (c->pumping)
                return;
        c->pumping = true;
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
        events_update(c);
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
        session_pump(c);
}

static int session_io(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Session *c = userdata;

        (void) source;
        (void) fd;
        if (events & EPOLLOUT) {
                out_flush(c);
                if (c->stream && session_unsent(c) == 0)
                        stream_writable(c->stream);
                events_update(c);
        }
        if (events & EPOLLIN && !c->dead && c->events & EPOLLIN)
                input_read(c);
        else if (events & (EPOLLHUP | EPOLLERR))
                session_kill(c);
        return 0;
}

int session_new(Server *s, int fd, const ServerPeer *peer) {
        Session *c = calloc(1, sizeof(*c));
        int r = c ? 0 : -ENOMEM;

        if (c) {
                *c = (Session) { .server = s, .fd = fd, .peer = *peer, .in = WIRE_BUFFER_INIT(WIRE_REQUEST_MAX) };
                c->events = EPOLLIN;
                r = sd_event_add_io(s->options.event, &c->io, fd, c->events, session_io, c);
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

void session_free(Session *c) {
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
