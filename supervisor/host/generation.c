#include "supervisor/host/generation.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/base/fd.h"
#include "supervisor/base/strbuf.h"
#include "supervisor/host/probes.h"

/* In the order in which they are switched on: `kill` last, so that the first OOM that opens has everything that follows. */
static const struct Wanted {
        PageInstance instance;
        const char *event;      /* with '/': the kernel's own; else a probe of ours */
        const char *filter;
} wanted[] = {
        { PAGE_CHURN, "events/cgroup/cgroup_rmdir", probe_filter_cgroup },
        { PAGE_CHURN, "events/cgroup/cgroup_mkdir", probe_filter_cgroup },
        { PAGE_CHURN, "events/signal/signal_generate", probe_filter_signal },
        { PAGE_KILLS, "events/signal/signal_generate", probe_filter_kernel_sigkill },
        { PAGE_KILLS, "done", NULL },
        { PAGE_KILLS, "group", NULL },
        { PAGE_KILLS, "victim", NULL },
        { PAGE_KILLS, "kill", NULL },
};

const char *generation_instance_name(PageInstance instance) {
        return instance == PAGE_KILLS ? "kills" : "churn";
}

GenerationName generation_name(uint32_t owner, uint32_t number) {
        GenerationName g = { .owner = owner, .number = number };

        (void) snprintf(g.prefix, sizeof(g.prefix), "reeve_%08" PRIx32 "_%08" PRIx32, owner, number);
        (void) snprintf(g.suffix, sizeof(g.suffix), "%08" PRIx32 "_%08" PRIx32, owner, number);
        return g;
}

int generation_parse(GenerationName *ret, const char *name) {
        uint32_t owner, number;

        if (sscanf(name, "reeve_%8" SCNx32 "_%8" SCNx32, &owner, &number) != 2)
                return -EINVAL;
        *ret = generation_name(owner, number);
        return strncmp(name, ret->prefix, strlen(ret->prefix)) == 0 ? 0 : -EINVAL;
}

static void event_path(const GenerationName *g, const struct Wanted *w, char *path, size_t size) {
        if (strchr(w->event, '/'))
                (void) snprintf(path, size, "%s", w->event);
        else
                (void) snprintf(path, size, "events/%s/%s_%s", g->prefix, w->event, g->suffix);
}

int generation_event(const GenerationName *g, PageInstance instance, uint32_t index, char *ret_path, size_t size,
                     const char **ret_filter) {
        for (size_t i = 0; i < ELEMENTSOF(wanted); i++) {
                if (wanted[i].instance != instance || index-- > 0)
                        continue;
                event_path(g, &wanted[i], ret_path, size);
                *ret_filter = wanted[i].filter;
                return 0;
        }
        return -ENOENT;
}

/* ---- probes ---- */

static int explain_refusal(const Tracefs *t, ProbeKind kind, int error, char *why, size_t size) {
        char clone[128] = "", words[256];

        if (error == -EACCES || error == -EPERM || error == -EROFS) {
                (void) snprintf(why, size, "kprobe_events cannot be written: %s", strerror(-error));
                return error;
        }
        switch (trace_symbol(probe_symbol(kind), clone, sizeof(clone))) {
        case 1:
                (void) snprintf(why, size, "this kernel has %s only as %s, whose arguments cannot be relied on",
                                probe_symbol(kind), clone);
                return -ENOENT;
        case -ENOENT:
                (void) snprintf(why, size, "this kernel has no symbol %s", probe_symbol(kind));
                return -ENOENT;
        default:
                trace_last_error(t, words, sizeof(words));
                (void) snprintf(why, size, "the kernel refuses the probe on %s: %s%s%s", probe_symbol(kind),
                                strerror(-error), *words ? ": " : "", words);
                return error;
        }
}

static bool probe_exists(const GenerationName *g, const Tracefs *t, ProbeKind kind) {
        char path[128];

        (void) snprintf(path, sizeof(path), "events/%s/%s_%s/format", g->prefix, probe_name(kind), g->suffix);
        return faccessat(t->fd, path, F_OK, 0) == 0;
}

