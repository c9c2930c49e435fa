#pragma once
/* A reeved that answers from fixtures: enough of io.reeve.Supervisor for every subcommand of reevectl. One thread a
 * connection; the records are sorted by seq. */
#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "supervisor/text/explain.h"
#include "supervisor/text/join.h"

typedef struct FakeReeved {
        json_t *records, *status;       /* changed only while nobody is connected */
        bool refuse_configuration;
        json_int_t evicted;             /* up to this seq something went: a reader from before it is told so */
        int fd;
        pthread_t thread;
} FakeReeved;

typedef struct FakePeer {
        FakeReeved *reeved;
        int fd;
} FakePeer;

static void fake_send(int fd, json_t *message) {
        char *text = json_dumps(message, JSON_COMPACT);
        size_t length = strlen(text) + 1, sent = 0;

        while (sent < length) {
                ssize_t n = send(fd, text + sent, length - sent, MSG_NOSIGNAL);

                if (n <= 0)
                        break;
                sent += (size_t) n;
        }
        free(text);
        json_decref(message);
}

static void fake_fail(int fd, const char *name, json_t *parameters) {
        char full[128];

        (void) snprintf(full, sizeof(full), "io.reeve.Supervisor.%s", name);
        fake_send(fd, json_pack("{s:s, s:o}", "error", full, "parameters", parameters));
}

static bool fake_wanted(const json_t *record, const json_t *p) {
        const char *type = json_string_value(json_object_get(record, "type")), *time = json_string_value(json_object_get(record, "time"));
        const char *since = json_string_value(json_object_get(p, "since")), *until = json_string_value(json_object_get(p, "until"));
        const char *after = json_string_value(json_object_get(p, "after")), *cgroup = json_string_value(json_object_get(p, "cgroup"));
        const char *path = json_string_value(json_object_get(json_object_get(record, "cgroup"), "path"));
        const json_t *types = json_object_get(p, "types"), *one;
        bool typed = !json_is_array(types);
        size_t i;

        json_array_foreach(types, i, one)
                typed = typed || strcmp(json_string_value(one), type) == 0;
        return typed && (!since || strcmp(time, since) >= 0) && (!until || strcmp(time, until) <= 0) &&
               (!after || json_integer_value(json_object_get(record, "seq")) > atoll(strrchr(after, '-') + 1)) &&
               (!cgroup || (path && strncmp(path, cgroup, strlen(cgroup)) == 0));
}

static void fake_list(FakePeer *peer, const json_t *p) {
        const char *cgroup = json_string_value(json_object_get(p, "cgroup"));
        json_t *list, *one;
        size_t i, limit = (size_t) json_integer_value(json_object_get(p, "limit")), first = 0, last;

        if (cgroup && (strncmp(cgroup, "pid:", 4) == 0 || strcmp(cgroup, "web.service") == 0)) {
                fake_fail(peer->fd, "NotFound", json_pack("{s:s+}", "what", cgroup, " may be any of: id:7 /a/web.service, id:8 /b/web.service"));
                return;
        }
        /* Who follows and comes back with the cursor of the last record has shown what he can. */
        if (json_is_true(json_object_get(p, "follow")) && json_object_get(p, "after")) {
                fake_fail(peer->fd, "NotAllowed", json_pack("{s:s+}", "reason", "came back after ", json_string_value(json_object_get(p, "after"))));
                return;
        }
        list = json_array();
        json_array_foreach(peer->reeved->records, i, one)
                if (fake_wanted(one, p))
                        json_array_append(list, one);
        last = json_array_size(list);
        if (limit && limit < last && json_object_get(p, "after"))
                last = limit;
        else if (limit && limit < last)
                first = last - limit;
        if (json_object_get(p, "after") && atoll(strrchr(json_string_value(json_object_get(p, "after")), '-') + 1) < peer->reeved->evicted)
                fake_send(peer->fd, json_pack("{s:{s:{s:n, s:n, s:s, s:s}, s:s, s:s}, s:b}", "parameters", "record", "seq", "id", "type",
                                              "gap", "cause", "retention", "after", "r7k2m9x4-1", "committed", "r7k2m9x4-9999",
                                              "continues", 1));
        for (i = first; i < last; i++) {
                one = json_array_get(list, i);
                fake_send(peer->fd, json_pack("{s:{s:O, s:s, s:s}, s:b}", "parameters", "record", one, "after",
                                              json_string_value(json_object_get(one, "id")), "committed", "r7k2m9x4-9999", "continues", 1));
        }
        json_decref(list);
        /* A reeved that goes away from under whoever follows. */
        if (json_is_true(json_object_get(p, "follow")))
                (void) shutdown(peer->fd, SHUT_RDWR);
        else
                fake_send(peer->fd, json_pack("{s:{s:s, s:s}}", "parameters", "after", "r7k2m9x4-9999", "committed", "r7k2m9x4-9999"));
}

