/* The rings: opened, watched by epoll, and given what an earlier run left in the store. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "supervisor/base/fd.h"
#include "supervisor/host/kprobe-private.h"

static int ring_new(Kprobe *k, Generation *g, PageInstance instance, uint32_t cpu, int fd, Ring **ret) {
        Ring *r;
        int error;

        if (k->n_rings == k->max_rings)
                return -ENOSPC;
        r = &k->rings[k->n_rings];
        *r = (Ring){
                .generation = g,
                .instance = instance,
                .cpu = cpu,
                .fd = -1,
                .stats_fd = -1,
                .page = RING_NO_PAGE,
                .waiting = RING_NO_PAGE,
                .waiting_last = RING_NO_PAGE,
        };
        error = ringcursor_new(&r->cursor);
        if (error < 0)
                return error;
        r->private_page = calloc(1, PAGE_BYTES);
        if (!r->private_page) {
                r->cursor = ringcursor_free(r->cursor);
                return -ENOMEM;
        }
        r->fd = fd;
        k->n_rings++;
        if (ret)
                *ret = r;
        return 0;
}

/* A CPU that never was up has no ring: poll() reports an error for it at once, for ever, so it must stay out of the set. */
static void ring_arm(Kprobe *k, Ring *r) {
        struct pollfd p = { .fd = r->fd, .events = POLLIN };
        struct epoll_event event = { .events = EPOLLIN, .data.u32 = r->cpu };

        if (r->armed || r->fd < 0 || !r->generation->current)
                return;
        if (poll(&p, 1, 0) >= 0 && (p.revents & (POLLERR | POLLHUP | POLLNVAL)))
                return;
        r->armed = epoll_ctl(k->epolls[r->instance], EPOLL_CTL_ADD, r->fd, &event) == 0;
}

void rings_arm(Kprobe *k) {
        for (uint32_t i = 0; i < k->n_rings; i++)
                ring_arm(k, &k->rings[i]);
}

int rings_open(Kprobe *k, Generation *g, const int dirs[PAGE_INSTANCES]) {
        for (int instance = 0; instance < PAGE_INSTANCES; instance++) {
                for (uint32_t cpu = 0; dirs[instance] >= 0 && cpu < k->n_cpus; cpu++) {
                        char path[64];
                        Ring *ring;
                        int fd, r;

                        (void) snprintf(path, sizeof(path), "per_cpu/cpu%" PRIu32 "/trace_pipe_raw", cpu);
                        fd = openat(dirs[instance], path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
                        if (fd < 0 && errno == ENOENT)
                                continue;
                        if (fd < 0)
                                return -errno;
                        r = ring_new(k, g, (PageInstance) instance, cpu, fd, &ring);
                        if (r < 0) {
                                close(fd);
                                return r;
                        }
                        ring_arm(k, ring);
                }
        }
        return 0;
}

static Generation *generation_of(Kprobe *k, uint32_t number) {
        const char *text;
        size_t length;
        Generation *g;

        for (uint32_t i = 0; i < k->n_generations; i++)
                if (k->generations[i].name.number == number)
                        return &k->generations[i];
        if (k->n_generations == GENERATIONS_MAX)
                return NULL;
        g = &k->generations[k->n_generations++];
        *g = (Generation){ .name = generation_name(k->generations[0].name.owner, number) };
        if (k->store.formats_find(k->store.userdata, number, &text, &length) == 0)
                (void) ringformats_new(&g->formats, text, length);
        return g;
}

static Ring *ring_of(Kprobe *k, Generation *g, PageInstance instance, uint32_t cpu) {
        Ring *r = NULL;

        for (uint32_t i = 0; i < k->n_rings; i++) {
                r = &k->rings[i];
                if (r->generation == g && r->instance == instance && r->cpu == cpu)
                        return r;
        }
        return ring_new(k, g, instance, cpu, -1, &r) == 0 ? r : NULL;
}

typedef struct Left {
        uint32_t slot;
        PageInfo info;
} Left;

static int by_order(const void *a, const void *b) {
        uint64_t x = ((const Left *) a)->info.order, y = ((const Left *) b)->info.order;

        return x < y ? -1 : x > y;
}

static void queue_page(Kprobe *k, const Left *left) {
        Generation *g = generation_of(k, left->info.generation);
        Ring *r = g && left->info.instance < PAGE_INSTANCES ?
                          ring_of(k, g, (PageInstance) left->info.instance, left->info.cpu) : NULL;
        Page *p = &k->pages[left->slot];

        if (!r || !g->formats) {
                /* Nobody can read it any more: say so by the count, and make room. */
                k->counters.undecoded++;
                k->store.free(k->store.userdata, left->slot);
                p->used = false;
                return;
        }
        p->next = RING_NO_PAGE;
        p->counted = left->info.delivered;
        if (r->waiting_last == RING_NO_PAGE)
                r->waiting = left->slot;
        else
                k->pages[r->waiting_last].next = left->slot;
        r->waiting_last = left->slot;
}

int rings_replay(Kprobe *k) {
        _cleanup_free_ Left *left = calloc(k->store.n_slots, sizeof(*left));
        uint32_t n = 0;

        if (!left)
                return -ENOMEM;
        while (n < k->store.n_slots) {
                uint32_t slot;
                void *data;

                if (k->store.left(k->store.userdata, n, &slot, &data, &left[n].info) < 0)
                        break;
                left[n].slot = slot;
                k->pages[slot] = (Page){ .used = true, .data = data };
                if (left[n].info.order >= k->order)
                        k->order = left[n].info.order + 1;
                n++;
        }
        qsort(left, n, sizeof(*left), by_order);
        for (uint32_t i = 0; i < n; i++)
                queue_page(k, &left[i]);
        return 0;
}

void rings_close(Kprobe *k) {
        if (k->spare != RING_NO_PAGE && k->store.free)
                k->store.free(k->store.userdata, k->spare);
        k->spare = RING_NO_PAGE;
        for (uint32_t i = 0; i < k->n_rings; i++) {
                fd_closep(&k->rings[i].fd);
                fd_closep(&k->rings[i].stats_fd);
                ringcursor_free(k->rings[i].cursor);
                free(k->rings[i].private_page);
        }
        k->n_rings = 0;
}
