/* reeved: from the command line to a running supervisor, and back to an exit status. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include "supervisor/base/fd.h"
#include "supervisor/flow/levers.h"
#include "supervisor/host/hostcheck.h"
#include "supervisor/host/proc.h"
#include "supervisor/supervisor.h"

enum { EXIT_STOPPED = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_NO_CGROUP2 = 3, EXIT_RUNNING = 4 };
enum { THREAD_STACK_BYTES = 128 << 10 };

/* On stderr with the priority systemd's journal understands. */
static int complain(int status, const char *text) {
        (void) fprintf(stderr, "%sreeved: %s\n", getenv("JOURNAL_STREAM") ? SD_ERR : "", text);
        return status;
}

static int make_directory(const char *path, char *reterr, size_t size) {
        char part[1024];

        (void) snprintf(part, sizeof(part), "%s", path);
        for (char *p = part + 1; *p; p++)
                if (*p == '/') {
                        *p = '\0';
                        (void) mkdir(part, 0755);
                        *p = '/';
                }
        if (mkdir(path, 0755) < 0 && errno != EEXIST) {
                (void) snprintf(reterr, size, "%s: %s", path, strerror(errno));
                return -errno;
        }
        return 0;
}

/* One reeved to a state directory. The lock lives as long as the process. */
static int take_lock(const Options *o, char *reterr, size_t size) {
        char path[1100];
        int fd;

        (void) snprintf(path, sizeof(path), "%s/lock", o->state_directory);
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0) {
                (void) snprintf(reterr, size, "%s: %s", path, strerror(errno));
                return -errno;
        }
        if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
                (void) snprintf(reterr, size, "another reeved runs with the state directory %s", o->state_directory);
                (void) close(fd);
                return -EWOULDBLOCK;
        }
        return fd;
}

static int prepare_places(const Options *o) {
        char reason[1300];
        int r;

        (void) umask(0027);
        if (make_directory(o->state_directory, reason, sizeof(reason)) < 0 ||
            make_directory(o->runtime_directory, reason, sizeof(reason)) < 0)
                return complain(EXIT_FAILED, reason);
        r = take_lock(o, reason, sizeof(reason));
        if (r < 0)
                return complain(r == -EWOULDBLOCK ? EXIT_RUNNING : EXIT_FAILED, reason);
        return EXIT_STOPPED;
}

/* Nothing of ours may be swapped out or wait for memory; ONFAULT, since the rest of the stacks is never touched (33.9 MB
 * locked against 6). */
static void lock_memory(void) {
        struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

        /* A huge page under the arena is 2 MiB locked for the first byte touched: 4.1 of 9.1 MB PSS were that. */
        (void) prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
        (void) setrlimit(RLIMIT_MEMLOCK, &all);
        (void) mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
}

static void small_stacks(void) {
        pthread_attr_t attr;

        if (pthread_attr_init(&attr) != 0)
                return;
        (void) pthread_attr_setstacksize(&attr, THREAD_STACK_BYTES);
        (void) pthread_setattr_default_np(&attr);
        (void) pthread_attr_destroy(&attr);
}

static void block_signals(void) {
        sigset_t set;

        (void) sigemptyset(&set);
        (void) sigaddset(&set, SIGTERM);
        (void) sigaddset(&set, SIGINT);
        (void) sigaddset(&set, SIGHUP);
        (void) sigprocmask(SIG_BLOCK, &set, NULL);
        (void) signal(SIGPIPE, SIG_IGN);
}

static int check_host(const Options *o) {
        HostcheckOptions host = { .root = "", .cgroup_root = o->cgroup_root, .uid = getuid() };
        char mount[4096], reason[2048];

        if (hostcheck_memory_controller(&host, mount, sizeof(mount), reason, sizeof(reason)) < 0)
                return complain(EXIT_NO_CGROUP2, reason);
        (void) printf("cgroup v2 with the memory controller at %s\n", mount);
        return EXIT_STOPPED;
}

