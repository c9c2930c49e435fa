#include "supervisor/attribute/assemble.h"

#include <string.h>

enum { PATHS_MAX = 128 };       /* different cgroups of one invocation whose path is kept; more are looked up by id */
enum { GFP_KERNEL_BITS = 0xcc0 };       /* what memory_max_write() passes on, 5.10 to 7.2 */

typedef struct Path {
        uint64_t id;
        const char *text;
} Path;

/* One invocation of the OOM killer under way. */
typedef struct Open {
        bool used;
        bool headless;                  /* its own record never came, only victims' */
        bool left_out;                  /* a victim found no room */
        Kill kill;
        uint64_t last_nsec;             /* of its latest evidence */
        int64_t points;
        unsigned passes;                /* victims' records so far: the first one is the chosen process */
        KillVictim *last;               /* the victim of the last pass; NULL: none, or it found no room */
        int32_t last_tgid, last_tid;    /* ... whoever it was */
        uint32_t last_unconfirmed;      /* passes of a victim left out that wait for their SIGKILL */
        bool last_ownerless;
        uint64_t common[EVIDENCE_ANCESTORS_MAX];        /* ids of the cgroups that hold all victims so far */
        uint32_t n_common;
        bool common_begun;
        Path paths[PATHS_MAX];
        size_t n_paths, path_used;
        char *path_memory;
} Open;

struct Assembler {
        AssembleOptions o;
        AssembleStats stats;
        bool late;
        Open *open;
};

static AssembleOptions with_defaults(const AssembleOptions *o) {
        AssembleOptions d = *o;

        d.page_size = d.page_size ? d.page_size : 4096;
        d.max_open = d.max_open ? d.max_open : 8;
        d.max_victims = d.max_victims ? d.max_victims : 2048;
        d.path_bytes = d.path_bytes ? d.path_bytes : 16384;
        d.charge_slack_pages = d.charge_slack_pages ? d.charge_slack_pages : 64;
        d.expire_nsec = d.expire_nsec ? d.expire_nsec : UINT64_C(5000000000);
        d.patience_nsec = d.patience_nsec ? d.patience_nsec : UINT64_C(120000000000);
        return d;
}

static size_t aligned(size_t size) {
        return (size + 15) & ~(size_t) 15;
}

size_t assemble_size(const AssembleOptions *o) {
        AssembleOptions d = with_defaults(o);

        return aligned(sizeof(Assembler)) + aligned(d.max_open * sizeof(Open)) +
               d.max_open * (aligned(d.max_victims * sizeof(KillVictim)) + aligned(d.path_bytes));
}

Assembler *assemble_init(void *memory, const AssembleOptions *o) {
        Assembler *a = memory;
        char *next = (char *) memory + aligned(sizeof(Assembler));

        *a = (Assembler) { .o = with_defaults(o) };
        a->open = (Open *) (void *) next;
        next += aligned(a->o.max_open * sizeof(Open));
        for (uint32_t i = 0; i < a->o.max_open; i++) {
                a->open[i] = (Open) { .kill.victims = (KillVictim *) (void *) next };
                next += aligned(a->o.max_victims * sizeof(KillVictim));
                a->open[i].path_memory = next;
                next += aligned(a->o.path_bytes);
        }
        return a;
}

static void copy_comm(char to[static KILL_COMM_SIZE], const char *from) {
        size_t n = from ? strnlen(from, KILL_COMM_SIZE - 1) : 0;

        if (n > 0)
                memcpy(to, from, n);
        to[n] = '\0';
}

static int64_t pages_to_bytes(const Assembler *a, uint64_t pages) {
        return pages >= (uint64_t) INT64_MAX / a->o.page_size ? KILL_UNLIMITED : (int64_t) (pages * a->o.page_size);
}

/* Per-CPU counters may be below zero for a moment. */
static int64_t signed_pages_to_bytes(const Assembler *a, int64_t pages) {
        return pages <= 0 ? 0 : pages_to_bytes(a, (uint64_t) pages);
}

/* ---- paths ---- */

