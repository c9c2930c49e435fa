#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/fd.h"
#include "supervisor/ctl/named.h"
#include "supervisor/ctl/options.h"
#include "supervisor/ctl/populace.h"
#include "supervisor/ctl/print.h"
#include "supervisor/host/mounts.h"
#include "supervisor/text/escape.h"

static const OptionsHelp help = {
        .usage = "predict [CGROUP]",
        .text = "Says whom the kernel's OOM killer would take next if CGROUP went on growing, or,\n"
                "without CGROUP, if the host ran out of memory: by the kernel's own formula, over\n"
                "what /proc shows now. An estimate. Works without reeved. CGROUP is a /path, a unit,\n"
                "a container's id, id:N or pid:N.",
        .examples = "  reevectl predict                   # the host's next victim\n"
                    "  reevectl predict web.service       # whose limit it would hit, and who would die\n"
                    "  reevectl predict pid:4711 --json   # the cgroup of that process",
        .most = 1,
};

enum { SHOWN = 10 };

/* What was read, and what follows from it. */
typedef struct Prediction {
        const CtlContext *context;
        const Populace *populace;
        PredictProcess *sorted;
        size_t n;                       /* that may be taken, of all */
        const PopulaceProcess *victim;  /* NULL: nobody */
        const PopulaceProcess *by_score;        /* with the highest /proc/PID/oom_score; NULL: none known */
        const PopulaceCgroup *group;    /* dies as a whole with the victim; NULL: the process alone */
        size_t with_it;                 /* how many others die with it */
        bool close, panics, takes_who_asks;
} Prediction;

static long setting(const char *path) {
        char text[16] = "";
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

        return fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 ? strtol(text, NULL, 10) : 0;
}

/* Whether @cgroup is @above or lies below it. */
static bool within(const Populace *p, size_t cgroup, size_t above) {
        while (cgroup != above && cgroup != p->cgroups[cgroup].parent)
                cgroup = p->cgroups[cgroup].parent;
        return cgroup == above;
}

/* The highest cgroup between the victim and the domain that is killed as one. */
static const PopulaceCgroup *group_of(const Populace *p, size_t cgroup) {
        size_t chain[256], n = 0, widest;
        bool flags[256];

        for (size_t i = cgroup; n < ELEMENTSOF(chain); i = p->cgroups[i].parent) {
                chain[n++] = i;
                if (i == p->cgroups[i].parent)
                        break;
        }
        for (size_t i = 0; i < n; i++)
                flags[i] = p->cgroups[chain[n - 1 - i]].oom_group;
        widest = predict_widen(flags, n);
        return widest == SIZE_MAX ? NULL : &p->cgroups[chain[n - 1 - widest]];
}

static void group_find(Prediction *d) {
        const Populace *p = d->populace;

        d->group = group_of(p, d->victim->cgroup);
        for (size_t i = 0; d->group && i < p->n; i++)
                if (&p->processes[i] != d->victim && p->processes[i].adj != -1000 && p->processes[i].pid != 1 &&
                    within(p, p->processes[i].cgroup, (size_t) (d->group - p->cgroups)))
                        d->with_it++;
}

static int predict(Prediction *d) {
        const Populace *p = d->populace;
        long panic = setting("/proc/sys/vm/panic_on_oom");

        d->sorted = calloc(p->n + 1, sizeof(*d->sorted));
        if (!d->sorted)
                return -ENOMEM;
        for (size_t i = 0; i < p->n; i++) {
                const PopulaceProcess *q = &p->processes[i];

                d->sorted[i] = (PredictProcess) { .order = q->order, .index = i,
                                                  .points = predict_badness(q->pages, q->adj, q->pid == 1, p->total_pages) };
                if (q->oom_score >= 0 && (!d->by_score || q->oom_score > d->by_score->oom_score))
                        d->by_score = q;
        }
        d->n = predict_sort(d->sorted, p->n);
        d->panics = panic == 2 || (panic == 1 && p->host);
        d->takes_who_asks = p->host && setting("/proc/sys/vm/oom_kill_allocating_task") != 0;
        if (d->n == 0)
                return 0;
        d->victim = &p->processes[d->sorted[0].index];
        d->close = predict_close(d->sorted, d->n, p->cpus);
        group_find(d);
        return 0;
}

/* ---- as JSON ---- */

