/* Pages from the kernel into the store, and under the cursors. */
#include <errno.h>
#include <unistd.h>

#include "supervisor/host/kprobe-private.h"

/* The slot that was handed over longest ago: it only waits for its records to be finished. */
static int evict(Kprobe *k) {
        uint32_t oldest = RING_NO_PAGE;

        for (uint32_t i = 0; i < k->store.n_slots; i++)
                if (k->pages[i].used && k->pages[i].done &&
                    (oldest == RING_NO_PAGE || k->pages[i].last_nsec < k->pages[oldest].last_nsec))
                        oldest = i;
        if (oldest == RING_NO_PAGE)
                return -ENOBUFS;
        k->pages[oldest].used = false;
        k->store.free(k->store.userdata, oldest);
        k->counters.unspooled++;
        return 0;
}

/* Returns 0; -ENOBUFS: there is none; -EAGAIN: nor shall one be made. */
static int take_slot(Kprobe *k) {
        void *data;

        if (k->spare != RING_NO_PAGE)
                return 0;
        for (int i = 0; i < 2; i++) {
                if (k->store.take(k->store.userdata, &k->spare, &data) == 0) {
                        k->pages[k->spare] = (Page){ .data = data, .next = RING_NO_PAGE };
                        return 0;
                }
                k->spare = RING_NO_PAGE;
                if (k->keep)
                        return -EAGAIN;
                if (evict(k) < 0)
                        break;
        }
        return -ENOBUFS;
}

/* Events of this ring were overwritten before the one under the cursor. It is told ahead of its place in time, so that an
 * OOM that another CPU's ring shows in between is not taken to be whole. */
static void tell_lost(Kprobe *k, const Ring *r, KprobeTake take, void *userdata) {
        uint64_t released = k->store.counters[COUNTER_RELEASED];
        Evidence e = {
                .kind = EVIDENCE_LOST,
                .cpu = r->cpu,
                .time_nsec = r->last_nsec > released ? r->last_nsec : released,
                .lost.to_nsec = r->nsec,
        };

        if (r->instance != PAGE_KILLS || r->nsec <= released || !ringcursor_lost(r->cursor))
                return;
        if (r->nsec > k->lost_until)
                k->lost_until = r->nsec;
        for (uint32_t i = 0; i < k->n_generations; i++)
                k->generations[i].oom.lossy = true;
        take(&e, userdata);
}

/* Puts page @data under the cursor. An empty page is let go at once. */
static bool ring_load(Kprobe *k, Ring *r, uint32_t slot, void *data) {
        size_t size;
        int n = ringcursor_load(r->cursor, data, PAGE_BYTES);

        if (n < 0)
                k->counters.undecoded++;
        r->page = slot;
        r->loaded = n > 0;
        if (r->loaded) {
                (void) ringcursor_event(r->cursor, &size, &r->nsec);
                return true;
        }
        if (slot != RING_NO_PAGE) {
                k->pages[slot].used = false;
                k->store.free(k->store.userdata, slot);
                r->page = RING_NO_PAGE;
        }
        return false;
}

/* Reads the next page. Returns 1 with one, 0 when the ring is empty, -errno. Straight into the store: between the read,
 * which consumes, and the mark that makes it findable nothing can be lost that the zeroed slot does not show. */
static int ring_read(Kprobe *k, Ring *r, uint32_t *ret_slot, void **ret_data) {
        int slot = take_slot(k);
        bool stored = slot == 0;
        void *data = stored ? k->pages[k->spare].data : r->private_page;
        PageInfo info = {
                .generation = r->generation->name.number,
                .instance = r->instance,
                .cpu = r->cpu,
                .order = k->order,
        };
        ssize_t n;

        if (slot == -EAGAIN) {
                k->full = true;
                return 0;
        }
        if (stored)
                k->store.about(k->store.userdata, k->spare, &info);
        do
                n = read(r->fd, data, PAGE_BYTES);
        while (n < 0 && errno == EINTR);
        if (n < 0 && errno != EAGAIN)
                return -errno;
        if (n <= 0)
                return 0;
        k->stats_fresh = false;
        *ret_data = data;
        *ret_slot = RING_NO_PAGE;
        if (!stored) {
                k->counters.unspooled++;
                return 1;
        }
        info.length = (uint32_t) n;
        k->order++;
        k->store.full(k->store.userdata, k->spare, &info);
        k->pages[k->spare].used = true;
        *ret_slot = k->spare;
        k->spare = RING_NO_PAGE;
        return 1;
}

int ring_fill(Kprobe *k, Ring *r, KprobeTake take, void *userdata) {
        while (!r->loaded && !r->dry) {
                uint32_t slot = r->waiting;
                void *data = NULL;
                int n = 1;

                if (slot != RING_NO_PAGE) {
                        r->waiting = k->pages[slot].next;
                        if (r->waiting == RING_NO_PAGE)
                                r->waiting_last = RING_NO_PAGE;
                        data = k->pages[slot].data;
                } else {
                        n = r->fd < 0 ? 0 : ring_read(k, r, &slot, &data);
                }
                if (n <= 0)
                        r->dry = true;
                if (n < 0)
                        return n;
                if (n > 0 && ring_load(k, r, slot, data))
                        tell_lost(k, r, take, userdata);
        }
        return r->loaded;
}

void ring_advance(Kprobe *k, Ring *r) {
        size_t size;
        uint64_t passed = r->nsec;

        r->last_nsec = passed;
        r->loaded = ringcursor_next(r->cursor) > 0;
        if (r->loaded) {
                (void) ringcursor_event(r->cursor, &size, &r->nsec);
                return;
        }
        if (r->page != RING_NO_PAGE) {
                k->pages[r->page].done = true;
                k->pages[r->page].last_nsec = passed;
        }
        r->page = RING_NO_PAGE;
}
