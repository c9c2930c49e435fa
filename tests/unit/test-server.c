/* The server and libreeve against each other, with a real ledger behind: the client runs in a thread. */
#include "check.h"
#include "reeve/reeve.h"
#include "supervisor/server/server.h"
#include "supervisor/text/wire.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>
#include <time.h>
#include <unistd.h>

enum { SPOOL_MAX = 4096 };

/* A small reeved: event loop, clerk, server, and a spool that is an array. */
typedef struct Daemon {
        sd_event *event;
        sd_event_source *clerk_source;
        Clerk *clerk;
        Server *server;
        LedgerRow spool[SPOOL_MAX];
        size_t n_spool;
        uint64_t spooled_from;          /* seqs below it are committed: the spool does not show them */
        bool hold_posts;                /* nothing reaches the ledger: all stays in the spool */
        uint64_t drained;
        int alive;
        ServerCall *waiting;
} Daemon;

static Daemon d;
static char folder[64], socket_path[96], ledger_path[96];

static void op_status(ServerCall *call, const char *cgroup, void *userdata) {
        (void) userdata;
        if (cgroup && strcmp(cgroup, "/none") == 0)
                server_fail_text(call, "NotFound", cgroup);
        else if (cgroup && strcmp(cgroup, "/later") == 0)
                d.waiting = call;
        else
                server_reply(call, cgroup ? "{\"status\":{\"cgroup\":1}}" : "{\"status\":{\"state\":\"watching\"}}");
}

static void op_explain(ServerCall *call, const char *what, void *userdata) {
        (void) userdata;
        (void) what;
        server_reply(call, "{\"text\":\"It was too big.\",\"records\":[{\"id\":\"x\"}]}");
}

