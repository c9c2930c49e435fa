/* What happens? The source of facts in use: opened, drained into attribution, checked, and replaced when it fails. */
#include "supervisor/flow/sources.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "supervisor/base/fd.h"
#include "supervisor/host/proc.h"
#include "supervisor/flow/exits.h"
#include "supervisor/flow/groups.h"
#include "supervisor/flow/intake.h"
#include "supervisor/flow/late.h"
#include "supervisor/flow/signals.h"
#include "supervisor/text/kernfile.h"

enum {
        CHURN_PAUSE_USEC = 50 * 1000,           /* under a user's load churn is read at most 20 times a second */
        EXPIRE_USEC = 1100 * 1000,              /* an OOM without an end mark is closed after a second */
        SETTLE_USEC = 100 * 1000,               /* the lines of one OOM are written within milliseconds */
        LOOK_AGAIN_USEC = 1500 * 1000,          /* a difference that is still there then is a gap */
        PRIORITY_KILLS = -10, PRIORITY_CHURN = 20,
        PASSES_MAX = 4,                         /* over the rings at once: a user's flood must not hold the loop */
        FAILURES_MAX = 3,
};

/* What charges under way add to usage for a moment is 64 pages a CPU: more than that above max was a limit's write. */
static AssembleOptions assemble_options(void) {
        return (AssembleOptions) { .page_size = (uint32_t) sysconf(_SC_PAGESIZE),
                                   .charge_slack_pages = 64 * (uint32_t) sysconf(_SC_NPROCESSORS_CONF) };
}

/* ---- the kprobe tier ---- */

static void on_kill(const Kill *kill, void *userdata) {
        intake_kill(userdata, kill);
}

static void on_sigkill(const Sigkill *signal, void *userdata) {
        signals_take(userdata, signal);
}

static void on_evidence(const Evidence *evidence, void *userdata) {
        Supervisor *s = userdata;
        AssembleSink sink = { .kill = on_kill, .sigkill = on_sigkill, .userdata = s };

        if (evidence->kind == EVIDENCE_MKDIR)
                groups_born(s, &evidence->churn);
        else if (evidence->kind == EVIDENCE_RMDIR)
                groups_died(s, evidence->churn.id, evidence->churn.path_cut ? NULL : evidence->churn.path);
        else
                assemble_feed(s->from.assembler, evidence, &sink);
}

static int on_expire(sd_event_source *source, uint64_t usec, void *userdata);
static int on_look_again(sd_event_source *source, uint64_t usec, void *userdata);

/* Pages whose evidence is in finished records may go: all before the oldest kill that is still open or waits. */
static void release_pages(Supervisor *s) {
        uint64_t open = assemble_oldest(s->from.assembler), waits = late_releasable_nsec(s);
        uint64_t upto = open == UINT64_MAX ? UINT64_MAX : open - 1;

        if (waits < upto)
                upto = waits;
        waits = signals_releasable_nsec(s, clock_boottime_nsec());
        kprobe_release(s->from.kprobe, waits < upto ? waits : upto);
}

static int on_again(sd_event_source *source, uint64_t usec, void *userdata);

static void drain(Supervisor *s) {
        uint64_t kills = assemble_stats(s->from.assembler)->attempts;
        int r = 1;

        for (int pass = 0; pass < PASSES_MAX && r > 0; pass++) {
                /* While the evidence of kills not recorded yet fills the spool, the rings keep what comes: they outlive us too. */
                bool waits = late_releasable_nsec(s) != UINT64_MAX;

                r = kprobe_drain(s->from.kprobe, waits, on_evidence, s);
                release_pages(s);
                if (r > 0 && waits)
                        late_hurry(s);
        }
        if (r > 0)
                state_timer(s, &s->from.again_timer, CHURN_PAUSE_USEC, on_again);
        s->from.failures = r < 0 ? s->from.failures + 1 : 0;
        if (assemble_oldest(s->from.assembler) != UINT64_MAX)
                state_timer(s, &s->from.expire_timer, EXPIRE_USEC, on_expire);
        if (assemble_stats(s->from.assembler)->attempts != kills)
                state_timer(s, &s->from.retry_timer, LOOK_AGAIN_USEC, on_look_again);
        if (r < 0)
                state_timer(s, &s->from.retry_timer, 0, on_look_again);
        if (s->server)
                server_drained(s->server);
}

/* Events that came while the last pass was on its way. */
static int on_again(sd_event_source *source, uint64_t usec, void *userdata) {
        Supervisor *s = userdata;

        (void) source, (void) usec;
        if (s->from.kprobe)
                drain(s);
        return 0;
}