static const char *find_path(const Open *o, uint64_t id) {
        for (size_t i = o->n_paths; i > 0; i--)
                if (o->paths[i - 1].id == id)
                        return o->paths[i - 1].text;
        return NULL;
}

/* Puts together the path of the cgroup at @level of the victim's line of ancestors. NULL: a name was not carried, or
 * there is no room. Names are a cgroup's own bytes: one that holds a slash or is empty was not read right. */
static const char *keep_path(const Assembler *a, Open *o, const EvidenceVictim *v, uint32_t level, uint64_t id) {
        const char *known = find_path(o, id);
        char *start = o->path_memory + o->path_used, *p = start;
        size_t room = a->o.path_bytes - o->path_used;

        if (known || id == 0 || level > EVIDENCE_LEVELS_MAX || o->n_paths >= PATHS_MAX)
                return known;
        for (uint32_t i = 1; i <= level; i++) {
                size_t n = v->names[i] ? strnlen(v->names[i], 256) : 0;

                if (n == 0 || n > 255 || memchr(v->names[i], '/', n) || (size_t) (p - start) + n + 2 > room)
                        return NULL;
                *p++ = '/';
                memcpy(p, v->names[i], n);
                p += n;
        }
        if (level == 0) {
                if (room < 2)
                        return NULL;
                *p++ = '/';
        }
        *p++ = '\0';
        o->path_used += (size_t) (p - start);
        o->paths[o->n_paths++] = (Path) { .id = id, .text = start };
        return start;
}

/* The limit's owner and the one with memory.oom.group are among the victim's ancestors, so the victim's record may know
 * their names. */
static void name_above(const Assembler *a, Open *o, const EvidenceVictim *v, KillCgroup *cgroup) {
        if (cgroup->id == 0 || cgroup->path)
                return;
        for (uint32_t i = 0; i <= v->level && i < EVIDENCE_ANCESTORS_MAX; i++)
                if (v->ancestor_ids[i] == cgroup->id)
                        cgroup->path = keep_path(a, o, v, i, cgroup->id);
}

/* Keeps of the line of ancestors what all victims have in common. */
static void narrow_common(Open *o, const EvidenceVictim *v) {
        uint32_t n = v->level < EVIDENCE_ANCESTORS_MAX ? v->level + 1 : EVIDENCE_ANCESTORS_MAX;

        if (!o->common_begun) {
                memcpy(o->common, v->ancestor_ids, n * sizeof(*o->common));
                o->n_common = n;
                o->common_begun = true;
        }
        if (n < o->n_common)
                o->n_common = n;
        for (uint32_t i = 0; i < o->n_common; i++)
                if (o->common[i] != v->ancestor_ids[i] || o->common[i] == 0) {
                        o->n_common = i;
                        break;
                }
}

/* ---- opening ---- */

static Open *find_open(Assembler *a, int32_t invoker) {
        for (uint32_t i = 0; i < a->o.max_open; i++)
                if (a->open[i].used && a->open[i].kill.invoker_tid == invoker)
                        return &a->open[i];
        return NULL;
}

static Open *oldest_open(const Assembler *a) {
        Open *oldest = NULL;

        for (uint32_t i = 0; i < a->o.max_open; i++)
                if (a->open[i].used && (!oldest || a->open[i].kill.time_nsec < oldest->kill.time_nsec))
                        oldest = &a->open[i];
        return oldest;
}

static void close_open(Assembler *a, Open *o, uint64_t end_nsec, const AssembleSink *sink);

static Open *free_open(Assembler *a, const AssembleSink *sink) {
        Open *o;

        for (uint32_t i = 0; i < a->o.max_open; i++)
                if (!a->open[i].used)
                        return &a->open[i];
        o = oldest_open(a);
        a->stats.ooms_pushed_out++;
        close_open(a, o, 0, sink);
        return o;
}