static void told(const LimitResult *result, void *userdata) {
        (void) userdata;
        (void) printf("%s: %s %s\n", result->path ? result->path : "?", limit_key_to_string((int) result->key),
                      result->outcome == REEVE_OUTCOME_DONE ? "put back" : result->error ? result->error : "not put back");
}

/* What a crash left standing still. */
static void thaw(const Options *o, const char *root) {
        SpoolOptions options = { .boot_id = NULL };
        char path[1100], note[256], boot_id[33];
        Cgroupfs fs = { .root_fd = -1 };
        Spool *spool = NULL;

        (void) snprintf(path, sizeof(path), "%s/spool", o->runtime_directory);
        if (access(path, F_OK) < 0 || host_boot_id(boot_id) < 0 || cgroupfs_open(&fs, root) < 0)
                return;
        options.boot_id = boot_id;
        if (spool_open(&spool, path, &options, note, sizeof(note)) == 0)
                levers_thaw(spool, &fs);
        spool = spool_close(spool);
        cgroupfs_close(&fs);
}

/* Removes what outlives a stop: probes and rings, limits and drop-ins. */
static int uninstall(const Options *o) {
        CgroupMount mount = { 0 };
        BudgetsOptions budgets = { .cgroup_root = mount.where, .state_directory = o->state_directory, .mode = REEVE_MODE_ACT,
                                   .user = o->user };
        char reason[512];
        int status = prepare_places(o), r;

        if (status != EXIT_STOPPED)
                return status;
        (void) mounts_find(&mount, o->cgroup_root);
        r = kprobe_uninstall(o->state_directory, NULL, reason, sizeof(reason));
        if (r < 0 && r != -ENOENT && r != -EACCES && r != -EPERM)
                status = complain(EXIT_FAILED, reason);
        if (mount.where[0])
                thaw(o, mount.where);
        r = mount.where[0] ? budgets_uninstall(&budgets, told, NULL) : 0;
        if (r != 0)
                status = complain(EXIT_FAILED, r < 0 ? strerror(-r) : "some limits could not be put back");
        return status;
}

static int run(const Options *o) {
        static Supervisor supervisor;
        char reason[2048] = "";
        int status, r;

        if (geteuid() != 0 && !o->user)
                return complain(EXIT_FAILED, "not permitted: reeved needs root to watch this host; --user serves your own cgroups");
        status = prepare_places(o);
        if (status != EXIT_STOPPED)
                return status;
        block_signals();
        small_stacks();
        arena_install();
        lock_memory();
        r = supervisor_init(&supervisor, o, reason, sizeof(reason));
        if (r < 0)
                status = complain(r == -ENODEV ? EXIT_NO_CGROUP2 : r == -EBUSY || r == -EADDRINUSE ? EXIT_RUNNING : EXIT_FAILED,
                                  reason);
        else {
                if (supervisor.mount.read_only)
                        (void) complain(0, "cgroupfs is mounted read-only: reeved watches, and can set no limits");
                if ((r = supervisor_run(&supervisor)) < 0)
                        status = complain(EXIT_FAILED, strerror(-r));
        }
        supervisor_done(&supervisor);
        return status;
}

int main(int argc, char **argv) {
        Options options;
        char reason[512];

        if (options_parse(&options, argc, argv, reason, sizeof(reason)) < 0)
                return complain(EXIT_USAGE, reason);
        switch (options.action) {
        case OPTIONS_HELP:
                (void) fputs(options_help, stdout);
                return EXIT_STOPPED;
        case OPTIONS_VERSION:
                (void) puts("reeved " REEVE_VERSION);
                return EXIT_STOPPED;
        case OPTIONS_CHECK_HOST:
                return check_host(&options);
        case OPTIONS_UNINSTALL:
                return uninstall(&options);
        case OPTIONS_RUN:
                break;
        }
        return run(&options);
}