static int on_expire(sd_event_source *source, uint64_t usec, void *userdata) {
        Supervisor *s = userdata;
        AssembleSink sink = { .kill = on_kill, .sigkill = on_sigkill, .userdata = s };

        (void) source, (void) usec;
        if (!s->from.kprobe)
                return 0;
        assemble_expire(s->from.assembler, clock_boottime_nsec(), &sink);
        drain(s);
        return 0;
}

static int on_kills(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        (void) source, (void) fd, (void) revents;
        drain(userdata);
        return 0;
}

static int on_churn_again(sd_event_source *source, uint64_t usec, void *userdata) {
        Supervisor *s = userdata;

        (void) source, (void) usec;
        if (s->from.churn_io)
                (void) sd_event_source_set_enabled(s->from.churn_io, SD_EVENT_ONESHOT);
        return 0;
}

static int on_churn(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Supervisor *s = userdata;

        (void) source, (void) fd, (void) revents;
        drain(s);
        state_timer(s, &s->from.churn_timer, CHURN_PAUSE_USEC, on_churn_again);
        return 0;
}

static int assembler_open(Sources *from) {
        AssembleOptions options = assemble_options();
        size_t size = assemble_size(&options);

        if (from->assembler)
                return 0;
        from->assembler_memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (from->assembler_memory == MAP_FAILED)
                return -ENOMEM;
        from->assembler = assemble_init(from->assembler_memory, &options);
        return 0;
}

static int open_kprobe(Supervisor *s) {
        KprobeOptions options = {
                .state_directory = s->options.state_directory,
                .cgroup_root = s->fs.root,
                .kills_ring_bytes = s->config->reeve.kills_ring_bytes,
                .churn_ring_bytes = s->config->reeve.churn_ring_bytes,
                .pages = spool_pages(s->spool),
                .interrupted = s->from.interrupted,
        };
        int r = assembler_open(&s->from);

        if (r < 0)
                return r;
        r = kprobe_open(&s->from.kprobe, &options, s->from.kprobe_why, sizeof(s->from.kprobe_why));
        if (r < 0)
                return r;
        s->from.kprobe_why[0] = '\0';
        s->from.interrupted = false;
        /* What an earlier opening left in pages and rings is fed from its beginning. */
        assemble_forget(s->from.assembler);
        s->from.known_nsec = clock_boottime_nsec();
        s->from.failures = 0;
        r = state_io(s, &s->from.kills_io, kprobe_kills_fd(s->from.kprobe), EPOLLIN, PRIORITY_KILLS, on_kills);
        if (r >= 0)
                r = state_io(s, &s->from.churn_io, kprobe_churn_fd(s->from.kprobe), EPOLLIN, PRIORITY_CHURN, on_churn);
        if (r >= 0)
                r = sd_event_source_set_enabled(s->from.churn_io, SD_EVENT_ONESHOT);
        return r;
}

static void close_kprobe(Supervisor *s) {
        s->from.kills_io = sd_event_source_disable_unref(s->from.kills_io);
        s->from.churn_io = sd_event_source_disable_unref(s->from.churn_io);
        s->from.kprobe = kprobe_close(s->from.kprobe);
        s->from.known_nsec = 0;
}

/* ---- the log tier ---- */

static void on_log_kill(void *userdata, const Kill *kill) {
        Supervisor *s = userdata;

        s->from.log_confirmed += kill->attempts;
        intake_kill(s, kill);
        state_timer(s, &s->from.retry_timer, LOOK_AGAIN_USEC, on_look_again);
}

static void on_log_lost(void *userdata, uint64_t lost) {
        Supervisor *s = userdata;

        s->from.kmsg_lost += lost;
        state_timer(s, &s->from.retry_timer, LOOK_AGAIN_USEC, on_look_again);
}

static int on_settle(sd_event_source *source, uint64_t usec, void *userdata) {
        Supervisor *s = userdata;

        (void) source, (void) usec;
        if (s->from.log && logsource_settle(s->from.log, clock_boottime_nsec()))
                state_timer(s, &s->from.settle_timer, SETTLE_USEC, on_settle);
        return 0;
}

/* All that the log has by now, so that it can be held against the kernel's own count. */
static void drain_log(Supervisor *s) {
        int r;

        do
                r = logsource_drain(s->from.log);
        while (r > 0);
        state_timer(s, &s->from.settle_timer, SETTLE_USEC, on_settle);
}

static int on_log(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Supervisor *s = userdata;

        (void) source, (void) fd, (void) revents;
        if (logsource_drain(s->from.log) < 0)
                return 0;
        state_timer(s, &s->from.settle_timer, SETTLE_USEC, on_settle);
        if (s->server)
                server_drained(s->server);
        return 0;
}

