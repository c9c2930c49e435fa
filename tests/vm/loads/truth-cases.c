/* The cases of truth. Each makes its cgroups, lets its cast play, writes who died of what, and removes all of it at once. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "truth.h"

/* splitmix64 */
uint64_t random_below(Manager *m, uint64_t n) {
        uint64_t z = m->random += 0x9e3779b97f4a7c15;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        return (z ^ z >> 31) % n;
}

static const Role hog = { .play = role_hog }, sleeper = { .play = role_sleep };

static void name_of(const Manager *m, char name[256], const char *kind) {
        snprintf(name, 256, "%s-%d-%ld", kind, m->index, m->n);
}

static void limit_to(const Group *g, const char *max) {
        group_set(g, "memory.max", max);
        file_write(g->fd, "memory.swap.max", "0");
}

/* A line of cgroups, each in the one before, all with the memory controller. */
static void line_make(const Manager *m, Group *line, int levels, const char *kind, bool long_names) {
        for (int i = 0; i < levels; i++) {
                const Group *parent = i > 0 ? &line[i - 1] : &m->top;
                char name[256];
                if (i == 0)
                        name_of(m, name, kind);
                else
                        snprintf(name, sizeof(name), "l%d", i);
                if (long_names) {
                        size_t n = strlen(name);
                        memset(name + n, 'a' + i, 255 - n);
                        name[255] = 0;
                }
                if (i > 0)
                        group_set(parent, "cgroup.subtree_control", "+memory");
                group_make(&line[i], parent, name);
        }
}

static void line_remove(Group *line, int levels) {
        for (int i = levels - 1; i >= 0; i--)
                group_remove(&line[i]);
}

static void wait_full(Manager *m, int n) {
        while (m->stage->n_full < n)
                usleep(300);
}

static void end(Case *c, const Actor *a) {
        if (!a->reaped)
                kill(a->pid, SIGTERM);
        (void) c;
}

/* ---- one process, its own limit */

static void play_own(Manager *m, Case *c) {
        Group g;
        line_make(m, &g, 1, "own", false);
        limit_to(&g, "1M");
        c->limit = &g;
        reap(m, c, cast(m, c, &g, &hog)->pid);
        group_remove(&g);
}

/* One name for one cgroup after the other. */
static void play_same(Manager *m, Case *c) {
        char name[256];
        snprintf(name, sizeof(name), "again-%d", m->index);
        for (int i = 0; i < 2; i++) {
                Group g;
                c->n_actors = 0;
                group_make(&g, &m->top, name);
                limit_to(&g, "1M");
                c->limit = &g;
                reap(m, c, cast(m, c, &g, &hog)->pid);
                group_remove(&g);
                if (i == 0)
                        tell(m, c);
        }
}

static void play_line(Manager *m, Case *c, int levels, int limit, bool long_names) {
        Group line[LEVELS_MAX];
        line_make(m, line, levels, c->kind, long_names);
        limit_to(&line[limit], "1M");
        c->limit = &line[limit];
        c->scope = limit == levels - 1 ? "self" : "ancestor";
        reap(m, c, cast(m, c, &line[levels - 1], &hog)->pid);
        line_remove(line, levels);
}

static void play_ancestor(Manager *m, Case *c) {
        int levels = 2 + (int) random_below(m, 10);
        play_line(m, c, levels, (int) random_below(m, (uint64_t) levels - 1), false);
}

static void play_deep(Manager *m, Case *c) {
        play_line(m, c, 10, (int) random_below(m, 10), true);
}

/* ---- memory.oom.group: a sleeper outside of it lives on */

static void play_group_line(Manager *m, Case *c, int levels, int flagged) {
        Group line[LEVELS_MAX], beside;
        int sleepers = 1 + (int) random_below(m, 5);
        const Actor *outside, *chosen;
        line_make(m, line, levels, c->kind, false);
        limit_to(&line[0], "4M");
        group_set(&line[flagged], "memory.oom.group", "1");
        group_make(&beside, &m->top, "beside");
        for (int i = 0; i < sleepers; i++)
                cast(m, c, &line[levels - 1], &sleeper);
        outside = cast(m, c, &beside, &sleeper);
        wait_full(m, sleepers + 1);
        c->limit = &line[0];
        c->kill_group = &line[flagged];
        c->scope = levels == 1 ? "self" : "ancestor";
        chosen = cast(m, c, &line[levels - 1], &hog);
        reap(m, c, chosen->pid);
        for (int i = 0; i < sleepers; i++)
                reap(m, c, c->actors[i].pid);
        end(c, outside);
        reap_all(m, c, NULL);
        group_remove(&beside);
        line_remove(line, levels);
}

static void play_group(Manager *m, Case *c) {
        play_group_line(m, c, 1, 0);
}

static void play_group_above(Manager *m, Case *c) {
        int levels = 2 + (int) random_below(m, 4);
        play_group_line(m, c, levels, (int) random_below(m, (uint64_t) levels));
}

/* ---- threads, shared mm, bombs, races */

