#include "supervisor/server/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>

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
void session_update(Session *c) {
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

void session_flush(Session *c) {
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

void session_send_parts(Session *c, const char *const parts[]) {
        size_t length = 0;

        for (size_t i = 0; parts[i]; i++)
                length += strlen(parts[i]);
        if (c->dead || !out_reserve(c, length + 1))
                return;
        for (size_t i = 0; parts[i]; i++)
                out_add(c, parts[i], strlen(parts[i]));
        out_add(c, "", 1);
        session_flush(c);
        session_update(c);
}

void session_ready(Session *c) {
        if (c->pumping || c->dead)
                return;
        if (c->in.start == c->in.end) {
                session_update(c);
                return;
        }
        c->ready = true;
        (void) sd_event_source_set_enabled(c->server->pump, SD_EVENT_ONESHOT);
}
