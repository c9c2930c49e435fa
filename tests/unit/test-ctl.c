/* Every subcommand of reevectl, run as it is, against a reeved that answers from fixtures: text, JSON, exit codes. */
#include "check.h"

#include <fcntl.h>
#include <pty.h>
#include <sys/wait.h>

#include "supervisor/base/fd.h"
#include "tests/unit/fake-reeved.h"
#include "tests/unit/hogcapture.h"

static FakeReeved fake;
static char directory[] = "/tmp/reeve-test-ctl-XXXXXX", socket_path[64], nowhere[64], bad_conf[64], capture[64], cut_capture[64], good_conf[64], full_conf[64];

typedef struct Run {
        int exit_code;
        char out[65536], err[16384];
} Run;

static Run run;

static void drain(int fd, char *text, size_t size) {
        size_t used = 0;
        ssize_t n;

        while (used < size - 1 && (n = read(fd, text + used, size - 1 - used)) > 0)
                used += (size_t) n;
        text[used] = '\0';
        (void) close(fd);
}

static void child_exec(const char *const *arguments) {
        const char *argv[16] = { "reevectl" };
        int input = open(bad_conf, O_RDONLY | O_CLOEXEC);

        if (input >= 0)
                (void) dup2(input, STDIN_FILENO);

        for (size_t i = 0; i < 14 && arguments[i]; i++)
                argv[i + 1] = strcmp(arguments[i], "@SOCKET") == 0 ? socket_path : strcmp(arguments[i], "@NOWHERE") == 0 ? nowhere
                            : strcmp(arguments[i], "@BAD") == 0 ? bad_conf
                            : strcmp(arguments[i], "@FULL") == 0 ? full_conf
                            : strcmp(arguments[i], "@GOOD") == 0 ? good_conf : strcmp(arguments[i], "@CAPTURE") == 0 ? capture
                            : strcmp(arguments[i], "@CUT") == 0 ? cut_capture : arguments[i];
        (void) setenv("REEVE_SOCKET", socket_path, 1);
        (void) setenv("TZ", "UTC", 1);
        (void) setenv("TERM", "xterm", 1);
        (void) execv(REEVECTL, (char *const *) (uintptr_t) argv);
        _exit(99);
}

