/* truth: OOM kills in known ways, and a file that says which.
 *
 *   truth [OPTIONS] --out FILE PARENT COUNT
 *     --seed N         of the mixture (1); it is printed
 *     --managers N     processes that play cases side by side, COUNT in all (1)
 *     --kinds A,B      of own same ancestor deep group group_above shared leaderless bomb race moved write hostile unkillable
 *                      (all of these), and of forkbomb swap
 *     --premade        COUNT cgroups with a process each, made before; all killed at one instant, removed as they die
 *     --sysrq N        N kills by sysrq-f at the end, when nothing else goes on
 *     --host N         and N because the host has no memory left
 *
 * PARENT is a cgroup's directory with the memory controller for its children. Prints what it does; exits 0 when all cases
 * were played. FILE: tests/vm/compare-truth. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "truth.h"

static const char mount_point[] = "/sys/fs/cgroup";

typedef struct Options {
        const char *out, *kinds, *parent;
        long seed, managers, count, sysrq, host;
        bool premade;
} Options;

static int usage(void) {
        fprintf(stderr, "usage: truth [--seed N] [--managers N] [--kinds A,B] [--premade] [--sysrq N] [--host N] --out FILE PARENT COUNT\n");
        return 2;
}

static int parse(int argc, char **argv, Options *o) {
        for (int i = 1; i < argc; i++) {
                const char *value = i + 1 < argc ? argv[i + 1] : "";
                if (!strcmp(argv[i], "--seed"))
                        o->seed = atol(value), i++;
                else if (!strcmp(argv[i], "--managers"))
                        o->managers = atol(value), i++;
                else if (!strcmp(argv[i], "--sysrq"))
                        o->sysrq = atol(value), i++;
                else if (!strcmp(argv[i], "--host"))
                        o->host = atol(value), i++;
                else if (!strcmp(argv[i], "--kinds"))
                        o->kinds = value, i++;
                else if (!strcmp(argv[i], "--out"))
                        o->out = value, i++;
                else if (!strcmp(argv[i], "--premade"))
                        o->premade = true;
                else if (!o->parent)
                        o->parent = argv[i];
                else
                        o->count = atol(argv[i]);
        }
        bool bad = !o->out || !o->parent || o->count <= 0 || o->managers <= 0 || (o->kinds && !case_known(o->kinds));
        return bad || strncmp(o->parent, mount_point, strlen(mount_point)) != 0 ? usage() : 0;
}

static void manager_begin(Manager *m, const Options *o, int out, int index) {
        struct stat st;
        *m = (Manager) { .index = index, .out = out, .random = (uint64_t) o->seed * 1000003 + (uint64_t) index };
        m->top.fd = open(o->parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (m->top.fd < 0 || fstat(m->top.fd, &st) < 0)
                die(o->parent);
        m->top.id = st.st_ino;
        snprintf(m->top.path, sizeof(m->top.path), "%s", o->parent + strlen(mount_point));
        file_write(m->top.fd, "cgroup.subtree_control", "+memory");
        m->stage = mmap(NULL, sizeof(*m->stage), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (m->stage == MAP_FAILED)
                die("mmap");
        prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/* Whatever some cases call "beside" is the manager's own. */
static void manager_run(const Options *o, int out, int index, long count) {
        Manager m;
        Group own;
        char name[32];
        manager_begin(&m, o, out, index);
        if (o->managers > 1 && (!o->kinds || strcmp(o->kinds, "own") != 0)) {
                snprintf(name, sizeof(name), "manager-%d", index);
                group_make(&own, &m.top, name);
                m.top = own;
                group_set(&m.top, "cgroup.subtree_control", "+memory");
        }
        for (long i = 0; i < count; i++)
                case_play(&m, o->kinds);
        if (m.top.name[0])
                group_remove(&own);
}

/* ---- all at one instant */

static void role_starter(Manager *m, const Role *role) {
        char byte;
        close(role->count);
        if (read((int) role->bytes, &byte, 1) < 0)
                _exit(8);
        role_hog(m, role);
}

static void premade_run(const Options *o, int out) {
        Manager m;
        int start[2];
        Group *groups = calloc((size_t) o->count, sizeof(*groups));
        Case *all = calloc((size_t) o->count, sizeof(*all));
        /* A directory fd for each. */
        setrlimit(RLIMIT_NOFILE, &(struct rlimit) { 65536, 65536 });
        manager_begin(&m, o, out, 0);
        if (!groups || !all || pipe2(start, O_CLOEXEC) < 0)
                die("premade");
        Role role = { .play = role_starter, .bytes = start[0], .count = start[1] };
        for (long i = 0; i < o->count; i++) {
                char name[32];
                snprintf(name, sizeof(name), "premade-%ld", i);
                group_make(&groups[i], &m.top, name);
                group_set(&groups[i], "memory.max", "512K");
                file_write(groups[i].fd, "memory.swap.max", "0");
                all[i] = (Case) { .kind = "premade", .scope = "self", .killer = "kernel", .selection = "badness", .limit = &groups[i] };
                cast(&m, &all[i], &groups[i], &role);
        }
        tell_counter(out, "instant");
        close(start[1]);
        for (long left = o->count; left > 0; left--) {
                siginfo_t dead = { 0 };
                long i = 0;
                if (waitid(P_ALL, 0, &dead, WEXITED | WNOWAIT) < 0)
                        die("waitid");
                while (i < o->count && (all[i].actors[0].pid != dead.si_pid || all[i].actors[0].reaped))
                        i++;
                if (i == o->count)
                        die("a stranger's child");
                reap(&m, &all[i], dead.si_pid);
                group_remove(&groups[i]);
                m.n = i;
                tell(&m, &all[i]);
        }
}

static int managers_run(const Options *o, int out) {
        int failed = 0, status;
        for (int k = 0; k < o->managers; k++) {
                long count = o->count / o->managers + (k < o->count % o->managers);
                if (fork() == 0) {
                        manager_run(o, out, k, count);
                        exit(0);
                }
        }
        while (wait(&status) > 0)
                failed += status != 0;
        return failed;
}

int main(int argc, char **argv) {
        Options o = { .seed = 1, .managers = 1 };
        int r = parse(argc, argv, &o), out, failed = 0;
        if (r > 0)
                return r;
        out = open(o.out, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
        if (out < 0)
                die(o.out);
        printf("truth: seed %ld, %ld cases by %ld managers\n", o.seed, o.count, o.managers);
        fflush(stdout);
        tell_counter(out, "begin");
        if (o.premade)
                premade_run(&o, out);
        else
                failed = managers_run(&o, out);
        if (o.sysrq > 0 || o.host > 0) {
                Manager m;
                manager_begin(&m, &o, out, (int) o.managers);
                for (long i = 0; i < o.sysrq; i++)
                        case_sysrq(&m);
                for (long i = 0; i < o.host; i++)
                        case_host(&m);
        }
        tell_counter(out, "end");
        if (failed > 0)
                fprintf(stderr, "truth: %d managers failed\n", failed);
        return failed > 0;
}
