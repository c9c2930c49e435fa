#include "supervisor/host/selftest.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "supervisor/base/fd.h"
#include "supervisor/base/strbuf.h"
#include "supervisor/host/probes.h"
#include "supervisor/host/readfile.h"
#include "supervisor/host/selftest-private.h"

enum { TOUCHED_BYTES = 1024 * 1024 };   /* so that our anonymous memory is not about nothing */

/* Looks for our own record in one CPU's ring. Returns 1 when found, 0 when not, -errno. */
static int search_ring(Selftest *s, int instance, uint32_t cpu, const RingFormats *formats, RingCursor *cursor) {
        char path[64];
        _cleanup_close_ int fd = -1;

        (void) snprintf(path, sizeof(path), "per_cpu/cpu%" PRIu32 "/trace_pipe_raw", cpu);
        fd = openat(instance, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        for (;;) {
                ssize_t n = read(fd, s->page, sizeof(s->page));
                int r;

                if (n < 0 && errno != EAGAIN && errno != EINTR)
                        return -errno;
                if (n == 0 || (n < 0 && errno == EAGAIN))
                        break;
                if (n < 0)
                        continue;
                r = ringcursor_load(cursor, s->page, sizeof(s->page));

                for (; r > 0; r = ringcursor_next(cursor)) {
                        size_t size;
                        uint64_t nsec;
                        const void *event = ringcursor_event(cursor, &size, &nsec);

                        if (ringevent_decode(formats, event, size, &s->evidence, &s->self) == RING_SELF &&
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
        if (readfile_path("/proc/self/oom_score_adj", text, sizeof(text)) > 0 && strcmp(text, "0\n") == 0)
                raised = trace_write(AT_FDCWD, "/proc/self/oom_score_adj", "1") == 0;
        (void) snprintf(path, sizeof(path), "events/%s/self_%s/enable", s->o->prefix, s->o->suffix);
        r = trace_write(instance, path, "1");
        if (r == 0) {
                ssize_t n = readfile_path("/proc/self/cgroup", text, sizeof(text));

                r = trace_write(instance, path, "0");
                if (n < 0)
                        r = (int) n;
        }
        if (r == 0)
                r = selftest_truth_process(&s->truth);
        if (raised)
                (void) trace_write(AT_FDCWD, "/proc/self/oom_score_adj", "0");
        return r;
}

static int run(Selftest *s, int instance) {
        int r;

        (void) trace_write(instance, "options/record-cmd", "0");
        (void) trace_write(instance, "buffer_size_kb", "16");
        (void) trace_write(instance, "tracing_on", "1");
        r = selftest_truth_cgroup(&s->truth, s->o->cgroup_root);
        if (r < 0) {
                (void) snprintf(s->why, s->why_size, "self-test: our own cgroup cannot be found below %s: %s",
                                s->o->cgroup_root, strerror(-r));
                return r;
        }
        r = trigger(s, instance);
        if (r == 0)
                r = find_record(s, instance);
        if (r == 0)
                r = selftest_compare(s);
        return r;
}

int selftest_clean(const Tracefs *t, const char *prefix, const char *suffix) {
        char text[160];
        int instance, probe;

        (void) snprintf(text, sizeof(text), "%s_self", prefix);
        instance = trace_instance_remove(t, text);
        (void) snprintf(text, sizeof(text), "-:%s/self_%s", prefix, suffix);
        probe = trace_probe(t, text);
        return instance < 0 ? instance : probe == -ENOENT ? 0 : probe;
}

static int set_and_run(Selftest *s) {
        const SelftestOptions *o = s->o;
        char line[PROBE_LINE_MAX + 1], name[PROBE_NAME_SIZE];
        Strbuf b = STRBUF_INIT(line);
        bool made;
        int r, instance;

        (void) selftest_clean(o->tracefs, o->prefix, o->suffix);
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
        (void) selftest_clean(o->tracefs, o->prefix, o->suffix);
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