static int make_probe(const GenerationName *g, const GenerationOptions *o, ProbeKind kind, char *why, size_t size) {
        char line[PROBE_LINE_MAX + 1], name[PROBE_NAME_SIZE];
        Strbuf b = STRBUF_INIT(line);
        int r;

        if (probe_exists(g, o->tracefs, kind))
                return 0;
        (void) snprintf(name, sizeof(name), "%s_%s", probe_name(kind), g->suffix);
        probe_define(&b, kind, o->layout, g->prefix, name);
        if (b.truncated) {
                (void) snprintf(why, size, "the definition of the probe %s is too long", probe_name(kind));
                return -E2BIG;
        }
        r = trace_probe(o->tracefs, line);
        return r < 0 ? explain_refusal(o->tracefs, kind, r, why, size) : 0;
}

/* ---- instances ---- */

/* Writes @value to the option @file unless it stands there already. */
static int set_option(int dir, const char *file, const char *value) {
        char text[256];
        int r = trace_read(dir, file, text, sizeof(text));

        if (r < 0)
                return r;
        text[strcspn(text, "\n")] = '\0';
        return strcmp(text, value) == 0 ? 0 : trace_write(dir, file, value);
}

static int set_clock(int dir) {
        char text[256];
        int r = trace_read(dir, "trace_clock", text, sizeof(text));

        if (r < 0)
                return r;
        return strstr(text, "[boot]") ? 0 : trace_write(dir, "trace_clock", "boot");
}

/* Resizing stops recording while it lasts (one OOM in 400 was lost so at each start, on 6.1 and 7.2), thus only where the
 * size really differs: kernels round up to whole pages, and read back what they made of it. */
static int set_size(int dir, uint64_t bytes) {
        enum { ROUNDING_KB = 8 };
        char text[32];
        uint64_t have = 0, want = bytes / 1024;

        if (trace_read_number(dir, "buffer_size_kb", &have) == 0 && have >= want && have <= want + ROUNDING_KB)
                return 0;
        (void) snprintf(text, sizeof(text), "%" PRIu64, bytes / 1024);
        return trace_write(dir, "buffer_size_kb", text);
}

static int set_up_instance(int dir, uint64_t bytes) {
        int r;

        /* Else every enabled event has the kernel note all names at every context switch. Absent on no kernel known. */
        (void) set_option(dir, "options/record-cmd", "0");
        r = set_size(dir, bytes);
        if (r == 0)
                r = set_clock(dir);
        /* By default poll() sleeps until the ring is half full. */
        if (r == 0)
                r = set_option(dir, "buffer_percent", "0");
        if (r == 0)
                r = set_option(dir, "tracing_on", "1");
        return r;
}

static int switch_on(const GenerationName *g, const struct Wanted *w, int dir) {
        char path[128], file[160], text[512];
        int r;

        event_path(g, w, path, sizeof(path));
        if (w->filter) {
                (void) snprintf(file, sizeof(file), "%s/filter", path);
                r = trace_read(dir, file, text, sizeof(text));
                if (r >= 0)
                        text[strcspn(text, "\n")] = '\0';
                if (r < 0 || strcmp(text, w->filter) != 0)
                        r = trace_write(dir, file, w->filter);
                if (r < 0)
                        return r;
        }
        (void) snprintf(file, sizeof(file), "%s/enable", path);
        return set_option(dir, file, "1");
}

static int make_instance(const GenerationName *g, const GenerationOptions *o, PageInstance instance, char *why, size_t size) {
        char name[64];
        bool made;
        int r, dir;

        (void) snprintf(name, sizeof(name), "%s_%s", g->prefix, generation_instance_name(instance));
        dir = trace_instance_make(o->tracefs, name, &made);
        if (dir < 0) {
                (void) snprintf(why, size, "the tracing instance %s cannot be made: %s", name, strerror(-dir));
                return dir;
        }
        r = set_up_instance(dir, o->ring_bytes[instance]);
        if (r < 0) {
                (void) snprintf(why, size, "the tracing instance %s cannot be set up: %s", name, strerror(-r));
                close(dir);
                return r;
        }
        return dir;
}

