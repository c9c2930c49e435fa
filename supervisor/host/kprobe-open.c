/* Opening: the kernel's structures, the self-test, our probes and rings. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "supervisor/base/clock.h"
#include "supervisor/base/fd.h"
#include "supervisor/host/kprobe-private.h"
#include "supervisor/host/probes.h"
#include "supervisor/host/selftest.h"

enum { OWN_SLOTS = 256 };
enum { RING_BYTES_MIN = 16 * 1024 };

static int explain(char *why, size_t size, int error, const char *what) {
        (void) snprintf(why, size, "%s: %s", what, strerror(-error));
        return error;
}

static int read_layout(Kprobe *k, const KprobeOptions *o, char *why, size_t size) {
        Btf *btf;
        int r = btf_open(&btf, o->btf_path);

        if (r == -ENOENT) {
                (void) snprintf(why, size, "the kernel does not describe its types (no /sys/kernel/btf/vmlinux)");
                return r;
        }
        if (r < 0)
                return explain(why, size, r, "the kernel's type information cannot be read");
        r = layout_read(&k->layout, btf, why, size);
        btf_close(btf);
        if (r == 0 && o->shift_offset && layout_shift(&k->layout, o->shift_offset) < 0) {
                (void) snprintf(why, size, "no offset %s", o->shift_offset);
                r = -ENOKEY;
        }
        return r;
}

/* CPUs that may ever come: tracefs has a directory for each. */
static uint32_t count_cpus(const Tracefs *t) {
        uint32_t n = 0;

        for (uint32_t cpu = 0; cpu < 8192; cpu++) {
                char path[64];

                (void) snprintf(path, sizeof(path), "per_cpu/cpu%" PRIu32, cpu);
                /* One that cannot be looked at is there: passed over, its ring would not be read. */
                if (faccessat(t->fd, path, F_OK, 0) == 0 || errno != ENOENT)
                        n = cpu + 1;
                else if (cpu > n + 64)
                        break;
        }
        return n;
}

/* All rings together take at most 0.1 % of RAM, each at least 16 KiB: the floor wins. */
static void size_rings(Kprobe *k, const KprobeOptions *o) {
        uint64_t kills = o->kills_ring_bytes ? o->kills_ring_bytes : 128 * 1024;
        uint64_t churn = o->churn_ring_bytes ? o->churn_ring_bytes : 64 * 1024;
        uint64_t most, all = (kills + churn) * k->n_cpus;
        struct sysinfo info;

        if (sysinfo(&info) < 0)
                return;
        most = (uint64_t) info.totalram * info.mem_unit / 1000;
        if (all > most) {
                kills = kills * most / all;
                churn = churn * most / all;
        }
        kills = kills / 1024 * 1024;
        churn = churn / 1024 * 1024;
        k->ring_bytes[PAGE_KILLS] = kills > RING_BYTES_MIN ? kills : RING_BYTES_MIN;
        k->ring_bytes[PAGE_CHURN] = churn > RING_BYTES_MIN ? churn : RING_BYTES_MIN;
}

static int open_store(Kprobe *k, const KprobeOptions *o) {
        int r = 0;

        if (o->pages)
                k->store = *o->pages;
        else {
                r = pagestore_memory_new(&k->own_store, OWN_SLOTS);
                k->store = k->own_store;
        }
        if (r < 0)
                return r;
        k->pages = calloc(k->store.n_slots, sizeof(*k->pages));
        return k->pages ? 0 : -ENOMEM;
}

static int check_host(Kprobe *k, char *why, size_t size) {
        if (sysconf(_SC_PAGESIZE) != PAGE_BYTES) {
                (void) snprintf(why, size, "ring pages of %ld bytes are not supported", sysconf(_SC_PAGESIZE));
                return -EOPNOTSUPP;
        }
#if !defined(__x86_64__) && !defined(__aarch64__)
        (void) snprintf(why, size, "not supported on this architecture");
        return -EOPNOTSUPP;
#endif
        if (faccessat(k->tracefs.fd, "kprobe_events", F_OK, 0) < 0) {
                (void) snprintf(why, size, "the kernel has no kprobe events");
                return -ENOENT;
        }
        return 0;
}

