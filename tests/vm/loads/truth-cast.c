/* The processes of truth: what they play, when they were born, how they ended. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "truth.h"

enum { PAGE = 4096, STACK = 64 * 1024 };

uint64_t boot_usec(void) {
        struct timespec ts;
        clock_gettime(CLOCK_BOOTTIME, &ts);
        return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}

/* ---- roles: they run in the child, and never come back */

static void take(long bytes) {
        for (long done = 0; bytes < 0 || done < bytes; done += 16 * PAGE) {
                char *p = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                if (p == MAP_FAILED)
                        _exit(3);
                for (long at = 0; at < 16 * PAGE; at += PAGE)
                        p[at] = (char) (at >> 12 | 1);
        }
}

static _Noreturn void stay(void) {
        for (;;)
                pause();
}

static void say_full(Stage *stage) {
        int at = __sync_fetch_and_add(&stage->n_full, 1);
        if (at < ACTORS_MAX)
                stage->full[at] = getpid();
}

void role_hog(Manager *m, const Role *role) {
        (void) m, (void) role;
        take(-1);
}

void role_fill(Manager *m, const Role *role) {
        take(role->bytes);
        say_full(m->stage);
        stay();
}

void role_sleep(Manager *m, const Role *role) {
        (void) role;
        say_full(m->stage);
        stay();
}

/* Fills a little, waits to be moved elsewhere, and goes on. */
void role_gated(Manager *m, const Role *role) {
        take(role->bytes);
        say_full(m->stage);
        while (!m->stage->go)
                usleep(300);
        take(-1);
}

void role_racer(Manager *m, const Role *role) {
        (void) m;
        take(role->bytes);
        _exit(7);
}

static int run_hog(void *arg) {
        (void) arg;
        usleep(1000);
        take(-1);
        return 0;
}

static char *new_stack(void) {
        char *p = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
        return p == MAP_FAILED ? NULL : p + STACK;
}

/* The leader ends, another thread lives on and takes the memory: the kernel then names a thread. */
void role_leaderless(Manager *m, const Role *role) {
        (void) m, (void) role;
        char *stack = new_stack();
        if (!stack || clone(run_hog, stack, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, NULL) < 0)
                _exit(4);
        syscall(SYS_exit, 0);
}

typedef struct Sharer {
        Stage *stage;
        const Group *other;
} Sharer;

static int run_sharer(void *arg) {
        const Sharer *s = arg;
        if (s->other && file_write(s->other->fd, "cgroup.procs", "0") < 0)
                _exit(5);
        s->stage->moved = 1;
        stay();
}

/* A second process with the same mm, perhaps in another cgroup. The first one owns the mm: it is charged. */
void role_sharer(Manager *m, const Role *role) {
        Sharer s = { .stage = m->stage, .other = role->other };
        char *stack = new_stack();
        m->stage->other = stack ? clone(run_sharer, stack, CLONE_VM | CLONE_PARENT | SIGCHLD, &s) : -1;
        while (!m->stage->moved)
                usleep(200);
        take(-1);
}

/* Twice as many with each generation; each asks for its share at once. */
void role_forkbomb(Manager *m, const Role *role) {
        for (int generation = role->count; generation > 0; generation--)
                (void) fork();
        take(role->bytes);
        say_full(m->stage);
        stay();
}

void role_bomb(Manager *m, const Role *role) {
        for (int i = 0; i < role->count; i++)
                if (fork() == 0) {
                        take(role->bytes);
                        say_full(m->stage);
                        stay();
                }
        say_full(m->stage);
        stay();
}

/* ---- birth and death */

/* The comm may hold anything, so the fields are counted from its last parenthesis. */
static uint64_t start_ticks(pid_t pid) {
        char path[64], text[1024];
        snprintf(path, sizeof(path), "/proc/%d/stat", pid);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
        if (fd >= 0)
                close(fd);
        if (n <= 0)
                return 0;
        text[n] = 0;
        char *at = strrchr(text, ')');
        for (int field = 2; at && field < 22; field++)
                at = strchr(at + 1, ' ');
        return at ? strtoull(at, NULL, 10) : 0;
}

Actor *cast_known(Case *c, pid_t pid, const Group *where, uint64_t born_usec) {
        if (c->n_actors == ACTORS_MAX)
                die("too many actors");
        Actor *a = &c->actors[c->n_actors++];
        *a = (Actor) { .pid = pid, .where = where, .born_usec = born_usec, .start_ticks = start_ticks(pid) };
        return a;
}

