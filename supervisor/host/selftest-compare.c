/* What was recorded of us against what is true. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/base/fd.h"
#include "supervisor/base/strbuf.h"
#include "supervisor/host/readfile.h"
#include "supervisor/host/selftest-private.h"

static int red(Selftest *s, const char *what, uint64_t recorded, uint64_t expected) {
        (void) snprintf(s->why, s->why_size, "self-test: %s was recorded as %" PRIu64 ", but is %" PRIu64, what, recorded,
                        expected);
        return -EBADMSG;
}

static int red_text(Selftest *s, const char *what, const char *recorded, const char *expected) {
        (void) snprintf(s->why, s->why_size, "self-test: %s was recorded as \"%s\", but is \"%s\"", what,
                        recorded ? recorded : "", expected);
        return -EBADMSG;
}

static uint64_t distance(uint64_t a, uint64_t b) {
        return a > b ? a - b : b - a;
}

static int compare_process(Selftest *s) {
        const EvidenceVictim *v = &s->evidence.victim;
        const Truth *t = &s->truth;
        uint64_t ticks = v->start_nsec / (1000000000 / (uint64_t) sysconf(_SC_CLK_TCK));

        if (v->tgid != getpid())
                return red(s, "our process id", (uint64_t) v->tgid, (uint64_t) getpid());
        if (v->tid != getpid())
                return red(s, "our thread id", (uint64_t) v->tid, (uint64_t) getpid());
        if (!v->comm || strcmp(v->comm, t->comm) != 0)
                return red_text(s, "our name", v->comm, t->comm);
        if (distance(ticks, t->start_ticks) > 1)
                return red(s, "our start time", ticks, t->start_ticks);
        if (v->oom_score_adj != t->adj)
                return red(s, "our oom_score_adj", (uint64_t) (int64_t) v->oom_score_adj, (uint64_t) t->adj);
        if (!v->uid_present || v->uid != getuid())
                return red(s, "our user id", v->uid, getuid());
        return 0;
}

static int compare_memory(Selftest *s) {
        const EvidenceVictim *v = &s->evidence.victim;
        const Truth *t = &s->truth;
        uint64_t page_kb = PAGE_BYTES / 1024, cpus = (uint64_t) sysconf(_SC_NPROCESSORS_ONLN);
        /* Below 6.2 a thread keeps up to 64 events to itself, from then on each CPU up to a batch. */
        uint64_t slack = s->o->layout->rss_percpu ? 2 * (cpus > 16 ? 2 * cpus : 32) + 64 : 160;
        const struct {
                const char *what;
                int64_t pages;
                uint64_t kb;
        } rows[] = {
                { "our anonymous memory in pages", v->anon_pages, t->anon_kb },
                { "our file memory in pages", v->file_pages, t->file_kb },
                { "our shared memory in pages", v->shmem_pages, t->shmem_kb },
                { "our swapped memory in pages", v->swap_pages, t->swap_kb },
        };

        if (!v->mm_present)
                return red_text(s, "our address space", "none", "there");
        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                if (distance((uint64_t) rows[i].pages, rows[i].kb / page_kb) > slack)
                        return red(s, rows[i].what, (uint64_t) rows[i].pages, rows[i].kb / page_kb);
        if (s->o->layout->has[LAYOUT_MM_TABLES] && distance((uint64_t) v->page_table_bytes / 1024, t->tables_kb) > 16)
                return red(s, "our page tables in kB", (uint64_t) v->page_table_bytes / 1024, t->tables_kb);
        if (v->owner_known && s->self.owner != s->self.task)
                return red_text(s, "the owner of our address space", "somebody", "us");
        return 0;
}

