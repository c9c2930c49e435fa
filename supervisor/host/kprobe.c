#include "supervisor/host/kprobe.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "supervisor/base/fd.h"
#include "supervisor/host/kprobe-rings.h"
#include "supervisor/host/probes.h"
#include "supervisor/host/selftest.h"

enum { OWN_SLOTS = 256 };
enum { RING_BYTES_MIN = 16 * 1024 };

static int explain(char *why, size_t size, int error, const char *what) {
        (void) snprintf(why, size, "%s: %s", what, strerror(-error));
        return error;
}

/* ---- opening ---- */

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
                if (faccessat(t->fd, path, F_OK, 0) == 0)
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

/* Reads the formats of a generation that is in the kernel, and keeps them with the pages that will need them. */
static int take_formats(Kprobe *k, Generation *g) {
        _cleanup_free_ char *text = malloc(GENERATION_FORMATS_MAX);
        int length;

        if (!text)
                return -ENOMEM;
        length = generation_formats(&g->name, &k->tracefs, text, GENERATION_FORMATS_MAX);
        if (length < 0)
                return length;
        (void) k->store.formats_save(k->store.userdata, g->name.number, text, (size_t) length);
        return ringformats_new(&g->formats, text, (size_t) length);
}

static void found_instance(const char *name, void *userdata) {
        Kprobe *k = userdata;
        GenerationName g;

        if (generation_parse(&g, name) < 0 || g.owner != k->generations[0].name.owner)
                return;
        for (uint32_t i = 0; i < k->n_generations; i++)
                if (k->generations[i].name.number == g.number)
                        return;
        if (k->n_generations < GENERATIONS_MAX)
                k->generations[k->n_generations++] = (Generation){ .name = g, .in_kernel = true };
}

/* Instances of other generations: the rings of the binary before us. They are read like our own until retire(). */
static int adopt(Kprobe *k) {
        char prefix[32];
        int r;

        (void) snprintf(prefix, sizeof(prefix), "reeve_%08" PRIx32 "_", k->generations[0].name.owner);
        r = trace_instances(&k->tracefs, prefix, found_instance, k);
        for (uint32_t i = 1; r == 0 && i < k->n_generations; i++) {
                Generation *g = &k->generations[i];
                int dirs[PAGE_INSTANCES];

                (void) take_formats(k, g);
                for (int instance = 0; instance < PAGE_INSTANCES; instance++) {
                        char name[64];

                        (void) snprintf(name, sizeof(name), "%s_%s", g->name.prefix,
                                        generation_instance_name((PageInstance) instance));
                        dirs[instance] = trace_instance_open(&k->tracefs, name);
                }
                r = rings_open(k, g, dirs);
                for (int instance = 0; instance < PAGE_INSTANCES; instance++)
                        fd_closep(&dirs[instance]);
        }
        if (k->n_generations > 1)
                k->switch_nsec = boottime_nsec();
        return r;
}

/* The old generations are read to the end and nothing in them is open: they go. */
static void retire(Kprobe *k) {
        for (uint32_t i = 1; i < k->n_generations; i++) {
                Generation *g = &k->generations[i];

                if (!g->in_kernel || g->oom.open || k->drained_nsec <= k->switch_nsec)
                        continue;
                for (uint32_t j = 0; j < k->n_rings; j++)
                        if (k->rings[j].generation == g) {
                                fd_closep(&k->rings[j].fd);
                                fd_closep(&k->rings[j].stats_fd);
                                k->rings[j].fd = k->rings[j].stats_fd = -1;
                        }
                (void) generation_remove(&g->name, &k->tracefs);
                g->in_kernel = false;
        }
}

static void read_profile(Kprobe *k);

/* More was read than was ever hit: the probes were removed and made again since (an uninstall), and count from 0. */
static bool probes_are_new(Kprobe *k) {
        read_profile(k);
        for (uint32_t i = 0; i < KPROBE_PROBES_MAX; i++)
                if (k->counters.probes[i].hits < k->counters.probes[i].read)
                        return true;
        return false;
}

/* The reads counted in the store are of another generation, or of probes that were read without a store: begin anew once
 * everything is read. */
