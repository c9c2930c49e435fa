#include "supervisor/ctl/populace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/base/array.h"
#include "supervisor/base/fd.h"
#include "supervisor/ctl/subtree.h"
#include "supervisor/host/proc.h"
#include "supervisor/text/kernfile.h"

void populace_clear(Populace *p) {
        for (size_t i = 0; i < p->n_cgroups; i++)
                free(p->cgroups[i].path);
        free(p->cgroups);
        free(p->processes);
        *p = (Populace) POPULACE_INIT;
}

/* ---- one process ---- */

static int64_t known(int64_t bytes) {
        return bytes > 0 ? bytes : 0;
}

static int64_t score(int32_t pid) {
        char text[32];
        int64_t value;
        ssize_t n = proc_read(pid, "oom_score", text, sizeof(text));

        return n > 0 && kernfile_number(text, (size_t) n, &value) == 0 ? value : -1;
}

/* Returns 0 for those that have no memory of their own: kernel threads, the dead. */
static int process_look(int32_t pid, int64_t page_size, PopulaceProcess *ret) {
        PopulaceProcess p = { .pid = pid };
        ProcStat stat;

        if (proc_holder(pid, &p.status) < 0 || p.status.kernel_thread || proc_adj(pid, &p.adj) < 0 || proc_stat(pid, &stat) < 0)
                return 0;
        memcpy(p.comm, stat.comm, sizeof(p.comm));
        p.oom_score = score(pid);
        p.order = stat.start_ticks;
        p.pages = (known(p.status.anon_bytes) + known(p.status.file_bytes) + known(p.status.shmem_bytes) +
                   known(p.status.swap_bytes) + known(p.status.page_table_bytes)) / page_size;
        *ret = p;
        return 1;
}

/* ---- all of a domain ---- */

typedef struct Reading {
        Populace *populace;
        const Cgroupfs *fs;
} Reading;

static int process_add(Populace *p, int32_t pid, size_t cgroup) {
        PopulaceProcess found, *more;

        if (process_look(pid, p->page_size, &found) == 0)
                return 0;
        more = array_grow(p->processes, p->n, &p->size, sizeof(*more));
        if (!more)
                return -ENOMEM;
        p->processes = more;
        found.cgroup = cgroup;
        /* A limit's processes are gone through cgroup by cgroup, the host's by their age. */
        if (!p->host)
                found.order = p->n;
        p->processes[p->n++] = found;
        return 0;
}

static int processes_read(Populace *p, int dirfd, size_t cgroup) {
        _cleanup_close_ int fd = cgroupfs_open_file(dirfd, "cgroup.procs", O_RDONLY);
        FILE *file = fd < 0 ? NULL : fdopen(fd, "re");
        char line[32];
        int r = 0;

        if (!file)
                return 0;
        fd = -1;
        while (r == 0 && fgets(line, sizeof(line), file)) {
                int32_t pid = (int32_t) strtol(line, NULL, 10);

                if (pid > 0)    /* 0: outside our pid namespace */
                        r = process_add(p, pid, cgroup);
        }
        (void) fclose(file);
        return r;
}

static int cgroup_take(void *userdata, int dirfd, const char *path, uint64_t id, size_t parent, size_t *ret_index) {
        Populace *p = ((Reading *) userdata)->populace;
        PopulaceCgroup *more = array_grow(p->cgroups, p->n_cgroups, &p->cgroups_size, sizeof(*more));
        int64_t group;

        if (!more)
                return -ENOMEM;
        p->cgroups = more;
        *ret_index = p->n_cgroups;
        p->cgroups[p->n_cgroups] = (PopulaceCgroup) {
                .path = strdup(path), .id = id, .parent = p->n_cgroups ? parent : 0,
                .oom_group = cgroupfs_read_number(dirfd, "memory.oom.group", &group) == 0 && group != 0,
        };
        if (!p->cgroups[p->n_cgroups].path)
                return -ENOMEM;
        p->n_cgroups++;
        return processes_read(p, dirfd, *ret_index);
}

/* ---- whose limit ---- */

static int64_t number(int dirfd, const char *file) {
        int64_t value;

        return cgroupfs_read_number(dirfd, file, &value) < 0 ? LIMIT_UNKNOWN : value;
}

static void meminfo_read(MemInfo *ret) {
        char text[4096];
        _cleanup_close_ int fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text));

        meminfo_parse(ret, text, n < 0 ? 0 : (size_t) n);
}

static bool no_swap(void) {
        char text[16] = "";
        _cleanup_close_ int fd = open("/proc/sys/vm/swappiness", O_RDONLY | O_CLOEXEC);

        return fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && strtol(text, NULL, 10) == 0;
}

/* Bytes that may still be charged before nothing is left to reclaim; INT64_MAX without a limit. */
static int64_t headroom(int dirfd, const MemInfo *host) {
        char text[16384];
        MemoryStat stat;
        int64_t max = number(dirfd, "memory.max"), swap_max = number(dirfd, "memory.swap.max"), swap = number(dirfd, "memory.swap.current");
        int64_t used = number(dirfd, "memory.current"), spare = 0;
        ssize_t n = cgroupfs_read(dirfd, "memory.stat", text, sizeof(text));

        if (max < 0 || max == LIMIT_MAX)
                return INT64_MAX;
        memory_stat_parse(&stat, text, n < 0 ? 0 : (size_t) n);
        if (memory_stat_unreclaimable(&stat) >= 0)
                used = memory_stat_unreclaimable(&stat);
        if (swap_max > 0 && known(host->swap_free) > 0) {
                spare = swap_max == LIMIT_MAX ? host->swap_free : swap_max - known(swap);
                spare = spare < host->swap_free ? spare : host->swap_free;
        }
        return max + known(spare) - known(used);
}

