#pragma once
/* An assembler on a bench: evidence by the handful in, what its sink saw out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/attribute/assemble.h"

/* What the sink saw, with room for the victims since a Kill lives until the callback returns. */
typedef struct Seen {
        Kill kills[64];
        KillVictim victims[64][40];
        char limit_path[64][256], victim_path[64][256];
        size_t n_kills;
        Sigkill sigkills[64];
        size_t n_sigkills;
} Seen;

static inline void see_kill(const Kill *k, void *userdata) {
        Seen *s = userdata;
        size_t n = s->n_kills++;

        assert_true(n < 64);
        s->kills[n] = *k;
        for (size_t i = 0; i < k->n_victims && i < 40; i++)
                s->victims[n][i] = k->victims[i];
        snprintf(s->limit_path[n], 256, "%s", k->limit.path ? k->limit.path : "(none)");
        snprintf(s->victim_path[n], 256, "%s", k->n_victims && k->victims[0].cgroup.path ? k->victims[0].cgroup.path : "(none)");
}

static inline void see_sigkill(const Sigkill *k, void *userdata) {
        Seen *s = userdata;

        assert_true(s->n_sigkills < 64);
        s->sigkills[s->n_sigkills++] = *k;
}

typedef struct Bench {
        Assembler *a;
        void *memory;
        Seen *seen;
        AssembleSink sink;
} Bench;

static inline Bench bench(const AssembleOptions *o) {
        Bench b = { .memory = malloc(assemble_size(o)), .seen = calloc(1, sizeof(Seen)) };

        assert_non_null(b.memory);
        memset(b.memory, 0xa5, assemble_size(o));
        b.a = assemble_init(b.memory, o);
        b.sink = (AssembleSink) { .kill = see_kill, .sigkill = see_sigkill, .userdata = b.seen };
        return b;
}

static inline void bench_end(Bench *b) {
        free(b->memory);
        free(b->seen);
}

/* ---- evidence by the handful: /a (id 10, limit) / b (20) / c (30) ---- */

static inline Evidence oom(int32_t invoker, uint64_t t, uint64_t domain) {
        return (Evidence) {
                .kind = EVIDENCE_OOM, .time_nsec = t, .pid = invoker, .comm = "worker",
                .oom = { .domain = { .present = domain != 0, .id = domain, .usage_pages = 1024, .max_pages = 1024, .peak_pages = 1030,
                                     .swap_usage_pages = 3, .swap_max_pages = UINT64_C(0x7fffffffffffffff) / 4096,
                                     .counters_plausible = true },
                         .constraint = domain ? 3 : 0, .points = 777, .total_pages = 3072, .gfp = 0xcc0,
                         .message = domain ? "Memory cgroup out of memory" : "Out of memory" },
        };
}

static inline Evidence victim(int32_t invoker, uint64_t t, int32_t tgid, uint32_t level) {
        static const char *const names[] = { "", "a", "b", "c" };
        Evidence e = {
                .kind = EVIDENCE_VICTIM, .time_nsec = t, .pid = invoker, .comm = "worker",
                .victim = { .tgid = tgid, .tid = tgid, .start_nsec = (uint64_t) tgid * 1000, .comm = "java", .uid = 1000,
                            .uid_present = true, .oom_score_adj = 300, .cgroup_id = level * 10, .charged_id = level * 10,
                            .level = level, .mm_present = true, .anon_pages = 100, .file_pages = -3, .shmem_pages = 2,
                            .swap_pages = 1, .page_table_bytes = 4096 },
        };

        for (uint32_t i = 0; i <= level && i < 4; i++) {
                e.victim.ancestor_ids[i] = i ? i * 10 : 1;
                e.victim.names[i] = names[i];
        }
        e.victim.cgroup_id = level ? level * 10 : 1;
        return e;
}

static inline Evidence signal_of(int32_t invoker, uint64_t t, int32_t pid, int32_t result) {
        return (Evidence) { .kind = EVIDENCE_KERNEL_SIGKILL, .time_nsec = t, .pid = invoker,
                            .signal = { .signal = 9, .code = 128, .to_group = true, .pid = pid, .comm = "java", .result = result } };
}

static inline Evidence end(int32_t invoker, uint64_t t) {
        return (Evidence) { .kind = EVIDENCE_OOM_END, .time_nsec = t, .pid = invoker };
}

static inline void feed(Bench *b, Evidence e) {
        assemble_feed(b->a, &e, &b->sink);
}