static json_t *text_json(const char *raw) {
        char cell[4096];
        Strbuf b = STRBUF_INIT(cell);

        cell[0] = '\0';
        escape_bytes(&b, raw, strlen(raw));
        return json_string(cell);
}

static json_t *cgroup_json(const PopulaceCgroup *g) {
        return json_pack("{s:o, s:I}", "path", text_json(g->path), "id", (json_int_t) g->id);
}

static json_t *size_json(int64_t bytes) {
        return bytes < 0 || bytes == LIMIT_MAX ? json_null() : json_integer(bytes);
}

static json_t *process_json(const Populace *p, const PopulaceProcess *q) {
        const ProcStatus *s = &q->status;
        int64_t points = predict_badness(q->pages, q->adj, q->pid == 1, p->total_pages);

        return json_pack("{s:i, s:o, s:o, s:o, s:i, s:o, s:o, s:o, s:o, s:o, s:o}", "pid", q->pid, "comm", text_json(q->comm),
                         "cgroup", cgroup_json(&p->cgroups[q->cgroup]),
                         "points", points == PREDICT_NEVER ? json_null() : json_integer(points), "oom_score_adj", q->adj,
                         "oom_score", size_json(q->oom_score), "anon_bytes", size_json(s->anon_bytes),
                         "file_bytes", size_json(s->file_bytes), "shmem_bytes", size_json(s->shmem_bytes),
                         "swap_bytes", size_json(s->swap_bytes), "page_table_bytes", size_json(s->page_table_bytes));
}

static int prediction_json(const Prediction *d) {
        const Populace *p = d->populace;
        json_t *list = json_array(),
               *domain = json_pack("{s:s, s:o, s:o, s:o, s:I}", "scope", p->host ? "host" : "cgroup", "cgroup",
                                   p->host ? json_null() : cgroup_json(&p->cgroups[0]), "limit_bytes", size_json(p->limit_bytes),
                                   "current_bytes", size_json(p->current_bytes), "total_pages", (json_int_t) p->total_pages);
        json_auto_t *o = NULL;

        for (size_t i = 0; i < d->n && i < SHOWN; i++)
                (void) json_array_append_new(list, process_json(p, &p->processes[d->sorted[i].index]));
        o = json_pack("{s:b, s:o, s:o, s:b, s:o, s:I, s:b, s:b, s:o, s:o, s:I}", "estimate", 1, "domain", domain, "victim",
                      d->victim ? process_json(p, d->victim) : json_null(), "close", d->close, "kill_cgroup",
                      d->group ? cgroup_json(d->group) : json_null(), "with_it", (json_int_t) d->with_it, "panics", d->panics,
                      "takes_allocating_task", d->takes_who_asks, "by_oom_score",
                      d->by_score ? process_json(p, d->by_score) : json_null(), "processes", list, "looked_at", (json_int_t) p->n);
        return print_json(d->context, o);
}

/* ---- in words ---- */

/* @raw bytes made safe for the terminal. */
static const char *safe(const char *raw, char cell[static PRINT_CELL_SIZE]) {
        Strbuf b = { .data = cell, .size = PRINT_CELL_SIZE };

        cell[0] = '\0';
        escape_terminal(&b, raw, strlen(raw), /* escaped= */ false);
        return cell;
}

static void domain_print(const Prediction *d) {
        char cell[PRINT_CELL_SIZE], limit[HUMAN_SIZE], used[HUMAN_SIZE];
        const Populace *p = d->populace;

        if (p->host)
                (void) printf("If the host ran out of memory, ");
        else
                (void) printf("If %s reached its limit of %s (%s are in use), ", safe(p->cgroups[0].path, cell),
                              human_bytes(p->limit_bytes, limit), human_bytes(p->current_bytes, used));
        if (d->panics)
                (void) puts("the kernel would panic: vm.panic_on_oom is set.");
        else if (!d->victim)
                (void) puts("there would be nobody the kernel could take.");
        else if (d->takes_who_asks)
                (void) puts("the kernel would take whichever process asked for memory:\nvm.oom_kill_allocating_task is set. By size it would be:");
        else
                (void) puts("the kernel would probably take:");
}

