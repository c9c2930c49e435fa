#pragma once
/* A small reeved in this process, for tests of the server: event loop, clerk with a real ledger, server, and a spool that is an
 * array. Clients run in threads. */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-event.h>
#include <time.h>
#include <unistd.h>

#include "supervisor/server/server.h"

enum { SPOOL_MAX = 4096 };

typedef struct Daemon {
        sd_event *event;
        sd_event_source *clerk_source;
        Clerk *clerk;
        Server *server;
        LedgerRow spool[SPOOL_MAX];
        size_t n_spool;
        uint64_t spooled_from;          /* seqs below it are committed: the spool does not show them */
        bool hold_posts;                /* nothing reaches the ledger: all stays in the spool */
        uint64_t drained, drains_to;    /* drains_to: what a drain on demand brings it to; 0: nothing */
        const char *drains_text;        /* a kill that comes in with it */
        int alive, populated, sigkilled;
        uint64_t cgroup_id, since_usec; /* of what is located */
        ServerCall *waiting;
} Daemon;

static Daemon d;
static char folder[64], socket_path[96], ledger_path[96];

static inline void op_status(ServerCall *call, const char *cgroup, void *userdata) {
        (void) userdata;
        if (cgroup && strcmp(cgroup, "/none") == 0)
                server_fail_text(call, "NotFound", cgroup);
        else if (cgroup && strcmp(cgroup, "/later") == 0)
                d.waiting = call;
        else
                server_reply(call, cgroup ? "{\"status\":{\"cgroup\":1}}" : "{\"status\":{\"state\":\"watching\"}}");
}

static inline void op_explain(ServerCall *call, const char *what, void *userdata) {
        (void) userdata;
        (void) what;
        server_reply(call, "{\"text\":\"It was too big.\",\"records\":[{\"id\":\"x\"}]}");
}

static inline void op_set(ServerCall *call, const char *cgroup, const char *values, bool dry_run, bool risk, void *userdata) {
        char text[256];

        (void) userdata;
        (void) risk;
        if (server_call_peer(call)->uid != 0) {
                server_fail_text(call, "NotAllowed", "not yours");
                return;
        }
        (void) snprintf(text, sizeof(text), "{\"records\":[{\"cgroup\":\"%s\",\"values\":%s,\"dry_run\":%s}]}", cgroup, values,
                        dry_run ? "true" : "false");
        server_reply(call, text);
}

static inline void op_reload(ServerCall *call, void *userdata) {
        (void) userdata;
        server_fail(call, "BadConfiguration", "{\"complaints\":[\"a.conf:1: no\",\"a.conf:2: nor this\"]}");
}

static inline void op_pause(ServerCall *call, const char *cgroup, uint64_t for_usec, void *userdata) {
        char text[128];

        (void) userdata;
        (void) snprintf(text, sizeof(text), "{\"until\":\"%s+%llu\"}", cgroup ? cgroup : "", (unsigned long long) for_usec);
        server_reply(call, text);
}

static inline void op_resume(ServerCall *call, const char *cgroup, void *userdata) {
        (void) userdata;
        server_reply(call, cgroup ? "{\"ended\":1}" : "{\"ended\":2}");
}

static inline void op_capture(ServerCall *call, bool recent, void *userdata) {
        (void) userdata;
        if (recent) {
                server_reply_text(call, "data", "", 0);
                return;
        }
        server_continue_text(call, "data", "r 1\n\"", 5);
        server_continue_text(call, "data", "", 0);
        server_reply_text(call, "data", "E 2 stopped\n", 12);
}

static inline void op_pending(uint64_t after, LedgerTake *take, void *take_userdata, void *userdata) {
        (void) userdata;
        for (size_t i = 0; i < d.n_spool; i++)
                if (d.spool[i].meta.seq > after && d.spool[i].meta.seq >= d.spooled_from)
                        take(&d.spool[i], take_userdata);
}

static inline uint64_t op_drained(void *userdata) {
        (void) userdata;
        return d.drained;
}

static inline int op_populated(uint64_t id, void *userdata) {
        (void) userdata;
        return id == d.cgroup_id ? d.populated : -ENODEV;
}

static inline int op_sigkilled(int64_t pid, uint64_t start, void *userdata) {
        (void) pid;
        (void) start;
        (void) userdata;
        return d.sigkilled;
}

static inline int op_alive(int64_t pid, uint64_t start, void *userdata) {
        (void) pid;
        (void) start;
        (void) userdata;
        return d.alive;
}

/* A path may be typed as it is, records spell it with escapes. */
static inline int op_resolve(const char *name, char *ret, size_t size, void *userdata) {
        bool unit = strcmp(name, "web.service") == 0;

        (void) userdata;
        if (!unit && name[0] != '/') {
                (void) snprintf(ret, size, strcmp(name, "two.service") == 0 ? "%s may be any of: id:4 /a/two.service, id:5 /b/two.service" : "%s",
                                name);
                return strchr(ret, ' ') ? -ENOTUNIQ : -ENOENT;
        }
        (void) snprintf(ret, size, "%s", unit ? "/system.slice/web.service" : strcmp(name, "/another/name/of/b") == 0 ? "/b" : name);
        return 0;
}

static inline int op_locate(const char *name, char *ret, size_t size, ServerCgroup *ret_cgroup, void *userdata) {
        *ret_cgroup = (ServerCgroup) { .id = d.cgroup_id, .since_usec = d.since_usec };
        return op_resolve(name, ret, size, userdata);
}

static inline uint64_t emit_text(int type, int64_t owner, uint64_t of, const char *json);

