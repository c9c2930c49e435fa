#include "supervisor/host/probes.h"

#include <inttypes.h>
#include <stdio.h>

#include "supervisor/attribute/evidence.h"
#include "supervisor/base/fd.h"

const char probe_filter_kernel_sigkill[] = "sig==9 && code==128";
const char probe_filter_signal[] = "(sig==9 || sig==15) && code!=128 && result==0";
const char probe_filter_cgroup[] = "root==0"; /* version 1 hierarchies have other numbers */

enum { PARENT_NAMES = 6 };      /* by the parent chain, an argument's 63 characters end there */

static const struct {
        const char *name, *symbol;
} kinds[PROBE_KINDS] = {
        [PROBE_KILL] = { "kill", "oom_kill_process" },
        [PROBE_VICTIM] = { "victim", "__oom_kill_process" },
        [PROBE_DONE] = { "done", "oom_kill_process" },
        [PROBE_GROUP] = { "group", "mem_cgroup_print_oom_group" },
        [PROBE_SELF] = { "self", "proc_cgroup_show" },
};

const char *probe_name(ProbeKind kind) {
        return kinds[kind].name;
}

const char *probe_symbol(ProbeKind kind) {
        return kinds[kind].symbol;
}

/* Appends " NAME=" and the fetch through @offsets, the first next to @base; " :TYPE" last. */
static void argument(Strbuf *out, const char *name, const char *base, const int64_t *offsets, size_t n, const char *type) {
        strbuf_printf(out, " %s=", name);
        for (size_t i = n; i > 0; i--)
                strbuf_printf(out, "%+" PRId64 "(", offsets[i - 1]);
        strbuf_puts(out, base);
        for (size_t i = 0; i < n; i++)
                strbuf_puts(out, ")");
        strbuf_printf(out, ":%s", type);
}

