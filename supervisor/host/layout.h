#pragma once
/* Layout: where the running kernel keeps what the probes fetch. Filled from BTF, never from memory of a kernel version. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "supervisor/host/btf.h"

/* Offset, structure, member; PROVED by the self-test at start, or only by the first kill; NEEDED, or the probes do
 * without. Where kernels name a member differently both stand here, as alternatives without need. Not provable by looking
 * at ourselves: what has a twin of equal value next to it (mm and active_mm, real_cred and cred, the two watermarks). */
#define LAYOUT_OFFSETS(X)                                                                \
        X(OOM_MEMCG, "oom_control", "memcg", false, true)                                \
        X(OOM_CHOSEN, "oom_control", "chosen", false, true)                              \
        X(OOM_POINTS, "oom_control", "chosen_points", false, true)                       \
        X(OOM_TOTAL, "oom_control", "totalpages", false, true)                           \
        X(OOM_CONSTRAINT, "oom_control", "constraint", false, true)                      \
        X(OOM_ORDER, "oom_control", "order", false, true)                                \
        X(OOM_GFP, "oom_control", "gfp_mask", false, true)                               \
        X(TASK_PID, "task_struct", "pid", true, true)                                    \
        X(TASK_TGID, "task_struct", "tgid", true, true)                                  \
        X(TASK_COMM, "task_struct", "comm", true, true)                                  \
        X(TASK_CGROUPS, "task_struct", "cgroups", true, true)                            \
        X(TASK_LEADER, "task_struct", "group_leader", true, true)                        \
        X(TASK_START, "task_struct", "start_boottime", true, true)                       \
        X(TASK_MM, "task_struct", "mm", false, true)                                      \
        X(TASK_SIGNAL, "task_struct", "signal", true, true)                              \
        X(TASK_CRED, "task_struct", "real_cred", false, true)                             \
        X(CRED_UID, "cred", "uid.val", false, true)                                      \
        X(SIGNAL_ADJ, "signal_struct", "oom_score_adj", true, true)                      \
        X(MM_RSS, "mm_struct", "rss_stat.count", true, true)                             \
        X(MM_TABLES, "mm_struct", "pgtables_bytes", true, false)                         \
        X(MM_OWNER, "mm_struct", "owner", true, false)                                   \
        X(CSET_SUBSYS, "css_set", "subsys", true, true)                                  \
        X(CSET_CGROUP, "css_set", "dfl_cgrp", true, true)                                \
        X(CSS_CGROUP, "cgroup_subsys_state", "cgroup", true, true)                       \
        X(CGROUP_KN, "cgroup", "kn", true, true)                                         \
        X(CGROUP_LEVEL, "cgroup", "level", true, true)                                   \
        X(CGROUP_ANCESTORS, "cgroup", "ancestors", true, false)                          \
        X(CGROUP_ANCESTOR_IDS, "cgroup", "ancestor_ids", true, false)                    \
        X(KN_ID, "kernfs_node", "id", true, true)                                        \
        X(KN_NAME, "kernfs_node", "name", true, true)                                    \
        X(KN_PARENT_OLD, "kernfs_node", "parent", true, false)                           \
        X(KN_PARENT_NEW, "kernfs_node", "__parent", true, false)                         \
        X(MEMCG_CSS, "mem_cgroup", "css", true, true)                                    \
        X(MEMCG_USAGE, "mem_cgroup", "memory.usage", true, true)                         \
        X(MEMCG_MAX, "mem_cgroup", "memory.max", true, true)                             \
        X(MEMCG_PEAK, "mem_cgroup", "memory.watermark", false, true)                      \
        X(MEMCG_SWAP_USAGE, "mem_cgroup", "swap.usage", false, false)                     \
        X(MEMCG_SWAP_MAX, "mem_cgroup", "swap.max", true, false)

typedef enum LayoutOffset {
#define X(name, type, member, proved, needed) LAYOUT_##name,
        LAYOUT_OFFSETS(X)
#undef X
        LAYOUT_COUNT,
} LayoutOffset;

typedef struct Layout {
        uint32_t at[LAYOUT_COUNT];
        bool has[LAYOUT_COUNT];
        uint32_t rss_stride;            /* bytes from one rss counter to the next: 8, or a percpu_counter from 6.2 on */
        bool rss_percpu;                /* the counters lag by up to a batch a CPU */
        int64_t memory_cgrp_id;         /* index of the memory controller in css_set.subsys[] */
        int64_t mm_file, mm_anon, mm_swap, mm_shmem;
        int64_t constraint_memcg;
} Layout;

/* Fills @ret from @b. Returns 0, or -ENOENT with the missing member's name in @reterr_why. */
int layout_read(Layout *ret, const Btf *b, char *reterr_why, size_t why_size);

/* "task_struct.pid" ...; NULL past the last. @ret_proved may be NULL. */
const char *layout_name(uint32_t index, bool *ret_proved);

/* For tests: takes the offset named @name 8 bytes too far. Returns 0, or -ENOENT if this kernel has none of that name. */
int layout_shift(Layout *l, const char *name);