static int open_log(Supervisor *s) {
        LogsourceSink sink = { .kill = on_log_kill, .lost = on_log_lost, .userdata = s };
        int r = logsource_new(&s->from.log, &s->fs, NULL, &sink);

        if (r < 0) {
                (void) snprintf(s->from.log_why, sizeof(s->from.log_why), "/dev/kmsg: %s", strerror(-r));
                return r;
        }
        s->from.log_why[0] = '\0';
        s->from.log_nsec = clock_boottime_nsec();
        return state_io(s, &s->from.log_io, logsource_fd(s->from.log), EPOLLIN, PRIORITY_KILLS, on_log);
}

static void close_log(Supervisor *s) {
        s->from.log_io = sd_event_source_disable_unref(s->from.log_io);
        s->from.log = logsource_free(s->from.log);
}

/* ---- whichever it is ---- */

static int configured_source(const Supervisor *s) {
        return s->options.source >= 0 ? s->options.source : (int) s->config->reeve.source;
}

static void choose(Supervisor *s) {
        int wanted = configured_source(s), r = -ENOENT;

        s->from.tier = REEVE_TIER_LOG;
        if (wanted == CONFIG_SOURCE_LOG)
                (void) snprintf(s->from.kprobe_why, sizeof(s->from.kprobe_why), "Source=log asks for the log");
        else {
                r = open_kprobe(s);
                if (r < 0)
                        close_kprobe(s);
        }
        if (r >= 0) {
                s->from.tier = REEVE_TIER_KPROBE;
                (void) snprintf(s->from.log_why, sizeof(s->from.log_why), "not needed beside kprobe");
                return;
        }
        if (wanted == CONFIG_SOURCE_KPROBE) {
                s->from.tier = REEVE_TIER_NONE;
                (void) snprintf(s->from.log_why, sizeof(s->from.log_why), "Source=kprobe forbids it");
        } else
                (void) open_log(s);
}

/* What is told of a tier: which, and why no better one. */
static void say_tier(Supervisor *s, const char *why) {
        char text[512];

        (void) snprintf(text, sizeof(text), "The source is %s%s%s%s.", reeve_tier_to_string((int) s->from.tier),
                        why[0] ? ": " : "", why, s->from.tier == REEVE_TIER_LOG && !s->from.log ? "; by memory.events alone" : "");
        state_say(s, "tier", text, NULL);
}

static uint64_t read_vmstat(Supervisor *s, bool *ret_known) {
        char text[16384];
        ssize_t n = s->from.vmstat_fd < 0 ? -1 : pread(s->from.vmstat_fd, text, sizeof(text), 0);
        int64_t value = n > 0 ? kernfile_key(text, (size_t) n, "oom_kill") : KERNFILE_UNKNOWN;

        *ret_known = value >= 0;
        return value >= 0 ? (uint64_t) value : 0;
}

/* The one whose hits are attempts. */
static const KprobeProbe *victim_probe(const KprobeCounters *c) {
        static const KprobeProbe none = { .name = "" };

        for (uint32_t i = 0; i < c->n_probes; i++)
                if (strcmp(c->probes[i].name, "victim") == 0)
                        return &c->probes[i];
        return &none;
}

/* All counters at one moment: the kernel's first, then ours once the rings are drained. */
static ReconcileReading take_reading(Supervisor *s) {
        ReconcileReading now = { .time_nsec = clock_boottime_nsec(), .otherwise = REEVE_GAP_UNKNOWN };
        KprobeCounters counters;

        now.vmstat_oom_kill = read_vmstat(s, &now.vmstat_known);
        if (s->from.kprobe && kprobe_counters(s->from.kprobe, &counters) == 0) {
                now.probes_known = true;
                now.hits = victim_probe(&counters)->hits;
                now.overruns = counters.lost_kills;
                /* What churn lost may have been births: the tree is asked of the kernel once more. */
                if (counters.lost_churn != s->from.lost_churn && s->dirwatch)
                        groups_walk_again(s);
                s->from.lost_churn = counters.lost_churn;
                drain(s);
                if (s->from.kprobe)
                        now.read = kprobe_victims_read(s->from.kprobe);
                now.confirmed = spool_account(s->spool)->accounted;
                now.not_counted = assemble_stats(s->from.assembler)->not_counted;
                now.open = assemble_oldest(s->from.assembler) != UINT64_MAX || s->n_late > 0 ||
                           (s->from.unwatched && s->readback);
                now.otherwise = s->from.unwatched ? REEVE_GAP_NOT_WATCHING : REEVE_GAP_UNKNOWN;
        } else {
                if (s->from.log)
                        drain_log(s);
                now.confirmed = s->from.log_confirmed;
                now.open = s->from.log && logsource_busy(s->from.log);
                now.otherwise = s->from.log ? REEVE_GAP_KMSG : REEVE_GAP_UNKNOWN;
        }
        now.outside = s->from.outside;
        now.recorded = s->from.recorded;
        return now;
}

