#include "supervisor/host/selftest.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supervisor/base/fd.h"
#include "supervisor/base/strbuf.h"
#include "supervisor/host/pagestore.h"
#include "supervisor/host/probes.h"
#include "supervisor/host/ringpage.h"

enum { FORMAT_SIZE = 48 * 1024 };
enum { TOUCHED_BYTES = 1024 * 1024 };   /* so that our anonymous memory is not about nothing */
enum { LEVELS = 64 };

/* What /proc and cgroupfs say of us. */
typedef struct Truth {
        char comm[32];
        uint64_t start_ticks;
        int64_t adj;
        uint64_t anon_kb, file_kb, shmem_kb, swap_kb, tables_kb;
        char path[4096];                /* own cgroup, below the mount */
        uint64_t ids[LEVELS];           /* root ... own */
        const char *names[LEVELS];
        char parts[4096];
        uint32_t level;
} Truth;

typedef struct Selftest {
        const SelftestOptions *o;
        Truth truth;
        void *touched;                  /* held until everything is compared */
        Evidence evidence;
        RingSelf self;
        uint8_t page[PAGE_BYTES];
        char format[FORMAT_SIZE];
        char *why;
        size_t why_size;
} Selftest;

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

/* ---- the truth ---- */

static uint64_t status_kb(const char *status, const char *key) {
        const char *p = strstr(status, key);

        return p ? strtoull(p + strlen(key), NULL, 10) : 0;
}

static int read_process(Truth *t) {
        char text[8192];
        const char *p;
        int r;

        r = trace_read(AT_FDCWD, "/proc/self/comm", t->comm, sizeof(t->comm));
        if (r < 0)
                return r;
        t->comm[strcspn(t->comm, "\n")] = '\0';
        r = trace_read(AT_FDCWD, "/proc/self/stat", text, sizeof(text));
        p = r < 0 ? NULL : strrchr(text, ')');
        for (int i = 0; p && i < 20; i++) {
                p = strchr(p, ' ');
                p = p ? p + 1 : NULL;
        }
        if (!p)
                return -EIO;
        t->start_ticks = strtoull(p, NULL, 10);
        r = trace_read(AT_FDCWD, "/proc/self/oom_score_adj", text, sizeof(text));
        if (r < 0)
                return r;
        t->adj = strtoll(text, NULL, 10);
        r = trace_read(AT_FDCWD, "/proc/self/status", text, sizeof(text));
        if (r < 0)
                return r;
        t->anon_kb = status_kb(text, "\nRssAnon:");
        t->file_kb = status_kb(text, "\nRssFile:");
        t->shmem_kb = status_kb(text, "\nRssShmem:");
        t->swap_kb = status_kb(text, "\nVmSwap:");
        t->tables_kb = status_kb(text, "\nVmPTE:");
        return 0;
}

static int directory_id(const char *root, const char *path, uint64_t *ret) {
        char whole[8192];
        struct stat st;

        (void) snprintf(whole, sizeof(whole), "%s%s", root, path);
        if (stat(whole, &st) < 0)
                return -errno;
        *ret = st.st_ino;
        return 0;
}

static int read_cgroup(Truth *t, const char *root) {
        char text[8192], *line, *part, *save = NULL;
        size_t at = 0;
        int r = trace_read(AT_FDCWD, "/proc/self/cgroup", text, sizeof(text));

        if (r < 0)
                return r;
        line = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
        if (!line)
                return -ENOENT;
        line = strstr(line, "::") + 2;
        line[strcspn(line, "\n")] = '\0';
        (void) snprintf(t->parts, sizeof(t->parts), "%s", line);
        r = directory_id(root, "", &t->ids[0]);
        for (part = strtok_r(t->parts, "/", &save); r == 0 && part && t->level + 1 < LEVELS;
             part = strtok_r(NULL, "/", &save)) {
                int n = snprintf(t->path + at, sizeof(t->path) - at, "/%s", part);

                if (n < 0 || (size_t) n >= sizeof(t->path) - at)
                        return -ENAMETOOLONG;
                at += (size_t) n;
                t->names[++t->level] = part;
                r = directory_id(root, t->path, &t->ids[t->level]);
        }
        return r;
}

/* ---- the comparison ---- */

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
        int r;

        strbuf_puts(&b, s->o->cgroup_root);
        for (uint32_t i = 1; i <= level; i++)
                strbuf_printf(&b, "/%s", s->truth.names[i]);
        strbuf_printf(&b, "/%s", name);
        r = trace_read(AT_FDCWD, path, text, sizeof(text));
        if (r < 0)
                return r;
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

/* ---- the run ---- */

