#include "supervisor/host/kprobe.h"

#include <errno.h>
#include <stdatomic.h>

#include "supervisor/base/clock.h"
#include "supervisor/base/fd.h"
#include "supervisor/host/kprobe-private.h"

int kprobe_kills_fd(const Kprobe *k) {
        return k->epolls[PAGE_KILLS];
}

int kprobe_churn_fd(const Kprobe *k) {
        return k->epolls[PAGE_CHURN];
}

/* One pass: everything up to @now_nsec in order of time. Returns 0, 1 when later events are known, -errno. */
static int rings_pass(Kprobe *k, uint64_t now_nsec, KprobeTake take, void *userdata) {
        bool more = false;
        int error = 0;

        for (uint32_t i = 0; i < k->n_rings; i++)
                k->rings[i].dry = false;
        for (;;) {
                Ring *next = NULL;

                more = false;
                for (uint32_t i = 0; i < k->n_rings; i++) {
                        Ring *r = &k->rings[i];
                        int n = r->loaded ? 1 : r->dry ? 0 : ring_fill(k, r, take, userdata);

                        if (n < 0)
                                error = n;
                        if (n <= 0)
                                continue;
                        if (r->nsec > now_nsec)
                                more = true;
                        else if (!next || r->nsec < next->nsec)
                                next = r;
                }
                /* What stayed in a ring may be earlier than all that is at hand. */
                if (!next || k->full)
                        break;
                ring_deliver(k, next, take, userdata);
                ring_advance(k, next);
        }
        return error < 0 ? error : more;
}

int kprobe_drain(Kprobe *k, bool keep, KprobeTake take, void *userdata) {
        uint64_t now = clock_boottime_nsec();
        int r;

        k->keep = keep;
        k->full = false;
        r = rings_pass(k, now, take, userdata);
        if (r < 0 || k->full)
                return r < 0 ? r : 1;
        k->drained_nsec = now;
        if (k->n_generations > 1)
                kprobe_retire(k);
        if (k->baseline)
                kprobe_baseline_take(k);
        return r;
}

/* The latest time up to @upto_nsec that lies in no OOM: else its head would be gone and its tail still there. They follow one
 * another (oom_lock), so one way back through them is enough. */
static uint64_t before_any(const Kprobe *k, uint64_t upto_nsec) {
        uint32_t n = k->n_spans < SPANS_MAX ? k->n_spans : SPANS_MAX;

        for (uint32_t i = 1; i <= n; i++) {
                const Span *s = &k->spans[(k->n_spans - i) % SPANS_MAX];

                if (s->begin_nsec <= upto_nsec && upto_nsec < s->end_nsec)
                        upto_nsec = s->begin_nsec - 1;
        }
        return upto_nsec;
}

void kprobe_release(Kprobe *k, uint64_t upto_nsec) {
        uint64_t *released = &k->store.counters[COUNTER_RELEASED];
        uint64_t upto = before_any(k, upto_nsec < k->passed_nsec ? upto_nsec : k->passed_nsec);

        /* Before the first page goes, so that a crash in between leaves none whose beginning is missed. */
        if (upto > *released)
                *released = upto;
        atomic_signal_fence(memory_order_release);
        for (uint32_t i = 0; i < k->store.n_slots; i++) {
                Page *p = &k->pages[i];

                if (!p->used || !p->done || p->last_nsec > upto)
                        continue;
                p->used = false;
                k->store.free(k->store.userdata, i);
        }
}

uint64_t kprobe_drained_nsec(const Kprobe *k) {
        return k->drained_nsec;
}

uint64_t kprobe_since_nsec(const Kprobe *k) {
        return k->store.counters[COUNTER_SINCE];
}

int kprobe_reconcile(Kprobe *k, KprobeTake take, void *userdata, KprobeLoss *ret) {
        uint64_t *c = k->store.counters, hits[KPROBE_PROBES_MAX];
        uint64_t *const told[] = { &ret->ooms, &ret->attempts, &ret->ends };
        KprobeCounters now;
        int r;

        *ret = (KprobeLoss){ 0 };
        /* Hits first: what comes while we read is then read and not yet expected. */
        r = kprobe_counters(k, &now);
        for (uint32_t i = 0; i < KPROBE_PROBES_MAX; i++)
                hits[i] = now.probes[i].hits;
        if (r == 0)
                r = kprobe_drain(k, /* keep= */ false, take, userdata);
        if (r < 0)
                return r;
        for (uint32_t i = 0; i < ELEMENTSOF(told); i++) {
                uint64_t seen = c[COUNTER_READ + i] + c[COUNTER_TOLD + i];

                if (hits[i] > seen) {
                        *told[i] = hits[i] - seen;
                        c[COUNTER_TOLD + i] += *told[i];
                }
        }
        ret->kills_events = now.lost_kills - c[COUNTER_TOLD_KILLS];
        ret->churn_events = now.lost_churn - c[COUNTER_TOLD_CHURN];
        c[COUNTER_TOLD_KILLS] = now.lost_kills;
        c[COUNTER_TOLD_CHURN] = now.lost_churn;
        return r;
}

const char *kprobe_offset_name(uint32_t index, bool *ret_proved) {
        return layout_name(index, ret_proved);
}
