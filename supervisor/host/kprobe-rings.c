#include "supervisor/host/kprobe-rings.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "supervisor/base/fd.h"
#include "supervisor/host/probes.h"

uint64_t boottime_nsec(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_BOOTTIME, &t);
        return (uint64_t) t.tv_sec * UINT64_C(1000000000) + (uint64_t) t.tv_nsec;
}

/* ---- opening ---- */

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

/* ---- pages ---- */

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

/* Brings an event under the cursor: from waiting pages, then from the kernel. Returns 1, 0 when there is none, -errno. */
static int ring_fill(Kprobe *k, Ring *r, KprobeTake take, void *userdata) {
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

/* ---- events ---- */

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

static void deliver(Kprobe *k, Ring *r, KprobeTake take, void *userdata) {
        Evidence e;
        size_t size;
        uint64_t nsec;
        bool again;
        const void *event = ringcursor_event(r->cursor, &size, &nsec);
        int kind = r->generation->formats ? ringpage_decode(r->generation->formats, event, size, &e, NULL) : -ENOMSG;

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

static void ring_advance(Kprobe *k, Ring *r) {
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

int rings_pass(Kprobe *k, uint64_t now_nsec, KprobeTake take, void *userdata) {
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
                deliver(k, next, take, userdata);
                ring_advance(k, next);
        }
        return error < 0 ? error : more;
}