static void check_baseline(Kprobe *k) {
        uint64_t *c = k->store.counters, released = c[COUNTER_RELEASED], since = c[COUNTER_SINCE];

        if (c[COUNTER_GENERATION] == k->generations[0].name.number && !probes_are_new(k))
                return;
        memset(c, 0, PAGE_COUNTERS * sizeof(*c));
        c[COUNTER_RELEASED] = released;
        c[COUNTER_SINCE] = since;
        read_profile(k);
        for (uint32_t i = 0; i < KPROBE_PROBES_MAX; i++)
                k->baseline |= k->counters.probes[i].hits > 0;
        if (!k->baseline)
                c[COUNTER_GENERATION] = k->generations[0].name.number;
}

static void take_baseline(Kprobe *k) {
        uint64_t *c = k->store.counters;
        KprobeCounters ignored;

        k->baseline = false;
        if (kprobe_counters(k, &ignored) < 0)
                return;
        for (uint32_t i = 0; i < k->counters.n_probes; i++)
                c[COUNTER_READ + i] = k->counters.probes[i].hits;
        c[COUNTER_TOLD_KILLS] = k->counters.lost_kills;
        c[COUNTER_TOLD_CHURN] = k->counters.lost_churn;
        c[COUNTER_GENERATION] = k->generations[0].name.number;
}

/* Ours from before, or those of another generation: either went on recording while nobody ran. */
static bool was_recording(const Kprobe *k) {
        char name[64];
        int dir;

        (void) snprintf(name, sizeof(name), "%s_%s", k->generations[0].name.prefix, generation_instance_name(PAGE_KILLS));
        dir = trace_instance_open(&k->tracefs, name);
        if (dir >= 0)
                (void) close(dir);
        return dir >= 0;
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
        for (int i = 0; i < PAGE_INSTANCES; i++)
                k->epolls[i] = epoll_create1(EPOLL_CLOEXEC);
        if (!k->rings || k->epolls[PAGE_KILLS] < 0 || k->epolls[PAGE_CHURN] < 0)
                return explain(why, size, -ENOMEM, "rings");
        r = take_formats(k, &k->generations[0]);
        if (r < 0)
                return explain(why, size, r, "the formats of our own events cannot be read");
        r = rings_open(k, &k->generations[0], k->dirs);
        if (r == 0)
                r = adopt(k);
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
        recording = was_recording(k);
        r = generation_make(&k->generations[0].name, &generation, k->dirs, &k->group_probe, why, size);
        if (r == 0)
                r = open_rings(k, why, size);
        if (r < 0)
                return r;
        k->profile_fd = openat(k->tracefs.fd, "kprobe_profile", O_RDONLY | O_CLOEXEC);
        check_baseline(k);
        recording |= k->n_generations > 1;
        if (!recording || o->interrupted || k->store.counters[COUNTER_SINCE] == 0)
                k->store.counters[COUNTER_SINCE] = boottime_nsec();
        return 0;
}

static void open_watched(Kprobe *k);

int kprobe_open(Kprobe **ret, const KprobeOptions *options, char *reterr_why, size_t why_size) {
        Kprobe *k = calloc(1, sizeof(*k));
        int r;

        if (!k)
                return explain(reterr_why, why_size, -ENOMEM, "kprobe");
        k->tracefs.fd = k->profile_fd = -1;
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
        open_watched(k);
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
        trace_close(&k->tracefs);
        pagestore_memory_free(&k->own_store);
        free(k->rings);
        free(k->pages);
        free(k);
        return NULL;
}

int kprobe_kills_fd(const Kprobe *k) {
        return k->epolls[PAGE_KILLS];
}

int kprobe_churn_fd(const Kprobe *k) {
        return k->epolls[PAGE_CHURN];
}

/* ---- reading ---- */

int kprobe_drain(Kprobe *k, bool keep, KprobeTake take, void *userdata) {
        uint64_t now = boottime_nsec();
        int r;

        k->keep = keep;
        k->full = false;
        r = rings_pass(k, now, take, userdata);
        if (r < 0 || k->full)
                return r < 0 ? r : 1;
        k->drained_nsec = now;
        if (k->n_generations > 1)
                retire(k);
        if (k->baseline)
                take_baseline(k);
        return r;
}