static int open_rings(Kprobe *k, char *why, size_t size) {
        int r;

        k->max_rings = PAGE_INSTANCES * k->n_cpus * GENERATIONS_MAX;
        k->rings = calloc(k->max_rings, sizeof(*k->rings));
        if (!k->rings)
                return explain(why, size, -ENOMEM, "rings");
        for (int i = 0; i < PAGE_INSTANCES; i++) {
                k->epolls[i] = epoll_create1(EPOLL_CLOEXEC);
                if (k->epolls[i] < 0)
                        return explain(why, size, -errno, "rings");
        }
        r = kprobe_formats_take(k, &k->generations[0]);
        if (r < 0)
                return explain(why, size, r, "the formats of our own events cannot be read");
        r = rings_open(k, &k->generations[0], k->dirs);
        if (r == 0)
                r = kprobe_adopt(k);
        if (r == 0)
                r = rings_replay(k);
        return r < 0 ? explain(why, size, r, "the rings cannot be opened") : 0;
}

static int open_steps(Kprobe *k, const KprobeOptions *o, char *why, size_t size) {
        GenerationOptions generation = { .tracefs = &k->tracefs, .layout = &k->layout };
        SelftestOptions selftest = {
                .tracefs = &k->tracefs,
                .layout = &k->layout,
                .cgroup_root = o->cgroup_root ? o->cgroup_root : "/sys/fs/cgroup",
        };
        bool recording;
        int r = trace_open(&k->tracefs, o->tracing_directory, why, size);

        if (r == 0)
                r = check_host(k, why, size);
        if (r == 0)
                r = kprobe_switch_open(k, why, size);
        if (r == 0)
                r = read_layout(k, o, why, size);
        if (r < 0)
                return r;
        k->generations[0] = (Generation){
                .name = generation_name(probe_hash(o->state_directory), probe_generation(&k->layout)),
                .current = true,
                .in_kernel = true,
        };
        k->n_generations = 1;
        selftest.prefix = k->generations[0].name.prefix;
        selftest.suffix = k->generations[0].name.suffix;
        r = selftest_run(&selftest, why, size);
        if (r < 0)
                return r;
        k->n_cpus = count_cpus(&k->tracefs);
        size_rings(k, o);
        r = open_store(k, o);
        if (r < 0)
                return explain(why, size, r, "pages");
        for (int i = 0; i < PAGE_INSTANCES; i++)
                generation.ring_bytes[i] = k->ring_bytes[i];
        recording = kprobe_was_recording(k);
        r = generation_make(&k->generations[0].name, &generation, k->dirs, &k->group_probe, why, size);
        if (r == 0)
                r = open_rings(k, why, size);
        if (r < 0)
                return r;
        kprobe_baseline_check(k);
        recording |= k->n_generations > 1;
        if (!recording || o->interrupted || k->store.counters[COUNTER_SINCE] == 0)
                k->store.counters[COUNTER_SINCE] = clock_boottime_nsec();
        return 0;
}

int kprobe_open(Kprobe **ret, const KprobeOptions *options, char *reterr_why, size_t why_size) {
        Kprobe *k = calloc(1, sizeof(*k));
        int r;

        if (!k)
                return explain(reterr_why, why_size, -ENOMEM, "kprobe");
        k->tracefs.fd = k->profile_fd = k->switch_fd = -1;
        k->spare = RING_NO_PAGE;
        for (int i = 0; i < PAGE_INSTANCES; i++) {
                k->dirs[i] = k->epolls[i] = -1;
                for (size_t j = 0; j < ELEMENTSOF(k->watched[i]); j++)
                        k->watched[i][j] = -1;
        }
        r = open_steps(k, options, reterr_why, why_size);
        if (r < 0) {
                kprobe_close(k);
                return r;
        }
        kprobe_watch(k);
        *ret = k;
        return 0;
}

Kprobe *kprobe_close(Kprobe *k) {
        if (!k)
                return NULL;
        rings_close(k);
        for (int i = 0; i < PAGE_INSTANCES; i++) {
                fd_closep(&k->dirs[i]);
                fd_closep(&k->epolls[i]);
                for (size_t j = 0; j < ELEMENTSOF(k->watched[i]); j++)
                        fd_closep(&k->watched[i][j]);
        }
        for (uint32_t i = 0; i < k->n_generations; i++)
                ringformats_free(k->generations[i].formats);
        fd_closep(&k->profile_fd);
        fd_closep(&k->switch_fd);
        trace_close(&k->tracefs);
        pagestore_memory_free(&k->own_store);
        free(k->rings);
        free(k->pages);
        free(k);
        return NULL;
}