int generation_make(const GenerationName *g, const GenerationOptions *o, int ret_dirs[PAGE_INSTANCES], bool *ret_group_probe,
                    char *reterr_why, size_t why_size) {
        char ignored[256];
        int r = 0;

        ret_dirs[PAGE_KILLS] = ret_dirs[PAGE_CHURN] = -1;
        for (int kind = PROBE_KILL; kind <= PROBE_DONE && r == 0; kind++)
                r = make_probe(g, o, (ProbeKind) kind, reterr_why, why_size);
        if (r < 0)
                return r;
        *ret_group_probe = make_probe(g, o, PROBE_GROUP, ignored, sizeof(ignored)) == 0;
        for (int i = 0; i < PAGE_INSTANCES; i++) {
                ret_dirs[i] = make_instance(g, o, (PageInstance) i, reterr_why, why_size);
                if (ret_dirs[i] < 0) {
                        r = ret_dirs[i];
                        goto fail;
                }
        }
        for (size_t i = 0; i < ELEMENTSOF(wanted); i++) {
                if (!*ret_group_probe && strcmp(wanted[i].event, "group") == 0)
                        continue;
                r = switch_on(g, &wanted[i], ret_dirs[wanted[i].instance]);
                if (r < 0) {
                        (void) snprintf(reterr_why, why_size, "the event %s cannot be switched on: %s", wanted[i].event,
                                        strerror(-r));
                        goto fail;
                }
        }
        return 0;
fail:
        for (int i = 0; i < PAGE_INSTANCES; i++) {
                fd_closep(&ret_dirs[i]);
                ret_dirs[i] = -1;
        }
        return r;
}

int generation_formats(const GenerationName *g, const Tracefs *t, char *text, size_t size) {
        size_t at = 0;
        bool seen_signal = false;

        for (size_t i = 0; i < ELEMENTSOF(wanted); i++) {
                char path[128], file[160];
                int r;

                /* Both instances have signal_generate; its format is one. */
                if (strstr(wanted[i].event, "signal_generate")) {
                        if (seen_signal)
                                continue;
                        seen_signal = true;
                }
                event_path(g, &wanted[i], path, sizeof(path));
                (void) snprintf(file, sizeof(file), "%s/format", path);
                r = trace_read(t->fd, file, text + at, size - at);
                if (r == -ENOENT)
                        continue;
                if (r < 0)
                        return r;
                at += (size_t) r;
                if (at + 1 >= size)
                        return -E2BIG;
        }
        return at > 0 ? (int) at : -ENOENT;
}

static int remove_instance(const GenerationName *g, const Tracefs *t, PageInstance instance) {
        char name[64];
        _cleanup_close_ int dir = -1;

        (void) snprintf(name, sizeof(name), "%s_%s", g->prefix, generation_instance_name(instance));
        dir = trace_instance_open(t, name);
        if (dir == -ENOENT)
                return 0;
        for (size_t i = 0; dir >= 0 && i < ELEMENTSOF(wanted); i++) {
                char path[128], file[160];

                event_path(g, &wanted[i], path, sizeof(path));
                (void) snprintf(file, sizeof(file), "%s/enable", path);
                if (wanted[i].instance == instance)
                        (void) trace_write(dir, file, "0");
        }
        fd_closep(&dir);
        dir = -1;
        return trace_instance_remove(t, name);
}

int generation_remove(const GenerationName *g, const Tracefs *t) {
        int error = 0, r;

        for (int i = 0; i < PAGE_INSTANCES; i++) {
                r = remove_instance(g, t, (PageInstance) i);
                if (r < 0 && error == 0)
                        error = r;
        }
        for (int kind = PROBE_KILL; kind < PROBE_SELF; kind++) {
                char line[128];

                if (!probe_exists(g, t, (ProbeKind) kind))
                        continue;
                (void) snprintf(line, sizeof(line), "-:%s/%s_%s", g->prefix, probe_name((ProbeKind) kind), g->suffix);
                r = trace_probe(t, line);
                if (r < 0 && r != -ENOENT && error == 0)
                        error = r;
        }
        return error;
}
