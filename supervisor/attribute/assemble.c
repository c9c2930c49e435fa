#include "supervisor/attribute/assemble-private.h"

#include <string.h>

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
                .lossy = e->time_nsec < a->lost_until,
                .last_nsec = e->time_nsec,
                .points = KILL_UNKNOWN,
                .path_memory = o->path_memory,
                .kill = {
                        .time_nsec = e->time_nsec,
                        .killer = REEVE_KILLER_KERNEL,
                        .killer_process.uid = KILL_UNKNOWN,
                        KILL_NOTHING_KNOWN,
                        .invoker_tid = e->pid,
                        .victims = o->kill.victims,
                        .max_victims = a->o.max_victims,
                        .sources = 1u << REEVE_SOURCE_KPROBE,
                        .tier = REEVE_TIER_KPROBE,
                        .confidence = REEVE_CONFIDENCE_LIKELY,
                        .replayed = e->again,
                },
        };
        assemble_copy_comm(o->kill.invoker_comm, e->comm);
        return o;
}

/* oom_lock lets one in: whoever was in before is out, and where a ring was overrun the end mark need never come. */
static void close_cut_short(Assembler *a, const AssembleSink *sink) {
        for (uint32_t i = 0; i < a->o.max_open; i++)
                if (a->open[i].used && a->open[i].lossy)
                        close_open(a, &a->open[i], 0, sink);
}

static void feed_oom(Assembler *a, const Evidence *e, const AssembleSink *sink) {
        Open *o = find_open(a, e->pid);

        if (o)
                close_open(a, o, 0, sink);
        close_cut_short(a, sink);
        o = begin(a, e, sink);
        a->stats.ooms++;
        o->headless = false;
        o->points = e->oom.points;
        assemble_judge_oom(a, &o->kill, &e->oom);
}

static void feed_victim(Assembler *a, const Evidence *e, const AssembleSink *sink) {
        Open *o = find_open(a, e->pid);

        if (!o) {
                o = begin(a, e, sink);
                a->stats.headless++;
        }
        assemble_take_victim(a, o, e);
}

/* Between one event of a CPU and the next others were overwritten: whoever runs the OOM killer then may have moved there. */
static void feed_lost(Assembler *a, const Evidence *e) {
        if (e->lost.to_nsec > a->lost_until)
                a->lost_until = e->lost.to_nsec;
        for (uint32_t i = 0; i < a->o.max_open; i++)
                a->open[i].lossy = true;
}

static void close_open(Assembler *a, Open *o, uint64_t end_nsec, const AssembleSink *sink) {
        Kill *k = &o->kill;

        o->used = false;
        k->end_nsec = end_nsec;
        k->victims_complete = end_nsec != 0 && !o->left_out && !o->headless && !o->lossy;
        k->group_unknown = !k->group_kill && (end_nsec == 0 || o->headless || o->lossy);
        if (end_nsec == 0)
                a->stats.unclosed++;
        *(o->lossy ? &a->stats.cut_short : &a->stats.not_counted) += k->attempts - k->confirmed;
        assemble_drop_unconfirmed(k);
        if (k->confirmed == 0) {
                a->stats.empty++;
                return;
        }
        assemble_judge_whole(o);
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

        assemble_copy_comm(s.comm, e->signal.comm);
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
                        assemble_take_signal(a, o, e);
                        break;
                }
                a->stats.sigkills++;
                hand_over_sigkill(e, sink);
                break;
        case EVIDENCE_SIGNAL:
                hand_over_sigkill(e, sink);
                break;
        case EVIDENCE_LOST:
                feed_lost(a, e);
                break;
        case EVIDENCE_MKDIR:
        case EVIDENCE_RMDIR:
                break;
        }
}

void assemble_expire(Assembler *a, uint64_t now_nsec, const AssembleSink *sink) {
        for (uint32_t i = 0; i < a->o.max_open; i++) {
                Open *o = &a->open[i];
                uint64_t wait = o->passes > 0 || o->lossy ? a->o.expire_nsec : a->o.patience_nsec;

                if (o->used && now_nsec > o->last_nsec && now_nsec - o->last_nsec > wait)
                        close_open(a, o, 0, sink);
        }
}

void assemble_forget(Assembler *a) {
        for (uint32_t i = 0; i < a->o.max_open; i++) {
                Open *o = &a->open[i];

                if (!o->used)
                        continue;
                o->used = false;
                a->stats.attempts -= o->kill.attempts;
                a->stats.confirmed -= o->kill.confirmed;
                a->stats.ownerless -= o->kill.ownerless;
                *(o->headless ? &a->stats.headless : &a->stats.ooms) -= 1;
        }
}

uint64_t assemble_oldest(const Assembler *a) {
        const Open *o = oldest_open(a);

        return o ? o->kill.time_nsec : UINT64_MAX;
}

const AssembleStats *assemble_stats(const Assembler *a) {
        return &a->stats;
}