static void ctl(const char *const *arguments) {
        int out[2], err[2], status = 0;
        pid_t pid;

        assert_int_equal(pipe2(out, O_CLOEXEC) | pipe2(err, O_CLOEXEC), 0);
        pid = fork();
        if (pid == 0) {
                (void) dup2(out[1], STDOUT_FILENO);
                (void) dup2(err[1], STDERR_FILENO);
                child_exec(arguments);
        }
        (void) close(out[1]);
        (void) close(err[1]);
        drain(out[0], run.out, sizeof(run.out));
        drain(err[0], run.err, sizeof(run.err));
        (void) waitpid(pid, &status, 0);
        run.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The same at a terminal of @columns. */
static void ctl_terminal(const char *const *arguments, unsigned short columns) {
        struct winsize size = { .ws_col = columns, .ws_row = 40 };
        int fd, status = 0;
        pid_t pid = forkpty(&fd, NULL, NULL, &size);

        assert_true(pid >= 0);
        if (pid == 0)
                child_exec(arguments);
        run.err[0] = '\0';
        drain(fd, run.out, sizeof(run.out));
        (void) waitpid(pid, &status, 0);
        run.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

typedef struct Row {
        const char *arguments[10];
        int exit_code;
        const char *says[6], *never[3], *complains;
} Row;

static void rows_check(const Row *rows, size_t n) {
        for (size_t i = 0; i < n; i++) {
                const Row *r = &rows[i];
                char line[512] = "reevectl";

                for (size_t k = 0; k < ELEMENTSOF(r->arguments) && r->arguments[k]; k++)
                        (void) snprintf(line + strlen(line), sizeof(line) - strlen(line), " %s", r->arguments[k]);
                ctl(r->arguments);
                if (run.exit_code != r->exit_code)
                        fail_msg("%s: exit %d, not %d\n%s\n%s", line, run.exit_code, r->exit_code, run.out, run.err);
                for (size_t k = 0; k < ELEMENTSOF(r->says) && r->says[k]; k++)
                        if (!strstr(run.out, r->says[k]))
                                fail_msg("%s does not say '%s':\n%s\n%s", line, r->says[k], run.out, run.err);
                for (size_t k = 0; k < ELEMENTSOF(r->never) && r->never[k]; k++)
                        if (strstr(run.out, r->never[k]))
                                fail_msg("%s says '%s':\n%s", line, r->never[k], run.out);
                if (r->complains && !strstr(run.err, r->complains))
                        fail_msg("%s does not complain '%s':\n%s", line, r->complains, run.err);
                if (!r->complains && run.err[0])
                        fail_msg("%s complains:\n%s", line, run.err);
        }
}

static void test_kills(void **state) {
        static const Row rows[] = {
                { { "kills", "--since", "2026-01-01" }, 0,
                  { "WHEN", "web-1.service", "java[4711]", "own limit 512M", "limit 2G of /shop.slice", "gunicorn[100] +2" }, { "SIGKILL", "\033" }, NULL },
                { { "kills" }, 0, { "shop/cart-7d9f/app", "docker:ffffffffffff", "host memory", "asked by sysrq-f", "by systemd-oomd[600]",
                                    "/user.slice/user-1000.slice/user@1000.service/app.slice/app-code.scope" }, { "reevectl explain" }, NULL },
                { { "kills", "--all" }, 0, { "SIGKILL by bash[1300], no OOM", "SIGKILL by the kernel, no OOM" }, { NULL }, NULL },
                { { "kills", "-n", "1" }, 0, { "1054" }, { "1053" }, NULL },
                { { "kills", "-n", "0" }, 0, { "" }, { "No OOM kills", "1053" }, NULL },
                { { "kills", "--since", "2026-11-20", "--until", "2026-11-19" }, 2, { NULL }, { NULL }, "--until= is before --since=" },
                { { "kills", "--until", "2026-11-18 12:00" }, 0, { "/app", "own limit 100M (late)" }, { "java" }, NULL },
                { { "kills", "--cgroup", "/shop.slice" }, 0, { "front.service" }, { "web-1" }, NULL },
                { { "kills", "--cgroup", "pid:4711" }, 0, { "web-1.service" }, { "front.service" }, NULL },
                { { "kills", "--cgroup", "pid:4194305" }, 5, { NULL }, { NULL }, "no such cgroup" },
                { { "kills", "--cgroup", "web.service" }, 5, { NULL }, { NULL }, "web.service may be any of: id:7 /a/web.service, id:8 /b/web.service" },
                { { "kills", "--by", "unit" }, 0, { "web-1.service", "KILLS" }, { "PROCESS" }, NULL },
                { { "kills", "--by", "reason", "--json" }, 0, { "{\"reason\":\"own_limit\",\"kills\":", "\"victims\":" }, { NULL }, NULL },
                { { "kills", "--by", "colour" }, 2, { NULL }, { NULL }, "none of unit" },
                { { "kills", "--json", "-n", "1", "--cgroup", "/system.slice", "--until", "2026-11-20 09:14:06" }, 0,
                  { "{\"schema\":1", "\"id\":\"r7k2m9x4-1042\"", "\"restarted_time\":\"2026-11-20T09:14:06.400000Z\"" }, { "late\":true" }, NULL },
                { { "kills", "--cgroup", "/nobody" }, 0, { "No OOM kills of /nobody since 2026-11-1", "but the watch had 1 gap (2 lost)" }, { NULL }, NULL },
                { { "kills", "--cgroup", "/nobody", "--since", "2026-11-20" }, 0, { "No OOM kills of /nobody since 2026-11-20 00:00:00, watched without a gap." }, { NULL }, NULL },
                { { "kills", "--cgroup", "/nobody", "--json" }, 0, { "" }, { "No" }, NULL },
                { { "kills", "-q" }, 0, { "" }, { "web" }, NULL },
                { { "kills", "-q", "--cgroup", "/nobody" }, 1, { "" }, { "No" }, NULL },
                { { "kills", "-q", "--socket", "@NOWHERE" }, 3, { "" }, { "reeve" }, NULL },
                { { "kills", "-q", "--cgroup", "pid:4194305" }, 5, { "" }, { "reeve" }, NULL },
                { { "kills", "-f", "-n", "2" }, 4, { "1053", "1054" }, { NULL }, "came back after r7k2m9x4-1054" },
                { { "kills", "--since", "sometime" }, 2, { NULL }, { NULL }, "no point in time" },
                { { "kills", "-n", "x" }, 2, { NULL }, { NULL }, "no number" },
                { { "kills", "-n", "all" }, 0, { "1042", "1053", "1054" }, { NULL }, NULL },
                { { "kills", "--lines=all", "--cgroup", "/shop.slice" }, 0, { "front.service" }, { "web-1" }, NULL },
                { { "kills", "-n", "--json" }, 0, { "r7k2m9x4-1054" }, { "r7k2m9x4-1042" }, NULL },
                { { "kills", "-n" }, 0, { "1054" }, { "1042" }, NULL },
                { { "kills", "-n1" }, 0, { "1054" }, { "1053" }, NULL },
                { { "kills", "--since", "Fri 2026-11-20" }, 0, { "1054" }, { NULL }, NULL },
                { { "kills", "--since", "2027-01-01 10:00 UTC" }, 0, { "No OOM kills since 2027-01-01 10:00" }, { NULL }, NULL },
                { { "kills", "extra" }, 2, { NULL }, { NULL }, "reevectl kills" },
                { { "kills", "--socket", "@NOWHERE" }, 3, { NULL }, { NULL }, "systemctl start reeved" },
                { { "kills", "--help" }, 0, { "Usage: reevectl kills", "--since WHEN", "Examples:" }, { "--save" }, NULL },
        };

        (void) state;
        rows_check(rows, ELEMENTSOF(rows));
}

/* "show" of one before which something went: the first that a reader from there is told is that. */
static void test_a_record_behind_a_gap(void **state) {
        static const Row rows[] = {
                { { "show", "1042" }, 0, { "cgroup: /system.slice/web-1.service (id 4242)", "restarted_time: 2026-11-20T09:14:06.400000Z" }, { NULL }, NULL },
                { { "show", "r7k2m9x4-1060" }, 0, { "type: gap", "lost: 2" }, { NULL }, NULL },
                { { "show", "77" }, 5, { NULL }, { NULL }, "no such record" },
        };

        (void) state;
        fake.evicted = 2000;
        rows_check(rows, ELEMENTSOF(rows));
        fake.evicted = 0;
}

static void test_records(void **state) {
        static const Row rows[] = {
                { { "show", "last" }, 0, { "id: r7k2m9x4-1054", "limit_bytes: 100M (104857600)", "Not known: " }, { "null" }, NULL },
                { { "show", "1042" }, 0, { "cgroup: /system.slice/web-1.service (id 4242)", "restarted_time: 2026-11-20T09:14:06.400000Z" }, { NULL }, NULL },
                { { "show", "r7k2m9x4-1060" }, 0, { "type: gap", "lost: 2" }, { NULL }, NULL },
                { { "show", "last~1", "--json" }, 0, { "\"id\":\"r7k2m9x4-1053\"" }, { NULL }, NULL },
                { { "show", "last~99" }, 5, { NULL }, { NULL }, "no such record" },
                { { "show", "77" }, 5, { NULL }, { NULL }, "no such record" },
                { { "show", "web.service" }, 2, { NULL }, { NULL }, "names no record" },
                { { "show" }, 2, { NULL }, { NULL }, "show RECORD" },
                { { "explain", "1042" }, 0, { "java (pid 4711) of web-1.service", "reevectl set web-1.service" }, { NULL }, NULL },
                { { "explain", "last~1" }, 0, { "Killed for memory" }, { NULL }, NULL },
                { { "explain", "r7k2m9x4-1055", "--json" }, 0, { "{\"text\":\"No OOM kill: java", "\"records\":[{" }, { NULL }, NULL },
                { { "explain", "ghost.service" }, 5, { NULL }, { NULL }, "ghost.service" },
                { { "events", "--type", "gap,limit" }, 0, { "gap", "2 kills could not be attributed: a ring of the kernel's was overrun." }, { "kill " }, NULL },
                { { "events", "--json", "--type", "more" }, 0, { "\"of\":\"r7k2m9x4-1042\"" }, { "\"victims\"" }, NULL },
                { { "events", "--type", "kill", "--cgroup", "pid:4711" }, 0, { "web-1.service" }, { "front.service" }, NULL },
                { { "events", "--type", "cake" }, 2, { NULL }, { NULL }, "no record type" },
                { { "events", "-f", "-n", "1", "--json" }, 4, { "{\"schema\":1" }, { NULL }, "came back after r7k2m9x4-1060" },
                { { "events", "--since", "2027-01-01" }, 0, { "No records since 2027-01-01 00:00:00, watched without a gap." }, { NULL }, NULL },
        };

        (void) state;
        rows_check(rows, ELEMENTSOF(rows));
}

static void test_state_and_change(void **state) {
        static const Row rows[] = {
                { { NULL }, 0, { "reeved: watching since 2026-11-17 09:14:00", "tier log, mode act", "Not by the better source kprobe: no BTF" }, { "\033" }, NULL },
                { { "--json" }, 0, { "{\"status\":{", "\"kills\":[", "\"nearest\":", "\"findings\":" }, { NULL }, NULL },
                { { "status" }, 0, { "1,234 cgroups, 3 budgets (on 2 of them), 0 rules; 0 kills lost.", "no BTF" }, { "attempts" }, NULL },
                { { "status", "--json" }, 0, { "\"state\":\"watching\"" }, { "attempts" }, NULL },
                { { "status", "--counters", "--json" }, 0, { "\"attempts\":17" }, { NULL }, NULL },
                { { "status", "--counters" }, 0, { "OOM kills       17 of the kernel, " }, { NULL }, NULL },
                { { "status", "--counters" }, 0, { "33 connections refused, ", "34 dead cgroups forgotten early", "32 that memory.events" }, { NULL }, NULL },
                { { "status", "--json" }, 0, { "\"tier\":\"log\"" }, { "attempts", "units_skipped" }, NULL },
                { { "status", "--json" }, 0, { "\"tier\":\"log\"" }, { "ownerless", "bounds" }, NULL },
                { { "status", "-q" }, 0, { "" }, { "reeved" }, NULL },
                { { "status", "-q", "--socket", "@NOWHERE" }, 3, { "" }, { "reeve" }, NULL },
                { { "status", "-q", "/nope" }, 5, { "" }, { "reeve" }, NULL },
                { { "status", "-q", "--frob" }, 2, { "" }, { "reeve" }, "no option" },
                { { "status", "/a/b" }, 0, { "/a/b, id 7", "in use     100M, " }, { NULL }, NULL },
                { { "status", "/nope" }, 5, { NULL }, { NULL }, "/nope" },
                { { "--socket", "@NOWHERE", "status" }, 3, { NULL }, { NULL }, "does not answer" },
                { { "--socket", "@NOWHERE" }, 3, { NULL }, { NULL }, "does not answer" },
                { { "set", "/a/b", "MemoryMax=256M" }, 0, { "/a/b: MemoryMax max -> 256M" }, { NULL }, NULL },
                { { "set", "/a/b", "MemoryMax=256M", "MemoryHigh=200M", "--json" }, 0, { "\"key\":\"MemoryMax\"", "\"key\":\"MemoryHigh\"" }, { NULL }, NULL },
                { { "set", "/a/b", "MemoryMax=256M", "--dry-run" }, 0, { "/a/b: MemoryMax would go from max to 256M" }, { NULL }, NULL },
                { { "set", "/docker/x", "MemoryMax=256M" }, 1, { "/docker/x: MemoryMax=256M refused: no unit of systemd" }, { NULL }, NULL },
                { { "set", "/root-only", "MemoryMax=1G" }, 4, { NULL }, { NULL }, "not yours" },
                { { "set", "/nope", "MemoryMax=1G" }, 5, { NULL }, { NULL }, "/nope" },
                { { "set", "/a", "MemoryMux=1G" }, 2, { NULL }, { NULL }, "no limit" },
                { { "set", "/a", "MemoryMax" }, 2, { NULL }, { NULL }, "not KEY=VALUE" },
                { { "set", "/a", "MemoryMax=12Q" }, 2, { NULL }, { NULL }, "12Q" },
                { { "set", "/a" }, 2, { NULL }, { NULL }, "KEY=VALUE" },
                { { "reload" }, 0, { "Loaded; nothing changed." }, { NULL }, NULL },
                { { "pause" }, 0, { "Rules only judge now, until 'reevectl resume'." }, { NULL }, NULL },
                { { "pause", "--for", "1h", "/a/b" }, 0, { "Rules only judge now, until 2026-11-20 10:00:00" }, { NULL }, NULL },
                { { "pause", "pid:4711" }, 0, { "Rules only judge now" }, { NULL }, NULL },
                { { "pause", "pid:4194305" }, 5, { NULL }, { NULL }, "pid:4194305" },
                { { "resume", "pid:4711" }, 0, { "It was not paused itself" }, { NULL }, NULL },
                { { "pause", "--for", "soon" }, 2, { NULL }, { NULL }, "'soon' is no time" },
                { { "pause", "--for", "1h", "--json" }, 0, { "{\"until\":\"2026" }, { NULL }, NULL },
                { { "resume" }, 0, { "Rules act again." }, { NULL }, NULL },
                { { "resume", "/a/b" }, 0, { "It was not paused itself" }, { NULL }, NULL },
        };

        (void) state;
        rows_check(rows, ELEMENTSOF(rows));
}

static void test_a_refused_configuration(void **state) {
        static const Row rows[] = {
                { { "reload" }, 1, { NULL }, { NULL }, "a.conf:3: unknown key X\n  a.conf:9: no size" },
                { { "status", "-q" }, 1, { "" }, { "reeved" }, NULL },
                { { "status" }, 1, { "The configuration was refused:", "a.conf:3: unknown key X", "4 kills lost: " }, { NULL }, NULL },
        };

        static const Row warned[] = {
                { { "status" }, 0, { "Warnings about the configuration:\n  a.conf:4: alert a: " }, { "refused" }, NULL },
        };

        (void) state;
        fake.refuse_configuration = true;
        json_object_set_new(fake.status, "lost", json_integer(4));
        json_object_set_new(fake.status, "complaints", json_pack("[s]", "a.conf:3: unknown key X"));
        rows_check(rows, ELEMENTSOF(rows));
        json_object_del(fake.status, "complaints");
        json_object_set_new(fake.status, "warnings", json_pack("[s]", "a.conf:4: alert a: this version of Reeve does not act on alerts"));
        rows_check(warned, ELEMENTSOF(warned));
        json_object_del(fake.status, "warnings");
        json_object_set_new(fake.status, "lost", json_integer(0));
        fake.refuse_configuration = false;
}

/* Bare, it asks for the kills of a week: of what was before that it cannot say that there were none. */
static void test_an_empty_week(void **state) {
        static const Row rows[] = {
                { { NULL }, 0, { "watching since 2020-01-01 00:00:00", "No OOM kills since 20" }, { "kills since 2020-01" }, NULL },
                { { "kills" }, 0, { "2020-01-05" }, { "No OOM kills" }, NULL },
        };
        json_t *records = fake.records, *since = json_incref(json_object_get(fake.status, "since"));

        (void) state;
        fake.records = json_pack("[o]", json_copy(json_array_get(records, 0)));
        json_object_set_new(json_array_get(fake.records, 0), "time", json_string("2020-01-05T00:00:00.000000Z"));
        json_object_set_new(fake.status, "since", json_string("2020-01-01T00:00:00.000000Z"));
        rows_check(rows, ELEMENTSOF(rows));
        json_object_set_new(fake.status, "since", since);
        json_decref(fake.records);
        fake.records = records;
}

static void test_without_a_daemon(void **state) {
        static const Row rows[] = {
                { { "check", "@BAD" }, 1, { "bad.conf:2: ", "bad.conf:5: " }, { "OK" }, NULL },
                { { "check", "@BAD", "--json" }, 1, { "{\"ok\":false,\"complaints\":[{", "\"line\":2" }, { NULL }, NULL },
                { { "check", "@GOOD" }, 0, { "OK: 1 file, 2 budgets, 0 rules, 0 alerts." }, { NULL }, NULL },
                { { "check", "@GOOD", "--effective", "/system.slice/web-1.service" }, 0, { "MemoryHigh", "400M", "good.conf:7", "419430400" }, { "300M" }, NULL },
                { { "check", "@GOOD", "--effective", "web-1.service", "--json" }, 0, { "\"MemoryMax\":{\"value\":\"512M\",\"bytes\":536870912" }, { NULL }, NULL },
                { { "check", "@FULL", "--effective", "/x/y" }, 0,
                  { "Own", "adopt", "Risk", "KillBudget", "3 per 30d", "OOMScoreAdjustOf" }, { "team=old", "no section" }, NULL },
                { { "check", "@FULL", "--effective", "/x/y" }, 0,
                  { "full.conf:12", "team=new", "full.conf:13", "tier=1", "https://wiki.example/x", "full.conf:7" }, { "full.conf:8" }, NULL },
                { { "check", "@FULL", "--effective", "/x/y", "--json" }, 0,
                  { "\"Own\":{\"value\":\"adopt\"", "\"KillBudget\":{\"value\":\"3 per 30d\"", "\"labels\":[{\"value\":\"tier=1\"",
                    "\"documentation\":[{\"value\":\"https:", "\"limits\":{\"OOMScoreAdjust\":{\"value\":\"-500\"" }, { "team=old" }, NULL },
                { { "check", "@FULL", "--effective", "/x/y" }, 0,
                  { "r: When", "usage > 90% for 5s", "full.conf:16", "term 2s", "full.conf:17", "full.conf:19" }, { "oom > 0" }, NULL },
                { { "check", "@FULL", "--effective", "/x/z", "--json" }, 0,
                  { "\"rules\":[{\"rule\":\"r\",\"when\":[\"usage > 90% for 5s\"],\"then\":[\"term 2s\",\"kill\"],\"dry_run\":false" }, { "oom > 0" }, NULL },
                { { "check", "@FULL", "--effective", "/x/w" }, 0, { "KillBudget" }, { "r: When", "kill\n" }, NULL },
                { { "check", "@GOOD", "--effective", "/x" }, 0, { "/x: no section matches it." }, { NULL }, NULL },
                { { "check", "@GOOD", "--effective", "web-1" }, 5, { NULL }, { "/system.slice/web-1" }, "web-1" },
                { { "check", "@GOOD", "--effective", "web@1.service" }, 5, { NULL }, { "/system.slice/web" }, "web@1.service" },
                { { "check", "@GOOD", "--effective", "pid:4194305" }, 5, { NULL }, { "/system.slice" }, "pid:4194305" },
                { { "check", "@GOOD", "--effective", "id:99999999" }, 5, { NULL }, { "/system.slice" }, "id:99999999" },
                { { "check", "-" }, 1, { "<stdin>:2: unknown key Bogus" }, { "OK" }, NULL },
                { { "check", "/nonexistent/reeve.conf" }, 1, { "/nonexistent/reeve.conf: No such file" }, { NULL }, NULL },
                { { "diff", "@GOOD", "--config", "@GOOD" }, 0, { "No limit would change." }, { NULL }, NULL },
                { { "diff", "@BAD", "--config", "@GOOD" }, 1, { NULL }, { NULL }, "cannot be loaded" },
                { { "version" }, 0, { "reevectl " }, { NULL }, NULL },
                { { "version", "--json" }, 0, { "\"schema\":1" }, { NULL }, NULL },
                { { "--version" }, 0, { "reevectl " }, { NULL }, NULL },
                { { "--help" }, 0, { "Usage: reevectl", "explain", "Exit: 0 done" }, { NULL }, NULL },
                { { "frobnicate" }, 2, { NULL }, { NULL }, "no command" },
                { { "--frobnicate" }, 2, { NULL }, { NULL }, "reevectl --help" },
                { { "kills", "--frobnicate" }, 2, { NULL }, { NULL }, "'--frobnicate' is no option" },
                { { "help" }, 0, { "oom_score_adj", "java", "137" }, { NULL }, NULL },
                { { "help", "137" }, 0, { "128 + 9", "reevectl explain" }, { NULL }, NULL },
                { { "help", "oom_score_adj" }, 0, { "-1000", "OOMScoreAdjust=" }, { NULL }, NULL },
                { { "help", "grep oom /var/log/messages" }, 0, { "reevectl kills" }, { NULL }, NULL },
                { { "help", "kills" }, 0, { "Usage: reevectl kills" }, { NULL }, NULL },
                { { "help", "cake" }, 2, { NULL }, { NULL }, "no help" },
        };

        (void) state;
        rows_check(rows, ELEMENTSOF(rows));
}

static void file_read(const char *name, char *text, size_t size) {
        char path[512];
        int fd;

        (void) snprintf(path, sizeof(path), "%s/%s", REEVE_SOURCE, name);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        assert_true(fd >= 0);
        drain(fd, text, size);
}

static void test_replay(void **state) {
        static const Row rows[] = {
                { .arguments = { "replay", "@CAPTURE" }, .never = { "/a/calm", "cut" },
                  .says = { "guard", "notify", "kill", "/a/hog", "2 verdicts in", "its own configuration" } },
                { .arguments = { "replay", "@CAPTURE", "--against" }, .says = { "+", "0 as decided then", "2 new" } },
                { .arguments = { "replay", "@CAPTURE", "--json" }, .never = { "\"replay\"" },
                  .says = { "\"victim\":{\"path\":\"/a/hog\",\"id\":4}", "\"incident\":\"r7k2m9x4-i", "\"rule_at\":\"reeve.conf:1\"" } },
                { .arguments = { "replay", "@CAPTURE", "--policies", "@GOOD" }, .says = { "0 verdicts", "another configuration" } },
                { .arguments = { "replay", "@CUT" }, .says = { "2 verdicts", "it was cut" } },
                { .arguments = { "replay", "@CAPTURE", "--policies", "@BAD" }, .exit_code = 1, .complains = "Bogus" },
                { .arguments = { "replay", "@GOOD" }, .exit_code = 1, .complains = ":1: this is no capture" },
                { .arguments = { "replay", "/nowhere" }, .exit_code = 1, .complains = "No such file" },
                { .arguments = { "replay" }, .exit_code = 2, .complains = "replay FILE" },
                { .arguments = { "capture", "--socket", "@NOWHERE", "x" }, .exit_code = 3, .complains = "does not answer" },
                { .arguments = { "recommend", "/system.slice/web-1.service" },
                  .says = { "MemoryMax=", "3 OOM kills by its own limit, the highest at 512M", "Risk: high", "hardly looked at", "wanted more than that" } },
                { .arguments = { "recommend", "/quiet" }, .says = { "nothing was seen" } },
                { .arguments = { "recommend", "/system.slice/web-1.service", "--json" },
                  .says = { "\"own_kills\":3,\"killed_at_bytes\":536870912", "\"level\":\"high\"", "\"reason\":\"killed\"" } },
                { .arguments = { "recommend", "--socket", "@NOWHERE", "x" }, .exit_code = 3, .complains = "does not answer" },
        };

        (void) state;
        rows_check(rows, ELEMENTSOF(rows));
}

/* What `reevectl --help` lists is in the manual and is completed. */
static void test_the_manual_knows_every_command(void **state) {
        static const char *const all[] = { "--help", NULL };
        static char manual[65536], completion[16384];
        size_t commands = 0;

        (void) state;
        file_read("packaging/man/reevectl.1.scd", manual, sizeof(manual));
        file_read("packaging/completions/reevectl", completion, sizeof(completion));
        ctl(all);
        for (char *save = NULL, *line = strtok_r(strstr(run.out, "Commands:"), "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
                char name[32], bold[40];

                if (sscanf(line, "  %31[a-z-] ", name) != 1 || line[2] == ' ')
                        continue;
                (void) snprintf(bold, sizeof(bold), "\n*%s*", name);
                if (!strstr(manual, bold))
                        fail_msg("reevectl.1.scd does not know %s", name);
                if (!strstr(completion, name))
                        fail_msg("the completion does not know %s", name);
                commands++;
        }
        assert_in_range(commands, 10, 30);
}

/* The columns of the longest line on the screen, escape sequences left out. */
static size_t screen_width(const char *text) {
        size_t widest = 0, width = 0;

        for (; *text; text++) {
                if (*text == '\033')
                        text += strcspn(text, "m");
                else if (*text == '\n')
                        width = 0;
                else if (*text != '\r' && ((unsigned char) *text & 0xc0) != 0x80 && ++width > widest)
                        widest = width;
        }
        return widest;
}

static void test_terminals(void **state) {
        static const char *const kills[] = { "kills", "--all", NULL }, *const events[] = { "kills", "--json", "-n", "3", NULL };

        (void) state;
        for (unsigned short columns = 80; columns <= 140; columns = (unsigned short) (columns + 60)) {
                ctl_terminal(kills, columns);
                assert_int_equal(run.exit_code, 0);
                if (screen_width(run.out) > columns)
                        fail_msg("wider than %u:\n%s", (unsigned) columns, run.out);
                assert_non_null(strstr(run.out, "\033[1m"));
                assert_non_null(strstr(run.out, "reevectl explain"));
        }
        /* A right-to-left override in a name must not reach the terminal, in a table or in JSON. */
        assert_null(strstr(run.out, "\xe2\x80\xae"));
        assert_non_null(strstr(run.out, "\\xe2\\x80\\xae"));
        ctl_terminal(events, 80);
        assert_null(strstr(run.out, "\xe2\x80\xae"));
        (void) setenv("NO_COLOR", "1", 1);
        ctl_terminal(kills, 80);
        (void) unsetenv("NO_COLOR");
        assert_null(strstr(run.out, "\033["));
}

static int seq_compare(const void *a, const void *b) {
        json_int_t x = json_integer_value(json_object_get(*(json_t *const *) a, "seq"));
        json_int_t y = json_integer_value(json_object_get(*(json_t *const *) b, "seq"));

        return (x > y) - (x < y);
}

static void records_load(void) {
        static const char *const names[] = { "self-java", "ancestor", "host", "host-cpuset", "sysrq", "group", "kubernetes", "docker", "bare",
                                             "counted", "late-log", "oomd", "limit-write", "sigkill-shell", "sigkill-systemd",
                                             "sigkill-kernel", "more-1042", "gap" };
        json_t *sorted[ELEMENTSOF(names)];

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                char path[512];

                (void) snprintf(path, sizeof(path), "%s/records/%s.json", REEVE_FIXTURES, names[i]);
                sorted[i] = json_load_file(path, 0, NULL);
                if (!sorted[i]) {
                        (void) fprintf(stderr, "%s: no record\n", path);
                        exit(1);
                }
        }
        qsort(sorted, ELEMENTSOF(sorted), sizeof(*sorted), seq_compare);
        fake.records = json_array();
        for (size_t i = 0; i < ELEMENTSOF(sorted); i++)
                json_array_append_new(fake.records, sorted[i]);
        fake.status = json_pack("{s:s, s:s, s:s, s:s, s:[{s:s, s:s, s:s}, {s:s, s:s, s:s}], s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:{s:i, s:i}}", "state", "watching",
                                "mode", "act", "tier", "log", "since", "2026-11-17T09:14:00.000000Z", "sources", "name", "kprobe", "state",
                                "unusable", "why", "no BTF: the kernel has no /sys/kernel/btf/vmlinux", "name", "log", "state", "in_use", "why",
                                "kernel log and memory.events", "cgroups", 1234, "budgets", 3, "budgeted_cgroups", 2, "rules", 0, "lost", 0, "attempts", 17,
                                "kernel_bytes", 1048576, "units_skipped", 31, "ownerless", 32, "bounds", "connections_refused", 33,
                                "cgroups_forgotten", 34);
}

static int setup(void **state) {
        (void) state;
        if (!mkdtemp(directory))
                return -1;
        (void) snprintf(socket_path, sizeof(socket_path), "%s/reeve.sock", directory);
        (void) snprintf(nowhere, sizeof(nowhere), "%s/nowhere.sock", directory);
        (void) snprintf(bad_conf, sizeof(bad_conf), "%s/bad.conf", directory);
        (void) snprintf(good_conf, sizeof(good_conf), "%s/good.conf", directory);
        (void) snprintf(full_conf, sizeof(full_conf), "%s/full.conf", directory);
        (void) snprintf(capture, sizeof(capture), "%s/whole.capture", directory);
        (void) snprintf(cut_capture, sizeof(cut_capture), "%s/half.capture", directory);
        file_write(bad_conf, "[reeve]\nBogus=1\n[budget a]\nMatch=/a\nMemoryMax=12Q\n");
        file_write(good_conf, "[budget web]\nMatch=/system.slice/web-*.service\nMemoryHigh=300M\nMemoryMax=512M\n"
                              "[budget later]\nMatch=/system.slice/web-1.service\nMemoryHigh=400M\n");
        file_write(full_conf, "[budget x]\nMatch=/x/*\nOOMScoreAdjust=-500\nOOMScoreAdjustOf=all\nOwn=adopt\nRisk=yes\nKillBudget=3 per 30d\n"
                              "Label=team=old\nLabel=tier=1\n[budget y]\nMatch=/x/y\nLabel=team=new\nDocumentation=https://wiki.example/x\n"
                              "[rule r]\nMatch=/x/y /x/z\nWhen=usage > 90% for 5s\nThen=term 2s\n[rule r]\nThen=kill\n"
                              "[rule off]\nMatch=/x/y\nWhen=oom > 0 per 5s\nThen=kill\nEnabled=no\n");
        hogcapture_write(capture, cut_capture);
        records_load();
        return fake_start(&fake, socket_path);
}

static int teardown(void **state) {
        (void) state;
        fake_stop(&fake);
        (void) unlink(socket_path);
        (void) unlink(bad_conf);
        (void) unlink(good_conf);
        (void) unlink(full_conf);
        (void) unlink(capture);
        (void) unlink(cut_capture);
        return rmdir(directory);
}

int main(int argc, char **argv) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_kills),
                cmocka_unit_test(test_records),
                cmocka_unit_test(test_a_record_behind_a_gap),
                cmocka_unit_test(test_state_and_change),
                cmocka_unit_test(test_a_refused_configuration),
                cmocka_unit_test(test_an_empty_week),
                cmocka_unit_test(test_without_a_daemon),
                cmocka_unit_test(test_terminals),
                cmocka_unit_test(test_replay),
                cmocka_unit_test(test_the_manual_knows_every_command),
        };

        /* To look at by eye: test-ctl --serve PATH, then reevectl --socket PATH. */
        if (argc == 3 && strcmp(argv[1], "--serve") == 0) {
                records_load();
                if (fake_start(&fake, argv[2]) == 0)
                        (void) pause();
                return 1;
        }
        return cmocka_run_group_tests(tests, setup, teardown);
}