static json_t *fake_joined(FakePeer *peer, const json_t *record) {
        const json_t *more[16], *one;
        size_t n = 0, i;

        json_array_foreach(peer->reeved->records, i, one)
                if (json_object_get(one, "of") && n < 16)
                        more[n++] = one;
        return join_records(record, more, n);
}

static void fake_explain(FakePeer *peer, const char *what) {
        const json_t *one;
        size_t i;

        json_array_foreach(peer->reeved->records, i, one) {
                const char *id = json_string_value(json_object_get(one, "id"));
                char text[16384] = "", *record;
                Strbuf out = STRBUF_INIT(text);

                if (!id || strcmp(id, what) != 0)
                        continue;

                json_t *joined = fake_joined(peer, one);

                record = json_dumps(joined, JSON_COMPACT);
                (void) explain_record(&out, record);
                free(record);
                fake_send(peer->fd, json_pack("{s:{s:s, s:[o]}}", "parameters", "text", text, "records", joined));
                return;
        }
        fake_fail(peer->fd, "NotFound", json_pack("{s:s}", "what", what));
}

static void fake_set(FakePeer *peer, const json_t *p) {
        const char *cgroup = json_string_value(json_object_get(p, "cgroup")), *key;
        json_t *list = json_array(), *value;

        if (strcmp(cgroup, "/nope") == 0) {
                fake_fail(peer->fd, "NotFound", json_pack("{s:s}", "what", cgroup));
                json_decref(list);
                return;
        }
        if (strcmp(cgroup, "/root-only") == 0) {
                fake_fail(peer->fd, "NotAllowed", json_pack("{s:s}", "reason", "memory.max of this cgroup is not yours"));
                json_decref(list);
                return;
        }
        json_object_foreach(json_object_get(p, "values"), key, value) {
                bool refused = strcmp(cgroup, "/docker/x") == 0;

                json_array_append_new(list, json_pack("{s:s, s:{s:s, s:i}, s:s, s:I, s:n, s:I, s:b, s:s, s:s, s:[s], s:{s:s, s:s?}}", "type", "limit",
                                                      "cgroup", "path", cgroup, "id", 7, "key", key, "wanted", (json_int_t) 268435456, "before",
                                                      "after", (json_int_t) 268435456, "dry_run", json_is_true(json_object_get(p, "dry_run")),
                                                      "by", "reeve", "reason", refused ? "not_owned" : "requested",
                                                      "unlimited", "before", "outcome", "result", refused ? "refused" : "done", "error",
                                                      refused ? "no unit of systemd and no Own= in a budget" : NULL));
        }
        fake_send(peer->fd, json_pack("{s:{s:o}}", "parameters", "records", list));
}