#define FETCH(out, name, base, type, ...)                                                     \
        argument(out, name, base, (const int64_t[]){ __VA_ARGS__ },                           \
                 sizeof((const int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t), type)
#define AT(offset) ((int64_t) l->at[LAYOUT_##offset])

/* The cgroup's own id and depth, and its ancestors: ids of all levels, names where they can be had. What lies beyond the
 * cgroup's level is whatever memory follows: the reader looks at `level` first. */
static void cgroup_arguments(Strbuf *out, const Layout *l, const char *base) {
        char name[8];

        FETCH(out, "cgid", base, "u64", AT(TASK_CGROUPS), AT(CSET_CGROUP), AT(CGROUP_KN), AT(KN_ID));
        FETCH(out, "level", base, "s32", AT(TASK_CGROUPS), AT(CSET_CGROUP), AT(CGROUP_LEVEL));
        FETCH(out, "charged", base, "u64", AT(TASK_CGROUPS), AT(CSET_SUBSYS) + 8 * l->memory_cgrp_id, AT(CSS_CGROUP),
              AT(CGROUP_KN), AT(KN_ID));
        for (int i = 0; i < EVIDENCE_ANCESTORS_MAX; i++) {
                (void) snprintf(name, sizeof(name), "i%d", i);
                if (l->has[LAYOUT_CGROUP_ANCESTORS])
                        FETCH(out, name, base, "u64", AT(TASK_CGROUPS), AT(CSET_CGROUP), AT(CGROUP_ANCESTORS) + 8 * i,
                              AT(CGROUP_KN), AT(KN_ID));
                else
                        FETCH(out, name, base, "u64", AT(TASK_CGROUPS), AT(CSET_CGROUP), AT(CGROUP_ANCESTOR_IDS) + 8 * i);
        }
}

/* Names by level where the kernel has ancestors[], else the cgroup's own and its parents' by the parent chain. */
static void name_arguments(Strbuf *out, const Layout *l, const char *base) {
        int64_t parent = l->has[LAYOUT_KN_PARENT_NEW] ? AT(KN_PARENT_NEW) : AT(KN_PARENT_OLD);
        int64_t chain[3 + PARENT_NAMES + 2];
        char name[8];

        if (l->has[LAYOUT_CGROUP_ANCESTORS]) {
                for (int i = 1; i <= EVIDENCE_LEVELS_MAX; i++) {
                        (void) snprintf(name, sizeof(name), "n%d", i);
                        FETCH(out, name, base, "string", AT(TASK_CGROUPS), AT(CSET_CGROUP),
                              AT(CGROUP_ANCESTORS) + 8 * i, AT(CGROUP_KN), AT(KN_NAME), 0);
                }
                return;
        }
        for (size_t i = 0; i < PARENT_NAMES; i++) {
                size_t n = 0;

                chain[n++] = AT(TASK_CGROUPS);
                chain[n++] = AT(CSET_CGROUP);
                chain[n++] = AT(CGROUP_KN);
                for (size_t up = 0; up < i; up++)
                        chain[n++] = parent;
                chain[n++] = AT(KN_NAME);
                chain[n++] = 0;
                (void) snprintf(name, sizeof(name), "u%zu", i);
                argument(out, name, base, chain, n, "string");
        }
}

/* Each pointer that may be NULL is a field of its own: what hangs on it counts only where it is set. */
static void task_arguments(Strbuf *out, const Layout *l, const char *base) {
        const struct {
                const char *name;
                int64_t index;
        } rss[] = { { "file", l->mm_file }, { "anon", l->mm_anon }, { "swap", l->mm_swap }, { "shmem", l->mm_shmem } };

        FETCH(out, "pid", base, "s32", AT(TASK_PID));
        FETCH(out, "tgid", base, "s32", AT(TASK_TGID));
        FETCH(out, "comm", base, "string", AT(TASK_COMM));
        FETCH(out, "start", base, "u64", AT(TASK_LEADER), AT(TASK_START));
        FETCH(out, "signal", base, "x64", AT(TASK_SIGNAL));
        FETCH(out, "adj", base, "s16", AT(TASK_SIGNAL), AT(SIGNAL_ADJ));
        FETCH(out, "cred", base, "x64", AT(TASK_CRED));
        FETCH(out, "uid", base, "u32", AT(TASK_CRED), AT(CRED_UID));
        FETCH(out, "mm", base, "x64", AT(TASK_MM));
        for (size_t i = 0; i < ELEMENTSOF(rss); i++)
                FETCH(out, rss[i].name, base, "s64", AT(TASK_MM), AT(MM_RSS) + rss[i].index * (int64_t) l->rss_stride);
        if (l->has[LAYOUT_MM_TABLES])
                FETCH(out, "tables", base, "s64", AT(TASK_MM), AT(MM_TABLES));
        if (l->has[LAYOUT_MM_OWNER])
                FETCH(out, "owner", base, "x64", AT(TASK_MM), AT(MM_OWNER));
        cgroup_arguments(out, l, base);
        name_arguments(out, l, base);
}

/* Page counters of the memory cgroup whose css is reached by @prefix; css is the pointer's target, not mem_cgroup. */
static void counter_arguments(Strbuf *out, const Layout *l, const char *base, const int64_t *prefix, size_t n, int64_t css) {
        static const struct {
                const char *name;
                LayoutOffset offset;
        } counters[] = {
                { "usage", LAYOUT_MEMCG_USAGE },           { "max", LAYOUT_MEMCG_MAX },
                { "peak", LAYOUT_MEMCG_PEAK },             { "swap_usage", LAYOUT_MEMCG_SWAP_USAGE },
                { "swap_max", LAYOUT_MEMCG_SWAP_MAX },
        };
        int64_t chain[4];

        for (size_t i = 0; i < n; i++)
                chain[i] = prefix[i];
        for (size_t i = 0; i < ELEMENTSOF(counters); i++) {
                if (!l->has[counters[i].offset])
                        continue;
                chain[n] = (int64_t) l->at[counters[i].offset] - css;
                argument(out, counters[i].name, base, chain, n + 1, "u64");
        }
}

static void kill_arguments(Strbuf *out, const Layout *l) {
        int64_t memcg = AT(OOM_MEMCG);

        FETCH(out, "memcg", "$arg1", "x64", memcg);
        FETCH(out, "domain", "$arg1", "u64", memcg, AT(MEMCG_CSS) + AT(CSS_CGROUP), AT(CGROUP_KN), AT(KN_ID));
        counter_arguments(out, l, "$arg1", &memcg, 1, 0);
        FETCH(out, "constraint", "$arg1", "u32", AT(OOM_CONSTRAINT));
        FETCH(out, "points", "$arg1", "s64", AT(OOM_POINTS));
        FETCH(out, "total", "$arg1", "u64", AT(OOM_TOTAL));
        FETCH(out, "order", "$arg1", "s32", AT(OOM_ORDER));
        FETCH(out, "gfp", "$arg1", "u32", AT(OOM_GFP));
        FETCH(out, "chosen", "$arg1", "x64", AT(OOM_CHOSEN));
        FETCH(out, "chosen_pid", "$arg1", "s32", AT(OOM_CHOSEN), AT(TASK_PID));
        strbuf_puts(out, " invoker=$comm");
        FETCH(out, "message", "$arg2", "string", 0);
}

static void self_arguments(Strbuf *out, const Layout *l) {
        int64_t css[] = { AT(TASK_CGROUPS), AT(CSET_SUBSYS) + 8 * l->memory_cgrp_id };

        strbuf_puts(out, " chosen=$arg4:x64");
        task_arguments(out, l, "$arg4");
        counter_arguments(out, l, "$arg4", css, ELEMENTSOF(css), AT(MEMCG_CSS));
}

void probe_define(Strbuf *out, ProbeKind kind, const Layout *l, const char *group, const char *name) {
        strbuf_printf(out, "%c:%s/%s %s", kind == PROBE_DONE ? 'r' : 'p', group, name, kinds[kind].symbol);
        switch (kind) {
        case PROBE_KILL:
                kill_arguments(out, l);
                break;
        case PROBE_VICTIM:
                task_arguments(out, l, "$arg1");
                FETCH(out, "message", "$arg2", "string", 0);
                break;
        case PROBE_GROUP:
                strbuf_puts(out, " memcg=$arg1:x64");
                FETCH(out, "cgid", "$arg1", "u64", AT(MEMCG_CSS) + AT(CSS_CGROUP), AT(CGROUP_KN), AT(KN_ID));
                break;
        case PROBE_SELF:
                self_arguments(out, l);
                break;
        case PROBE_DONE:
        case PROBE_KINDS:
                break;
        }
}

static uint32_t hash_more(uint32_t hash, const char *s) {
        for (; *s; s++)
                hash = (hash ^ (uint8_t) *s) * UINT32_C(16777619);
        return hash;
}

uint32_t probe_hash(const char *s) {
        return hash_more(UINT32_C(2166136261), s);
}

uint32_t probe_generation(const Layout *l) {
        char line[PROBE_LINE_MAX + 1];
        uint32_t hash = probe_hash(probe_filter_kernel_sigkill);

        hash = hash_more(hash, probe_filter_signal);
        hash = hash_more(hash, probe_filter_cgroup);
        for (int kind = 0; kind < PROBE_SELF; kind++) {
                Strbuf b = STRBUF_INIT(line);

                probe_define(&b, (ProbeKind) kind, l, "g", "e");
                hash = hash_more(hash, line);
        }
        return hash;
}
