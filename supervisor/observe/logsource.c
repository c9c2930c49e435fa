#include "supervisor/observe/logsource.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policies/path.h"
#include "supervisor/base/fd.h"
#include "supervisor/host/kmsg.h"
#include "supervisor/host/proc.h"
#include "supervisor/observe/loglines.h"

enum { SEEN = LOGKILL_VICTIMS_MAX, RECORDS_A_DRAIN = 256 };
#define SETTLE_NSEC UINT64_C(100000000)

/* What /proc told of a victim the moment its line was read: a moment later it is reaped. */
typedef struct Seen {
        int32_t pid, tgid;
        uint64_t start_nsec, cgroup_id;
        char *path;
} Seen;

struct Logsource {
        Kmsg *kmsg;
        const Cgroupfs *fs;
        LogsourceSink sink;
        LogkillSink inner;
        Seen seen[SEEN];
        size_t next_seen;
        uint64_t fed_nsec;
        int64_t ahead_nsec;             /* how far CLOCK_MONOTONIC is ahead of the log's stamps, and when that was found */
        uint64_t ahead_at_nsec;
        LogsourceCounts counts;
        Loglines lines;
        char buffer[KMSG_RECORD_SIZE];
};

/* The id of the cgroup that has this directory now; 0: none. */
static uint64_t id_of(const Logsource *s, const char *path) {
        _cleanup_close_ int fd = cgroupfs_open_path(s->fs, path);
        uint64_t id;

        return fd >= 0 && cgroupfs_id(fd, &id) == 0 ? id : 0;
}

static bool same_comm(const ProcStat *stat, const KmsgSlice *comm) {
        return strlen(stat->comm) == comm->length && memcmp(stat->comm, comm->data, comm->length) == 0;
}

/* /proc says "x (deleted)" of a cgroup x that is gone, and of one that is called so. */
static bool is_called_deleted(const Logsource *s, const char *path) {
        char whole[4096 + 16];

        (void) snprintf(whole, sizeof(whole), "%s (deleted)", path);
        return id_of(s, whole) != 0;
}

/* The kernel named a victim: it is dying or a zombie now, and /proc still knows its cgroup. */
static void meet(void *userdata, const KmsgLine *line) {
        Logsource *s = userdata;
        Seen *seen = &s->seen[s->next_seen];
        char path[4096], again[4096];
        ProcStatus status;
        ProcStat stat;
        bool deleted;

        if (line->kind != KMSG_KILLED || line->pid <= 0 || line->pid > INT32_MAX)
                return;
        if (proc_stat((int32_t) line->pid, &stat) < 0 || !same_comm(&stat, &line->comm))
                return;
        free(seen->path);
        *seen = (Seen) { .pid = (int32_t) line->pid, .tgid = (int32_t) line->pid };
        s->next_seen = (s->next_seen + 1) % SEEN;
        s->counts.processes++;
        /* The log names a thread; where its leader is dead that is another than the process' pid, and its start another. */
        if (proc_status((int32_t) line->pid, &status) == 0 && status.tgid > 0) {
                seen->tgid = status.tgid;
                if (status.tgid == seen->pid || proc_stat(status.tgid, &stat) == 0)
                        seen->start_nsec = proc_start_nsec(stat.start_ticks);
        }
        if (proc_cgroup((int32_t) line->pid, path, sizeof(path), &deleted) < 0 || (deleted && is_called_deleted(s, path)))
                return;
        seen->path = strdup(path);
        seen->cgroup_id = deleted ? 0 : id_of(s, path);
        /* The name may be another cgroup's by now: only if this one still has it, it had it when its id was asked for. */
        if (seen->cgroup_id && (proc_cgroup((int32_t) line->pid, again, sizeof(again), &deleted) < 0 || deleted || strcmp(again, path) != 0))
                seen->cgroup_id = 0;
}

static Seen *find_seen(Logsource *s, int32_t pid) {
        for (size_t i = 0; i < SEEN; i++)
                if (s->seen[i].pid == pid)
                        return &s->seen[i];
        return NULL;
}

/* The log names the effective memcg: where memory is off further down the real cgroup lies deeper. */
static void place(Kill *k, const KillCgroup *real) {
        const char *limit = k->limit.path;

        k->victims[0].cgroup = *real;
        if (!limit || (k->scope != REEVE_SCOPE_SELF && k->scope != REEVE_SCOPE_ANCESTOR))
                return;
        k->scope = strcmp(limit, real->path) == 0 ? REEVE_SCOPE_SELF : REEVE_SCOPE_ANCESTOR;
        if (k->reason == REEVE_REASON_OWN_LIMIT || k->reason == REEVE_REASON_ANCESTOR_LIMIT)
                k->reason = k->scope == REEVE_SCOPE_SELF ? REEVE_REASON_OWN_LIMIT : REEVE_REASON_ANCESTOR_LIMIT;
}

static void enrich(Logsource *s, Kill *k) {
        for (size_t i = 0; i < k->n_victims; i++) {
                KillVictim *v = &k->victims[i];
                const Seen *seen = find_seen(s, v->tid);

                if (!seen)
                        continue;
                v->tgid = seen->tgid;
                v->start_nsec = seen->start_nsec;
                k->sources |= 1u << REEVE_SOURCE_PROC;
                if (!seen->path)
                        continue;
                if (i == 0)
                        place(k, &(KillCgroup) { .id = seen->cgroup_id, .path = seen->path });
                else
                        v->cgroup = (KillCgroup) { .id = seen->cgroup_id, .path = seen->path };
        }
}