static Open *begin(Assembler *a, const Evidence *e, const AssembleSink *sink) {
        Open *o = free_open(a, sink);

        *o = (Open) {
                .used = true,
                .headless = true,
                .last_nsec = e->time_nsec,
                .points = KILL_UNKNOWN,
                .path_memory = o->path_memory,
                .kill = {
                        .time_nsec = e->time_nsec,
                        .killer = REEVE_KILLER_KERNEL,
                        .killer_process.uid = KILL_UNKNOWN,
                        .limit_bytes = KILL_UNKNOWN,
                        .limit_current_bytes = KILL_UNKNOWN,
                        .limit_peak_bytes = KILL_UNKNOWN,
                        .limit_swap_bytes = KILL_UNKNOWN,
                        .limit_swap_max_bytes = KILL_UNKNOWN,
                        .total_pages = KILL_UNKNOWN,
                        .invoker_tid = e->pid,
                        .order = KILL_ADJ_UNKNOWN,
                        .gfp = KILL_UNKNOWN,
                        .victims = o->kill.victims,
                        .max_victims = a->o.max_victims,
                        .sources = 1u << REEVE_SOURCE_KPROBE,
                        .tier = REEVE_TIER_KPROBE,
                        .confidence = REEVE_CONFIDENCE_LIKELY,
                        .late = a->late,
                },
        };
        copy_comm(o->kill.invoker_comm, e->comm);
        return o;
}

static ReeveConstraint constraint_of(const EvidenceOom *oom) {
        if (oom->domain.present)
                return REEVE_CONSTRAINT_MEMCG;
        switch (oom->constraint) {
        case 0:
                return REEVE_CONSTRAINT_NONE;
        case 1:
                return REEVE_CONSTRAINT_CPUSET;
        case 2:
                return REEVE_CONSTRAINT_MEMORY_POLICY;
        default:
                return REEVE_CONSTRAINT_UNKNOWN;
        }
}

/* Did the invoker write memory.max? memory_max_write() (mm/memcontrol.c) sets the new limit first and calls the OOM
 * killer only while page_counter_read() stays above it, with order 0 and GFP_KERNEL. A failed charge takes its pages
 * back before it gets there (page_counter_try_charge()), so then usage is at or below max, but for what other CPUs'
 * charges add for a moment: @charge_slack_pages. A write that leaves usage less than that above the new limit is so
 * called `badness`: never the other way round. */
static bool is_limit_write(const Assembler *a, const EvidenceOom *oom) {
        const EvidenceDomain *d = &oom->domain;

        return d->present && d->counters_plausible && oom->order == 0 && oom->gfp == GFP_KERNEL_BITS &&
               d->usage_pages > d->max_pages && d->usage_pages - d->max_pages > a->o.charge_slack_pages;
}

/* The first that holds. */
static ReeveSelection selection_of(const Assembler *a, const EvidenceOom *oom) {
        if (oom->order == -1)
                return REEVE_SELECTION_SYSRQ;
        if (is_limit_write(a, oom))
                return REEVE_SELECTION_LIMIT_WRITE;
        if (oom->message && strstr(oom->message, "oom_kill_allocating_task"))
                return REEVE_SELECTION_ALLOCATING_TASK;
        return REEVE_SELECTION_BADNESS;
}

static void take_domain(const Assembler *a, Kill *k, const EvidenceDomain *d) {
        if (!d->present) {
                k->scope = REEVE_SCOPE_HOST;
                return;
        }
        k->limit.id = d->id;
        if (!d->counters_plausible)
                return;
        k->limit_bytes = pages_to_bytes(a, d->max_pages);
        k->limit_current_bytes = pages_to_bytes(a, d->usage_pages);
        k->limit_peak_bytes = pages_to_bytes(a, d->peak_pages);
        k->limit_swap_bytes = pages_to_bytes(a, d->swap_usage_pages);
        k->limit_swap_max_bytes = pages_to_bytes(a, d->swap_max_pages);
}

static void feed_oom(Assembler *a, const Evidence *e, const AssembleSink *sink) {
        const EvidenceOom *oom = &e->oom;
        Open *o = find_open(a, e->pid);
        Kill *k;

        if (o)
                close_open(a, o, 0, sink);
        o = begin(a, e, sink);
        k = &o->kill;
        a->stats.ooms++;
        o->headless = false;
        o->points = oom->points;
        k->killer = oom->order == -1 ? REEVE_KILLER_SYSRQ : REEVE_KILLER_KERNEL;
        k->constraint = constraint_of(oom);
        k->selection = selection_of(a, oom);
        k->order = oom->order;
        k->gfp = oom->gfp;
        k->total_pages = (int64_t) oom->total_pages;
        k->confidence = REEVE_CONFIDENCE_CERTAIN;
        take_domain(a, k, &oom->domain);
}

