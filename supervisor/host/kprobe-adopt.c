/* Generations: our own, and those that a binary before us left recording. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "supervisor/base/clock.h"
#include "supervisor/base/fd.h"
#include "supervisor/host/kprobe-private.h"

int kprobe_formats_take(Kprobe *k, Generation *g) {
        _cleanup_free_ char *text = malloc(GENERATION_FORMATS_MAX);
        int length;

        if (!text)
                return -ENOMEM;
        length = generation_formats(&g->name, &k->tracefs, text, GENERATION_FORMATS_MAX);
        if (length < 0)
                return length;
        (void) k->store.formats_save(k->store.userdata, g->name.number, text, (size_t) length);
        return ringformats_new(&g->formats, text, (size_t) length);
}

static void found_instance(const char *name, void *userdata) {
        Kprobe *k = userdata;
        GenerationName g;

        if (generation_parse(&g, name) < 0 || g.owner != k->generations[0].name.owner)
                return;
        for (uint32_t i = 0; i < k->n_generations; i++)
                if (k->generations[i].name.number == g.number)
                        return;
        if (k->n_generations < GENERATIONS_MAX)
                k->generations[k->n_generations++] = (Generation){ .name = g, .in_kernel = true };
}

int kprobe_adopt(Kprobe *k) {
        char prefix[32];
        int r;

        (void) snprintf(prefix, sizeof(prefix), "reeve_%08" PRIx32 "_", k->generations[0].name.owner);
        r = trace_instances(&k->tracefs, prefix, found_instance, k);
        for (uint32_t i = 1; r == 0 && i < k->n_generations; i++) {
                Generation *g = &k->generations[i];
                int dirs[PAGE_INSTANCES];

                (void) kprobe_formats_take(k, g);
                for (int instance = 0; instance < PAGE_INSTANCES; instance++) {
                        char name[64];

                        (void) snprintf(name, sizeof(name), "%s_%s", g->name.prefix,
                                        generation_instance_name((PageInstance) instance));
                        dirs[instance] = trace_instance_open(&k->tracefs, name);
                        /* Passed over it would be removed with all that is in it. */
                        if (dirs[instance] < 0 && dirs[instance] != -ENOENT)
                                r = dirs[instance];
                }
                if (r == 0)
                        r = rings_open(k, g, dirs);
                for (int instance = 0; instance < PAGE_INSTANCES; instance++)
                        fd_closep(&dirs[instance]);
        }
        if (k->n_generations > 1)
                k->switch_nsec = clock_boottime_nsec();
        return r;
}

void kprobe_retire(Kprobe *k) {
        for (uint32_t i = 1; i < k->n_generations; i++) {
                Generation *g = &k->generations[i];

                if (!g->in_kernel || g->oom.open || k->drained_nsec <= k->switch_nsec)
                        continue;
                for (uint32_t j = 0; j < k->n_rings; j++)
                        if (k->rings[j].generation == g) {
                                fd_closep(&k->rings[j].fd);
                                fd_closep(&k->rings[j].stats_fd);
                                k->rings[j].fd = k->rings[j].stats_fd = -1;
                        }
                (void) generation_remove(&g->name, &k->tracefs);
                g->in_kernel = false;
        }
}

bool kprobe_was_recording(const Kprobe *k) {
        char name[64];
        int dir;

        (void) snprintf(name, sizeof(name), "%s_%s", k->generations[0].name.prefix, generation_instance_name(PAGE_KILLS));
        dir = trace_instance_open(&k->tracefs, name);
        if (dir >= 0)
                (void) close(dir);
        return dir >= 0;
}
