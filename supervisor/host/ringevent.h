#pragma once
/* One raw event -> Evidence. Nothing read from a page is trusted: offsets and strings are checked against what was read. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "supervisor/attribute/evidence.h"
#include "supervisor/host/ringformats.h"

/* What a decoded event is: EvidenceKind, or one of these. */
enum {
        RING_GROUP = 100,       /* mem_cgroup_print_oom_group(): the cgroup of a group kill; id in Evidence.churn.id */
        RING_SELF,              /* the self-test's event: as EVIDENCE_VICTIM, the counters in RingSelf */
        RING_SIGNAL,            /* signal_generate, of either instance */
};

/* What the self-test's event has besides a victim. */
typedef struct RingSelf {
        uint64_t usage_pages, max_pages, peak_pages, swap_usage_pages, swap_max_pages;
        bool swap_present;
        uint64_t task, owner;   /* addresses, only to be compared */
} RingSelf;

/* Decodes the event at @data. Fills @ret (kind, pid, comm and the union; cpu and time are the caller's). @ret_self may be
 * NULL. Returns the kind (EvidenceKind, RING_GROUP or RING_SELF), -ENOMSG for an event of no known format, -EBADMSG for
 * a damaged one. Strings point into @data. */
int ringevent_decode(const RingFormats *f, const void *data, size_t size, Evidence *ret, RingSelf *ret_self);
