/* Who would be the kernel's next victim: badness as the kernel reckons it, from /proc. An estimate: its
 * counters are exact where /proc's are rounded. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "policies/predict.h"
#include "supervisor/base/fd.h"
#include "supervisor/host/proc.h"
#include "supervisor/observe/facts.h"

enum { TOP = 10, LOOK_MAX = 16384, LEVELS_MAX = 64 };
#define LOOK_NSEC UINT64_C(2000000000)

typedef struct Candidate {
        int32_t pid;
        char comm[64];
        int64_t points;
        int adj;
        ProcStatus status;
} Candidate;

typedef struct Ranking {
        Candidate top[TOP];
        size_t n, looked, level;
        int64_t total_pages;
        uint64_t until_nsec;
        bool complete;
        int dirfd;
} Ranking;

static int64_t known(int64_t value) {
        return value > 0 ? value : 0;
}

static int64_t badness(const Candidate *c, int64_t total_pages) {
        const ProcStatus *s = &c->status;
        int64_t bytes = known(s->anon_bytes) + known(s->file_bytes) + known(s->shmem_bytes) + known(s->swap_bytes) +
                        known(s->page_table_bytes);

        return predict_badness(bytes / sysconf(_SC_PAGESIZE), c->adj, c->pid == 1, total_pages);
}

static void insert(Ranking *r, const Candidate *c) {
        size_t i;

        for (i = 0; i < r->n && r->top[i].points >= c->points; i++)
                ;
        if (i == TOP)
                return;
        if (r->n < TOP)
                r->n++;
        memmove(&r->top[i + 1], &r->top[i], (r->n - i - 1) * sizeof(r->top[0]));
        r->top[i] = *c;
}

static int consider(void *userdata, int32_t pid) {
        Ranking *r = userdata;
        Candidate c = { .pid = pid };
        ProcStat stat;

        if (++r->looked > LOOK_MAX || (r->looked % 64 == 0 && clock_boottime_nsec() > r->until_nsec)) {
                r->complete = false;
                return -ETIME;
        }
        if (proc_holder(pid, &c.status) < 0 || c.status.kernel_thread || proc_adj(pid, &c.adj) < 0 || proc_stat(pid, &stat) < 0)
                return 0;
        memcpy(c.comm, stat.comm, sizeof(c.comm));
        c.points = badness(&c, r->total_pages);
        if (c.points != PREDICT_NEVER)
                insert(r, &c);
        return 0;
}

int facts_each_pid(int dirfd, int (*each)(void *userdata, int32_t pid), void *userdata) {
        char text[8192];
        size_t kept = 0;
        _cleanup_close_ int fd = cgroupfs_open_file(dirfd, "cgroup.procs", O_RDONLY);

        if (fd < 0)
                return fd;
        for (;;) {
                ssize_t n = read(fd, text + kept, sizeof(text) - kept);
                size_t end, at = 0;

                if (n < 0)
                        return errno == EOPNOTSUPP ? 0 : -errno;        /* threaded: its root lists them */
                end = kept + (size_t) n;
                for (;;) {
                        const char *newline = memchr(text + at, '\n', end - at);
                        int64_t pid;
                        int r;

                        if (!newline)
                                break;
                        /* 0: a process outside our pid namespace */
                        if (kernfile_number(text + at, (size_t) (newline - text) - at, &pid) == 0 && pid > 0 && pid < INT32_MAX) {
                                r = each(userdata, (int32_t) pid);
                                if (r < 0)
                                        return r;
                        }
                        at = (size_t) (newline - text) + 1;
                }
                kept = end - at;
                if (n == 0 || kept == sizeof(text))
                        return 0;
                memmove(text, text + at, kept);
        }
}

static int descend(void *userdata, const char *name, uint64_t id) {
        Ranking *r = userdata;
        int above = r->dirfd, result;
        _cleanup_close_ int fd = openat(above, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        (void) id;
        if (fd < 0)
                return 0;
        if (r->level == LEVELS_MAX) {
                r->complete = false;
                return 0;
        }
        r->level++;
        r->dirfd = fd;
        result = facts_each_pid(fd, consider, r);
        if (result != -ETIME)
                result = cgroupfs_children(fd, descend, r);
        r->dirfd = above;
        r->level--;
        return result == -ETIME ? result : 0;   /* a cgroup that went away meanwhile has no processes */
}

static void all_processes(Ranking *r) {
        _cleanup_closedir_ DIR *dir = opendir("/proc");
        struct dirent *entry;

        r->complete = r->complete && dir;
        while (dir && (entry = readdir(dir))) {
                int64_t pid;

                if (kernfile_number(entry->d_name, strlen(entry->d_name), &pid) < 0 || pid <= 0 || pid >= INT32_MAX)
                        continue;
                if (consider(r, (int32_t) pid) < 0)
                        return;
        }
}

static json_t *candidate_json(const Candidate *c) {
        json_t *o = json_object();

        json_object_set_new(o, "pid", json_integer(c->pid));
        json_object_set_new(o, "comm", facts_text(c->comm, strlen(c->comm)));
        json_object_set_new(o, "points", json_integer(c->points));
        json_object_set_new(o, "anon_bytes", facts_number(c->status.anon_bytes));
        json_object_set_new(o, "file_bytes", facts_number(c->status.file_bytes));
        json_object_set_new(o, "shmem_bytes", facts_number(c->status.shmem_bytes));
        json_object_set_new(o, "swap_bytes", facts_number(c->status.swap_bytes));
        json_object_set_new(o, "oom_score_adj", json_integer(c->adj));
        return o;
}

json_t *facts_processes(int dirfd, int64_t total_pages, bool *ret_complete) {
        _cleanup_free_ Ranking *r = calloc(1, sizeof(*r));
        json_t *list = json_array();

        *ret_complete = false;
        if (!r)
                return list;
        *r = (Ranking) { .total_pages = total_pages, .complete = true, .dirfd = dirfd,
                         .until_nsec = clock_boottime_nsec() + LOOK_NSEC };
        if (dirfd < 0)
                all_processes(r);
        else if (facts_each_pid(dirfd, consider, r) != -ETIME)
                (void) cgroupfs_children(dirfd, descend, r);
        for (size_t i = 0; i < r->n; i++)
                json_array_append_new(list, candidate_json(&r->top[i]));
        *ret_complete = r->complete;
        return list;
}