/* ---- victims ---- */

static KillVictim *find_victim(Open *o, int32_t tgid, uint64_t start_nsec) {
        for (size_t i = o->kill.n_victims; i > 0; i--) {
                KillVictim *v = &o->kill.victims[i - 1];

                if (v->tgid == tgid && (v->start_nsec == start_nsec || v->start_nsec == 0))
                        return v;
        }
        return NULL;
}

static KillVictim *add_victim(Assembler *a, Open *o) {
        if (o->kill.n_victims >= a->o.max_victims) {
                o->left_out = true;
                a->stats.victims_left_out++;
                return NULL;
        }
        return &o->kill.victims[o->kill.n_victims++];
}

static void describe_victim(const Assembler *a, Open *o, KillVictim *v, const EvidenceVictim *e) {
        uint32_t attempts = v->attempts, confirmed = v->confirmed;
        int64_t points = v->points;
        ReeveVictimWhy why = v->why;

        *v = (KillVictim) {
                .tgid = e->tgid,
                .tid = e->tid,
                .start_nsec = e->start_nsec,
                .uid = e->uid_present ? (int64_t) e->uid : KILL_UNKNOWN,
                .why = why,
                .cgroup = { .id = e->cgroup_id, .path = keep_path(a, o, e, e->level, e->cgroup_id) },
                .anon_bytes = e->mm_present ? signed_pages_to_bytes(a, e->anon_pages) : KILL_UNKNOWN,
                .file_bytes = e->mm_present ? signed_pages_to_bytes(a, e->file_pages) : KILL_UNKNOWN,
                .shmem_bytes = e->mm_present ? signed_pages_to_bytes(a, e->shmem_pages) : KILL_UNKNOWN,
                .swap_bytes = e->mm_present ? signed_pages_to_bytes(a, e->swap_pages) : KILL_UNKNOWN,
                .page_table_bytes = e->mm_present && e->page_table_bytes >= 0 ? e->page_table_bytes : KILL_UNKNOWN,
                .oom_score_adj = e->oom_score_adj,
                .points = points,
                .attempts = attempts,
                .confirmed = confirmed,
        };
        copy_comm(v->comm, e->comm);
}

/* One pass through __oom_kill_process(). The first of an invocation is the chosen process; with memory.oom.group set
 * the kernel then goes through all members, the chosen one again among them. */
static void feed_victim(Assembler *a, const Evidence *e, const AssembleSink *sink) {
        const EvidenceVictim *ev = &e->victim;
        Open *o = find_open(a, e->pid);
        KillVictim *v;

        if (!o) {
                o = begin(a, e, sink);
                a->stats.headless++;
        }
        a->stats.attempts++;
        o->last_nsec = e->time_nsec;
        o->kill.attempts++;
        o->kill.group_kill = o->passes++ > 0;
        o->last_tgid = ev->tgid;
        o->last_tid = ev->tid;
        o->last_unconfirmed = 0;
        o->last_ownerless = ev->owner_known && !ev->owner_present;
        v = find_victim(o, ev->tgid, ev->start_nsec);
        if (!v) {
                v = add_victim(a, o);
                if (v)
                        *v = (KillVictim) { .why = o->passes == 1 ? REEVE_VICTIM_CHOSEN : REEVE_VICTIM_GROUP,
                                            .points = o->passes == 1 ? o->points : KILL_UNKNOWN };
        } else if (v->why == REEVE_VICTIM_SHARED_MM)
                v->why = REEVE_VICTIM_GROUP;
        o->last = v;
        name_above(a, o, ev, &o->kill.limit);
        if (ev->group_cgroup_id != 0) {
                if (o->kill.kill_cgroup.id == 0)
                        o->kill.kill_cgroup.id = ev->group_cgroup_id;
                name_above(a, o, ev, &o->kill.kill_cgroup);
        }
        narrow_common(o, ev);
        if (!v) {
                o->last_unconfirmed = 1;
                return;
        }
        /* In a second pass the mm may be gone already: what the first one told stays. */
        if (v->attempts++ == 0 || ev->mm_present)
                describe_victim(a, o, v, ev);
}