Actor *cast(Manager *m, Case *c, const Group *where, const Role *role) {
        struct clone_args args = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = (uint64_t) where->fd };
        uint64_t born = boot_usec();
        pid_t pid = (pid_t) syscall(SYS_clone3, &args, sizeof(args));
        if (pid < 0)
                die("clone3");
        if (pid == 0) {
                char adj[16];
                snprintf(adj, sizeof(adj), "%d", role->adj);
                file_write(AT_FDCWD, "/proc/self/oom_score_adj", adj);
                signal(SIGALRM, SIG_DFL);
                if (role->comm)
                        prctl(PR_SET_NAME, role->comm);
                role->play(m, role);
                _exit(6);
        }
        return cast_known(c, pid, where, born);
}

static void take_death(Case *c, const siginfo_t *dead, const Group *of_strangers) {
        Actor *a = NULL;
        for (int i = 0; i < c->n_actors; i++)
                if (c->actors[i].pid == dead->si_pid && !c->actors[i].reaped)
                        a = &c->actors[i];
        if (!a)
                a = cast_known(c, dead->si_pid, of_strangers, 0);
        if (a->start_ticks == 0)
                a->start_ticks = start_ticks(a->pid);
        if (waitpid(a->pid, &a->status, 0) != a->pid)
                die("waitpid");
        a->reaped_usec = boot_usec();
        a->reaped = true;
}

void reap(Manager *m, Case *c, pid_t pid) {
        siginfo_t dead = { 0 };
        (void) m;
        while (waitid(P_PID, (id_t) pid, &dead, WEXITED | WNOWAIT) < 0)
                if (errno != EINTR)
                        die("waitid");
        take_death(c, &dead, NULL);
}

/* Whoever is dead by now; of_strangers is the cgroup of those that actors made themselves. True: somebody was. */
bool reap_ready(Manager *m, Case *c, const Group *of_strangers) {
        bool any = false;
        (void) m;
        for (;;) {
                siginfo_t dead = { 0 };
                if (waitid(P_ALL, 0, &dead, WEXITED | WNOWAIT | WNOHANG) < 0 || dead.si_pid == 0)
                        return any;
                take_death(c, &dead, of_strangers);
                any = true;
        }
}

void reap_all(Manager *m, Case *c, const Group *of_strangers) {
        siginfo_t dead = { 0 };
        (void) m;
        while (waitid(P_ALL, 0, &dead, WEXITED | WNOWAIT) == 0)
                take_death(c, &dead, of_strangers);
}

/* ---- the truth file: one JSON object a line; paths as hexadecimal digits, since they hold anything */

static void hex(FILE *f, const char *key, const Group *g) {
        if (!g) {
                fprintf(f, ",\"%s\":null,\"%s_path\":null", key, key);
                return;
        }
        fprintf(f, ",\"%s\":%llu,\"%s_path\":\"", key, (unsigned long long) g->id, key);
        for (const char *p = g->path; *p; p++)
                fprintf(f, "%02x", (unsigned char) *p);
        fputc('"', f);
}

static void tell_actor(Manager *m, const Case *c, const Actor *a) {
        char *text = NULL;
        size_t size = 0;
        FILE *f = open_memstream(&text, &size);
        bool killed = WIFSIGNALED(a->status) && WTERMSIG(a->status) == SIGKILL;
        fprintf(f, "{\"case\":\"%d.%ld\",\"kind\":\"%s\",\"fate\":\"%s\",\"pid\":%d,\"start_ticks\":%llu,\"born_usec\":%llu,\"reaped_usec\":%llu",
                m->index, m->n, c->kind, killed ? "oom" : a->may_die ? "maybe" : "spared", a->pid, (unsigned long long) a->start_ticks,
                (unsigned long long) a->born_usec, (unsigned long long) a->reaped_usec);
        fprintf(f, ",\"scope\":\"%s\",\"killer\":\"%s\",\"selection\":\"%s\",\"group\":%s", c->scope, c->killer, c->selection,
                c->kill_group ? "true" : "false");
        hex(f, "cgroup", a->where);
        hex(f, "limit", c->limit);
        hex(f, "kill_cgroup", c->kill_group);
        fputs("}\n", f);
        fclose(f);
        if (write(m->out, text, size) != (ssize_t) size)
                die("the truth file");
        free(text);
}

void tell(Manager *m, const Case *c) {
        for (int i = 0; i < c->n_actors; i++)
                tell_actor(m, c, &c->actors[i]);
}

void tell_counter(int out, const char *what) {
        char line[256];
        unsigned long long value = 0;
        FILE *f = fopen("/proc/vmstat", "r");
        while (f && fgets(line, sizeof(line), f))
                if (sscanf(line, "oom_kill %llu", &value) == 1)
                        break;
        if (f)
                fclose(f);
        int n = snprintf(line, sizeof(line), "{\"mark\":\"%s\",\"boottime_usec\":%llu,\"oom_kill\":%llu}\n", what, (unsigned long long) boot_usec(), value);
        if (write(out, line, (size_t) n) != n)
                die("the truth file");
}
