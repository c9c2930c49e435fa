#include "supervisor/attribute/assemble-private.h"

#include <string.h>

enum { GFP_KERNEL_BITS = 0xcc0 };       /* what memory_max_write() passes on, 5.10 to 7.2 */

int64_t assemble_pages_to_bytes(const Assembler *a, uint64_t pages) {
        return pages >= (uint64_t) INT64_MAX / a->o.page_size ? KILL_UNLIMITED : (int64_t) (pages * a->o.page_size);
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
        k->limit_bytes = assemble_pages_to_bytes(a, d->max_pages);
        k->limit_current_bytes = assemble_pages_to_bytes(a, d->usage_pages);
        k->limit_peak_bytes = assemble_pages_to_bytes(a, d->peak_pages);
        k->limit_swap_bytes = assemble_pages_to_bytes(a, d->swap_usage_pages);
        k->limit_swap_max_bytes = assemble_pages_to_bytes(a, d->swap_max_pages);
}

void assemble_judge_oom(const Assembler *a, Kill *k, const EvidenceOom *oom) {
        k->killer = oom->order == -1 ? REEVE_KILLER_SYSRQ : REEVE_KILLER_KERNEL;
        k->constraint = constraint_of(oom);
        k->selection = selection_of(a, oom);
        k->order = oom->order;
        k->gfp = oom->gfp;
        k->total_pages = (int64_t) oom->total_pages;
        k->confidence = REEVE_CONFIDENCE_CERTAIN;
        take_domain(a, k, &oom->domain);
}

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

void assemble_judge_whole(Open *o) {
        Kill *k = &o->kill;

        if (k->limit.id != 0 && k->n_victims > 0 && k->victims[0].cgroup.id != 0)
                k->scope = k->victims[0].cgroup.id == k->limit.id ? REEVE_SCOPE_SELF : REEVE_SCOPE_ANCESTOR;
        k->reason = reason_of(k);
        find_kill_cgroup(o);
}
