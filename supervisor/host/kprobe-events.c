/* One event after the other: what its generation's stream said before completes it, and what it says is held against that. */
#include <errno.h>

#include "supervisor/host/kprobe-private.h"
#include "supervisor/host/probes.h"

/* An OOM belongs to the generation that saw its beginning: up to switch_nsec the old one, then the current. */
static bool belongs(const Kprobe *k, const Generation *g, uint64_t nsec) {
        return k->switch_nsec == 0 || (nsec > k->switch_nsec) == g->current;
}

static void begin_oom(const Kprobe *k, Generation *g, const Evidence *e) {
        g->oom = (OpenOom){
                .open = true,
                .taken = belongs(k, g, e->time_nsec),
                .seen_any = true,
                .lossy = e->time_nsec < k->lost_until,
                .begin_nsec = e->time_nsec,
                .pid = e->pid,
                .domain_id = e->oom.domain.id,
                .chosen_pid = e->oom.chosen_pid,
                .check_domain = e->oom.domain.present && e->oom.constraint == (uint32_t) k->layout.constraint_memcg,
        };
}

/* Offsets of oom_control can be proved by no self-test. What they fetch must hold together, in each OOM. */
static void check_oom(Kprobe *k, const EvidenceOom *oom) {
        enum { ORDER_MAX = 20 };        /* -1: sysrq */
        const uint64_t pages_max = UINT64_C(1) << 52;
        bool memcg = oom->constraint == (uint32_t) k->layout.constraint_memcg;

        if (oom->domain.present != memcg || oom->constraint > 15 || oom->order < -1 || oom->order > ORDER_MAX ||
            oom->total_pages >= pages_max || oom->points >= (int64_t) pages_max || (memcg && oom->domain.id == 0))
                k->counters.implausible++;
}

/* The first victim is the chosen one, and those of a memcg OOM live in the domain or below it. */
static void check_victim(Kprobe *k, const OpenOom *oom, const EvidenceVictim *v) {
        if (oom->lossy)
                return;
        if (!v->group && v->tid != oom->chosen_pid) {
                k->counters.implausible++;
                return;
        }
        if (!oom->check_domain || v->level >= EVIDENCE_ANCESTORS_MAX)
                return;
        for (uint32_t i = 0; i <= v->level; i++)
                if (v->ancestor_ids[i] == oom->domain_id)
                        return;
        k->counters.implausible++;
}

/* Completes @e by what its generation's stream said before. Returns whether it is to be handed over. */
static bool follow(Kprobe *k, Generation *g, int kind, Evidence *e) {
        OpenOom *oom = &g->oom;
        bool mine = oom->open && oom->pid == e->pid;

        switch (kind) {
        case EVIDENCE_OOM:
                begin_oom(k, g, e);
                check_oom(k, &e->oom);
                return oom->taken;
        case RING_GROUP:
                if (mine)
                        oom->group_id = e->churn.id;
                return false;
        case EVIDENCE_VICTIM:
                if (!mine)
                        return belongs(k, g, e->time_nsec) && (k->switch_nsec == 0 || oom->seen_any || !g->current);
                /* The kernel names the group after the chosen one's pass and before the members'. */
                e->victim.group = oom->victims++ > 0 || oom->group_id != 0;
                e->victim.group_cgroup_id = e->victim.group ? oom->group_id : 0;
                check_victim(k, oom, &e->victim);
                return oom->taken;
        case EVIDENCE_OOM_END:
                if (!mine)
                        return belongs(k, g, e->time_nsec);
                oom->open = false;
                k->spans[k->n_spans++ % SPANS_MAX] = (Span){ .begin_nsec = oom->begin_nsec, .end_nsec = e->time_nsec };
                return oom->taken;
        default:
                return mine && kind == EVIDENCE_KERNEL_SIGKILL ? oom->taken : belongs(k, g, e->time_nsec);
        }
}

/* Records read are counted once, also when a page is read again after a crash. Returns whether an earlier run had this one. */
static bool count(Kprobe *k, const Ring *r, int kind) {
        int probe = kind == EVIDENCE_OOM       ? PROBE_KILL
                    : kind == EVIDENCE_VICTIM  ? PROBE_VICTIM
                    : kind == EVIDENCE_OOM_END ? PROBE_DONE
                    : kind == RING_GROUP       ? PROBE_GROUP
                                               : -1;
        Page *p = r->page == RING_NO_PAGE ? NULL : &k->pages[r->page];

        if (p) {
                k->store.delivered(k->store.userdata, r->page, ++p->delivered > p->counted ? p->delivered : p->counted);
                if (p->delivered <= p->counted)
                        return true;
        }
        if (probe >= 0 && r->generation->current)
                k->store.counters[COUNTER_READ + probe]++;
        return false;
}

void ring_deliver(Kprobe *k, Ring *r, KprobeTake take, void *userdata) {
        Evidence e;
        size_t size;
        uint64_t nsec;
        bool again;
        const void *event = ringcursor_event(r->cursor, &size, &nsec);
        int kind = r->generation->formats ? ringevent_decode(r->generation->formats, event, size, &e, NULL) : -ENOMSG;

        /* A page is let go when all that is in it is finished: the end of an OOM whose beginning went with its page would
         * be taken for another OOM. */
        again = count(k, r, kind);
        if (again && nsec <= k->store.counters[COUNTER_RELEASED])
                return;
        if (nsec > k->passed_nsec)
                k->passed_nsec = nsec;
        if (kind < 0) {
                k->counters.undecoded++;
                return;
        }
        e.cpu = r->cpu;
        e.time_nsec = nsec;
        e.again = again;
        if (follow(k, r->generation, kind, &e))
                take(&e, userdata);
}