static void victim_print(const Prediction *d) {
        char comm[PRINT_CELL_SIZE], path[PRINT_CELL_SIZE];
        const Populace *p = d->populace;

        (void) printf("  %s[%d] in %s\n", safe(d->victim->comm, comm), d->victim->pid, safe(p->cgroups[d->victim->cgroup].path, path));
        if (d->group)
                (void) printf("and with it the %zu other process%s of %s (memory.oom.group)\n", d->with_it, d->with_it == 1 ? "" : "es",
                              safe(d->group->path, path));
        if (d->close)
                (void) puts("The first two are too near to each other to be sure.");
        if (d->by_score && d->by_score != d->victim)
                (void) printf("/proc/PID/oom_score is highest for %s[%d], but counts for the host as a whole and not here.\n",
                              safe(d->by_score->comm, comm), d->by_score->pid);
        (void) puts("");
}

static int ranking_print(const Prediction *d) {
        static const TableColumn columns[] = {
                { .title = "POINTS", .right = true },
                { .title = "PID", .right = true },
                { .title = "NAME", .shrink = 3, .least = 8 },
                { .title = "MEMORY", .right = true },
                { .title = "SWAP", .right = true },
                { .title = "ADJ", .right = true },
                { .title = "SCORE", .right = true },
                { .title = "CGROUP", .shrink = 2, .least = 16, .keep_end = true },
        };
        const Populace *p = d->populace;
        Table t = TABLE_INIT(columns);
        int r;

        for (size_t i = 0; i < d->n && i < SHOWN; i++) {
                const PopulaceProcess *q = &p->processes[d->sorted[i].index];
                char cell[PRINT_CELL_SIZE], size[HUMAN_SIZE];

                table_addf(&t, i == 0 ? TABLE_BOLD : TABLE_PLAIN, "%" PRId64, d->sorted[i].points);
                table_addf(&t, TABLE_PLAIN, "%d", q->pid);
                table_add(&t, i == 0 ? TABLE_BOLD : TABLE_PLAIN, safe(q->comm, cell));
                table_add(&t, TABLE_PLAIN, human_bytes(q->pages * p->page_size - (q->status.swap_bytes > 0 ? q->status.swap_bytes : 0), size));
                table_add(&t, TABLE_PLAIN, human_bytes(q->status.swap_bytes > 0 ? q->status.swap_bytes : 0, size));
                table_addf(&t, TABLE_PLAIN, "%d", q->adj);
                table_addf(&t, TABLE_DIM, "%" PRId64, q->oom_score);
                table_add(&t, TABLE_DIM, safe(p->cgroups[q->cgroup].path, cell));
        }
        r = table_write(&t, stdout, d->context->width, d->context->color);
        table_clear(&t);
        return r < 0 ? CTL_FAILED : CTL_DONE;
}

static int prediction_print(const Prediction *d) {
        int e = CTL_DONE;

        domain_print(d);
        if (d->victim) {
                victim_print(d);
                e = ranking_print(d);
        }
        (void) puts("");
        print_hint(d->context, "An estimate: by today's formula, over what /proc showed just now.");
        return e;
}

/* ---- the command ---- */

static int predict_for(const Options *o, const Cgroupfs *fs, const char *path) {
        Populace populace = POPULACE_INIT;
        Prediction d = { .context = &o->context, .populace = &populace };
        char cell[PRINT_CELL_SIZE];
        int e = populace_read(&populace, fs, path);

        if (e == 0)
                e = predict(&d);
        if (e < 0)
                (void) fprintf(stderr, "reevectl predict: %s: %s\n", safe(path, cell),
                               e == -ENODEV ? "there is no such cgroup" : strerror(-e));
        if (e == 0)
                e = o->context.json ? prediction_json(&d) : prediction_print(&d);
        else
                e = e == -ENODEV ? CTL_NOT_FOUND : CTL_FAILED;
        free(d.sorted);
        populace_clear(&populace);
        return e;
}

/* reevectl predict. */
int ctl_predict(int argc, char **argv, const CtlContext *c) {
        CgroupMount mount;
        Cgroupfs fs;
        Options o;
        char *path;
        int e;

        if (options_parse(&o, &e, &help, argc, argv, c))
                return e;
        if (mounts_find(&mount, NULL) < 0 || !mount.where[0] || cgroupfs_open(&fs, mount.where) < 0) {
                (void) fprintf(stderr, "reevectl predict: there is no cgroup v2 here; 'reevectl doctor' tells how to boot with it\n");
                return CTL_FAILED;
        }
        path = o.n_arguments > 0 ? named_path("predict", &fs, o.arguments[0], &e) : strdup("/");
        if (path)
                e = predict_for(&o, &fs, path);
        free(path);
        cgroupfs_close(&fs);
        return e;
}
