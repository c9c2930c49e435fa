/* The server and libreeve against each other: calls, rights, and the raw wire. The client runs in a thread. */
#include "check.h"
#include "reeve/reeve.h"
#include "small-reeved.h"

#include <grp.h>
#include <sys/wait.h>

#include "supervisor/text/wire.h"

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
        assert_int_equal(reeve_pause(r, "/a", 60, &text), 0);
        assert_string_equal(text, "{\"until\":\"/a+60\"}");
        free(text);
        assert_int_equal(reeve_pause(r, "", 0, &text), -EINVAL);
        assert_int_equal(reeve_resume(r, NULL, &text), 0);
        assert_string_equal(text, "{\"ended\":2}");
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

/* ---- rights ---- */

/* Another user is another process. It exits with 0 when all is as it should be, else with the number of the check. */
static int user_checks(uid_t uid, gid_t group, bool reads_all) {
        reeve_filter all = { .size = sizeof(all) };
        reeve *r[6] = { NULL };
        reeve_records *list = NULL;
        const char *json;
        char *text = NULL;
        reeve_capture *capture;
        int n = 0;

        if (setgroups(group ? 1 : 0, &group) < 0 || setresgid(60000, 60000, 60000) < 0 || setresuid(uid, uid, uid) < 0)
                return 1;
        if (reeve_connect(&r[0], socket_path) < 0)
                return 2;
        if (reeve_set(r[0], "/a", "{}", false, false, &text) != -EACCES)
                return 3;
        if (reeve_reload(r[0], &text) != -EACCES)
                return 4;
        /* All rules are root's; of one cgroup the supervisor looks whose it is. */
        if (reeve_pause(r[0], NULL, 0, &text) != -EACCES || reeve_resume(r[0], NULL, &text) != -EACCES ||
            reeve_resume(r[0], "/a", &text) != 0)
                return 9;
        if (reeve_capture_open(&capture, r[0], true) < 0 || reeve_capture_next(capture, 5000, &json) != (reads_all ? 0 : -EACCES))
                return 8;
        capture = reeve_capture_close(capture);
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

/* Pieces as they come, an empty one left out, then the end; who does not want more is told so. */
static void *client_captures(void *userdata) {
        const char *piece;
        reeve_capture *c;
        char *text = NULL;
        reeve *r = NULL;

        (void) userdata;
        assert_int_equal(reeve_connect(&r, socket_path), 0);
        assert_int_equal(reeve_capture_open(&c, r, false), 0);
        assert_true(reeve_capture_fd(c) >= 0);
        assert_int_equal(reeve_capture_next(c, 5000, &piece), 1);
        assert_string_equal(piece, "r 1\n\"");
        assert_int_equal(reeve_capture_next(c, 5000, &piece), 1);
        assert_string_equal(piece, "E 2 stopped\n");
        assert_int_equal(reeve_capture_next(c, 5000, &piece), 0);
        assert_int_equal(reeve_capture_next(c, 5000, &piece), 0);
        c = reeve_capture_close(c);
        assert_int_equal(reeve_capture_open(&c, r, true), 0);
        assert_int_equal(reeve_capture_next(c, 5000, &piece), 0);
        c = reeve_capture_close(c);
        assert_int_equal(reeve_call(r, "io.reeve.Supervisor.Capture", "{}", &text), -EINVAL);
        reeve_close(r);
        return NULL;
}

static void test_captures(void **state) {
        (void) state;
        run_client(client_captures, NULL);
}

/* ---- the raw wire ---- */

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

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_calls),
                cmocka_unit_test(test_no_daemon),
                TEST(test_captures),
                TEST(test_who_may_read_what),
                TEST(test_nonsense_ends_the_connection),
                TEST(test_pipelined_calls),
                TEST(test_a_peer_that_goes_while_he_waits),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
