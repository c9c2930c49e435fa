/* reevectl run: a command in a cgroup of its own, under limits, and the truth about its end. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "supervisor/base/strbuf.h"
#include "supervisor/ctl/ctl.h"
#include "supervisor/ctl/runloop.h"
#include "supervisor/ctl/runreport.h"
#include "supervisor/host/hostcheck.h"
#include "supervisor/host/scope.h"
#include "supervisor/text/runoptions.h"

enum { RUN_FAILED = 125, RUN_NOT_EXECUTABLE = 126, RUN_NOT_FOUND = 127, RUN_SIGNALLED = 128 };

/* After KILL a process may still sleep in the kernel; longer than this we do not wait for it. */
#define DEATH_USEC (30ULL * 1000 * 1000)

static void help_print(void) {
        (void) puts("Usage: reevectl run [OPTIONS] -- COMMAND [ARGUMENT...]\n\n"
                    "Runs COMMAND in a cgroup of its own, under the limits given, and tells on stderr\n"
                    "whether the kernel's OOM killer had a hand in its end. Needs no daemon and no root.\n\n"
                    "  --memory-max=SIZE   above it the OOM killer comes (bytes, K M G T, N%, max)\n"
                    "  --memory-high=SIZE  above it processes are slowed down and reclaimed from\n"
                    "  --swap-max=SIZE     how much of it may be swapped out\n"
                    "  --memory-min=SIZE   never reclaimed below this; --memory-low=SIZE: as a last resort\n"
                    "  --oom-group         an OOM kill takes all its processes, not one\n"
                    "  --kill-after=TIME   what is left when COMMAND ends gets TERM, after TIME KILL (5s)\n"
                    "  --wait              let what is left finish by itself\n"
                    "  --name=NAME         name of the systemd scope; --slice=SLICE: where it stands\n"
                    "  --user, --system    whose systemd to ask (root: the system's, others: their own)\n"
                    "  --no-systemd        make the cgroup ourselves, near the one we are in\n"
                    "  --json              the report as one JSON object on stderr; -q: only bad news\n\n"
                    "Percentages are of the least memory.max over the ancestors, or of RAM.\n"
                    "Exit: as COMMAND, 128+N by signal N; 125 Reeve failed, 126 not executable, 127 not found.\n\n"
                    "  reevectl run --memory-max=512M -- make -j8\n"
                    "  reevectl run --memory-high=1G --memory-max=2G --oom-group -- ./import.sh");
}

static int fail(const char *why) {
        (void) fprintf(stderr, "reevectl run: %s\n", why);
        return RUN_FAILED;
}

/* A name nobody has: two runs in one second, or in two pid namespaces, must not meet. */
static void name_make(RunOptions *o) {
        uint32_t salt = 0;

        (void) !getrandom(&salt, sizeof(salt), 0);
        if (o->name[0] == 0)
                (void) snprintf(o->name, sizeof(o->name), "reeve-run-%d-%08" PRIx32 ".scope", (int) getpid(), salt);
}

/* Into a scope of systemd's. Returns 0; -EUNATCH: no systemd; -errno with @why. */
static int enter_scope(Payload *ret, const RunOptions *o, const char *mount, char *why, size_t why_size) {
        bool user = o->manager == RUN_MANAGER_USER || (o->manager == RUN_MANAGER_AUTO && geteuid() != 0);
        char description[256], reason[512];
        ScopeOptions scope = {
                .user = user,
                .name = o->name,
                .description = description,
                .slice = o->slice[0] ? o->slice : NULL,
                .pid = getpid(),
        };
        int r;

        (void) snprintf(description, sizeof(description), "reevectl run %s", o->command[0]);
        r = scope_start(&scope, why, why_size);
        if (r < 0)
                return r;
        r = payload_enter(ret, mount, reason, sizeof(reason));
        if (r == -EOPNOTSUPP && user)
                strbuf_printf(&(Strbuf) { .data = why, .size = why_size }, "%s. The administrator delegates it with a file "
                                "/etc/systemd/system/user@.service.d/delegate.conf that says [Service] Delegate=memory pids", reason);
        else if (r < 0)
                (void) snprintf(why, why_size, "%s", reason);
        return r;
}

static int enter(Payload *ret, const RunOptions *o, const char *mount, char *why, size_t why_size) {
        char systemd_why[512] = "", own_why[512];
        int r = -EUNATCH;

        if (o->manager != RUN_MANAGER_NONE) {
                r = enter_scope(ret, o, mount, systemd_why, sizeof(systemd_why));
                if (r != -EUNATCH || o->manager != RUN_MANAGER_AUTO) {
                        (void) snprintf(why, why_size, "%s", systemd_why);
                        return r;
                }
        }
        r = payload_enter_below(ret, mount, o->name, own_why, sizeof(own_why));
        if (r < 0)
                strbuf_printf(&(Strbuf) { .data = why, .size = why_size }, "%s%sno cgroup near this one may be used: %s", systemd_why,
                                systemd_why[0] ? "; " : "", own_why);
        return r;
}