static int write_gap(Strbuf *out, const RecordContext *context, const void *what) {
        return record_gap(out, context, what);
}

static void emit_gap(Supervisor *s, const ReconcileGap *gap) {
        RecordGap record = { .lost = gap->lost, .cause = gap->cause, .from_nsec = gap->from_nsec, .to_nsec = gap->to_nsec };
        EmitHead head = { .type = REEVE_RECORD_GAP, .time_nsec = gap->to_nsec, .owner_uid = RECORD_OWNER_UNKNOWN };

        s->from.lost += gap->lost;
        (void) emit_record(&s->emit, &head, write_gap, &record);
}

/* The kernel's count and ours agree: from here the next run goes on, however this one ends. */
static void strike_balance(Supervisor *s, const ReconcileReading *now) {
        SpoolAccount *account = spool_account(s->spool);

        s->from.unwatched = false;
        if (!now->vmstat_known || s->from.reconciler.vmstat_surplus > 0)
                return;
        account->base_nsec = 0;
        atomic_signal_fence(memory_order_release);
        account->base_vmstat = now->vmstat_oom_kill;
        account->base_accounted = account->accounted;
        atomic_signal_fence(memory_order_release);
        account->base_nsec = now->time_nsec;
}

static void look(Supervisor *s, uint64_t settle_nsec) {
        ReconcileGap gaps[RECONCILE_GAPS_MAX];
        ReconcileReading now = take_reading(s);
        size_t n = reconcile_look(&s->from.reconciler, &now, settle_nsec, gaps);

        for (size_t i = 0; i < n; i++) {
                emit_gap(s, &gaps[i]);
                if (s->from.kprobe && (gaps[i].cause == REEVE_GAP_OVERRUN || gaps[i].cause == REEVE_GAP_DROPPED))
                        kprobe_told_lost(s->from.kprobe, gaps[i].lost);
        }
        if (!now.open && !reconcile_pending(&s->from.reconciler))
                strike_balance(s, &now);
}

static void reconcile(Supervisor *s) {
        look(s, UINT64_C(1000) * 1000 * 1000);
        if (reconcile_pending(&s->from.reconciler))
                state_timer(s, &s->from.retry_timer, LOOK_AGAIN_USEC, on_look_again);
}

/* A difference that stands now will not be made up once this source is closed: it is told, after two looks. */
static void settle_up(Supervisor *s) {
        for (int i = 0; i < 2; i++)
                look(s, 0);
}

/* While another source was in use its own account was kept: what the rings lost meanwhile is no news. */
static void catch_up(Supervisor *s, const ReconcileReading *first) {
        KprobeCounters counters;
        uint64_t known;

        if (kprobe_counters(s->from.kprobe, &counters) < 0)
                return;
        known = first->read + victim_probe(&counters)->told;
        if (first->hits > known)
                kprobe_told_lost(s->from.kprobe, first->hits - known);
}

/* Hits that an earlier run, or the rings while nobody read them, left without a record are owing from the start. */
static void take_over_losses(Supervisor *s, ReconcileReading *first) {
        KprobeCounters counters;
        const KprobeProbe *p;

        if (!s->from.kprobe || kprobe_counters(s->from.kprobe, &counters) < 0)
                return;
        p = victim_probe(&counters);
        if (first->hits <= first->read + p->told)
                return;
        first->hits = first->read + p->told;
        if (counters.told_kills < first->overruns)
                first->overruns = counters.told_kills;
        first->time_nsec = late_recorded_nsec(s);
        state_timer(s, &s->from.retry_timer, LOOK_AGAIN_USEC, on_look_again);
}

/* What happened between the last time both counts agreed and now, in an earlier run or while none was, is ours to explain. */
static void take_over_account(Supervisor *s, ReconcileReading *first) {
        const SpoolAccount *account = spool_account(s->spool);

        if (!s->from.kprobe || account->base_nsec == 0 || !first->vmstat_known || account->base_vmstat > first->vmstat_oom_kill)
                return;
        s->from.unwatched = kprobe_since_nsec(s->from.kprobe) > account->base_nsec;
        first->vmstat_oom_kill = account->base_vmstat;
        first->confirmed = account->base_accounted;
        first->time_nsec = account->base_nsec;
        state_timer(s, &s->from.retry_timer, LOOK_AGAIN_USEC, on_look_again);
}

