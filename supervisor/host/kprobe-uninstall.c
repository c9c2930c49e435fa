/* Removal of all that any run of ours made in tracefs. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "supervisor/host/generation.h"
#include "supervisor/host/kprobe.h"
#include "supervisor/host/probes.h"
#include "supervisor/host/selftest.h"

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
                (void) snprintf(reterr_why, why_size, "tracefs cannot be read: %s", strerror(-r));
        for (uint32_t i = 0; i < found.n; i++) {
                int e;

                e = selftest_clean(&t, found.generations[i].prefix, found.generations[i].suffix);
                if (e == 0)
                        e = generation_remove(&found.generations[i], &t);
                else
                        (void) generation_remove(&found.generations[i], &t);
                if (e < 0 && r == 0) {
                        (void) snprintf(reterr_why, why_size, "%s: %s", found.generations[i].prefix, strerror(-e));
                        r = e;
                }
        }
        trace_close(&t);
        return r;
}
