/* What the kernel counts, held against what was read. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/host/kprobe-private.h"
#include "supervisor/host/probes.h"

/* A line of kprobe_profile: event, hits, misses. Returns false where it cannot be read: what is known stays. */
static bool read_profile(Kprobe *k) {
        char text[16384], name[PROBE_NAME_SIZE];
        const GenerationName *g = &k->generations[0].name;

        if (k->profile_fd < 0)
                k->profile_fd = openat(k->tracefs.fd, "kprobe_profile", O_RDONLY | O_CLOEXEC);
        if (k->profile_fd < 0 || trace_pread(k->profile_fd, text, sizeof(text)) < 0)
                return false;
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
        return true;
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
        (void) read_profile(k);
        read_stats(k);
        k->counters.kernel_bytes = (k->ring_bytes[PAGE_KILLS] + k->ring_bytes[PAGE_CHURN]) * k->n_cpus;
        *ret = k->counters;
        return 0;
}

/* More was read than was ever hit: the probes were removed and made again since (an uninstall), and count from 0. */
static bool probes_are_new(const Kprobe *k) {
        for (uint32_t i = 0; i < KPROBE_PROBES_MAX; i++)
                if (k->counters.probes[i].hits < k->counters.probes[i].read)
                        return true;
        return false;
}

void kprobe_baseline_check(Kprobe *k) {
        uint64_t *c = k->store.counters, released = c[COUNTER_RELEASED], since = c[COUNTER_SINCE];
        bool known = read_profile(k);

        if (c[COUNTER_GENERATION] == k->generations[0].name.number && !probes_are_new(k))
                return;
        memset(c, 0, PAGE_COUNTERS * sizeof(*c));
        c[COUNTER_RELEASED] = released;
        c[COUNTER_SINCE] = since;
        /* Hits of probes that an earlier run left are no loss of ours: where they are not known yet they are taken later. */
        k->baseline = !known;
        for (uint32_t i = 0; i < KPROBE_PROBES_MAX; i++)
                k->baseline |= k->counters.probes[i].hits > 0;
        if (!k->baseline)
                c[COUNTER_GENERATION] = k->generations[0].name.number;
}

void kprobe_baseline_take(Kprobe *k) {
        uint64_t *c = k->store.counters;
        KprobeCounters ignored;

        if (!read_profile(k) || kprobe_counters(k, &ignored) < 0)
                return;
        k->baseline = false;
        for (uint32_t i = 0; i < k->counters.n_probes; i++)
                c[COUNTER_READ + i] = k->counters.probes[i].hits;
        c[COUNTER_TOLD_KILLS] = k->counters.lost_kills;
        c[COUNTER_TOLD_CHURN] = k->counters.lost_churn;
        c[COUNTER_GENERATION] = k->generations[0].name.number;
}

uint64_t kprobe_victims_read(const Kprobe *k) {
        return k->store.counters[COUNTER_READ + PROBE_VICTIM];
}

void kprobe_told_lost(Kprobe *k, uint64_t attempts) {
        k->store.counters[COUNTER_TOLD + PROBE_VICTIM] += attempts;
        k->store.counters[COUNTER_TOLD_KILLS] = k->counters.lost_kills;
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
