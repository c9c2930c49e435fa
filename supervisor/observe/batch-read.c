/* A round of looks as an eye takes them. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "policies/judge.h"
#include "policies/predict.h"
#include "supervisor/base/clock.h"
#include "supervisor/base/fd.h"
#include "supervisor/host/proc.h"
#include "supervisor/observe/batch.h"
#include "supervisor/observe/facts.h"
#include "supervisor/observe/sample.h"

enum { LEVELS_MAX = 64 };

static int64_t number(int dirfd, const char *file) {
        int64_t value;

        return cgroupfs_read_number(dirfd, file, &value) < 0 ? READING_UNKNOWN : value;
}

static void pressure_read(int dirfd, const char *file, Reading *r) {
        char text[512];
        Pressure p;
        ssize_t n = cgroupfs_read(dirfd, file, text, sizeof(text));

        pressure_parse(&p, text, n < 0 ? 0 : (size_t) n);
        r->some_usec = p.some.total_usec;
        r->full_usec = p.full.total_usec;
}

static void events_read(int dirfd, Reading *r) {
        MemoryEvents e;

        if (sample_events(dirfd, "memory.events", &e) < 0)
                return;
        r->high = e.high;
        r->max = e.max;
        r->oom = e.oom;
        r->oom_kill = e.oom_kill;
}

static void local_events_read(int dirfd, Reading *r) {
        MemoryEvents e;

        if (sample_events(dirfd, "memory.events.local", &e) == 0) {
                r->max_local = e.max;
                r->oom_local = e.oom;
        }
}

static int64_t lesser(int64_t a, int64_t b) {
        return b >= 0 && (a < 0 || b < a) ? b : a;
}

/* The least over the ancestors, by the way up from an open directory: no name is looked up that could be another's. */
static void limits_read(int dirfd, Reading *r, const Batch *b) {
        int at = dup(dirfd);

        r->limit = number(dirfd, "memory.max");
        r->swap_limit = number(dirfd, "memory.swap.max");
        for (int level = 0; at >= 0 && level < LEVELS_MAX; level++) {
                int above = openat(at, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                int64_t max = above < 0 ? READING_UNKNOWN : number(above, "memory.max");

                (void) close(at);
                at = above;
                if (max < 0)
                        break;
                r->limit = lesser(r->limit, max);
                r->swap_limit = lesser(r->swap_limit, number(above, "memory.swap.max"));
        }
        if (at >= 0)
                (void) close(at);
        /* No more than there is. */
        if (b->host.total > 0)
                r->limit = lesser(r->limit, b->host.total);
        if (r->swap_limit >= 0 && b->swap_all >= 0 && b->swap_all < r->swap_limit)
                r->swap_limit = b->swap_all;
}

/* Whether it uses what memory.max or memory.high lets it, but for a sixteenth. */
static bool is_full(int dirfd) {
        int64_t limit = lesser(number(dirfd, "memory.max"), number(dirfd, "memory.high"));

        return limit >= 0 && limit != READING_UNLIMITED && number(dirfd, "memory.current") >= limit - limit / 16;
}

/* Who is full, of a cgroup and those above it: there its shortage is. */
static uint64_t bound_read(int dirfd) {
        int at = dup(dirfd);
        uint64_t id = 0;

        if (at < 0 || is_full(at)) {
                (void) close(at);
                return 0;
        }
        for (int level = 0; at >= 0 && level < LEVELS_MAX && id == 0; level++) {
                int above = openat(at, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

                (void) close(at);
                at = above;
                if (at >= 0 && number(at, "memory.current") < 0)
                        break;
                if (at >= 0 && is_full(at))
                        (void) cgroupfs_id(at, &id);
        }
        if (at >= 0)
                (void) close(at);
        return id ? id : BATCH_BOUND_HOST;
}

/* "1", as systemd and its users write it. */
static unsigned mark(int dirfd, const char *name, unsigned bit) {
        char text[8] = "";

        return fgetxattr(dirfd, name, text, sizeof(text) - 1) > 0 && text[0] == '1' ? bit : 0;
}

static uint8_t marks_read(int dirfd) {
        return (uint8_t) (mark(dirfd, "user.oomd_prefer", JUDGE_MARK_PREFER) | mark(dirfd, "user.oomd_avoid", JUDGE_MARK_AVOID) |
                          mark(dirfd, "user.oomd_omit", JUDGE_MARK_OMIT));
}

typedef struct Highest {
        double points;
        int64_t total_pages, page_size;
} Highest;

static int64_t known(int64_t value) {
        return value > 0 ? value : 0;
}

static int process_look(void *userdata, int32_t pid) {
        Highest *h = userdata;
        ProcStatus s;
        int adj;
        int64_t points;

        if (proc_holder(pid, &s) < 0 || s.kernel_thread || proc_adj(pid, &adj) < 0)
                return 0;
        points = predict_badness((known(s.anon_bytes) + known(s.file_bytes) + known(s.shmem_bytes) + known(s.swap_bytes) +
                                  known(s.page_table_bytes)) / h->page_size, adj, pid == 1, h->total_pages);
        if (points != PREDICT_NEVER && (double) points > h->points)
                h->points = (double) points;
        return 0;
}

static double points_of(int dirfd, const HostReading *host) {
        Highest h = { .points = -1, .page_size = sysconf(_SC_PAGESIZE) };

        h.total_pages = (known(host->total) + known(host->swap_total)) / h.page_size;
        (void) facts_each_pid(dirfd, process_look, &h);
        return h.points;
}

static void stat_read(int dirfd, Reading *r) {
        char text[16384];
        MemoryStat stat;
        ssize_t n = cgroupfs_read(dirfd, "memory.stat", text, sizeof(text));

        memory_stat_parse(&stat, text, n < 0 ? 0 : (size_t) n);
        r->unreclaimable = memory_stat_unreclaimable(&stat);
        if (stat.workingset_refault_file >= 0)
                r->refault = (stat.workingset_refault_file + known(stat.workingset_refault_anon)) * sysconf(_SC_PAGESIZE);
}

/* The root has a stat only: the rest is the host's. */
static void root_read(int dirfd, Reading *r, const HostReading *host) {
        _cleanup_close_ int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        char text[16384];
        ssize_t n = proc < 0 ? 0 : cgroupfs_read(proc, "vmstat", text, sizeof(text));

        if (proc >= 0)
                pressure_read(proc, "pressure/memory", r);
        r->oom_kill = kernfile_key(text, n < 0 ? 0 : (size_t) n, "oom_kill");
        if (dirfd >= 0)
                stat_read(dirfd, r);
        r->limit = host->total;
        r->current = host->total >= 0 && host->available >= 0 ? host->total - host->available : READING_UNKNOWN;
        r->swap_limit = host->swap_total;
        r->swap = host->swap_total >= 0 && host->swap_free >= 0 ? host->swap_total - host->swap_free : READING_UNKNOWN;
}

/* What moves by itself. */
static void motion_read(int dirfd, Reading *r) {
        pressure_read(dirfd, "memory.pressure", r);
        r->current = number(dirfd, "memory.current");
        r->swap = number(dirfd, "memory.swap.current");
        events_read(dirfd, r);
        local_events_read(dirfd, r);
        stat_read(dirfd, r);
}

/* What somebody sets. */
static void settings_read(int dirfd, Reading *r, const Batch *b) {
        r->throttle = number(dirfd, "memory.high");
        r->protection = number(dirfd, "memory.min");
        if (number(dirfd, "memory.low") > r->protection)
                r->protection = number(dirfd, "memory.low");
        /* No more is protected than is there. */
        r->protection = r->protection > r->current ? r->current : r->protection;
        limits_read(dirfd, r, b);
}

static const Reading nothing = { .some_usec = -1, .full_usec = -1, .current = -1, .unreclaimable = -1, .swap = -1, .protection = -1,
                                 .limit = -1, .swap_limit = -1, .throttle = -1, .refault = -1, .high = -1, .max = -1, .oom = -1,
                                 .oom_kill = -1, .max_local = -1, .oom_local = -1 };

static bool differs(int64_t a, int64_t b, int64_t by) {
        return a - b > by || b - a > by;
}

/* A few files instead of a dozen: who uses what he used, did not wait and met no limit is where he was. */
static bool quick_look(int dirfd, BatchItem *i, bool root, const HostReading *host) {
        const Reading *before = &i->reading;
        uint64_t time = clock_boottime_nsec() / 1000;
        Reading now = *before;

        if (root)
                root_read(-1, &now, host);
        else {
                now.current = number(dirfd, "memory.current");
                pressure_read(dirfd, "memory.pressure", &now);
                events_read(dirfd, &now);
        }
        /* A stall of less than a hundredth of the time is none to speak of; it adds up until it is. */
        if ((now.current < 0) != (before->current < 0) ||
            differs(now.current, before->current, batch_little(before)) ||
            differs(now.some_usec, before->some_usec, (int64_t) (time - before->time_usec) / 100) || now.high != before->high ||
            now.max != before->max || now.oom != before->oom || now.oom_kill != before->oom_kill)
                return false;
        i->reading.time_usec = time;
        return true;
}

static void look_whole(int dirfd, BatchItem *i, bool root, const Batch *b) {
        char text[256];
        CgroupEvents events = { .populated = KERNFILE_UNKNOWN };
        Reading before = i->reading;
        struct stat st;
        int64_t group;
        ssize_t n = cgroupfs_read(dirfd, "cgroup.events", text, sizeof(text));

        if (n > 0)
                cgroup_events_parse(&events, text, (size_t) n);
        i->populated = events.populated != 0;
        i->reading = nothing;
        i->reading.time_usec = clock_boottime_nsec() / 1000;
        if (root) {
                root_read(dirfd, &i->reading, &b->host);
                return;
        }
        motion_read(dirfd, &i->reading);
        if (i->bound_wanted)
                i->bound_id = bound_read(dirfd);
        if (i->close) {
                i->reading.throttle = before.throttle;
                i->reading.protection = before.protection;
                i->reading.limit = before.limit;
                i->reading.swap_limit = before.swap_limit;
                return;
        }
        i->marks = marks_read(dirfd);
        i->owner = fstat(dirfd, &st) == 0 ? st.st_uid : UINT32_MAX;
        i->oom_group = cgroupfs_read_number(dirfd, "memory.oom.group", &group) == 0 && group != 0;
        settings_read(dirfd, &i->reading, b);
}

static void item_read(Batch *b, BatchItem *i, const Cgroupfs *fs) {
        _cleanup_close_ int dirfd = i->given ? -1 : cgroupfs_open_sure(fs, i->id, b->texts + i->path);
        bool root = i->id == fs->root_id;

        /* Before they are read, so that no write is missed. */
        if (dirfd >= 0 && !root && i->mark_files && b->limits_fd >= 0)
                batch_marks_set(b, i, dirfd);
        /* It has none. */
        i->marked = i->marked || root;
        if (dirfd >= 0 && i->comms_wanted)
                i->comms = batch_comms_read(b, dirfd, i->comms_wanted == BATCH_COMMS_BELOW);
        if (i->given || (i->quick && dirfd >= 0 && quick_look(dirfd, i, root, &b->host)))
                return;
        i->quick = false;
        i->gone = dirfd == -ENODEV;
        if (dirfd < 0) {
                i->reading = nothing;
                i->reading.time_usec = clock_boottime_nsec() / 1000;
                return;
        }
        look_whole(dirfd, i, root, b);
        if (i->points_wanted)
                i->points = points_of(dirfd, &b->host);
}

static void tally_read(const Batch *b, BatchTally *t, const Cgroupfs *fs) {
        _cleanup_close_ int dirfd = cgroupfs_open_sure(fs, t->id, b->texts + t->path);
        Reading now = nothing;

        if (dirfd >= 0) {
                now.current = number(dirfd, "memory.current");
                events_read(dirfd, &now);
                pressure_read(dirfd, "memory.pressure", &now);
        }
        t->time_usec = clock_boottime_nsec() / 1000;
        t->current = now.current;
        t->some_usec = now.some_usec;
        t->events = batch_events(&now);
}

static void host_read(Batch *b) {
        char text[4096];
        _cleanup_close_ int fd = open("/proc/swaps", O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text));
        SwapsInRam ram;
        MemInfo host;

        sample_host(&host);
        swaps_parse(&ram, text, n < 0 ? 0 : (size_t) n);
        b->swap_all = host.swap_total;
        b->host = (HostReading) { .total = host.total, .available = host.available, .swap_total = host.swap_total,
                                  .swap_free = host.swap_free };
        if (host.swap_total < ram.total || host.swap_free < ram.total - ram.used)
                return;
        b->host.swap_total -= ram.total;
        b->host.swap_free -= ram.total - ram.used;
}

void batch_read(Batch *b, const Cgroupfs *fs) {
        host_read(b);
        /* Before anything is read, so that no stall is missed. */
        for (size_t i = 0; i < b->n_guards; i++)
                batch_guard_open(b, &b->guards[i], fs);
        for (size_t i = 0; i < b->n_tallies; i++)
                tally_read(b, &b->tallies[i], fs);
        for (size_t i = 0; i < b->n; i++)
                item_read(b, &b->items[i], fs);
        atomic_store(&b->read, true);
}
