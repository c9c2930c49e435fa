#pragma once
/* Raw ring pages -> Evidence. Formats (the `format` texts of tracefs) are read once; after that nothing allocates, and
 * nothing read from a page is trusted: lengths, offsets and strings are checked against what was read. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "supervisor/attribute/evidence.h"

/* Where the fields of one generation's events lie. */
typedef struct RingFormats RingFormats;

/* Reads @text: `format` texts one after the other, for this generation's events, known by the beginning of their names
 * (kill_, victim_, done_, group_, self_; signal_generate, cgroup_mkdir, cgroup_rmdir). Returns 0, -EINVAL if one of
 * them cannot be read, -ENOMEM. The caller frees with ringformats_free(). */
int ringformats_new(RingFormats **ret, const char *text, size_t length);

/* NULL is fine. Returns NULL. */
RingFormats *ringformats_free(RingFormats *f);

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
int ringpage_decode(const RingFormats *f, const void *data, size_t size, Evidence *ret, RingSelf *ret_self);

/* Is this structurally a ring page: do header and event lengths stay within @length? What passes can be walked with
 * kbuffer without leaving it. */
bool ringpage_valid(const void *page, size_t length);

/* Walks the events of one page. */
typedef struct RingCursor RingCursor;

/* Returns 0 or -ENOMEM. Free with ringcursor_free(). */
int ringcursor_new(RingCursor **ret);

/* NULL is fine. Returns NULL. */
RingCursor *ringcursor_free(RingCursor *c);

/* Begins at the first event of @page, which must be valid (else -EBADMSG) and stay until the end. Returns 1 with an
 * event under the cursor, 0 when the page holds none. */
int ringcursor_load(RingCursor *c, void *page, size_t length);

/* Were events overwritten between the page read before and this one? As the kernel marked the page. */
bool ringcursor_lost(const RingCursor *c);

/* Goes on to the next. Returns 1, or 0 after the last. */
int ringcursor_next(RingCursor *c);

/* The event under the cursor: its data, size and time (CLOCK_BOOTTIME, nanoseconds). */
const void *ringcursor_event(const RingCursor *c, size_t *ret_size, uint64_t *ret_nsec);