static inline void op_drain(void *userdata) {
        const char *text = d.drains_text;

        (void) userdata;
        d.drains_text = NULL;
        if (text)
                (void) emit_text(REEVE_RECORD_KILL, 0, 0, text);
        if (d.drains_to)
                d.drained = d.drains_to;
        if (d.server)
                server_drained(d.server);
}

static const ServerOps ops = { .status = op_status, .explain = op_explain, .set = op_set, .reload = op_reload,
                               .pause = op_pause, .capture = op_capture, .resume = op_resume,
                               .pending = op_pending, .drained_usec = op_drained, .process_alive = op_alive,
                               .resolve = op_resolve, .drain = op_drain, .process_sigkilled = op_sigkilled,
                               .cgroup_populated = op_populated, .locate = op_locate };

static inline void on_committed(uint64_t seq, void *userdata) {
        (void) userdata;
        d.spooled_from = seq + 1;
        if (d.server) /* at the end it goes before the clerk does */
                server_committed(d.server, seq);
}

static inline int on_clerk(sd_event_source *s, int fd, uint32_t events, void *userdata) {
        (void) s;
        (void) fd;
        (void) events;
        (void) userdata;
        clerk_dispatch(d.clerk);
        return 0;
}

static inline int daemon_start(void **state) {
        ClerkOptions c = { .path = ledger_path, .bounds = LEDGER_BOUNDS_DEFAULT, .committed = on_committed };
        static const RecordContext context = { .boot_id = "b", .machine_id = "m", .hostname = "h" };
        ServerOptions o = { .activated_fd = -1, .path = socket_path, .boot_id = "b", .version = "0.1.0", .context = &context,
                            .reader_gid = 4242, .heartbeat_usec = 200000, .ops = &ops };
        LedgerOpening opening;
        char text[256];

        (void) state;
        memset(&d, 0, sizeof(d));
        (void) snprintf(folder, sizeof(folder), "/tmp/reeve-server-XXXXXX");
        assert_non_null(mkdtemp(folder));
        assert_int_equal(chmod(folder, 0755), 0);
        (void) snprintf(socket_path, sizeof(socket_path), "%s/reeve.sock", folder);
        (void) snprintf(ledger_path, sizeof(ledger_path), "%s/ledger.db", folder);
        assert_int_equal(sd_event_new(&d.event), 0);
        assert_int_equal(clerk_new(&d.clerk, &c, &opening, text, sizeof(text)), 0);
        assert_true(sd_event_add_io(d.event, &d.clerk_source, clerk_fd(d.clerk), POLLIN, on_clerk, NULL) >= 0);
        o.event = d.event;
        o.clerk = d.clerk;
        assert_int_equal(server_new(&d.server, &o), 0);
        return 0;
}

static inline int daemon_stop(void **state) {
        DIR *f = opendir(folder);
        struct dirent *e;

        (void) state;
        d.server = server_free(d.server);
        if (d.waiting)
                server_reply(d.waiting, "{}");
        sd_event_source_disable_unref(d.clerk_source);
        clerk_dispatch(d.clerk);
        d.clerk = clerk_free(d.clerk, 40000000);
        sd_event_unref(d.event);
        for (size_t i = 0; i < d.n_spool; i++)
                free((void *) (uintptr_t) d.spool[i].json);
        while ((e = readdir(f)))
                (void) unlinkat(dirfd(f), e->d_name, 0);
        closedir(f);
        return rmdir(folder);
}

/* Emits one record as the supervisor does: spool, ledger, followers. */
static inline uint64_t emit_text(int type, int64_t owner, uint64_t of, const char *json) {
        RecordMeta m = { .seq = clerk_next_seq(d.clerk), .type = type, .owner_uid = owner, .of_seq = of,
                         .time_usec = (uint64_t) time(NULL) * 1000000 };
        LedgerRow row = { .meta = m, .json = strdup(json), .length = strlen(json) };

        assert_true(d.n_spool < SPOOL_MAX);
        d.spool[d.n_spool++] = row;
        if (!d.hold_posts)
                assert_true(clerk_post(d.clerk, &m, row.json, row.length));
        server_publish(d.server, &m, row.json, row.length);
        return m.seq;
}

static inline uint64_t emit_kill(int64_t owner, uid_t victim, const char *path) {
        char json[512];

        (void) snprintf(json, sizeof(json), "{\"type\":\"kill\",\"boot_id\":\"b\",\"n\":%zu,\"cgroup\":{\"path\":\"%s\","
                        "\"id\":7},\"victims\":[{\"pid\":10,\"start_usec\":20,\"uid\":1},{\"pid\":11,\"start_usec\":21,"
                        "\"uid\":%u}],\"identity\":{\"container_id\":\"0123456789abcdef\"}}", d.n_spool, path, victim);
        return emit_text(REEVE_RECORD_KILL, owner, 0, json);
}

/* Runs the loop for one step. */
static inline void turn(uint64_t usec) {
        (void) sd_event_run(d.event, usec);
}

/* Runs @client in a thread, and the loop until it is done. */
static void run_client(void *(*client)(void *), void *userdata) {
        pthread_t t;

        assert_int_equal(pthread_create(&t, NULL, client, userdata), 0);
        for (int i = 0; i < 2000; i++) {
                if (pthread_tryjoin_np(t, NULL) == 0)
                        return;
                turn(10000);
        }
        fail_msg("the client hangs");
}

/* A connection without libreeve. */
static inline int raw_connect(void) {
        struct sockaddr_un a = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        (void) snprintf(a.sun_path, sizeof(a.sun_path), "%s", socket_path);
        assert_int_equal(connect(fd, (struct sockaddr *) &a, sizeof(a)), 0);
        return fd;
}

/* A test with a small reeved of its own. */
#define TEST(f) cmocka_unit_test_setup_teardown(f, daemon_start, daemon_stop)