static void confirm(Assembler *a, Open *o, KillVictim *v) {
        if (v)
                v->confirmed++;
        else
                o->last_unconfirmed = 0;
        o->kill.confirmed++;
        a->stats.confirmed++;
        if (o->last_ownerless) {
                o->kill.ownerless++;
                a->stats.ownerless++;
        }
}

static bool names(const KillVictim *v, int32_t pid) {
        return v->tid == pid || v->tgid == pid;
}

/* Another process that shares the mm dies too: the kernel neither counts nor logs it. */
static void add_shared(Assembler *a, Open *o, const Evidence *e) {
        KillVictim *v = add_victim(a, o);

        if (!v)
                return;
        *v = (KillVictim) {
                .tgid = e->signal.pid,
                .tid = e->signal.pid,
                .uid = KILL_UNKNOWN,
                .why = REEVE_VICTIM_SHARED_MM,
                .anon_bytes = KILL_UNKNOWN,
                .file_bytes = KILL_UNKNOWN,
                .shmem_bytes = KILL_UNKNOWN,
                .swap_bytes = KILL_UNKNOWN,
                .page_table_bytes = KILL_UNKNOWN,
                .oom_score_adj = KILL_ADJ_UNKNOWN,
                .points = KILL_UNKNOWN,
        };
        copy_comm(v->comm, e->signal.comm);
}

/* The kernel's SIGKILL by a thread that runs the OOM killer. The pass before it is what it confirms; the same signal to
 * one who had it already (result not 0) still shows that the pass was counted. */
static void feed_oom_signal(Assembler *a, Open *o, const Evidence *e) {
        int32_t pid = e->signal.pid;

        o->last_nsec = e->time_nsec;
        if (o->last && names(o->last, pid) && o->last->confirmed < o->last->attempts) {
                confirm(a, o, o->last);
                return;
        }
        if (!o->last && o->last_unconfirmed && (o->last_tgid == pid || o->last_tid == pid)) {
                confirm(a, o, NULL);
                return;
        }
        for (size_t i = 0; i < o->kill.n_victims; i++)
                if (names(&o->kill.victims[i], pid))
                        return;
        if (e->signal.result == 0 && o->kill.confirmed > 0)
                add_shared(a, o, e);
}

/* ---- closing ---- */

static ReeveReason reason_of(const Kill *k) {
        if (k->selection == REEVE_SELECTION_SYSRQ)
                return REEVE_REASON_SYSRQ;
        if (k->selection == REEVE_SELECTION_LIMIT_WRITE)
                return REEVE_REASON_LIMIT_WRITE;
        switch (k->scope) {
        case REEVE_SCOPE_SELF:
                return REEVE_REASON_OWN_LIMIT;
        case REEVE_SCOPE_ANCESTOR:
                return REEVE_REASON_ANCESTOR_LIMIT;
        case REEVE_SCOPE_HOST:
                return k->constraint == REEVE_CONSTRAINT_CPUSET || k->constraint == REEVE_CONSTRAINT_MEMORY_POLICY
                               ? REEVE_REASON_NODE_MEMORY
                               : REEVE_REASON_HOST_MEMORY;
        default:
                return REEVE_REASON_UNKNOWN;
        }
}

/* Leaves the victims whose SIGKILL came, in their order: the chosen one is the first that was seen. */
static void drop_unconfirmed(Kill *k) {
        size_t n = 0;

        for (size_t i = 0; i < k->n_victims; i++) {
                const KillVictim *v = &k->victims[i];

                if (v->confirmed == 0 && v->why != REEVE_VICTIM_SHARED_MM)
                        continue;
                if (n != i)
                        k->victims[n] = *v;
                n++;
        }
        k->n_victims = n;
}

/* Where no probe told it: memory.oom.group stands in the cgroup that holds all members, or above it, at most at the
 * limit's owner. Only where these two are one is it known. */