/* Looks for our own record in one CPU's ring. Returns 1 when found, 0 when not, -errno. */
static int search_ring(Selftest *s, int instance, uint32_t cpu, const RingFormats *formats, RingCursor *cursor) {
        char path[64];
        _cleanup_close_ int fd = -1;

        (void) snprintf(path, sizeof(path), "per_cpu/cpu%" PRIu32 "/trace_pipe_raw", cpu);
        fd = openat(instance, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        while (read(fd, s->page, sizeof(s->page)) > 0) {
                int r = ringcursor_load(cursor, s->page, sizeof(s->page));

                for (; r > 0; r = ringcursor_next(cursor)) {
                        size_t size;
                        uint64_t nsec;
                        const void *event = ringcursor_event(cursor, &size, &nsec);

                        if (ringpage_decode(formats, event, size, &s->evidence, &s->self) == RING_SELF &&
                            s->evidence.pid == getpid())
                                return 1;
                }
        }
        return 0;
}

static int find_record(Selftest *s, int instance) {
        RingFormats *formats = NULL;
        RingCursor *cursor = NULL;
        char path[128];
        int r;

        (void) snprintf(path, sizeof(path), "events/%s/self_%s/format", s->o->prefix, s->o->suffix);
        r = trace_read(s->o->tracefs->fd, path, s->format, sizeof(s->format));
        if (r >= 0)
                r = ringformats_new(&formats, s->format, strlen(s->format));
        if (r >= 0)
                r = ringcursor_new(&cursor);
        for (uint32_t cpu = 0; r == 0; cpu++)
                r = search_ring(s, instance, cpu, formats, cursor);
        if (r == -ENOENT) {
                (void) snprintf(s->why, s->why_size,
                                "self-test: reading our own /proc/self/cgroup left no record (not in the host's pid namespace?)");
                r = -EBADMSG;
        }
        ringcursor_free(cursor);
        ringformats_free(formats);
        return r < 0 ? r : 0;
}

/* The event is on while we read our own file, and only then. */
static int trigger(Selftest *s, int instance) {
        char path[128], text[4096];
        bool raised = false;
        int r;

        /* Zero is everywhere in memory; another value proves more. Raising our own by one needs no privilege, nor does
         * going back. */
        if (trace_read(AT_FDCWD, "/proc/self/oom_score_adj", text, sizeof(text)) > 0 && strcmp(text, "0\n") == 0)
                raised = trace_write(AT_FDCWD, "/proc/self/oom_score_adj", "1") == 0;
        (void) snprintf(path, sizeof(path), "events/%s/self_%s/enable", s->o->prefix, s->o->suffix);
        r = trace_write(instance, path, "1");
        if (r == 0) {
                (void) trace_read(AT_FDCWD, "/proc/self/cgroup", text, sizeof(text));
                r = trace_write(instance, path, "0");
        }
        if (r == 0)
                r = read_process(&s->truth);
        if (raised)
                (void) trace_write(AT_FDCWD, "/proc/self/oom_score_adj", "0");
        return r;
}

static int run(Selftest *s, int instance) {
        int r;

        (void) trace_write(instance, "options/record-cmd", "0");
        (void) trace_write(instance, "buffer_size_kb", "16");
        (void) trace_write(instance, "tracing_on", "1");
        r = read_cgroup(&s->truth, s->o->cgroup_root);
        if (r < 0) {
                (void) snprintf(s->why, s->why_size, "self-test: our own cgroup cannot be found below %s: %s",
                                s->o->cgroup_root, strerror(-r));
                return r;
        }
        r = trigger(s, instance);
        if (r == 0)
                r = find_record(s, instance);
        if (r == 0)
                r = compare_process(s);
        if (r == 0)
                r = compare_cgroup(s);
        if (r == 0)
                r = compare_memory(s);
        if (r == 0)
                r = compare_counters(s);
        return r;
}

void selftest_clean(const Tracefs *t, const char *prefix, const char *suffix) {
        char text[160];

        (void) snprintf(text, sizeof(text), "%s_self", prefix);
        (void) trace_instance_remove(t, text);
        (void) snprintf(text, sizeof(text), "-:%s/self_%s", prefix, suffix);
        (void) trace_probe(t, text);
}

static int set_and_run(Selftest *s) {
        const SelftestOptions *o = s->o;
        char line[PROBE_LINE_MAX + 1], name[PROBE_NAME_SIZE];
        Strbuf b = STRBUF_INIT(line);
        bool made;
        int r, instance;

        selftest_clean(o->tracefs, o->prefix, o->suffix);
        (void) snprintf(name, sizeof(name), "self_%s", o->suffix);
        probe_define(&b, PROBE_SELF, o->layout, o->prefix, name);
        r = trace_probe(o->tracefs, line);
        if (r < 0) {
                (void) snprintf(s->why, s->why_size, "self-test: no probe can be set on proc_cgroup_show: %s", strerror(-r));
                return r;
        }
        (void) snprintf(name, sizeof(name), "%s_self", o->prefix);
        instance = trace_instance_make(o->tracefs, name, &made);
        if (instance < 0) {
                (void) snprintf(s->why, s->why_size, "self-test: no tracing instance can be made: %s", strerror(-instance));
                r = instance;
        } else {
                *s->why = '\0';
                r = run(s, instance);
                if (r < 0 && *s->why == '\0')
                        (void) snprintf(s->why, s->why_size, "self-test could not be run: %s", strerror(-r));
                close(instance);
        }
        selftest_clean(o->tracefs, o->prefix, o->suffix);
        return r;
}

int selftest_run(const SelftestOptions *o, char *reterr_why, size_t why_size) {
        _cleanup_free_ Selftest *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return -ENOMEM;
        s->o = o;
        s->why = reterr_why;
        s->why_size = why_size;
        s->touched = mmap(NULL, TOUCHED_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (s->touched == MAP_FAILED)
                return -errno;
        memset(s->touched, 1, TOUCHED_BYTES);
        r = set_and_run(s);
        (void) munmap(s->touched, TOUCHED_BYTES);
        return r;
}