/* A beginning needs both sides at one moment: while kills go on, vmstat is read again until it stood still over a drain. */
static void begin(Supervisor *s, bool first_ever) {
        ReconcileReading first = take_reading(s);

        for (int i = 0; i < 20; i++) {
                ReconcileReading again = take_reading(s);

                if (again.vmstat_oom_kill == first.vmstat_oom_kill && again.confirmed == first.confirmed) {
                        first = again;
                        break;
                }
                first = again;
        }
        if (first_ever) {
                take_over_losses(s, &first);
                take_over_account(s, &first);
        } else if (s->from.kprobe && first.hits > first.read)
                catch_up(s, &first);
        reconcile_begin(&s->from.reconciler, &first);
}

static int on_look_again(sd_event_source *source, uint64_t usec, void *userdata) {
        (void) source, (void) usec;
        sources_check(userdata);
        return 0;
}

/* The present source failed, or a better one may be had again. */
static void change(Supervisor *s, const char *why) {
        ReeveTier before = s->from.tier;
        char reason[300];

        (void) snprintf(reason, sizeof(reason), "%s", why);
        sources_finish(s);
        settle_up(s);
        close_kprobe(s);
        close_log(s);
        choose(s);
        exits_configure(s);
        s->from.degraded = s->from.tier != REEVE_TIER_KPROBE && before == REEVE_TIER_KPROBE;
        say_tier(s, s->from.tier == REEVE_TIER_KPROBE ? reason : s->from.kprobe_why);
        if (before != s->from.tier)
                begin(s, false);
        groups_follow(s);
}

/* The log goes on until the better source is there. */
static void try_better(Supervisor *s) {
        if (open_kprobe(s) < 0) {
                close_kprobe(s);
                return;
        }
        sources_finish(s);
        close_log(s);
        s->from.tier = REEVE_TIER_KPROBE;
        s->from.degraded = false;
        (void) snprintf(s->from.log_why, sizeof(s->from.log_why), "not needed beside kprobe");
        say_tier(s, "it works again");
        begin(s, false);
        groups_follow(s);
}

void sources_reopen(Supervisor *s) {
        change(s, "asked for by the configuration");
}

static void lose_watch(Supervisor *s, const char *why) {
        state_say(s, "watch_lost", why, NULL);
        s->from.interrupted = true;
        change(s, why);
}

void sources_check(Supervisor *s) {
        char why[256];

        if (s->from.kprobe && kprobe_check(s->from.kprobe, why, sizeof(why)) < 0)
                lose_watch(s, why);
        else if (s->from.kprobe && s->from.failures >= FAILURES_MAX)
                lose_watch(s, "the rings cannot be read any more");
        else if (s->from.degraded && configured_source(s) != CONFIG_SOURCE_LOG)
                try_better(s);
        reconcile(s);
}

void sources_open(Supervisor *s) {
        s->from.vmstat_fd = open("/proc/vmstat", O_RDONLY | O_CLOEXEC);
        choose(s);
        exits_configure(s);
        say_tier(s, s->from.kprobe_why);
        begin(s, true);
}

void sources_finish(Supervisor *s) {
        if (s->from.kprobe)
                drain(s);
        while (s->from.log && logsource_drain(s->from.log) > 0)
                ;
        if (s->from.log)
                (void) logsource_settle(s->from.log, UINT64_MAX);
}

void sources_close(Supervisor *s) {
        sd_event_source **timers[] = { &s->from.churn_timer, &s->from.expire_timer, &s->from.settle_timer, &s->from.retry_timer,
                                       &s->from.again_timer };

        for (size_t i = 0; i < ELEMENTSOF(timers); i++)
                *timers[i] = sd_event_source_disable_unref(*timers[i]);
        exits_close(s);
        close_kprobe(s);
        close_log(s);
        if (s->from.vmstat_fd >= 0)
                (void) close(s->from.vmstat_fd);
        s->from.vmstat_fd = -1;
        if (s->from.assembler) {
                AssembleOptions options = assemble_options();

                (void) munmap(s->from.assembler_memory, assemble_size(&options));
        }
        s->from.assembler = NULL;
}

uint64_t sources_drained_usec(Supervisor *s) {
        if (s->from.kprobe)
                return kprobe_drained_nsec(s->from.kprobe) / 1000;
        return clock_boottime_nsec() / 1000;
}
