/* truth: what its files share. A cast of processes plays one case in its own cgroups; who died, where and by whose limit
 * is known by construction, and by wait(2). */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { PATH_SIZE = 4096, ACTORS_MAX = 96, LEVELS_MAX = 12 };

/* A cgroup that this program made. */
typedef struct Group {
        int fd, parent_fd;
        uint64_t id;
        char name[256];
        char path[PATH_SIZE];           /* from the cgroup root on */
} Group;

typedef struct Actor {
        pid_t pid;
        const Group *where;
        uint64_t start_ticks;           /* field 22 of /proc/PID/stat */
        uint64_t born_usec, reaped_usec;        /* CLOCK_BOOTTIME */
        int status;
        bool reaped, may_die;           /* may_die: an exit raced with the kill: a record is right, none is right too */
} Actor;

/* One case: who plays, and what the OOM killer shall be seen to do to them. */
typedef struct Case {
        const char *kind, *scope, *killer, *selection;
        const Group *limit, *kill_group;        /* NULL: none */
        Actor actors[ACTORS_MAX];
        int n_actors;
} Case;

/* What manager and actors tell each other, in memory they share. */
typedef struct Stage {
        volatile int full[ACTORS_MAX];  /* pids that have taken all they want */
        volatile int n_full;
        volatile int go, moved;
        volatile pid_t other;
} Stage;

typedef struct Manager {
        Group top;
        int index, out;
        long n;                         /* cases played */
        uint64_t random;
        Stage *stage;
} Manager;

typedef struct Role {
        void (*play)(Manager *m, const struct Role *role);
        long bytes;
        int count;
        const Group *other;
        const char *comm;
        int adj;
} Role;

/* truth-cgroup.c */
int file_write(int dir, const char *file, const char *text);
void group_make(Group *g, const Group *parent, const char *name);
void group_set(const Group *g, const char *file, const char *text);
bool group_has(const Group *g, pid_t pid);
void group_remove(const Group *g);
_Noreturn void die(const char *what);

/* truth-cast.c */
uint64_t boot_usec(void);
Actor *cast(Manager *m, Case *c, const Group *where, const Role *role);
Actor *cast_known(Case *c, pid_t pid, const Group *where, uint64_t born_usec);
void reap(Manager *m, Case *c, pid_t pid);
void reap_all(Manager *m, Case *c, const Group *of_strangers);
bool reap_ready(Manager *m, Case *c, const Group *of_strangers);
void tell(Manager *m, const Case *c);
void tell_counter(int out, const char *what);
void role_hog(Manager *m, const Role *role);
void role_fill(Manager *m, const Role *role);
void role_sleep(Manager *m, const Role *role);
void role_leaderless(Manager *m, const Role *role);
void role_sharer(Manager *m, const Role *role);
void role_bomb(Manager *m, const Role *role);
void role_forkbomb(Manager *m, const Role *role);
void role_racer(Manager *m, const Role *role);
void role_gated(Manager *m, const Role *role);

/* truth-cases.c */
uint64_t random_below(Manager *m, uint64_t n);
bool case_known(const char *kind);
void case_play(Manager *m, const char *kinds);
void case_sysrq(Manager *m);
void case_host(Manager *m);
