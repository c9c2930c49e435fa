#include "supervisor/host/layout.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

typedef struct Entry {
        const char *type, *member, *name;
        bool proved, needed;
} Entry;

static const Entry entries[LAYOUT_COUNT] = {
#define X(id, type, member, proved, needed) [LAYOUT_##id] = { type, member, type "." member, proved, needed },
        LAYOUT_OFFSETS(X)
#undef X
};

static int missing(const char *what, char *why, size_t size) {
        (void) snprintf(why, size, "the kernel's type information has no %s", what);
        return -ENOENT;
}

/* Before 6.2 rss_stat is a struct with an array of longs, from then on an array of percpu_counters. In both cases `count`
 * is what the path says; only the step to the next one differs. */
static int read_rss(Layout *l, const Btf *b, char *why, size_t size) {
        uint32_t outer, counters;

        if (btf_element_size(b, "mm_struct", "rss_stat", &outer) < 0)
                return missing("mm_struct.rss_stat", why, size);
        l->rss_percpu = btf_offset(b, "mm_struct", "rss_stat.counters", &counters) == 0;
        l->rss_stride = l->rss_percpu ? outer : (uint32_t) sizeof(uint64_t);
        return 0;
}

static int read_enumerators(Layout *l, const Btf *b, char *why, size_t size) {
        const struct {
                const char *name;
                int64_t *value;
        } wanted[] = {
                { "memory_cgrp_id", &l->memory_cgrp_id }, { "CONSTRAINT_MEMCG", &l->constraint_memcg },
                { "MM_FILEPAGES", &l->mm_file },          { "MM_ANONPAGES", &l->mm_anon },
                { "MM_SWAPENTS", &l->mm_swap },           { "MM_SHMEMPAGES", &l->mm_shmem },
        };

        for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
                if (btf_enumerator(b, wanted[i].name, wanted[i].value) < 0)
                        return missing(wanted[i].name, why, size);
        return 0;
}

int layout_read(Layout *ret, const Btf *b, char *reterr_why, size_t why_size) {
        Layout l = { 0 };
        int r;

        for (size_t i = 0; i < LAYOUT_COUNT; i++) {
                l.has[i] = btf_offset(b, entries[i].type, entries[i].member, &l.at[i]) == 0;
                if (!l.has[i] && entries[i].needed)
                        return missing(entries[i].name, reterr_why, why_size);
        }
        if (!l.has[LAYOUT_CGROUP_ANCESTORS] && !l.has[LAYOUT_CGROUP_ANCESTOR_IDS])
                return missing("cgroup.ancestors and no cgroup.ancestor_ids", reterr_why, why_size);
        /* What is not fetched is not there: names come by ancestors[] where it exists. */
        if (l.has[LAYOUT_CGROUP_ANCESTORS])
                l.has[LAYOUT_CGROUP_ANCESTOR_IDS] = l.has[LAYOUT_KN_PARENT_OLD] = l.has[LAYOUT_KN_PARENT_NEW] = false;
        r = read_rss(&l, b, reterr_why, why_size);
        if (r == 0)
                r = read_enumerators(&l, b, reterr_why, why_size);
        if (r == 0)
                *ret = l;
        return r;
}

const char *layout_name(uint32_t index, bool *ret_proved) {
        if (index >= LAYOUT_COUNT)
                return NULL;
        if (ret_proved)
                *ret_proved = entries[index].proved;
        return entries[index].name;
}

int layout_shift(Layout *l, const char *name) {
        for (size_t i = 0; i < LAYOUT_COUNT; i++)
                if (l->has[i] && strcmp(entries[i].name, name) == 0) {
                        l->at[i] += 8;
                        return 0;
                }
        return -ENOENT;
}