static void play_leaderless(Manager *m, Case *c) {
        Role role = { .play = role_leaderless };
        Group g;
        line_make(m, &g, 1, "leaderless", false);
        limit_to(&g, "1M");
        c->limit = &g;
        reap(m, c, cast(m, c, &g, &role)->pid);
        group_remove(&g);
}

static void play_shared(Manager *m, Case *c) {
        Group line[2], beside;
        bool apart = random_below(m, 4) > 0;
        Role role = { .play = role_sharer, .other = apart ? &beside : NULL };
        line_make(m, line, 1, "shared", false);
        limit_to(&line[0], "1M");
        group_make(&beside, &m->top, "beside");
        c->limit = &line[0];
        cast(m, c, &line[0], &role);
        reap_all(m, c, apart ? &beside : &line[0]);
        group_remove(&beside);
        group_remove(&line[0]);
}

static bool bomb_over(Manager *m, const Group *g) {
        int fd = openat(g->fd, "cgroup.procs", O_RDONLY | O_CLOEXEC), pid;
        FILE *f = fdopen(fd, "r");
        bool over = true;
        while (f && fscanf(f, "%d", &pid) == 1) {
                bool full = false;
                for (int i = 0; i < m->stage->n_full && i < ACTORS_MAX; i++)
                        full = full || m->stage->full[i] == pid;
                over = over && full;
        }
        if (f)
                fclose(f);
        return over;
}

static void end_all(const Group *g) {
        int fd = openat(g->fd, "cgroup.procs", O_RDONLY | O_CLOEXEC), pid;
        FILE *f = fdopen(fd, "r");
        while (f && fscanf(f, "%d", &pid) == 1)
                kill(pid, SIGTERM);
        if (f)
                fclose(f);
}

/* More children than fit: the kernel kills one after the other, until the rest has room. */
static void bomb_play(Manager *m, Case *c, const Role *role) {
        Group g;
        line_make(m, &g, 1, c->kind, false);
        limit_to(&g, "2M");
        c->limit = &g;
        cast(m, c, &g, role);
        while (!bomb_over(m, &g)) {
                reap_ready(m, c, &g);
                usleep(1000);
        }
        end_all(&g);
        reap_all(m, c, &g);
        group_remove(&g);
}

static void play_bomb(Manager *m, Case *c) {
        Role role = { .play = role_bomb, .bytes = 600 * 1024, .count = 4 + (int) random_below(m, 8) };
        bomb_play(m, c, &role);
}

static void play_forkbomb(Manager *m, Case *c) {
        Role role = { .play = role_forkbomb, .bytes = 200 * 1024, .count = 3 + (int) random_below(m, 3) };
        bomb_play(m, c, &role);
}

/* Its swap fills first, where the host has any: then the limit is what it is without. */
static void play_swap(Manager *m, Case *c) {
        Group g;
        line_make(m, &g, 1, "swap", false);
        group_set(&g, "memory.max", "1M");
        file_write(g.fd, "memory.swap.max", "1M");
        c->limit = &g;
        reap(m, c, cast(m, c, &g, &hog)->pid);
        group_remove(&g);
}

static void play_race(Manager *m, Case *c) {
        Role role = { .play = role_racer, .bytes = 640 * 1024 + (long) random_below(m, 512) * 1024 };
        Group g;
        line_make(m, &g, 1, "race", false);
        limit_to(&g, "1M");
        c->limit = &g;
        Actor *a = cast(m, c, &g, &role);
        a->may_die = true;
        reap(m, c, a->pid);
        group_remove(&g);
}

static void play_moved(Manager *m, Case *c) {
        Role role = { .play = role_gated, .bytes = 512 * 1024 };
        Group from, to;
        char pid[16], name[256];
        line_make(m, &from, 1, "moved", false);
        name_of(m, name, "to");
        group_make(&to, &m->top, name);
        limit_to(&to, "1M");
        Actor *a = cast(m, c, &from, &role);
        wait_full(m, 1);
        snprintf(pid, sizeof(pid), "%d", a->pid);
        group_set(&to, "cgroup.procs", pid);
        m->stage->go = 1;
        a->where = &to;
        c->limit = &to;
        reap(m, c, a->pid);
        group_remove(&from);
        group_remove(&to);
}

/* The limit is written below what cannot be reclaimed: the writer kills. */
static void play_write(Manager *m, Case *c) {
        Role role = { .play = role_fill, .bytes = 6 << 20 };
        Group g;
        line_make(m, &g, 1, "write", false);
        limit_to(&g, "16M");
        c->limit = &g;
        c->selection = "limit_write";
        Actor *a = cast(m, c, &g, &role);
        wait_full(m, 1);
        group_set(&g, "memory.max", "2M");
        reap(m, c, a->pid);
        group_remove(&g);
}

/* Nobody may be killed, so nobody is; the kernel says so in its log as often as it can. */
static void play_unkillable(Manager *m, Case *c) {
        Role role = { .play = role_hog, .adj = -1000 };
        Group g;
        line_make(m, &g, 1, "unkillable", false);
        limit_to(&g, "1M");
        Actor *a = cast(m, c, &g, &role);
        usleep(30000);
        end(c, a);
        reap(m, c, a->pid);
        group_remove(&g);
}

