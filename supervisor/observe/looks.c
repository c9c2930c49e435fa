#include "supervisor/observe/looks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "policies/predict.h"
#include "supervisor/base/fd.h"
#include "supervisor/host/firstprocess.h"
#include "supervisor/host/podnames.h"
#include "supervisor/host/proc.h"
#include "supervisor/observe/facts.h"

enum { AHEAD_PROCESSES = 64, AHEAD_CHILDREN = 256 };
#define TICK UINT64_C(10000000)

/* Reads what /proc tells of @pid. Returns false where it is gone. */
static bool read_process(const Looking *l, int32_t pid, EyesProcess *ret) {
        ProcStat stat;
        ProcStatus status;
        ssize_t n;

        *ret = (EyesProcess) { .tgid = pid, .ppid = -1, .ns_pid = -1 };
        if (proc_stat(pid, &stat) < 0 || proc_status(pid, &status) < 0)
                return false;
        ret->ppid = stat.ppid;
        ret->ns_pid = status.ns_pid > 0 ? status.ns_pid : -1;   /* 0: it is reaped just now */
        ret->start_nsec = proc_start_nsec(stat.start_ticks);
        n = l->command_lines ? proc_cmdline(pid, ret->cmdline, sizeof(ret->cmdline)) : 0;
        ret->cmdline[n > 0 ? n : 0] = '\0';
        /* The first of a pid namespace of its own is what a container was started for. */
        ret->main = ret->ns_pid == 1 && pid != 1;
        return true;
}

/* Whether a victim was its cgroup's main process, as far as can be said: read ahead, a container's init, or certainly not,
 * since an older one lives. -1: not known. */
static int victim_main(const EyesVictim *v, const EyesProcess *now, const EyesProcess *before, uint64_t oldest_nsec) {
        if (now && now->main)
                return 1;
        if (before)
                return before->main;
        return v->start_nsec && !v->elsewhere && oldest_nsec && oldest_nsec + TICK <= v->start_nsec ? 0 : -1;
}

/* A victim: from /proc where it still is (a zombie has no command line), else as it was read ahead. */
static json_t *victim_json(const Looking *l, const EyesVictim *v, uint64_t oldest_nsec) {
        EyesProcess now, before;
        bool is = read_process(l, v->tgid, &now), was = ahead_get(l->ahead, v->tgid, v->start_nsec, &before);
        int is_main;
        json_t *o;

        if (is && v->start_nsec && !proc_same_start(v->start_nsec, now.start_nsec / TICK))
                is = false;     /* the pid was given to another */
        is_main = victim_main(v, is ? &now : NULL, was ? &before : NULL, oldest_nsec);
        if (!is && !was && is_main < 0)
                return NULL;
        if (!is && !was)
                now = (EyesProcess) { .ppid = -1, .ns_pid = -1 };
        else if (!is)
                now = before;
        else if (was && !now.cmdline[0])
                memcpy(now.cmdline, before.cmdline, sizeof(now.cmdline));
        o = json_object();
        json_object_set_new(o, "pid", json_integer(v->tgid));
        if (v->start_nsec)
                json_object_set_new(o, "start_usec", json_integer((json_int_t) (v->start_nsec / 1000)));
        json_object_set_new(o, "cmdline", now.cmdline[0] ? facts_text(now.cmdline, strlen(now.cmdline)) : json_null());
        json_object_set_new(o, "ppid", now.ppid < 0 ? json_null() : json_integer(now.ppid));
        json_object_set_new(o, "ns_pid", now.ns_pid < 0 ? json_null() : json_integer(now.ns_pid));
        if (is_main >= 0)
                json_object_set_new(o, "main", json_boolean(is_main));
        return o;
}

/* The invoker: where it is, and of which process it is a thread. */
static void invoker_facts(const Looking *l, const EyesRequest *r, json_t *o) {
        json_t *cgroup, *invoker;
        EyesParty p;

        if (r->invoker_tid <= 0 || !look_at_who_was(l, r->invoker_tid, r->invoked_nsec, &p))
                return;
        cgroup = p.path[0] ? json_object() : json_null();
        if (p.path[0]) {
                json_object_set_new(cgroup, "path", facts_text(p.path, strlen(p.path)));
                json_object_set_new(cgroup, "id", p.cgroup_id ? json_integer((json_int_t) p.cgroup_id) : json_null());
        }
        invoker = json_object();
        json_object_set_new(invoker, "tgid", json_integer(p.tgid));
        json_object_set_new(invoker, "cgroup", cgroup);
        json_object_set_new(o, "invoker", invoker);
}