/* Names may be given anew at any moment, so an id is known only of the victim's cgroup, as found while /proc still had
 * it, and of those above it as long as it lives. Paths of the log are from the real root: ours only where we see the whole
 * hierarchy. */
static void find_ids(Logsource *s, Kill *k) {
        KillCgroup *all[] = { &k->limit, &k->kill_cgroup };
        const KillCgroup *own = &k->victims[0].cgroup;
        uint64_t id;

        if (s->fs->root_id != 1 || k->n_victims == 0 || own->id == 0)
                return;
        for (size_t i = 0; i < ELEMENTSOF(all); i++) {
                if (!all[i]->path || !path_is_below(own->path, all[i]->path))
                        continue;
                id = strcmp(own->path, all[i]->path) == 0 ? own->id : id_of(s, all[i]->path);
                if (id_of(s, own->path) == own->id || id == own->id)
                        all[i]->id = id;
        }
}

/* A member of the group's cgroup, by what /proc told of it. */
static int is_member(int64_t pid, const char *group, void *userdata) {
        Logsource *s = userdata;
        const Seen *seen = find_seen(s, (int32_t) pid);

        if (!seen || !seen->path || s->fs->root_id != 1)
                return -1;
        return path_is_below(seen->path, group);
}

static void hand_on(const Kill *kill, void *userdata) {
        Logsource *s = userdata;
        Kill k = *kill;

        k.time_nsec = (uint64_t) ((int64_t) k.time_nsec + s->ahead_nsec + clock_suspended_nsec());
        enrich(s, &k);
        find_ids(s, &k);
        s->counts.kills++;
        s->sink.kill(s->sink.userdata, &k);
        for (size_t i = 0; i < k.n_victims; i++) {
                Seen *seen = find_seen(s, k.victims[i].tid);

                if (seen)
                        seen->pid = 0;
        }
}

int logsource_new(Logsource **ret, const Cgroupfs *fs, const char *device, const LogsourceSink *sink) {
        Logsource *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return -ENOMEM;
        r = kmsg_open(&s->kmsg, device, false);
        if (r < 0) {
                free(s);
                return r;
        }
        s->fs = fs;
        s->sink = *sink;
        s->inner = (LogkillSink) { .kill = hand_on, .member = is_member, .userdata = s };
        loglines_init(&s->lines, REEVE_SOURCE_LOG, false);
        *ret = s;
        return 0;
}

Logsource *logsource_free(Logsource *s) {
        if (!s)
                return NULL;
        kmsg_close(s->kmsg);
        for (size_t i = 0; i < SEEN; i++)
                free(s->seen[i].path);
        free(s);
        return NULL;
}

int logsource_fd(const Logsource *s) {
        return kmsg_fd(s->kmsg);
}

/* The log's clock runs beside CLOCK_MONOTONIC, off by some 10 ms after boot and more with the days. A record read the
 * moment it is written tells by how much; the least of ten minutes is taken. */
static void calibrate(Logsource *s, const char *record) {
        const uint64_t again = UINT64_C(600000000000);
        const char *comma = strchr(record, ',');
        uint64_t now = clock_boottime_nsec();
        int64_t ahead;

        comma = comma ? strchr(comma + 1, ',') : NULL;
        if (!comma)
                return;
        ahead = (int64_t) now - clock_suspended_nsec() - (int64_t) (strtoull(comma + 1, NULL, 10) * 1000);
        if (s->ahead_at_nsec && ahead >= s->ahead_nsec && now - s->ahead_at_nsec < again)
                return;
        s->ahead_nsec = ahead;
        s->ahead_at_nsec = now;
}

int logsource_drain(Logsource *s) {
        for (int i = 0; i < RECORDS_A_DRAIN; i++) {
                uint64_t lost;
                ssize_t n = kmsg_read(s->kmsg, s->buffer, &lost);

                if (n <= 0)
                        return (int) n;
                if (lost > 0 && s->sink.lost)
                        s->sink.lost(s->sink.userdata, lost);
                calibrate(s, s->buffer);
                loglines_record(&s->lines, s->buffer, (size_t) n, meet, &s->inner);
                s->fed_nsec = clock_boottime_nsec();
        }
        return 1;
}

bool logsource_settle(Logsource *s, uint64_t now_nsec) {
        if (s->lines.kills.open && now_nsec >= s->fed_nsec + SETTLE_NSEC)
                logkill_flush(&s->lines.kills, &s->inner);
        return s->lines.kills.open;
}

bool logsource_busy(const Logsource *s) {
        return s->lines.kills.open;
}

void logsource_counted(Kill *ret, uint64_t id, const char *path, uint32_t grown, uint64_t now_nsec) {
        *ret = (Kill) {
                .time_nsec = now_nsec,
                .killer = REEVE_KILLER_KERNEL,
                .killer_process.uid = KILL_UNKNOWN,
                KILL_NOTHING_KNOWN,
                .counted = { .id = id, .path = path },
                .attempts = grown,
                .confirmed = grown,
                .sources = 1u << REEVE_SOURCE_COUNTER,
                .tier = REEVE_TIER_LOG,
                .confidence = REEVE_CONFIDENCE_COUNTED,
        };
}

void logsource_counts(const Logsource *s, LogsourceCounts *ret) {
        KmsgCounts k;

        kmsg_counts(s->kmsg, &k);
        *ret = s->counts;
        ret->records = k.records;
        ret->lost = k.lost;
        ret->kmsg = true;
}