static void find_kill_cgroup(Open *o) {
        Kill *k = &o->kill;

        if (!k->group_kill || o->n_common == 0)
                return;
        k->group_deepest_id = o->common[o->n_common - 1];
        if (k->kill_cgroup.id == 0 && k->limit.id != 0 && k->group_deepest_id == k->limit.id)
                k->kill_cgroup = k->limit;
}

static void close_open(Assembler *a, Open *o, uint64_t end_nsec, const AssembleSink *sink) {
        Kill *k = &o->kill;

        o->used = false;
        k->end_nsec = end_nsec;
        k->victims_complete = end_nsec != 0 && !o->left_out && !o->headless;
        if (end_nsec == 0)
                a->stats.unclosed++;
        a->stats.not_counted += k->attempts - k->confirmed;
        drop_unconfirmed(k);
        if (k->confirmed == 0) {
                a->stats.empty++;
                return;
        }
        if (k->limit.id != 0 && k->n_victims > 0 && k->victims[0].cgroup.id != 0)
                k->scope = k->victims[0].cgroup.id == k->limit.id ? REEVE_SCOPE_SELF : REEVE_SCOPE_ANCESTOR;
        k->reason = reason_of(k);
        find_kill_cgroup(o);
        a->stats.kills++;
        sink->kill(k, sink->userdata);
}

/* ---- signals outside any OOM ---- */

static ReeveKillMeans means_of(const Evidence *e) {
        if (e->kind == EVIDENCE_KERNEL_SIGKILL)
                return REEVE_MEANS_KERNEL;
        /* cgroup.kill goes thread by thread with no sender's data; tgkill() has a code of its own (SI_TKILL). */
        return !e->signal.to_group && e->signal.code == 0 ? REEVE_MEANS_CGROUP_KILL : REEVE_MEANS_KILL;
}

static void hand_over_sigkill(const Evidence *e, const AssembleSink *sink) {
        Sigkill s = {
                .time_nsec = e->time_nsec,
                .signal = e->signal.signal,
                .means = means_of(e),
                .code = e->signal.code,
                .to_group = e->signal.to_group,
                .delivered = e->signal.result == 0,
                .sender_tid = e->pid,
                .pid = e->signal.pid,
                .uid = KILL_UNKNOWN,
        };

        copy_comm(s.comm, e->signal.comm);
        if (sink->sigkill)
                sink->sigkill(&s, sink->userdata);
}

void assemble_feed(Assembler *a, const Evidence *e, const AssembleSink *sink) {
        Open *o;

        switch (e->kind) {
        case EVIDENCE_OOM:
                feed_oom(a, e, sink);
                break;
        case EVIDENCE_VICTIM:
                feed_victim(a, e, sink);
                break;
        case EVIDENCE_OOM_END:
                o = find_open(a, e->pid);
                if (o)
                        close_open(a, o, e->time_nsec, sink);
                break;
        case EVIDENCE_KERNEL_SIGKILL:
                o = find_open(a, e->pid);
                if (o) {
                        feed_oom_signal(a, o, e);
                        break;
                }
                a->stats.sigkills++;
                hand_over_sigkill(e, sink);
                break;
        case EVIDENCE_SIGNAL:
                hand_over_sigkill(e, sink);
                break;
        case EVIDENCE_MKDIR:
        case EVIDENCE_RMDIR:
                break;
        }
}

void assemble_expire(Assembler *a, uint64_t now_nsec, const AssembleSink *sink) {
        for (uint32_t i = 0; i < a->o.max_open; i++) {
                Open *o = &a->open[i];
                uint64_t wait = o->passes > 0 ? a->o.expire_nsec : a->o.patience_nsec;

                if (o->used && now_nsec > o->last_nsec && now_nsec - o->last_nsec > wait)
                        close_open(a, o, 0, sink);
        }
}

void assemble_set_late(Assembler *a, bool late) {
        a->late = late;
}

uint64_t assemble_oldest(const Assembler *a) {
        const Open *o = oldest_open(a);

        return o ? o->kill.time_nsec : UINT64_MAX;
}

const AssembleStats *assemble_stats(const Assembler *a) {
        return &a->stats;
}
