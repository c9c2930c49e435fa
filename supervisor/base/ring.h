#pragma once
/* A bounded queue of pointers from any number of threads to one, with an eventfd to wait on. When it is full the
 * newcomer is refused and counted: nobody ever waits for room. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Ring Ring;

/* Makes a ring for @capacity pointers. Returns 0, or -ENOMEM / -errno of eventfd(). */
int ring_new(Ring **ret, size_t capacity);

/* Frees @r (NULL is fine); what is still queued belongs to the caller, who drains first. Returns NULL. */
Ring *ring_free(Ring *r);

/* Queues @item (not NULL). Returns true, or false when the ring was full: the item stays the caller's, the loss is
 * counted. Never blocks, never allocates. */
bool ring_push(Ring *r, void *item);

/* Takes the oldest item, or NULL when there is none. Only one thread may take. */
void *ring_pop(Ring *r);

/* Wakes the taker without an item (to look at a stop flag). */
void ring_wake(Ring *r);

/* The eventfd, readable while something may be queued; the event loop watches it. Cleared by ring_drain_fd(). */
int ring_fd(const Ring *r);

/* Clears the eventfd; call before popping until NULL. */
void ring_drain_fd(Ring *r);

/* How many pushes were refused since the beginning. */
uint64_t ring_lost(Ring *r);
