#include "supervisor/flow/balance.h"

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/base/clock.h"
#include "supervisor/flow/groups.h"
#include "supervisor/flow/late.h"
#include "supervisor/flow/logtier.h"
#include "supervisor/flow/lookagain.h"
#include "supervisor/flow/ringtier.h"
#include "supervisor/text/kernfile.h"

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
                ringtier_drain(s);
                if (s->from.kprobe)
                        now.read = kprobe_victims_read(s->from.kprobe);
                now.confirmed = spool_account(s->spool)->accounted;
                now.not_counted = assemble_stats(s->from.assembler)->not_counted;
                now.cut_short = assemble_stats(s->from.assembler)->cut_short;
                now.open = assemble_oldest(s->from.assembler) != UINT64_MAX || s->n_late > 0 ||
                           (s->from.unwatched && s->readback);
                now.otherwise = s->from.unwatched ? REEVE_GAP_NOT_WATCHING : REEVE_GAP_UNKNOWN;
        } else {
                if (s->from.log)
                        logtier_drain(s);
                now.confirmed = s->from.log_confirmed;
                now.open = (s->from.log && logsource_busy(s->from.log)) || s->n_late > 0 || (s->from.unwatched && s->readback);
                now.otherwise = s->from.unwatched || s->from.tier == REEVE_TIER_NONE ? REEVE_GAP_NOT_WATCHING
                                : s->from.log                                       ? REEVE_GAP_KMSG
                                                                                     : REEVE_GAP_UNKNOWN;
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

/* Returns whether nothing is open: else it is looked again. */
static bool look(Supervisor *s, uint64_t settle_nsec) {
        ReconcileGap gaps[RECONCILE_GAPS_MAX];
        ReconcileReading now = take_reading(s);
        size_t n = reconcile_look(&s->from.reconciler, &now, settle_nsec, gaps);

        for (size_t i = 0; i < n; i++) {
                emit_gap(s, &gaps[i]);
                if (s->from.kprobe && (gaps[i].cause == REEVE_GAP_OVERRUN || gaps[i].cause == REEVE_GAP_DROPPED))
                        kprobe_told_lost(s->from.kprobe, gaps[i].unread);
        }
        if (now.open || reconcile_pending(&s->from.reconciler))
                return false;
        strike_balance(s, &now);
        return true;
}

void balance_look(Supervisor *s) {
        if (!look(s, UINT64_C(1000) * 1000 * 1000))
                lookagain_later(s);
}

void balance_settle(Supervisor *s) {
        for (int i = 0; i < 2; i++)
                (void) look(s, 0);
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
        lookagain_later(s);
}

/* What happened between the last time both counts agreed and now, in an earlier run or while none was, is ours to explain. */
static void take_over_account(Supervisor *s, ReconcileReading *first) {
        const SpoolAccount *account = spool_account(s->spool);

        if (!s->from.kprobe || account->base_nsec == 0 || !first->vmstat_known || account->base_vmstat > first->vmstat_oom_kill)
                return;
        s->from.unwatched = kprobe_since_nsec(s->from.kprobe) > account->base_nsec;
        first->vmstat_oom_kill = account->base_vmstat;
        first->confirmed = account->base_accounted;
        first->recorded = first->outside = 0;   /* what this run has recorded already is of that time */
        first->time_nsec = account->base_nsec;
        lookagain_later(s);
}

/* All counters at one moment, or nearly. */
static ReconcileReading take_first(Supervisor *s) {
        ReconcileReading first = take_reading(s);

        for (int i = 0; i < 20; i++) {
                ReconcileReading again = take_reading(s);

                if (again.vmstat_oom_kill == first.vmstat_oom_kill && again.confirmed == first.confirmed) {
                        first = again;
                        break;
                }
                first = again;
        }
        return first;
}

/* What is shown in sum goes on over all sources. */
static void begin(Supervisor *s, const ReconcileReading *first) {
        ReconcileCounters counters = s->from.reconciler.counters;

        s->from.begun_nsec = first->time_nsec;
        reconcile_begin(&s->from.reconciler, first);
        s->from.reconciler.counters = counters;
}

uint64_t balance_owed(Supervisor *s, uint64_t *ret_since_nsec) {
        ReconcileGap none[RECONCILE_GAPS_MAX];
        ReconcileReading now = take_reading(s);

        if (!now.vmstat_known) {
                balance_settle(s);
                return 0;
        }
        (void) reconcile_look(&s->from.reconciler, &now, /* settle_nsec= */ UINT64_MAX, none);
        *ret_since_nsec = s->from.reconciler.settled_nsec;
        return s->from.reconciler.vmstat_owed;
}

void balance_carry(Supervisor *s, uint64_t owed, uint64_t since_nsec) {
        ReconcileReading first = take_first(s);

        if (s->from.kprobe && first.hits > first.read)
                catch_up(s, &first);
        if (owed > 0 && first.vmstat_known && first.vmstat_oom_kill >= owed) {
                first.vmstat_oom_kill -= owed;
                s->from.reconciler.counters.attempts -= owed;   /* they are counted once more */
                first.time_nsec = since_nsec;
                s->from.unwatched = true;
                lookagain_later(s);
        }
        begin(s, &first);
}

void balance_begin(Supervisor *s) {
        ReconcileReading first = take_first(s);

        if (s->from.kprobe && first.hits > first.read)
                catch_up(s, &first);
        begin(s, &first);
}

void balance_begin_first(Supervisor *s, uint64_t accounted) {
        ReconcileReading first = take_first(s);

        take_over_losses(s, &first);
        take_over_account(s, &first);
        begin(s, &first);
        /* The earlier run ended before both counts agreed: these stand in its sum. */
        if (s->from.kprobe && accounted > first.confirmed)
                s->from.reconciler.told_before = accounted - first.confirmed;
}