static void finish(EyesAnswer *a, json_t *o) {
        a->text = json_dumps(o, JSON_COMPACT | JSON_ENCODE_ANY);
        if (!a->text)
                a->error = -ENOMEM;
        json_decref(o);
}

/* The limit's side of a kill: its memory, counters, pressure, contributors; and the processes of the domain. */
static int64_t total_pages(int64_t max_bytes, int64_t swap_max_bytes, const MemInfo *host) {
        PredictDomain domain = { .max_bytes = max_bytes, .swap_max_bytes = swap_max_bytes, .ram_bytes = host->total,
                                 .swap_bytes = host->swap_total, .page_size = sysconf(_SC_PAGESIZE) };

        return predict_total_pages(&domain);
}

static void limit_facts(const Looking *l, const EyesRequest *r, int fd, json_t *o, json_t *unlimited) {
        bool host = r->host && r->limit_id == 0, complete = false;
        Sample s = { .max = KERNFILE_UNKNOWN, .swap_max = KERNFILE_UNKNOWN };
        MemoryEvents events;
        MemInfo info;
        json_t *counters;

        if (!host && fd < 0)
                return;
        sample_host(&info);
        if (!host) {
                if (sample_read(fd, &s) == -ENODEV)
                        return;
                json_object_set_new(o, "limit_memory", facts_memory(&s, "limit_memory", unlimited));
                ahead_usage(l->ahead, r->limit_id, s.time_nsec, s.current);
                if (sample_events(fd, "memory.events", &events) == 0) {
                        counters = json_object();
                        json_object_set_new(counters, "after", facts_events(&events));
                        json_object_set_new(o, "counters", counters);
                }
        }
        json_object_set_new(o, "pressure", facts_pressure(host ? -1 : fd));
        json_object_set_new(o, "contributors", facts_contributors(l->fs, host ? l->fs->root_fd : fd, l->ahead));
        json_object_set_new(o, "processes", facts_processes(host ? -1 : fd, total_pages(host ? -1 : s.max, s.swap_max, &info), &complete));
        json_object_set_new(o, "processes_complete", json_boolean(complete));
}

/* Where the victim's cgroup is gone already, as that of a service whose main process died, down to the limit's. */
static void ancestors_facts(const Looking *l, int fd, int limit_fd, json_t *o, json_t *unlimited) {
        char path[4096];

        if ((fd >= 0 && cgroupfs_path(l->fs, fd, path, sizeof(path)) > 1) ||
            (limit_fd >= 0 && cgroupfs_path(l->fs, limit_fd, path, sizeof(path)) > 1))
                json_object_set_new(o, "ancestors", facts_ancestors(l->fs, path, "ancestors", unlimited));
}

void look_after_kill(const Looking *l, const EyesRequest *r, EyesAnswer *a) {
        _cleanup_close_ int fd = cgroupfs_open_sure(l->fs, r->cgroup_id, r->path), limit_fd = -1;
        json_t *o = json_object(), *victims = json_array(), *unlimited = json_array();
        uint64_t oldest_nsec = 0;
        int32_t oldest;
        struct stat st;
        Sample s;

        a->has_owner = fd >= 0 && fstat(fd, &st) == 0;
        a->owner = a->has_owner ? st.st_uid : 0;
        /* First what is going away soonest: a thread of a victim's, the dying, then their cgroup. */
        invoker_facts(l, r, o);
        if (fd >= 0 && r->n_victims > 0)
                (void) firstprocess_find(fd, &oldest, &oldest_nsec);
        for (size_t i = 0; i < r->n_victims && i < EYES_VICTIMS_MAX; i++) {
                json_t *v = victim_json(l, &r->victims[i], oldest_nsec);

                if (v)
                        json_array_append_new(victims, v);
        }
        if (r->limit_id)
                limit_fd = cgroupfs_open_sure(l->fs, r->limit_id, r->limit_path);
        if (fd >= 0 && sample_read(fd, &s) != -ENODEV)
                json_object_set_new(o, "memory", facts_memory(&s, "memory", unlimited));
        else
                a->error = -ENODEV;
        limit_facts(l, r, limit_fd, o, unlimited);
        ancestors_facts(l, fd, limit_fd, o, unlimited);
        json_object_set_new(o, "victims", victims);
        json_object_set_new(o, "unlimited", unlimited);
        finish(a, o);
}

