/* probe-dump: opens the kprobe source as the daemon does and prints what it says, one line a fact. With --ledger it also
 * does what the daemon does to lose nothing: a record into the spool when its OOM ends, into the ledger later, pages
 * released after; so a test can SIGKILL it in a storm and count. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "supervisor/base/fd.h"
#include "supervisor/host/kprobe.h"
#include "supervisor/record/spool.h"

enum { ORIGINS_MAX = 65536, COMMIT_EVERY = 25 };

typedef struct Dump {
        KprobeOptions options;
        const char *spool_path, *ledger_path, *pages_path;
        double seconds;
        bool counters, churn, quiet, uninstall, offsets;
        Kprobe *kprobe;
        Spool *spool;
        int ledger;
        uint64_t origins[ORIGINS_MAX];
        size_t n_origins;
        uint64_t seq, committed, uncommitted, ooms, victims, facts;
        bool open;
        Evidence oom;
        char record[512];
} Dump;

static uint64_t now_nsec(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_BOOTTIME, &t);
        return (uint64_t) t.tv_sec * UINT64_C(1000000000) + (uint64_t) t.tv_nsec;
}

static void print_victim(const EvidenceVictim *v) {
        printf(" tgid=%d tid=%d comm=%s start=%" PRIu64 " uid=%d adj=%d cgroup=%" PRIu64 " charged=%" PRIu64 " level=%" PRIu32
               " path=",
               v->tgid, v->tid, v->comm ? v->comm : "?", v->start_nsec, v->uid_present ? (int) v->uid : -1,
               v->oom_score_adj, v->cgroup_id, v->charged_id, v->level);
        for (uint32_t i = 1; i <= v->level && i <= EVIDENCE_LEVELS_MAX; i++)
                printf("/%s", v->names[i] ? v->names[i] : "?");
        printf(" ids=");
        for (uint32_t i = 0; i <= v->level && i < EVIDENCE_ANCESTORS_MAX; i++)
                printf("%s%" PRIu64, i ? "," : "", v->ancestor_ids[i]);
        if (v->mm_present)
                printf(" anon=%" PRId64 " file=%" PRId64 " shmem=%" PRId64 " swap=%" PRId64 " tables=%" PRId64 " owner=%d",
                       v->anon_pages, v->file_pages, v->shmem_pages, v->swap_pages, v->page_table_bytes, v->owner_present);
        else
                printf(" mm=none");
        if (v->group)
                printf(" group=%" PRIu64, v->group_cgroup_id);
        printf(" message=\"%s\"\n", v->message ? v->message : "");
}

static void print_evidence(const Evidence *e) {
        static const char *const kinds[] = { "oom", "victim", "end", "sigkill", "signal", "mkdir", "rmdir", "lost" };
        const EvidenceDomain *d = &e->oom.domain;

        printf("%s time=%" PRIu64 " cpu=%" PRIu32 " pid=%d", kinds[e->kind], e->time_nsec, e->cpu, e->pid);
        switch (e->kind) {
        case EVIDENCE_OOM:
                if (d->present)
                        printf(" domain=%" PRIu64 " usage=%" PRIu64 " max=%" PRIu64 " peak=%" PRIu64 " swap=%" PRIu64
                               " swap_max=%" PRIu64 " plausible=%d",
                               d->id, d->usage_pages, d->max_pages, d->peak_pages, d->swap_usage_pages, d->swap_max_pages,
                               d->counters_plausible);
                else
                        printf(" domain=host");
                printf(" constraint=%" PRIu32 " points=%" PRId64 " total=%" PRIu64 " order=%d gfp=%#" PRIx32
                       " chosen=%d invoker=%s message=\"%s\"\n",
                       e->oom.constraint, e->oom.points, e->oom.total_pages, e->oom.order, e->oom.gfp, e->oom.chosen_pid,
                       e->comm ? e->comm : "?", e->oom.message ? e->oom.message : "");
                break;
        case EVIDENCE_VICTIM:
                print_victim(&e->victim);
                break;
        case EVIDENCE_KERNEL_SIGKILL:
        case EVIDENCE_SIGNAL:
                printf(" sig=%d code=%d group=%d target=%d comm=%s result=%d\n", e->signal.signal, e->signal.code,
                       e->signal.to_group, e->signal.pid, e->signal.comm ? e->signal.comm : "?", e->signal.result);
                break;
        case EVIDENCE_MKDIR:
        case EVIDENCE_RMDIR:
                printf(" id=%" PRIu64 " level=%" PRIu32 " path=%s%s\n", e->churn.id, e->churn.level,
                       e->churn.path ? e->churn.path : "?", e->churn.path_cut ? " (cut)" : "");
                break;
        case EVIDENCE_LOST:
                printf(" to=%" PRIu64 "\n", e->lost.to_nsec);
                break;
        case EVIDENCE_OOM_END:
                printf("\n");
        }
}

/* ---- a ledger of one line a record ---- */