/* The cgroup at or above @path with the least headroom; "/" where the host has less. Returns its directory, or -errno. */
static int domain_open(const Cgroupfs *fs, const char *path, const MemInfo *host, char *ret, size_t size) {
        int64_t least = host->available >= 0 ? host->available + known(host->swap_free) : INT64_MAX;
        char name[4096];
        size_t n = strlen(path);

        if (n >= sizeof(name) || n >= size)
                return -ENAMETOOLONG;
        memcpy(name, path, n + 1);
        (void) snprintf(ret, size, "/");
        while (n > 1) {
                _cleanup_close_ int fd = cgroupfs_open_path(fs, name);
                int64_t room;

                if (fd < 0)
                        return fd;
                room = headroom(fd, host);
                if (room < least) {
                        least = room;
                        (void) snprintf(ret, size, "%s", name);
                }
                while (n > 1 && name[n - 1] != '/')
                        n--;
                name[--n] = '\0';
        }
        return cgroupfs_open_path(fs, ret);
}

int populace_read(Populace *ret, const Cgroupfs *fs, const char *path) {
        long cpus = sysconf(_SC_NPROCESSORS_ONLN);
        Populace p = { .limit_bytes = LIMIT_UNKNOWN, .current_bytes = LIMIT_UNKNOWN, .page_size = sysconf(_SC_PAGESIZE),
                       .cpus = cpus > 0 ? (unsigned) cpus : 1 };
        Reading reading = { .populace = &p, .fs = fs };
        PredictDomain domain = { .max_bytes = LIMIT_UNKNOWN, .swap_max_bytes = LIMIT_UNKNOWN, .page_size = p.page_size, .no_swap = no_swap() };
        char name[4096];
        MemInfo host;
        int r;

        meminfo_read(&host);
        _cleanup_close_ int dirfd = domain_open(fs, path, &host, name, sizeof(name));
        if (dirfd < 0)
                return dirfd;
        p.host = strcmp(name, "/") == 0;
        if (!p.host) {
                p.limit_bytes = domain.max_bytes = number(dirfd, "memory.max");
                p.current_bytes = number(dirfd, "memory.current");
                domain.swap_max_bytes = number(dirfd, "memory.swap.max");
        }
        domain.ram_bytes = host.total;
        domain.swap_bytes = host.swap_total;
        p.total_pages = predict_total_pages(&domain);
        r = subtree_walk(dirfd, name, cgroup_take, &reading);
        if (r < 0) {
                populace_clear(&p);
                return r;
        }
        *ret = p;
        return 0;
}

/* ---- by name ---- */

typedef struct Search {
        const char *word;
        uint64_t id;                    /* 0: by @word */
        char **found;
        int n;
} Search;

static int name_take(void *userdata, int dirfd, const char *path, uint64_t id, size_t parent, size_t *ret_index) {
        const char *last = strrchr(path, '/');
        Search *s = userdata;

        (void) dirfd, (void) parent;
        *ret_index = 0;
        if (s->id ? s->id == id : last && subtree_named(last + 1, s->word)) {
                if (s->n < POPULACE_NAMES_MAX && !(s->found[s->n] = strdup(path)))
                        return -ENOMEM;
                s->n++;
        }
        return 0;
}

static int one(const char *path, char **ret) {
        *ret = strdup(path);
        return *ret ? 1 : -ENOMEM;
}

/* Digits only, and so few that they are an id. */
static bool number_word(const char *word, size_t most) {
        return *word && strlen(word) <= most && strspn(word, "0123456789") == strlen(word);
}

static int find_pid(const char *word, char **ret) {
        char path[4096];
        bool deleted = false;
        int32_t pid = proc_pid_parse(word);
        int r = pid > 0 ? proc_cgroup(pid, path, sizeof(path), &deleted) : -ESRCH;

        return r == -ESRCH || r == -ENOENT || deleted ? 0 : r < 0 ? r : one(path, ret);
}

/* Handles are root's; anybody may look for it. */
static int find_id(const Cgroupfs *fs, const char *word, char **ret) {
        Search s = { .id = number_word(word, 19) ? strtoull(word, NULL, 10) : 0, .found = ret };
        int r = s.id ? subtree_walk(fs->root_fd, "/", name_take, &s) : 0;

        return r < 0 ? r : s.n;
}

int populace_find(const Cgroupfs *fs, const char *word, char *ret[static POPULACE_NAMES_MAX]) {
        Search s = { .word = word, .found = ret };
        size_t n = strlen(word);
        int r;

        if (strncmp(word, "pid:", 4) == 0)
                return find_pid(word + 4, ret);
        if (strncmp(word, "id:", 3) == 0)
                return find_id(fs, word + 3, ret);
        if (*word == '/') {
                while (n > 1 && word[n - 1] == '/')
                        n--;
                ret[0] = strndup(word, n);
                if (!ret[0])
                        return -ENOMEM;
                _cleanup_close_ int fd = cgroupfs_open_path(fs, ret[0]);
                if (fd >= 0)
                        return 1;
                free(ret[0]);
                ret[0] = NULL;
                return fd == -EACCES ? fd : 0;
        }
        r = subtree_walk(fs->root_fd, "/", name_take, &s);
        return r < 0 ? r : s.n;
}
