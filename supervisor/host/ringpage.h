#pragma once
/* Raw ring pages -> raw events. Nothing read from a page is trusted: lengths are checked against what was read. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