static void fake_answer(FakePeer *peer, const json_t *message) {
        const char *method = json_string_value(json_object_get(message, "method"));
        const json_t *p = json_object_get(message, "parameters");
        const char *cgroup = json_string_value(json_object_get(p, "cgroup"));

        method = method && strrchr(method, '.') ? strrchr(method, '.') + 1 : "";
        if (strcmp(method, "ListRecords") == 0)
                fake_list(peer, p);
        else if (strcmp(method, "Explain") == 0)
                fake_explain(peer, json_string_value(json_object_get(p, "what")));
        else if (strcmp(method, "Set") == 0)
                fake_set(peer, p);
        else if (strcmp(method, "Reload") == 0 && peer->reeved->refuse_configuration)
                fake_fail(peer->fd, "BadConfiguration", json_pack("{s:[s, s]}", "complaints", "a.conf:3: unknown key X", "a.conf:9: no size"));
        else if (strcmp(method, "Reload") == 0)
                fake_send(peer->fd, json_pack("{s:{s:[]}}", "parameters", "changes"));
        else if ((strcmp(method, "Pause") == 0 || strcmp(method, "Resume") == 0) && cgroup && strncmp(cgroup, "pid:", 4) == 0)
                fake_fail(peer->fd, "NotFound", json_pack("{s:s}", "what", cgroup));
        else if (strcmp(method, "Pause") == 0 && !json_object_get(p, "for_usec"))
                fake_send(peer->fd, json_pack("{s:{s:n}}", "parameters", "until"));
        else if (strcmp(method, "Pause") == 0)
                fake_send(peer->fd, json_pack("{s:{s:s}}", "parameters", "until", "2026-11-20T10:00:00.000000Z"));
        else if (strcmp(method, "Resume") == 0)
                fake_send(peer->fd, json_pack("{s:{s:i}}", "parameters", "ended", cgroup ? 0 : 2));
        else if (cgroup && (strcmp(cgroup, "/nope") == 0 || strcmp(cgroup, "pid:4194305") == 0))
                fake_fail(peer->fd, "NotFound", json_pack("{s:s}", "what", cgroup));
        else if (cgroup)
                fake_send(peer->fd, json_pack("{s:{s:{s:{s:s, s:i}, s:{s:I, s:n}, s:I}}}", "parameters", "status", "cgroup", "path",
                                              strcmp(cgroup, "pid:4711") == 0 ? "/system.slice/web-1.service" : cgroup, "id", 7,
                                              "memory", "current_bytes", (json_int_t) 104857600, "high_bytes", "effective_bytes",
                                              (json_int_t) 536870912));
        else
                fake_send(peer->fd, json_pack("{s:{s:O}}", "parameters", "status", peer->reeved->status));
}

static void *fake_peer(void *userdata) {
        FakePeer *peer = userdata;
        char buffer[65536];
        size_t used = 0;
        ssize_t n;

        while ((n = recv(peer->fd, buffer + used, sizeof(buffer) - used, 0)) > 0) {
                char *end;

                used += (size_t) n;
                while ((end = memchr(buffer, '\0', used))) {
                        json_t *message = json_loads(buffer, 0, NULL);
                        size_t length = (size_t) (end - buffer) + 1;

                        fake_answer(peer, message);
                        json_decref(message);
                        used -= length;
                        memmove(buffer, buffer + length, used);
                }
        }
        (void) close(peer->fd);
        free(peer);
        return NULL;
}

static void *fake_accept(void *userdata) {
        FakeReeved *f = userdata;
        int fd;

        while ((fd = accept(f->fd, NULL, NULL)) >= 0) {
                FakePeer *peer = malloc(sizeof(*peer));
                pthread_t thread;

                *peer = (FakePeer) { .reeved = f, .fd = fd };
                (void) pthread_create(&thread, NULL, fake_peer, peer);
                (void) pthread_detach(thread);
        }
        return NULL;
}

/* Listens at @path. Returns 0 or -errno. */
static int fake_start(FakeReeved *f, const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        (void) unlink(path);
        f->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (f->fd < 0 || bind(f->fd, (struct sockaddr *) &address, sizeof(address)) < 0 || listen(f->fd, 16) < 0)
                return -errno;
        return -pthread_create(&f->thread, NULL, fake_accept, f);
}

static void fake_stop(FakeReeved *f) {
        (void) shutdown(f->fd, SHUT_RDWR);
        (void) pthread_join(f->thread, NULL);
        (void) close(f->fd);
        json_decref(f->records);
        json_decref(f->status);
}
