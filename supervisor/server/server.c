#include "supervisor/server/server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-event.h>
#include <time.h>
#include <unistd.h>

#include "supervisor/base/fd.h"
#include "supervisor/host/peer.h"
#include "supervisor/server/connection.h"
#include "supervisor/server/fate.h"
#include "supervisor/server/stream.h"

enum { CLIENTS_DEFAULT = 256, PER_UID_DEFAULT = 4 };
#define HEARTBEAT_DEFAULT_USEC UINT64_C(30000000)

/* Whether @peer may have one more connection. Unprivileged ones together leave a quarter of the places free. */
static bool may_connect(const Server *s, const ServerPeer *peer) {
        unsigned same = 0, users = 0;

        if (s->n_sessions >= s->options.max_clients)
                return false;
        if (peer->privileged)
                return true;
        for (const Session *c = s->sessions; c; c = c->next) {
                users += !c->dead && !c->peer.privileged;
                same += !c->dead && c->peer.uid == peer->uid;
        }
        if (users >= s->options.max_clients - s->options.max_clients / 4)
                return false;
        return peer->reads_all || same < s->options.max_per_uid;
}

static void refuse(Server *s, int fd) {
        char text[128];
        int n = snprintf(text, sizeof(text), "{\"error\":\"" WIRE_INTERFACE ".TooManyConnections\",\"parameters\":"
                         "{\"limit\":%u}}", s->options.max_per_uid);

        s->refused++;
        (void) send(fd, text, (size_t) n + 1, MSG_NOSIGNAL | MSG_DONTWAIT);
        (void) close(fd);
}

static void client_take(Server *s, int fd) {
        ServerPeer peer;
        Peer p;

        if (peer_read(fd, s->options.reader_gid, &p) < 0) {
                (void) close(fd);
                return;
        }
        peer = (ServerPeer) { .uid = p.uid, .gid = p.gid, .pid = p.pid };
        peer.privileged = p.uid == 0 || p.uid == geteuid();
        peer.reads_all = peer.privileged || p.member;
        if (may_connect(s, &peer))
                (void) connection_new(s, fd, &peer);
        else
                refuse(s, fd);
}

static int listen_io(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        (void) source;
        (void) events;
        if (client >= 0)
                client_take(userdata, client);
        return 0;
}

/* Frees what was marked dead, when nobody is using it. */
static int reap(sd_event_source *source, void *userdata) {
        Server *s = userdata;
        Session **at = &s->sessions;

        (void) source;
        while (*at) {
                Session *c = *at;

                if (!c->dead) {
                        at = &c->next;
                        continue;
                }
                *at = c->next;
                s->n_sessions--;
                connection_free(c);
        }
        return 0;
}

/* Those whose answer is given take their next call. */
static int pump(sd_event_source *source, void *userdata) {
        Server *s = userdata;

        (void) source;
        for (Session *c = s->sessions; c; c = c->next)
                if (c->ready)
                        connection_pump(c);
        return 0;
}

static int beat(sd_event_source *source, uint64_t usec, void *userdata) {
        Server *s = userdata;

        for (Session *c = s->sessions; c; c = c->next)
                if (c->stream && !c->dead)
                        stream_heartbeat(c->stream);
        if (s->n_streams == 0)
                return 0;
        (void) sd_event_source_set_time(source, usec + s->options.heartbeat_usec);
        (void) sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        return 0;
}

/* Whether somebody listens at @address. */
static bool somebody_listens(const struct sockaddr_un *address) {
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        return fd >= 0 && (connect(fd, (const struct sockaddr *) address, sizeof(*address)) == 0 || errno == EAGAIN);
}

static int listen_at(const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_close_ int fd = -1;
        mode_t mask;
        int r;

        if (strlen(path) >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        memcpy(address.sun_path, path, strlen(path));
        if (somebody_listens(&address))
                return -EADDRINUSE;
        (void) unlink(path);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        /* Everybody may connect: the peer's credentials decide what he reads. */
        mask = umask(0111);
        r = bind(fd, (const struct sockaddr *) &address, sizeof(address)) < 0 ? -errno : 0;
        (void) umask(mask);
        if (r == 0 && listen(fd, 64) < 0)
                r = -errno;
        return r < 0 ? r : fd_steal(&fd);
}

static int sources_add(Server *s) {
        sd_event *e = s->options.event;
        int r = sd_event_add_io(e, &s->listen, s->fd, EPOLLIN, listen_io, s);

        if (r >= 0)
                r = sd_event_add_defer(e, &s->reaper, reap, s);
        if (r >= 0)
                r = sd_event_source_set_enabled(s->reaper, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_defer(e, &s->pump, pump, s);
        if (r >= 0)
                r = sd_event_source_set_enabled(s->pump, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_time(e, &s->heartbeat, CLOCK_BOOTTIME, UINT64_MAX, s->options.heartbeat_usec / 8, beat, s);
        if (r >= 0)
                r = sd_event_source_set_enabled(s->heartbeat, SD_EVENT_OFF);
        return r < 0 ? r : 0;
}

static int socket_take(Server *s) {
        if (s->options.activated_fd >= 0) {
                s->fd = s->options.activated_fd;
                return 0;
        }
        s->fd = listen_at(s->options.path);
        if (s->fd < 0)
                return s->fd;
        s->path = strdup(s->options.path);
        return s->path ? 0 : -ENOMEM;
}

int server_new(Server **ret, const ServerOptions *options) {
        Server *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return -ENOMEM;
        s->options = *options;
        s->fd = -1;
        if (!s->options.max_clients)
                s->options.max_clients = CLIENTS_DEFAULT;
        if (!s->options.max_per_uid)
                s->options.max_per_uid = PER_UID_DEFAULT;
        if (!s->options.heartbeat_usec)
                s->options.heartbeat_usec = HEARTBEAT_DEFAULT_USEC;
        s->version = strdup(options->version ? options->version : "");
        s->boot_id = strdup(options->boot_id ? options->boot_id : "");
        r = s->version && s->boot_id ? socket_take(s) : -ENOMEM;
        if (r == 0)
                r = sources_add(s);
        if (r < 0) {
                (void) server_free(s);
                return r;
        }
        *ret = s;
        return 0;
}

Server *server_free(Server *s) {
        if (!s)
                return NULL;
        fates_drop(s);
        while (s->sessions) {
                Session *c = s->sessions;

                s->sessions = c->next;
                connection_free(c);
        }
        (void) sd_event_source_disable_unref(s->listen);
        (void) sd_event_source_disable_unref(s->reaper);
        (void) sd_event_source_disable_unref(s->pump);
        (void) sd_event_source_disable_unref(s->heartbeat);
        fd_closep(&s->fd);
        if (s->path)
                (void) unlink(s->path);
        free(s->path);
        free(s->version);
        free(s->boot_id);
        free(s);
        return NULL;
}

void server_publish(Server *s, const RecordMeta *meta, const char *json, size_t length) {
        for (Session *c = s->sessions; c; c = c->next)
                if (c->stream && !c->dead)
                        stream_publish(c->stream, meta, json, length);
}

void server_committed(Server *s, uint64_t seq) {
        for (Session *c = s->sessions; c; c = c->next)
                if (c->stream && !c->dead)
                        stream_committed(c->stream, seq);
}

void server_drained(Server *s) {
        if (s->fates)
                fates_drained(s);
}

unsigned server_clients(const Server *s) {
        return s->n_sessions;
}

uint64_t server_refused(const Server *s) {
        return s->refused;
}
