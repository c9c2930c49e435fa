#include "supervisor/ctl/evidence.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/base/array.h"
#include "supervisor/base/fd.h"
#include "supervisor/ctl/capturefile.h"
#include "supervisor/ctl/populace.h"
#include "supervisor/host/mounts.h"
#include "supervisor/host/proc.h"
#include "supervisor/text/jvmoptions.h"

void evidence_clear(Evidence *e) {
        free(e->looks);
        free(e->jvms);
        *e = (Evidence) EVIDENCE_INIT;
}

void evidence_add(Evidence *e, int64_t time_usec, int64_t need) {
        EvidenceLook *more = array_grow(e->looks, e->n, &e->size, sizeof(*more));

        if (!more)
                return;
        e->looks = more;
        e->looks[e->n++] = (EvidenceLook) { time_usec, need };
}

/* ---- captures ---- */

/* Of a capture that ends in something else what came before counts. */
static void capture_scan(Evidence *e, const CaptureText *t, const char *path) {
        CaptureReader *reader;
        CaptureError error;
        CaptureEvent event;
        uint64_t id = 0;
        size_t before = e->n;

        if (capture_reader_new(&reader, t->text, t->length) < 0)
                return;
        while (capture_next(reader, &event, &error) > 0) {
                const Reading *r = &event.look.reading;

                if (event.kind == CAPTURE_SECTION)
                        id = 0;
                else if (event.kind == CAPTURE_GROUP && strcmp(event.path, path) == 0)
                        id = event.id;
                if ((event.kind != CAPTURE_LOOK && event.kind != CAPTURE_BEFORE) || !id || event.look.id != id || event.look.gone || r->unreclaimable < 0)
                        continue;
                evidence_add(e, (int64_t) r->time_usec + capture_head(reader)->offset_usec, r->unreclaimable + (r->swap > 0 ? r->swap : 0));
        }
        e->files += e->n > before;
        reader = capture_reader_free(reader);
}

static void directory_scan(Evidence *e, const char *directory, const char *path) {
        _cleanup_closedir_ DIR *d = opendir(directory);
        struct dirent *entry;

        if (!d && (errno == EACCES || errno == EPERM))
                e->not_allowed = true;
        while (d && (entry = readdir(d))) {
                CaptureText text = CAPTURE_TEXT_INIT;
                const char *end = strrchr(entry->d_name, '.');
                char file[1400];

                if (!end || strcmp(end, ".capture") != 0)
                        continue;
                (void) snprintf(file, sizeof(file), "%s/%s", directory, entry->d_name);
                if (capturefile_read(&text, "recommend", file) == CTL_DONE)
                        capture_scan(e, &text, path);
                capturefile_clear(&text);
        }
}

void evidence_boxes(Evidence *e, reeve *r, const char *directory, const char *path) {
        CaptureText recent = CAPTURE_TEXT_INIT;

        if (directory)
                directory_scan(e, directory, path);
        if (e->not_allowed)
                return;
        if (capturefile_recent(&recent, r) == 0 && recent.length > 0)
                capture_scan(e, &recent, path);
        capturefile_clear(&recent);
}

static int by_time(const void *a, const void *b) {
        const EvidenceLook *x = a, *y = b;

        return x->time_usec < y->time_usec ? -1 : x->time_usec > y->time_usec;
}

void evidence_sort(Evidence *e) {
        size_t kept = 0;

        if (e->n > 1)
                qsort(e->looks, e->n, sizeof(*e->looks), by_time);
        /* The clock's offset to boot time moves by microseconds from section to section. */
        for (size_t i = 0; i < e->n; i++)
                if (kept == 0 || e->looks[i].time_usec - e->looks[kept - 1].time_usec > 1000)
                        e->looks[kept++] = e->looks[i];
        e->n = kept;
}

/* ---- JVMs ---- */

static bool below(const char *path, const char *of) {
        size_t n = strlen(of);

        return n == 1 || (strncmp(path, of, n) == 0 && (path[n] == '\0' || path[n] == '/'));
}

static void process_look(Evidence *e, int32_t pid, int64_t available) {
        char text[4096];
        EvidenceJvm *more;
        JvmOptions o;
        ssize_t n = proc_read(pid, "cmdline", text, sizeof(text));

        if (n <= 0 || !jvmoptions_parse(&o, text, (size_t) n))
                return;
        more = array_grow(e->jvms, e->n_jvms, &e->jvms_size, sizeof(*more));
        if (!more)
                return;
        e->jvms = more;
        more[e->n_jvms++] = (EvidenceJvm) { .pid = pid, .xmx_bytes = o.xmx_bytes, .heap_bytes = jvmoptions_heap(&o, available),
                                            .permyriad = o.max_ram_permyriad };
}

void evidence_jvms(Evidence *e, const char *path, int64_t available) {
        Populace populace = POPULACE_INIT;
        CgroupMount mount;
        Cgroupfs fs;

        if (mounts_find(&mount, NULL) < 0 || cgroupfs_open(&fs, mount.where) < 0)
                return;
        if (populace_read(&populace, &fs, path) == 0)
                for (size_t i = 0; i < populace.n; i++)
                        if (below(populace.cgroups[populace.processes[i].cgroup].path, path))
                                process_look(e, populace.processes[i].pid, available);
        populace_clear(&populace);
        cgroupfs_close(&fs);
}