static bool known(const Dump *d, uint64_t origin) {
        for (size_t i = 0; i < d->n_origins; i++)
                if (d->origins[i] == origin)
                        return true;
        return false;
}

static void learn(Dump *d, uint64_t origin) {
        if (d->n_origins < ORIGINS_MAX)
                d->origins[d->n_origins++] = origin;
}

static int to_ledger(const SpoolRecord *r, void *userdata) {
        Dump *d = userdata;

        if (write(d->ledger, r->json, r->json_size) != (ssize_t) r->json_size)
                return -EIO;
        d->committed = r->seq;
        return 0;
}

static void commit(Dump *d) {
        if (spool_records_replay(d->spool, to_ledger, d) == 0 && d->committed > 0)
                spool_records_committed(d->spool, d->committed);
        d->uncommitted = 0;
}

static int learn_record(const SpoolRecord *r, void *userdata) {
        learn(userdata, r->origin_nsec);
        return 0;
}

static int open_ledger(Dump *d) {
        char line[1024];
        FILE *f = fopen(d->ledger_path, "re");

        while (f && fgets(line, sizeof(line), f)) {
                learn(d, strtoull(line, NULL, 10));
                d->seq++;
        }
        if (f)
                fclose(f);
        d->ledger = open(d->ledger_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (d->ledger < 0)
                return -errno;
        if (d->seq < spool_last_seq(d->spool))
                d->seq = spool_last_seq(d->spool);
        (void) spool_records_replay(d->spool, learn_record, d);
        commit(d);
        return 0;
}

static void keep(Dump *d, const Evidence *e) {
        size_t length = strlen(d->record);

        switch (e->kind) {
        case EVIDENCE_OOM:
                d->open = true;
                d->oom = *e;
                (void) snprintf(d->record, sizeof(d->record), "%" PRIu64 " domain=%" PRIu64, e->time_nsec, e->oom.domain.id);
                break;
        case EVIDENCE_VICTIM:
                if (d->open)
                        (void) snprintf(d->record + length, sizeof(d->record) - length, " tgid=%d cgroup=%" PRIu64,
                                        e->victim.tgid, e->victim.cgroup_id);
                break;
        case EVIDENCE_OOM_END: {
                SpoolRecord r = { .origin_nsec = d->oom.time_nsec, .origin_pid = d->oom.pid, .json = d->record };

                if (!d->open || d->oom.pid != e->pid)
                        break;
                d->open = false;
                if (known(d, r.origin_nsec))
                        break;
                (void) snprintf(d->record + length, sizeof(d->record) - length, "\n");
                r.seq = ++d->seq;
                r.json_size = (uint32_t) strlen(d->record);
                if (spool_record_put(d->spool, &r) < 0)
                        fprintf(stderr, "probe-dump: spool full\n");
                learn(d, r.origin_nsec);
                if (++d->uncommitted >= COMMIT_EVERY)
                        commit(d);
                break;
        }
        default:
                break;
        }
}

static void take(const Evidence *e, void *userdata) {
        Dump *d = userdata;

        d->facts++;
        d->ooms += e->kind == EVIDENCE_OOM;
        d->victims += e->kind == EVIDENCE_VICTIM;
        if (!d->quiet && (d->churn || e->kind < EVIDENCE_SIGNAL))
                print_evidence(e);
        if (d->ledger >= 0)
                keep(d, e);
}

/* ---- */

static int save_page(const PageInfo *info, const void *data, void *userdata) {
        static int n;
        char path[512];
        int fd;

        (void) snprintf(path, sizeof(path), "%s/page-%03d-%s-cpu%" PRIu32, (const char *) userdata, n++,
                        info->instance == PAGE_KILLS ? "kills" : "churn", info->cpu);
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        if (fd < 0 || write(fd, data, PAGE_BYTES) != PAGE_BYTES)
                return -EIO;
        close(fd);
        return 0;
}

static void print_counters(Dump *d) {
        KprobeCounters c;
        KprobeLoss loss;
        KprobeRing ring;
        char why[512] = "";
        int r = kprobe_reconcile(d->kprobe, take, d, &loss);

        (void) kprobe_counters(d->kprobe, &c);
        for (uint32_t i = 0; i < c.n_probes; i++)
                printf("probe %s hits=%" PRIu64 " missed=%" PRIu64 " read=%" PRIu64 "\n", c.probes[i].name, c.probes[i].hits,
                       c.probes[i].missed, c.probes[i].read);
        for (uint32_t i = 0; kprobe_ring(d->kprobe, i, &ring) == 0; i++)
                printf("ring %s cpu=%" PRIu32 " size=%" PRIu64 " overruns=%" PRIu64 " drops=%" PRIu64 "\n", ring.name, ring.cpu,
                       ring.size_bytes, ring.overruns, ring.drops);
        printf("loss r=%d ooms=%" PRIu64 " attempts=%" PRIu64 " ends=%" PRIu64 " kills_events=%" PRIu64 " churn_events=%" PRIu64
               "\n", r, loss.ooms, loss.attempts, loss.ends, loss.kills_events, loss.churn_events);
        printf("sum ooms=%" PRIu64 " victims=%" PRIu64 " facts=%" PRIu64 " undecoded=%" PRIu64 " unspooled=%" PRIu64
               " implausible=%" PRIu64 " kernel_bytes=%" PRIu64 "\n",
               d->ooms, d->victims, d->facts, c.undecoded, c.unspooled, c.implausible, c.kernel_bytes);
        r = kprobe_check(d->kprobe, why, sizeof(why));
        printf("check %d %s\n", r, why);
}

static int watch(Dump *d) {
        uint64_t end = now_nsec() + (uint64_t) (d->seconds * 1e9);
        struct pollfd fds[] = {
                { .fd = kprobe_kills_fd(d->kprobe), .events = POLLIN },
                { .fd = kprobe_churn_fd(d->kprobe), .events = POLLIN },
        };
        int r;

        for (;;) {
                do
                        r = kprobe_drain(d->kprobe, false, take, d);
                while (r == 1 && now_nsec() < end);
                fflush(stdout);
                if (r < 0)
                        return r;
                if (!d->pages_path)
                        kprobe_release(d->kprobe, d->open ? d->oom.time_nsec - 1 : UINT64_MAX);
                if (now_nsec() >= end)
                        return 0;
                (void) poll(fds, ELEMENTSOF(fds), (int) ((end - now_nsec()) / 1000000) + 1);
        }
}

static int run(Dump *d) {
        char why[1024] = "", boot_id[64] = "";
        FILE *f;
        int r;

        if (d->spool_path) {
                f = fopen("/proc/sys/kernel/random/boot_id", "re");
                if (f && fscanf(f, "%63s", boot_id) != 1)
                        *boot_id = '\0';
                if (f)
                        fclose(f);
                r = spool_open(&d->spool, d->spool_path, &(SpoolOptions){ .boot_id = boot_id }, why, sizeof(why));
                if (*why)
                        fprintf(stderr, "probe-dump: %s\n", why);
                if (r < 0)
                        return r;
                d->options.pages = spool_pages(d->spool);
        }
        if (d->ledger_path) {
                r = open_ledger(d);
                if (r < 0)
                        return r;
        }
        r = kprobe_open(&d->kprobe, &d->options, why, sizeof(why));
        if (r < 0) {
                printf("red %d %s\n", r, why);
                return r;
        }
        printf("green\n");
        fflush(stdout);
        r = watch(d);
        if (d->ledger >= 0)
                commit(d);
        if (d->counters)
                print_counters(d);
        if (d->pages_path) {
                const char *text;
                size_t length;
                PageInfo first = { 0 };
                uint32_t slot;
                void *data;

                (void) spool_pages_replay(d->spool, save_page, (void *) (uintptr_t) d->pages_path);
                if (d->options.pages->left(d->options.pages->userdata, 0, &slot, &data, &first) == 0 &&
                    d->options.pages->formats_find(d->options.pages->userdata, first.generation, &text, &length) == 0) {
                        (void) snprintf(why, sizeof(why), "%s/formats", d->pages_path);
                        f = fopen(why, "we");
                        if (f) {
                                (void) fwrite(text, 1, length, f);
                                fclose(f);
                        }
                }
        }
        kprobe_close(d->kprobe);
        spool_close(d->spool);
        return r < 0 ? r : 0;
}

static void usage(void) {
        puts("probe-dump [--state DIR] [--spool FILE] [--ledger FILE] [--kills-ring BYTES] [--churn-ring BYTES]\n"
             "           [--for SECONDS] [--shift OFFSET] [--churn] [--quiet] [--counters] [--save-pages DIR]\n"
             "           [--offsets] [--uninstall]");
}

int main(int argc, char *argv[]) {
        static const struct option options[] = {
                { "state", 1, NULL, 's' },      { "spool", 1, NULL, 'p' },     { "ledger", 1, NULL, 'l' },
                { "kills-ring", 1, NULL, 'k' }, { "churn-ring", 1, NULL, 'c' }, { "for", 1, NULL, 'f' },
                { "shift", 1, NULL, 'x' },      { "churn", 0, NULL, 'C' },     { "quiet", 0, NULL, 'q' },
                { "counters", 0, NULL, 'n' },   { "save-pages", 1, NULL, 'P' }, { "offsets", 0, NULL, 'o' },
                { "uninstall", 0, NULL, 'u' },  { 0 },
        };
        static Dump d = { .options = { .state_directory = "/tmp/probe-dump" }, .seconds = 1, .ledger = -1 };
        char why[512] = "";
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0)
                switch (c) {
                case 's': d.options.state_directory = optarg; break;
                case 'p': d.spool_path = optarg; break;
                case 'l': d.ledger_path = optarg; break;
                case 'k': d.options.kills_ring_bytes = strtoull(optarg, NULL, 10); break;
                case 'c': d.options.churn_ring_bytes = strtoull(optarg, NULL, 10); break;
                case 'f': d.seconds = strtod(optarg, NULL); break;
                case 'x': d.options.shift_offset = optarg; break;
                case 'C': d.churn = true; break;
                case 'q': d.quiet = true; break;
                case 'n': d.counters = true; break;
                case 'P': d.pages_path = optarg; break;
                case 'o': d.offsets = true; break;
                case 'u': d.uninstall = true; break;
                default: usage(); return 2;
                }
        if (d.offsets) {
                bool proved;
                const char *name;

                for (uint32_t i = 0; (name = kprobe_offset_name(i, &proved)); i++)
                        printf("%s %s\n", name, proved ? "start" : "kill");
                return 0;
        }
        if (d.uninstall) {
                c = kprobe_uninstall(d.options.state_directory, NULL, why, sizeof(why));
                printf("uninstall %d %s\n", c, why);
                return c < 0;
        }
        return run(&d) < 0;
}