void kprobe_release(Kprobe *k, uint64_t upto_nsec) {
        uint64_t *released = &k->store.counters[COUNTER_RELEASED];
        uint64_t upto = upto_nsec < k->passed_nsec ? upto_nsec : k->passed_nsec;

        /* Before the first page goes, so that a crash in between leaves none whose beginning is missed. */
        if (upto > *released)
                *released = upto;
        atomic_signal_fence(memory_order_release);
        for (uint32_t i = 0; i < k->store.n_slots; i++) {
                Page *p = &k->pages[i];

                if (!p->used || !p->done || p->last_nsec > upto_nsec)
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

/* ---- watching over ourselves ---- */

/* Held open, since a rule that is checked at each kill must not look paths up. Two a ring instance, two an event. */
static void open_watched(Kprobe *k) {
        for (int i = 0; i < PAGE_INSTANCES; i++) {
                char path[128], file[160];
                const char *filter;

                k->watched[i][0] = openat(k->dirs[i], "tracing_on", O_RDONLY | O_CLOEXEC);
                for (uint32_t e = 0; e < 8; e++) {
                        if (generation_event(&k->generations[0].name, (PageInstance) i, e, path, sizeof(path), &filter) < 0)
                                break;
                        (void) snprintf(file, sizeof(file), "%s/enable", path);
                        k->watched[i][2 + 2 * e] = openat(k->dirs[i], file, O_RDONLY | O_CLOEXEC);
                        (void) snprintf(file, sizeof(file), "%s/filter", path);
                        k->watched[i][3 + 2 * e] = openat(k->dirs[i], file, O_RDONLY | O_CLOEXEC);
                }
        }
}

static bool reads(int fd, const char *wanted) {
        char text[256];

        if (fd < 0)
                return true;
        if (trace_pread_small(fd, text, sizeof(text)) < 0)
                return false;
        /* "1*": on, with a trigger attached. */
        text[strcspn(text, "\n*")] = '\0';
        return strcmp(text, wanted) == 0;
}

static int check_instance(Kprobe *k, PageInstance i, char *why, size_t size) {
        const char *name = generation_instance_name(i), *filter;
        char path[128];

        if (!reads(k->watched[i][0], "1")) {
                (void) snprintf(why, size, "somebody turned tracing off in our instance %s", name);
                return -ESHUTDOWN;
        }
        for (uint32_t e = 0; e < 8; e++) {
                if (generation_event(&k->generations[0].name, i, e, path, sizeof(path), &filter) < 0)
                        break;
                if (!reads(k->watched[i][2 + 2 * e], "1")) {
                        (void) snprintf(why, size, "somebody switched %s off in our instance %s", path, name);
                        return -ESHUTDOWN;
                }
                if (!reads(k->watched[i][3 + 2 * e], filter ? filter : "none")) {
                        (void) snprintf(why, size, "somebody changed the filter of %s in our instance %s", path, name);
                        return -ESHUTDOWN;
                }
        }
        return 0;
}

int kprobe_check(Kprobe *k, char *reterr_why, size_t why_size) {
        rings_arm(k);
        for (int i = 0; i < PAGE_INSTANCES; i++) {
                int r = check_instance(k, (PageInstance) i, reterr_why, why_size);

                if (r < 0)
                        return r;
        }
        if (k->counters.implausible > 0) {
                (void) snprintf(reterr_why, why_size,
                                "what %" PRIu64 " OOM records say contradicts itself: an offset is wrong",
                                k->counters.implausible);
                return -EBADMSG;
        }
        return 0;
}

/* ---- counters ---- */

/* A line of kprobe_profile: event, hits, misses. */
static void read_profile(Kprobe *k) {
        char text[16384], name[PROBE_NAME_SIZE];
        const GenerationName *g = &k->generations[0].name;

        if (k->profile_fd < 0 || trace_pread(k->profile_fd, text, sizeof(text)) < 0)
                return;
        for (uint32_t i = 0; i < KPROBE_PROBES_MAX; i++) {
                KprobeProbe *p = &k->counters.probes[i];
                const char *at;

                (void) snprintf(name, sizeof(name), "%s_%s ", probe_name((ProbeKind) i), g->suffix);
                at = strstr(text, name);
                p->name = probe_name((ProbeKind) i);
                p->read = k->store.counters[COUNTER_READ + i];
                p->told = k->store.counters[COUNTER_TOLD + i];
                if (at)
                        (void) sscanf(at + strlen(name), "%" SCNu64 " %" SCNu64, &p->hits, &p->missed);
        }
        k->counters.n_probes = k->group_probe ? KPROBE_PROBES_MAX : KPROBE_PROBES_MAX - 1;
}

static uint64_t stat_value(const char *text, const char *key) {
        const char *p = strstr(text, key);

        return p ? strtoull(p + strlen(key), NULL, 10) : 0;
}

/* A ring that was overrun is full: unless something was read from one since the last look, nothing was lost since. Of an idle
 * host this saves the reads of two files a CPU. */
static void read_stats(Kprobe *k) {
        uint64_t lost[PAGE_INSTANCES] = { 0 };

        if (k->stats_fresh)
                return;
        k->stats_fresh = true;
        for (uint32_t i = 0; i < k->n_rings; i++) {
                Ring *r = &k->rings[i];
                char path[64], text[512];

                if (!r->generation->current)
                        continue;
                (void) snprintf(path, sizeof(path), "per_cpu/cpu%" PRIu32 "/stats", r->cpu);
                if (r->fd >= 0 && r->stats_fd < 0)
                        r->stats_fd = openat(k->dirs[r->instance], path, O_RDONLY | O_CLOEXEC);
                if (r->stats_fd >= 0 && trace_pread_small(r->stats_fd, text, sizeof(text)) > 0) {
                        r->overruns = stat_value(text, "\noverrun:") + stat_value(text, "commit overrun:");
                        r->drops = stat_value(text, "dropped events:");
                }
                lost[r->instance] += r->overruns + r->drops;
        }
        k->counters.lost_kills = lost[PAGE_KILLS];
        k->counters.lost_churn = lost[PAGE_CHURN];
        k->counters.told_kills = k->store.counters[COUNTER_TOLD_KILLS];
}

int kprobe_counters(Kprobe *k, KprobeCounters *ret) {
        read_profile(k);
        read_stats(k);
        k->counters.kernel_bytes = (k->ring_bytes[PAGE_KILLS] + k->ring_bytes[PAGE_CHURN]) * k->n_cpus;
        *ret = k->counters;
        return 0;
}

uint64_t kprobe_victims_read(const Kprobe *k) {
        return k->store.counters[COUNTER_READ + PROBE_VICTIM];
}

void kprobe_told_lost(Kprobe *k, uint64_t attempts) {
        k->store.counters[COUNTER_TOLD + PROBE_VICTIM] += attempts;
        k->store.counters[COUNTER_TOLD_KILLS] = k->counters.lost_kills;
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

int kprobe_ring(const Kprobe *k, uint32_t index, KprobeRing *ret) {
        for (uint32_t i = 0; i < k->n_rings; i++) {
                const Ring *r = &k->rings[i];

                if (!r->generation->current || r->fd < 0 || index-- > 0)
                        continue;
                *ret = (KprobeRing){
                        .name = generation_instance_name(r->instance),
                        .cpu = r->cpu,
                        .size_bytes = k->ring_bytes[r->instance],
                        .overruns = r->overruns,
                        .drops = r->drops,
                };
                return 0;
        }
        return -ENOENT;
}

const char *kprobe_offset_name(uint32_t index, bool *ret_proved) {
        return layout_name(index, ret_proved);
}

/* ---- removal ---- */

enum { FOUND_MAX = 64 };

typedef struct Found {
        GenerationName generations[FOUND_MAX];
        uint32_t n;
} Found;

static void note_instance(const char *name, void *userdata) {
        Found *f = userdata;
        GenerationName g;

        if (generation_parse(&g, name) < 0 || f->n == FOUND_MAX)
                return;
        for (uint32_t i = 0; i < f->n; i++)
                if (f->generations[i].number == g.number)
                        return;
        f->generations[f->n++] = g;
}

static void note_probe(const char *group, const char *event, void *userdata) {
        (void) event;
        note_instance(group, userdata);
}

int kprobe_uninstall(const char *state_directory, const char *tracing_directory, char *reterr_why, size_t why_size) {
        Found found = { .n = 0 };
        Tracefs t = { .fd = -1 };
        char prefix[32];
        int r = trace_open(&t, tracing_directory, reterr_why, why_size);

        if (r < 0)
                return r == -ENOENT ? 0 : r;
        (void) snprintf(prefix, sizeof(prefix), "reeve_%08" PRIx32 "_", probe_hash(state_directory));
        r = trace_instances(&t, prefix, note_instance, &found);
        if (r == 0)
                r = trace_probes(&t, prefix, note_probe, &found);
        if (r == -ENOENT)
                r = 0;          /* a kernel without kprobe events has none of ours */
        if (r < 0)
                (void) explain(reterr_why, why_size, r, "tracefs cannot be read");
        for (uint32_t i = 0; i < found.n; i++) {
                int e;

                selftest_clean(&t, found.generations[i].prefix, found.generations[i].suffix);
                e = generation_remove(&found.generations[i], &t);
                if (e < 0 && r == 0)
                        r = explain(reterr_why, why_size, e, found.generations[i].prefix);
        }
        trace_close(&t);
        return r;
}