static int limit_write(const Payload *p, const char *key, const RunLimit *limit, const char *mount, char *why, size_t why_size) {
        char value[32] = "max";
        uint64_t bytes;
        int r;

        if (limit->kind == RUN_LIMIT_UNSET)
                return 0;
        bytes = run_limit_bytes(limit, payload_room_bytes(p, mount), (uint64_t) sysconf(_SC_PAGESIZE));
        if (bytes != UINT64_MAX)
                (void) snprintf(value, sizeof(value), "%" PRIu64, bytes);
        r = payload_set(p, key, value);
        if (r < 0)
                (void) snprintf(why, why_size, "cannot set %s to %s: %s", key, value,
                                r == -ENOENT ? "this kernel has no such file (swap accounting off?)" : strerror(-r));
        return r;
}

static int limits_write(const Payload *p, const RunOptions *o, const char *mount, char *why, size_t why_size) {
        const struct { const char *key; const RunLimit *limit; } all[] = {
                { "memory.min", &o->memory_min }, { "memory.low", &o->memory_low },   { "memory.high", &o->memory_high },
                { "memory.max", &o->memory_max }, { "memory.swap.max", &o->swap_max },
        };
        int r = 0;

        for (size_t i = 0; i < sizeof(all) / sizeof(*all) && r == 0; i++)
                r = limit_write(p, all[i].key, all[i].limit, mount, why, why_size);
        if (r == 0 && o->oom_group) {
                r = payload_set(p, "memory.oom.group", "1");
                if (r < 0)
                        (void) snprintf(why, why_size, "cannot set memory.oom.group: %s", strerror(-r));
        }
        return r;
}

/* Ends what the command left behind. Returns 1 when the payload is empty, 0 when somebody would not die, -errno. */
static int finish(RunLoop *l, const Payload *p, const RunOptions *o) {
        int r;

        if (o->wait) {
                r = runloop_until_empty(l, p, UINT64_MAX);
                if (r != 0)
                        return r;
        }
        r = payload_is_populated(p);
        if (r <= 0)
                return r < 0 ? r : 1;
        (void) payload_signal(p, SIGTERM);
        l->hurry = false;         /* one ^C ends the waiting, the next one the grace */
        r = runloop_until_empty(l, p, o->kill_after_usec);
        if (r != 0)
                return r;
        /* Where there is no cgroup.kill, a fork bomb may need more than one look. */
        l->hurry = false;
        for (int i = 0; i < 30 && r == 0; i++) {
                r = payload_kill(p);
                if (r < 0)
                        return r;
                r = runloop_until_empty(l, p, DEATH_USEC / 30);
        }
        return r;
}

static int exit_code(int status) {
        return WIFSIGNALED(status) ? RUN_SIGNALLED + WTERMSIG(status) : WEXITSTATUS(status);
}

static int not_started(const RunOptions *o, int error) {
        if (error < 0) {
                (void) fprintf(stderr, "reevectl run: cannot start a process in the cgroup: %s\n", strerror(-error));
                return RUN_FAILED;
        }
        (void) fprintf(stderr, "reevectl run: %s: %s\n", o->command[0], strerror(error));
        return error == ENOENT || error == ENOTDIR ? RUN_NOT_FOUND : RUN_NOT_EXECUTABLE;
}

/* With the payload ready: the command from start to its exact end. */
static int run_in(const Payload *p, const RunOptions *o, const CtlContext *c, RunLoop *l) {
        RunReport report = { .command = o->command[0], .begun = time(NULL), .payload = p, .limits = o };
        int r = runloop_begin(l);

        if (r < 0)
                return fail(strerror(-r));
        r = payload_spawn(p, o->command, &l->mask, &l->child);
        if (r != 0)
                return not_started(o, r);
        report.pid = l->child;
        r = runloop_until_exit(l);
        if (r < 0) {
                (void) payload_kill(p);
                return fail(strerror(-r));
        }
        r = finish(l, p, o);
        report.emptied = r == 1;
        report.status = l->status;
        payload_read(p, &report.counters);
        runreport_ask_daemon(&report, c->socket_path);
        runreport_print(&report, o->json || c->json, o->quiet);
        runreport_clear(&report);
        return exit_code(l->status);
}

int ctl_run(int argc, char **argv, const CtlContext *c) {
        HostcheckOptions host = { .root = "" };
        RunLoop loop = RUNLOOP_INIT;
        Payload payload = PAYLOAD_INIT;
        char why[1536], mount[256];
        RunOptions o;
        int e;

        if (run_options_parse(&o, argc, argv, why, sizeof(why)) < 0)
                return fail(why);
        if (o.help) {
                help_print();
                return CTL_DONE;
        }
        if (hostcheck_memory_controller(&host, mount, sizeof(mount), why, sizeof(why)) < 0)
                return fail(why);
        name_make(&o);
        if (enter(&payload, &o, mount, why, sizeof(why)) < 0)
                return fail(why);
        e = limits_write(&payload, &o, mount, why, sizeof(why)) < 0 ? fail(why) : run_in(&payload, &o, c, &loop);
        runloop_end(&loop);
        payload_leave(&payload);
        return e;
}