static int compare_cgroup(Selftest *s) {
        const EvidenceVictim *v = &s->evidence.victim;
        const Truth *t = &s->truth;

        if (v->cgroup_id != t->ids[t->level])
                return red(s, "our cgroup's id", v->cgroup_id, t->ids[t->level]);
        /* In a cgroup namespace the levels above its root cannot be seen; the host's root has id 1. */
        if (t->ids[0] == 1 ? v->level != t->level : v->level < t->level)
                return red(s, "our cgroup's level", v->level, t->level);
        for (uint32_t up = 0; up <= t->level; up++) {
                uint32_t at = v->level - up;

                if (at < EVIDENCE_ANCESTORS_MAX && v->ancestor_ids[at] != t->ids[t->level - up])
                        return red(s, "the id of a cgroup above us", v->ancestor_ids[at], t->ids[t->level - up]);
                if (up == t->level || at == 0 || at > EVIDENCE_LEVELS_MAX)
                        continue;
                if (!v->names[at] && !s->o->layout->has[LAYOUT_CGROUP_ANCESTORS])
                        continue;       /* the parent chain ends before the root */
                if (!v->names[at] || strcmp(v->names[at], t->names[t->level - up]) != 0)
                        return red_text(s, "the name of a cgroup above us", v->names[at], t->names[t->level - up]);
        }
        return 0;
}

/* The memory.* file @name of the cgroup at @level in pages; -ENOENT where there is none, UINT64_MAX for "max". */
static int memory_file(Selftest *s, uint32_t level, const char *name, uint64_t *ret_pages) {
        char path[8192], text[64];
        Strbuf b = STRBUF_INIT(path);
        ssize_t r;

        strbuf_puts(&b, s->o->cgroup_root);
        for (uint32_t i = 1; i <= level; i++)
                strbuf_printf(&b, "/%s", s->truth.names[i]);
        strbuf_printf(&b, "/%s", name);
        r = readfile_path(path, text, sizeof(text));
        if (r < 0)
                return (int) r;
        *ret_pages = strncmp(text, "max", 3) == 0 ? UINT64_MAX : strtoull(text, NULL, 10) / PAGE_BYTES;
        return 0;
}

static int compare_limit(Selftest *s, uint32_t level, const char *file, uint64_t recorded) {
        const uint64_t unlimited = UINT64_C(1) << 50;
        uint64_t pages;

        if (memory_file(s, level, file, &pages) < 0)
                return 0;
        /* The kernel's "no limit" is the largest count of pages, not the largest number. */
        if (pages == UINT64_MAX ? recorded < unlimited || recorded > (UINT64_C(1) << 52) : recorded != pages)
                return red(s, file, recorded, pages);
        return 0;
}

static int compare_counters(Selftest *s) {
        const EvidenceVictim *v = &s->evidence.victim;
        uint32_t level = s->truth.level;
        uint64_t pages, slack = 64 * (uint64_t) sysconf(_SC_NPROCESSORS_ONLN) + 64;
        int r;

        /* Memory is charged to the nearest cgroup that has the memory controller, and so its files. */
        while (level > 0 && memory_file(s, level, "memory.current", &pages) < 0)
                level--;
        if (level == 0 && s->truth.ids[0] != 1)
                return 0;       /* above what our cgroup namespace shows */
        if (s->truth.ids[level] != v->charged_id)
                return red(s, "the id of our memory cgroup", v->charged_id, s->truth.ids[level]);
        if (level == 0)
                return 0;       /* the root has no files to compare with */
        if (memory_file(s, level, "memory.current", &pages) == 0 && pages > 0 &&
            (s->self.usage_pages == 0 || distance(s->self.usage_pages, pages) > slack + pages / 4))
                return red(s, "memory.current in pages", s->self.usage_pages, pages);
        if (s->self.peak_pages + slack < s->self.usage_pages || s->self.peak_pages > UINT64_C(1) << 50)
                return red(s, "memory.peak in pages", s->self.peak_pages, s->self.usage_pages);
        r = compare_limit(s, level, "memory.max", s->self.max_pages);
        if (r == 0 && s->self.swap_present)
                r = compare_limit(s, level, "memory.swap.max", s->self.swap_max_pages);
        return r;
}

int selftest_compare(Selftest *s) {
        int r = compare_process(s);

        if (r == 0)
                r = compare_cgroup(s);
        if (r == 0)
                r = compare_memory(s);
        if (r == 0)
                r = compare_counters(s);
        return r;
}