static void op_set(ServerCall *call, const char *cgroup, const char *values, bool dry_run, bool risk, void *userdata) {
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

static void op_reload(ServerCall *call, void *userdata) {
        (void) userdata;
        server_fail(call, "BadConfiguration", "{\"complaints\":[\"a.conf:1: no\",\"a.conf:2: nor this\"]}");
}

static void op_pending(uint64_t after, LedgerTake *take, void *take_userdata, void *userdata) {
        (void) userdata;
        for (size_t i = 0; i < d.n_spool; i++)
                if (d.spool[i].meta.seq > after && d.spool[i].meta.seq >= d.spooled_from)
                        take(&d.spool[i], take_userdata);
}

static uint64_t op_drained(void *userdata) {
        (void) userdata;
        return d.drained;
}

static int op_alive(int64_t pid, uint64_t start, void *userdata) {
        (void) pid;
        (void) start;
        (void) userdata;
        return d.alive;
}

static int op_resolve(const char *name, char *ret, size_t size, void *userdata) {
        (void) userdata;
        if (strcmp(name, "web.service") != 0)
                return -ENOENT;
        (void) snprintf(ret, size, "/system.slice/web.service");
        return 0;
}

static const ServerOps ops = { .status = op_status, .explain = op_explain, .set = op_set, .reload = op_reload,
                               .pending = op_pending, .drained_usec = op_drained, .process_alive = op_alive,
                               .resolve = op_resolve };

static void on_committed(uint64_t seq, void *userdata) {
        (void) userdata;
        d.spooled_from = seq + 1;
        if (d.server) /* at the end it goes before the clerk does */
                server_committed(d.server, seq);
}

static int on_clerk(sd_event_source *s, int fd, uint32_t events, void *userdata) {
        (void) s;
        (void) fd;
        (void) events;
        (void) userdata;
        clerk_dispatch(d.clerk);
        return 0;
}

static int daemon_start(void **state) {
        ClerkOptions c = { .path = ledger_path, .bounds = LEDGER_BOUNDS_DEFAULT, .committed = on_committed };
        ServerOptions o = { .activated_fd = -1, .path = socket_path, .boot_id = "b", .version = "0.1.0",
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

static int daemon_stop(void **state) {
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
static uint64_t emit_text(int type, int64_t owner, uint64_t of, const char *json) {
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

static uint64_t emit_kill(int64_t owner, uid_t victim, const char *path) {
        char json[512];

        (void) snprintf(json, sizeof(json), "{\"type\":\"kill\",\"boot_id\":\"b\",\"n\":%zu,\"cgroup\":{\"path\":\"%s\","
                        "\"id\":7},\"victims\":[{\"pid\":10,\"start_usec\":20,\"uid\":1},{\"pid\":11,\"start_usec\":21,"
                        "\"uid\":%u}],\"identity\":{\"container_id\":\"0123456789abcdef\"}}", d.n_spool, path, victim);
        return emit_text(REEVE_RECORD_KILL, owner, 0, json);
}

/* Runs the loop for one step. */
static void turn(uint64_t usec) {
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

/* ---- calls ---- */

static void *client_calls(void *userdata) {
        char *text = NULL, *records = NULL;
        reeve *r = NULL;

        (void) userdata;
        assert_int_equal(reeve_connect(&r, socket_path), 0);
        assert_int_equal(reeve_status(r, NULL, &text), 0);
        assert_string_equal(text, "{\"state\":\"watching\"}");
        free(text);
        assert_int_equal(reeve_status(r, "/none", &text), -ENOENT);
        assert_string_equal(reeve_error_text(r), "not found: /none");
        assert_string_equal(reeve_error_name(r), "io.reeve.Supervisor.NotFound");
        assert_string_equal(reeve_error_parameters(r), "{\"what\":\"/none\"}");
        assert_int_equal(reeve_explain(r, "last", &text, &records), 0);
        assert_string_equal(text, "It was too big.");
        assert_string_equal(records, "[{\"id\":\"x\"}]");
        assert_string_equal(reeve_error_text(r), "");
        free(text);
        free(records);
        assert_int_equal(reeve_reload(r, &text), -EBADMSG);
        assert_string_equal(reeve_error_text(r), "bad configuration\na.conf:1: no\na.conf:2: nor this");
        assert_int_equal(reeve_set(r, "/a", "{\"MemoryMax\":\"1G\"}", true, false, &text), 0);
        assert_string_equal(text, "[{\"cgroup\":\"/a\",\"values\":{\"MemoryMax\":\"1G\"},\"dry_run\":true}]");
        free(text);
        assert_int_equal(reeve_set(r, "/a", "[1]", true, false, &text), -EINVAL);
        assert_int_equal(reeve_call(r, "io.reeve.Supervisor.Nothing", NULL, &text), -EOPNOTSUPP);
        assert_int_equal(reeve_call(r, "com.example.Other", NULL, &text), -EOPNOTSUPP);
        assert_int_equal(reeve_call(r, "a\"b", NULL, &text), -EINVAL);
        assert_int_equal(reeve_call(r, "org.varlink.service.GetInfo", "{}", &text), 0);
        assert_non_null(strstr(text, "\"version\":\"0.1.0\""));
        free(text);
        assert_int_equal(reeve_call(r, "org.varlink.service.GetInterfaceDescription",
                                    "{\"interface\":\"io.reeve.Supervisor\"}", &text), 0);
        assert_non_null(strstr(text, "method ListRecords("));
        free(text);
        reeve_set_timeout(r, 50);
        assert_int_equal(reeve_status(r, "/later", &text), -ETIMEDOUT);
        reeve_set_timeout(r, 5000);
        assert_int_equal(reeve_status(r, NULL, &text), 0);      /* on a fresh connection */
        free(text);
        reeve_close(r);
        return NULL;
}

static void test_calls(void **state) {
        (void) state;
        run_client(client_calls, NULL);
}

static void test_no_daemon(void **state) {
        reeve *r;

        (void) state;
        assert_int_equal(reeve_connect(&r, "/nonexistent/reeve.sock"), -ECONNREFUSED);
        assert_null(r);
}

/* ---- lists ---- */

typedef struct Listing {
        reeve_filter filter;
        int error;
        size_t n;
        char first[512], last[512], cursor[64], text[256];
} Listing;

static void *client_list(void *userdata) {
        Listing *l = userdata;
        reeve_records *list = NULL;
        const char *json;
        reeve *r = NULL;

        l->n = 0;
        l->filter.size = sizeof(l->filter);
        assert_int_equal(reeve_connect(&r, socket_path), 0);
        assert_int_equal(reeve_records_open(&list, r, &l->filter), 0);
        while ((l->error = reeve_records_next(list, 5000, &json)) == 1) {
                (void) snprintf(l->n == 0 ? l->first : l->last, sizeof(l->last), "%s", json);
                if (l->n++ == 0)
                        (void) snprintf(l->last, sizeof(l->last), "%s", json);
        }
        (void) snprintf(l->cursor, sizeof(l->cursor), "%s",
                        reeve_records_cursor(list) ? reeve_records_cursor(list) : "");
        (void) snprintf(l->text, sizeof(l->text), "%s", reeve_records_error_text(list));
        reeve_records_close(list);
        reeve_close(r);
        return NULL;
}

#define LIST(...) \
        ({ Listing _l = { .filter = { __VA_ARGS__ } }; run_client(client_list, &_l); _l; })

static void test_lists(void **state) {
        static const char *const gaps[] = { "gap", NULL }, *const kills[] = { "kill", "gap", NULL },
                                 *const bad[] = { "kil", NULL };
        char cursor[64];
        Listing l;

        (void) state;
        l = LIST(.limit = 0);
        assert_int_equal(l.error, 0);
        assert_int_equal(l.n, 0);
        for (int i = 0; i < 600; i++)
                emit_kill(0, 0, i % 2 ? "/system.slice/web.service" : "/b");
        l = LIST(.limit = 0);
        assert_int_equal(l.n, 600);
        assert_non_null(strstr(l.first, "\"n\":0,"));
        assert_non_null(strstr(l.last, "\"n\":599,"));
        assert_int_equal(LIST(.types = gaps).n, 0);
        assert_int_equal(LIST(.types = kills).n, 600);
        assert_int_equal(LIST(.cgroup = "/b").n, 300);
        assert_int_equal(LIST(.cgroup = "/").n, 600);
        assert_int_equal(LIST(.cgroup = "web.service").n, 300);
        assert_int_equal(LIST(.since = "2099-01-01T00:00:00Z").n, 0);
        assert_int_equal(LIST(.since = "@1000", .until = "@2000").n, 0);
        l = LIST(.limit = 3);
        assert_int_equal(l.n, 3);
        assert_non_null(strstr(l.first, "\"n\":597,"));
        (void) snprintf(cursor, sizeof(cursor), "%s-10", clerk_ledger_id(d.clerk));
        l = LIST(.after = cursor, .limit = 3);
        assert_non_null(strstr(l.first, "\"n\":10,"));
        (void) snprintf(cursor, sizeof(cursor), "%s-13", clerk_ledger_id(d.clerk));
        assert_string_equal(l.cursor, cursor);

        assert_int_equal(LIST(.types = bad).error, -EINVAL);
        assert_int_equal(LIST(.cgroup = "no.service").error, -ENOENT);
        assert_int_equal(LIST(.since = "yesterday").error, -EINVAL);
        l = LIST(.after = "nonsense");
        assert_int_equal(l.error, -EINVAL);
        assert_string_equal(l.text, "invalid parameter: after");
        l = LIST(.after = "zzzzzzz0-1");
        assert_int_equal(l.error, -ENOENT);
        assert_string_equal(l.text, "not found: cursor zzzzzzz0-1: it is of another ledger");
}

/* While the disk refuses, what stands in the spool alone is listed too. */
static void test_what_is_not_committed_is_listed(void **state) {
        Listing l;

        (void) state;
        emit_kill(0, 0, "/a");
        emit_kill(0, 0, "/a");
        l = LIST(.limit = 0);
        assert_int_equal(l.n, 2);
        d.hold_posts = true;
        emit_kill(0, 0, "/a");
        emit_kill(0, 0, "/b");
        assert_int_equal(LIST(.limit = 0).n, 4);
        assert_int_equal(LIST(.cgroup = "/a").n, 3);
        l = LIST(.limit = 3);
        assert_int_equal(l.n, 3);
        assert_non_null(strstr(l.first, "\"n\":1,"));
        assert_non_null(strstr(l.last, "\"n\":3,"));
}

/* A single call without `more` gives one record at most, and pages by the cursor. */
static void *client_single(void *userdata) {
        char *text = NULL, parameters[128];
        reeve *r = NULL;

        (void) userdata;
        assert_int_equal(reeve_connect(&r, socket_path), 0);
        assert_int_equal(reeve_call(r, "io.reeve.Supervisor.ListRecords", "{\"follow\":true}", &text), -EINVAL);
        assert_string_equal(reeve_error_name(r), "org.varlink.service.ExpectedMore");
        assert_int_equal(reeve_call(r, "io.reeve.Supervisor.ListRecords", NULL, &text), 0);
        assert_non_null(strstr(text, "\"n\":0,"));
        free(text);
        (void) snprintf(parameters, sizeof(parameters), "{\"after\":\"%s-2\"}", clerk_ledger_id(d.clerk));
        assert_int_equal(reeve_call(r, "io.reeve.Supervisor.ListRecords", parameters, &text), 0);
        assert_non_null(strstr(text, "\"record\":null"));
        free(text);
        reeve_close(r);
        return NULL;
}

static void test_single_calls(void **state) {
        (void) state;
        emit_kill(0, 0, "/a");
        emit_kill(0, 0, "/a");
        run_client(client_single, NULL);
}

/* ---- following ---- */

static atomic_int followed;

typedef struct Following {
        reeve_filter filter;
        size_t want, n, duplicates;
        int pause_msec;                 /* sleep before reading: a slow reader */
        uint64_t last_n;
        bool gap;
} Following;

static void *client_follow(void *userdata) {
        Following *f = userdata;
        reeve_records *list = NULL;
        const char *json;
        reeve *r = NULL;

        f->filter.size = sizeof(f->filter);
        f->filter.follow = true;
        assert_int_equal(reeve_connect(&r, socket_path), 0);
        assert_int_equal(reeve_records_open(&list, r, &f->filter), 0);
        assert_int_equal(reeve_records_next(list, 300, &json), -EAGAIN);
        atomic_store(&followed, 1);
        (void) usleep((useconds_t) f->pause_msec * 1000);
        while (f->n < f->want && reeve_records_next(list, 50000, &json) == 1) {
                const char *n = strstr(json, "\"n\":");
                uint64_t v = n ? strtoull(n + 4, NULL, 10) : 0;

                f->gap |= strstr(json, "\"cause\":\"retention\"") != NULL;
                if (f->n > 0 && n && v <= f->last_n)
                        f->duplicates++;
                f->last_n = v;
                f->n++;
        }
        assert_true(reeve_records_fd(list) >= 0);
        reeve_records_close(list);
        reeve_close(r);
        return NULL;
}

/* Runs the follower; once he follows, @n records of @bytes more are emitted. */
static void run_follow(Following *f, int n, size_t bytes) {
        char *filler = calloc(1, bytes + 1), *json = malloc(bytes + 256);
        pthread_t t;

        memset(filler, 'x', bytes);
        atomic_store(&followed, 0);
        assert_int_equal(pthread_create(&t, NULL, client_follow, f), 0);
        while (!atomic_load(&followed))
                turn(10000);
        for (int i = 0; i < n; i++) {
                (void) sprintf(json, "{\"n\":%zu,\"cgroup\":{\"path\":\"/a\",\"id\":1},\"x\":\"%s\"}", d.n_spool, filler);
                emit_text(REEVE_RECORD_KILL, 0, 0, json);
                turn(0);
        }
        for (int i = 0; pthread_tryjoin_np(t, NULL) != 0; i++) {
                if (i > 10000)
                        fail_msg("the follower hangs at %zu", f->n);
                turn(10000);
        }
        free(filler);
        free(json);
}

static void test_a_follower_gets_each_once(void **state) {
        Following f = { .want = 300 };

        (void) state;
        run_follow(&f, 300, 10);
        assert_int_equal(f.n, 300);
        assert_int_equal(f.duplicates, 0);
}

/* 20 MB for one who does not read: what he has not read is not kept in memory, and he misses nothing. */
static void test_a_slow_reader_misses_nothing(void **state) {
        Following f = { .want = 2000, .pause_msec = 1500 };

        (void) state;
        run_follow(&f, 2000, 10000);
        assert_int_equal(f.n, 2000);
        assert_int_equal(f.duplicates, 0);
        assert_int_equal(f.last_n, 1999);
        assert_false(f.gap);
}

static void test_a_reader_past_retention_gets_a_gap(void **state) {
        Following f = { .want = 1 };
        char cursor[64];
        Listing l;

        (void) state;
        for (int i = 0; i < 100; i++)
                emit_kill(0, 0, "/a");
        clerk_configure(d.clerk, &(LedgerBounds) { .keep_records = 10 });
        emit_kill(0, 0, "/a");
        (void) snprintf(cursor, sizeof(cursor), "%s-5", clerk_ledger_id(d.clerk));
        while (clerk_committed_seq(d.clerk) < 101)
                turn(10000);
        l = LIST(.after = cursor);
        assert_int_equal(l.n, 11);
        assert_non_null(strstr(l.first, "\"cause\":\"retention\""));
        assert_non_null(strstr(l.last, "\"n\":100,"));
        assert_int_equal(LIST(.limit = 0).n, 10);       /* who begins at the beginning lost nothing */
        (void) f;
}

/* A filtered follower gets the `more` of his kills, though it names no cgroup itself. */
static void *client_more(void *userdata) {
        Following *f = userdata;

        return client_follow(f);
}

static void test_more_reaches_a_filtered_follower(void **state) {
        Following f = { .filter = { .cgroup = "/mine" }, .want = 3 };
        uint64_t kill;
        pthread_t t;

        (void) state;
        atomic_store(&followed, 0);
        assert_int_equal(pthread_create(&t, NULL, client_more, &f), 0);
        while (!atomic_load(&followed))
                turn(10000);
        emit_text(REEVE_RECORD_MORE, 0, emit_kill(0, 0, "/other"), "{\"n\":1,\"of\":\"x\"}");
        kill = emit_kill(0, 0, "/mine/a");
        emit_text(REEVE_RECORD_MORE, 0, kill, "{\"n\":3,\"of\":\"x\"}");
        emit_kill(0, 0, "/mine");
        for (int i = 0; pthread_tryjoin_np(t, NULL) != 0; i++) {
                assert_true(i < 3000);
                turn(10000);
        }
        assert_int_equal(f.n, 3);
        assert_int_equal(f.duplicates, 0);
        assert_int_equal(f.last_n, 4);
}

/* ---- rights ---- */

/* Another user is another process. It exits with 0 when all is as it should be, else with the number of the check. */
static int user_checks(uid_t uid, gid_t group, bool reads_all) {
        reeve_filter all = { .size = sizeof(all) };
        reeve *r[6] = { NULL };
        reeve_records *list = NULL;
        const char *json;
        char *text = NULL;
        int n = 0;

        if (setgroups(group ? 1 : 0, &group) < 0 || setresgid(60000, 60000, 60000) < 0 || setresuid(uid, uid, uid) < 0)
                return 1;
        if (reeve_connect(&r[0], socket_path) < 0)
                return 2;
        if (reeve_set(r[0], "/a", "{}", false, false, &text) != -EACCES)
                return 3;
        if (reeve_reload(r[0], &text) != -EACCES)
                return 4;
        if (reeve_records_open(&list, r[0], &all) < 0)
                return 5;
        while (reeve_records_next(list, 5000, &json) == 1)
                n++;
        if (n != (reads_all ? 4 : 2))
                return 10 + n;
        list = reeve_records_close(list);
        if (reads_all)
                return 0;
        for (int i = 1; i < 4; i++)
                if (reeve_connect(&r[i], socket_path) < 0 || reeve_status(r[i], NULL, &text) < 0)
                        return 6;
        if (reeve_connect(&r[4], socket_path) < 0)
                return 7;
        if (reeve_status(r[4], NULL, &text) != -EUSERS)
                return 8;
        return 0;
}

static void run_user(uid_t uid, gid_t group, bool reads_all) {
        pid_t pid = fork();
        int status;

        if (pid == 0)
                _exit(user_checks(uid, group, reads_all));
        for (int i = 0; waitpid(pid, &status, WNOHANG) == 0; i++) {
                assert_true(i < 2000);
                turn(10000);
        }
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
                fail_msg("uid %u: check %d", uid, WEXITSTATUS(status));
}

static void test_who_may_read_what(void **state) {
        (void) state;
        if (geteuid() != 0)
                skip();
        emit_kill(60001, 0, "/user");           /* his cgroup */
        emit_kill(0, 60001, "/system");         /* his process */
        emit_kill(0, 0, "/system");
        emit_kill(60002, 60002, "/user");
        run_user(60001, 0, false);
        assert_int_equal(server_refused(d.server), 1);
        run_user(60003, 4242, true);            /* a member of group reeve */
}

/* ---- the raw wire ---- */

static int raw_connect(void) {
        struct sockaddr_un a = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        (void) snprintf(a.sun_path, sizeof(a.sun_path), "%s", socket_path);
        assert_int_equal(connect(fd, (struct sockaddr *) &a, sizeof(a)), 0);
        return fd;
}

/* Whether the server closes the connection within two seconds. */
static bool is_closed(int fd) {
        char byte[256];

        for (int i = 0; i < 200; i++) {
                ssize_t n = recv(fd, byte, sizeof(byte), MSG_DONTWAIT);

                if (n == 0 || (n < 0 && errno != EAGAIN))
                        return true;
                turn(10000);
        }
        return false;
}

static void test_nonsense_ends_the_connection(void **state) {
        static const char *const rows[] = { "nonsense", "[]", "{}", "{\"method\":1}",
                                            "{\"method\":\"a.b\",\"parameters\":[]}" };
        char *big = malloc(WIRE_REQUEST_MAX + 4096);
        int fd;

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                fd = raw_connect();
                assert_int_equal(send(fd, rows[i], strlen(rows[i]) + 1, 0), strlen(rows[i]) + 1);
                if (!is_closed(fd))
                        fail_msg("%s", rows[i]);
                close(fd);
        }
        memset(big, 'x', WIRE_REQUEST_MAX + 4096);
        fd = raw_connect();
        assert_true(send(fd, big, WIRE_REQUEST_MAX + 4096, 0) > 0);
        assert_true(is_closed(fd));
        close(fd);
        free(big);
        assert_int_equal(server_clients(d.server), 0);
}

/* Two calls in one packet, and the writing half closed: both are answered, in order. */
static void test_pipelined_calls(void **state) {
        static const char calls[] = "{\"method\":\"io.reeve.Supervisor.Status\"}\0"
                                    "{\"method\":\"io.reeve.Supervisor.Status\",\"parameters\":{\"cgroup\":\"/later\"}}\0"
                                    "{\"method\":\"io.reeve.Supervisor.ListRecords\",\"more\":true}\0"
                                    "{\"method\":\"io.reeve.Supervisor.Status\",\"oneway\":true}";
        char got[2048];
        size_t n = 0;
        int fd = raw_connect();

        (void) state;
        emit_kill(0, 0, "/a");
        assert_int_equal(send(fd, calls, sizeof(calls), 0), sizeof(calls));
        (void) shutdown(fd, SHUT_WR);
        for (int i = 0; i < 300; i++) {
                ssize_t r = recv(fd, got + n, sizeof(got) - 1 - n, MSG_DONTWAIT);

                if (r == 0)
                        break;
                n += r > 0 ? (size_t) r : 0;
                if (d.waiting && i > 20) {
                        ServerCall *call = d.waiting;

                        d.waiting = NULL;
                        server_reply(call, "{\"status\":\"late\"}");
                }
                turn(10000);
        }
        for (size_t i = 0; i < n; i++)
                if (!got[i])
                        got[i] = '\n';
        got[n] = '\0';
        assert_ptr_equal(strstr(got, "{\"parameters\":{\"status\":{\"state\":\"watching\"}}}\n{\"parameters\":{\"status\":"
                                     "\"late\"}}\n{\"parameters\":{\"record\":{\"type\":\"kill\""), got);
        assert_non_null(strstr(got, "\"continues\":true}\n{\"parameters\":{\"record\":null,"));
        close(fd);
}

static void test_a_peer_that_goes_while_he_waits(void **state) {
        static const char later[] = "{\"method\":\"io.reeve.Supervisor.Status\",\"parameters\":{\"cgroup\":\"/later\"}}";
        int fd = raw_connect();

        (void) state;
        assert_int_equal(send(fd, later, sizeof(later), 0), sizeof(later));
        while (!d.waiting)
                turn(10000);
        close(fd);
        for (int i = 0; i < 100 && server_clients(d.server) > 0; i++)
                turn(10000);
        assert_int_equal(server_clients(d.server), 0);
        server_reply(d.waiting, "{}");
        d.waiting = NULL;
}

static void test_a_heartbeat_comes_while_nothing_happens(void **state) {
        static const char call[] = "{\"method\":\"io.reeve.Supervisor.ListRecords\",\"parameters\":{\"follow\":true},"
                                   "\"more\":true}";
        char got[4096];
        int fd = raw_connect(), beats = 0;

        (void) state;
        assert_int_equal(send(fd, call, sizeof(call), 0), sizeof(call));
        for (int i = 0; i < 100 && beats < 3; i++) {
                ssize_t n = recv(fd, got, sizeof(got), MSG_DONTWAIT);

                for (ssize_t k = 0; k < n; k++)
                        beats += got[k] == '\0';
                turn(20000);
        }
        assert_true(beats >= 3);
        close(fd);
}

/* ---- fate ---- */

typedef struct FateAsk {
        reeve_fate_query q;
        char *text;
        int r;
} FateAsk;

static void *client_fate(void *userdata) {
        FateAsk *a = userdata;
        reeve *r = NULL;

        a->q.size = sizeof(a->q);
        assert_int_equal(reeve_connect(&r, socket_path), 0);
        a->r = reeve_fate(r, &a->q, &a->text);
        reeve_close(r);
        return NULL;
}

#define CHECK_FATE(want, ...)                                                        \
        do {                                                                         \
                FateAsk _a = { .q = { __VA_ARGS__ } };                               \
                run_client(client_fate, &_a);                                        \
                assert_int_equal(_a.r, 0);                                           \
                if (!strstr(_a.text, "\"fate\":\"" want "\""))                       \
                        fail_msg("%s: %s", want, _a.text);                           \
                free(_a.text);                                                       \
        } while (0)

static void test_fates(void **state) {
        (void) state;
        emit_kill(0, 0, "/a");
        CHECK_FATE("oom_killed", .pid = 11, .start_usec = 21);          /* not the first victim only */
        CHECK_FATE("oom_killed", .cgroup = "/a");
        CHECK_FATE("oom_killed", .container = "0123456789ab");
        CHECK_FATE("unknown", .pid = 11, .start_usec = 99);             /* the sources are not that far */
        CHECK_FATE("unknown", .cgroup = "/b");
        d.alive = 1;
        CHECK_FATE("alive", .pid = 12, .start_usec = 1);
        d.alive = 0;
        d.drained = UINT64_MAX / 4000;
        CHECK_FATE("exited", .pid = 12, .start_usec = 1);
        d.hold_posts = true;
        emit_kill(0, 0, "/only/in/spool");
        CHECK_FATE("oom_killed", .cgroup = "/only");
        emit_text(REEVE_RECORD_SIGKILL, 0, 0, "{\"boot_id\":\"b\",\"cgroup\":{\"path\":\"/s\"},\"victim\":{\"pid\":5,"
                                              "\"start_usec\":6}}");
        CHECK_FATE("killed", .pid = 5, .start_usec = 6);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, daemon_start, daemon_stop)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_calls),
                cmocka_unit_test(test_no_daemon),
                TEST(test_lists),
                TEST(test_what_is_not_committed_is_listed),
                TEST(test_single_calls),
                TEST(test_a_follower_gets_each_once),
                TEST(test_a_slow_reader_misses_nothing),
                TEST(test_a_reader_past_retention_gets_a_gap),
                TEST(test_more_reaches_a_filtered_follower),
                TEST(test_who_may_read_what),
                TEST(test_nonsense_ends_the_connection),
                TEST(test_pipelined_calls),
                TEST(test_a_peer_that_goes_while_he_waits),
                TEST(test_a_heartbeat_comes_while_nothing_happens),
                TEST(test_fates),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