/* Reading ahead: the processes of one cgroup, and what its children use. */
typedef struct AheadRound {
        const Looking *looking;
        int dirfd;
        size_t processes, children;
        EyesProcess oldest;
} AheadRound;

static int ahead_process(void *userdata, int32_t pid) {
        AheadRound *r = userdata;
        EyesProcess p;

        if (++r->processes > AHEAD_PROCESSES)
                return -E2BIG;
        if (!read_process(r->looking, pid, &p))
                return 0;
        ahead_put(r->looking->ahead, &p);
        if (!r->oldest.tgid || p.start_nsec < r->oldest.start_nsec)
                r->oldest = p;
        return 0;
}

static void ahead_cgroup(AheadRound *r, int fd) {
        r->oldest = (EyesProcess) { .tgid = 0 };
        (void) facts_each_pid(fd, ahead_process, r);
        if (!r->oldest.tgid)
                return;
        r->oldest.main = true;
        ahead_put(r->looking->ahead, &r->oldest);
}

static int ahead_child(void *userdata, const char *name, uint64_t id) {
        AheadRound *r = userdata;
        _cleanup_close_ int fd = openat(r->dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int64_t current;

        if (++r->children > AHEAD_CHILDREN)
                return -E2BIG;
        if (fd < 0)
                return 0;
        if (cgroupfs_read_number(fd, "memory.current", &current) == 0)
                ahead_usage(r->looking->ahead, id, clock_boottime_nsec(), current);
        if (r->processes < AHEAD_PROCESSES)
                ahead_cgroup(r, fd);
        return 0;
}

void look_ahead(const Looking *l, const EyesRequest *r, EyesAnswer *a) {
        _cleanup_close_ int fd = cgroupfs_open_sure(l->fs, r->cgroup_id, r->path);
        AheadRound round = { .looking = l, .dirfd = fd };
        int64_t current;

        if (fd < 0) {
                a->error = fd;
                return;
        }
        if (cgroupfs_read_number(fd, "memory.current", &current) == 0)
                ahead_usage(l->ahead, r->cgroup_id, clock_boottime_nsec(), current);
        ahead_cgroup(&round, fd);
        (void) cgroupfs_children(fd, ahead_child, &round);
}

void look_owner(const Looking *l, const EyesRequest *r, EyesAnswer *a) {
        _cleanup_close_ int fd = cgroupfs_open_sure(l->fs, r->cgroup_id, r->path), above = -1;
        struct stat st;
        int n;

        if (fd < 0 || fstat(fd, &st) < 0) {
                a->error = fd < 0 ? fd : -ENODEV;
                return;
        }
        a->owner = st.st_uid;
        a->has_invocation = cgroupfs_invocation(fd, a->invocation);
        (void) firstprocess_find(fd, &a->first_pid, &a->first_start_nsec);
        n = cgroupfs_path(l->fs, fd, a->path, sizeof(a->path));
        a->has_path = n > 0;
        if (n <= 1)
                return;
        podnames_label(NULL, a->path, a->label, sizeof(a->label));
        for (int i = 0; i < n; i++)
                a->level += a->path[i] == '/';
        above = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (above >= 0 && fstat(above, &st) == 0 && cgroupfs_id(above, &a->parent_id) == 0)
                a->parent_owner = st.st_uid;
}

/* Before 5.14 there is no cgroup.kill; whose cgroup.freeze is, its would be. */
void look_right(const Looking *l, const EyesRequest *r, EyesAnswer *a) {
        _cleanup_close_ int dirfd = cgroupfs_open_sure(l->fs, r->cgroup_id, r->path), fd = -1;
        struct stat st;

        if (dirfd >= 0)
                fd = cgroupfs_open_file(dirfd, "cgroup.kill", O_PATH);
        if (dirfd >= 0 && fd < 0)
                fd = cgroupfs_open_file(dirfd, "cgroup.freeze", O_PATH);
        a->error = dirfd < 0 ? dirfd : fd < 0 ? fd : fstat(fd, &st) < 0 ? -errno : 0;
        a->owner = a->error == 0 ? st.st_uid : 0;
}