static const char *const hostile_names[] = {
        "a b", "x,task_memcg=_evil,task=init,pid=1,uid=0", "q\" msg=\"Out of memory", "(fault)", "tab\there", "bell\a", "back\\slash\\x41",
        "\xff\xfe", "\xc2\x9b" "31m", "\xe2\x80\xae" "lived", "%s%n", "-rf", ",oom_memcg=,", "'\"`$(reboot)", " ", "{\"path\":1}", "a (deleted)",
};
static const char *const hostile_comms[] = {
        "x,pid=1,uid=0", "a) total-vm:1k", "n\nl", "\x1b[31m", "\\x41", "(x)", ") total-vm:9", "\xff\xfe", "a b", ",task=x",
};
#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static void play_hostile(Manager *m, Case *c) {
        Role role = { .play = role_hog, .comm = hostile_comms[random_below(m, COUNT(hostile_comms))] };
        Group above, g;
        line_make(m, &above, 1, "hostile", false);
        group_set(&above, "cgroup.subtree_control", "+memory");
        group_make(&g, &above, hostile_names[random_below(m, COUNT(hostile_names))]);
        bool self = random_below(m, 2);
        c->limit = self ? &g : &above;
        c->scope = self ? "self" : "ancestor";
        limit_to(c->limit, "1M");
        reap(m, c, cast(m, c, &g, &role)->pid);
        group_remove(&g);
        group_remove(&above);
}

static const struct {
        const char *kind;
        void (*play)(Manager *m, Case *c);
        unsigned weight;
} cases[] = {
        { "own", play_own, 20 },       { "same", play_same, 4 },             { "ancestor", play_ancestor, 20 },
        { "deep", play_deep, 5 },      { "group", play_group, 8 },           { "group_above", play_group_above, 8 },
        { "shared", play_shared, 8 },  { "leaderless", play_leaderless, 8 }, { "bomb", play_bomb, 3 },
        { "race", play_race, 8 },      { "moved", play_moved, 8 },           { "write", play_write, 6 },
        { "hostile", play_hostile, 10 }, { "unkillable", play_unkillable, 1 }, { "forkbomb", play_forkbomb, 0 },
        { "swap", play_swap, 0 },
};

/* Is @kind one of the words in "a,b,c"? */
static bool among(const char *kind, const char *kinds) {
        size_t n = strlen(kind);
        for (const char *p = kinds; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
                if (strncmp(p, kind, n) == 0 && (p[n] == 0 || p[n] == ','))
                        return true;
        return false;
}

/* Those of weight 0 are played where they are asked for. */
static unsigned weight_of(size_t i, const char *kinds) {
        if (!kinds)
                return cases[i].weight;
        return !among(cases[i].kind, kinds) ? 0 : cases[i].weight ? cases[i].weight : 4;
}

bool case_known(const char *kinds) {
        for (size_t i = 0; i < COUNT(cases); i++)
                if (among(cases[i].kind, kinds))
                        return true;
        return false;
}

void case_play(Manager *m, const char *kinds) {
        static Case c;
        unsigned total = 0, at;
        size_t i = 0;
        for (size_t k = 0; k < COUNT(cases); k++)
                total += weight_of(k, kinds);
        at = (unsigned) random_below(m, total);
        while (at >= weight_of(i, kinds))
                at -= weight_of(i++, kinds);
        memset(m->stage, 0, sizeof(*m->stage));
        c = (Case) { .kind = cases[i].kind, .scope = "self", .killer = "kernel", .selection = "badness" };
        m->n++;
        alarm(240);
        cases[i].play(m, &c);
        alarm(0);
        tell(m, &c);
}

/* Nobody else plays meanwhile: the kernel takes the largest of the host. */
static void case_of_host(Manager *m, Case known, const Role *role, bool ask) {
        static Case c;
        Group g;
        memset(m->stage, 0, sizeof(*m->stage));
        c = known;
        m->n++;
        alarm(240);
        line_make(m, &g, 1, c.kind, false);
        Actor *a = cast(m, &c, &g, role);
        if (ask) {
                wait_full(m, 1);
                file_write(AT_FDCWD, "/proc/sysrq-trigger", "f");
        }
        reap(m, &c, a->pid);
        group_remove(&g);
        alarm(0);
        tell(m, &c);
}

void case_sysrq(Manager *m) {
        Role role = { .play = role_fill, .bytes = 24 << 20, .adj = 1000 };
        case_of_host(m, (Case) { .kind = "sysrq", .scope = "host", .killer = "sysrq", .selection = "sysrq" }, &role, true);
}

void case_host(Manager *m) {
        Role role = { .play = role_hog, .adj = 1000 };
        case_of_host(m, (Case) { .kind = "host", .scope = "host", .killer = "kernel", .selection = "badness" }, &role, false);
}
