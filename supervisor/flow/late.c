/* Is this kill recorded already? What was found after the fact waits here for the answer. */
#include "supervisor/flow/late.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/attribute/killcopy.h"
#include "supervisor/base/clock.h"
#include "supervisor/flow/kills.h"
#include "supervisor/host/proc.h"

enum { LATE_MAX = 256 };                /* of those read back: whoever reads waits */
enum { SECOND_USEC = 1000000 };
enum { PATIENCE_USEC = 10 * 1000 * 1000 };      /* for the first walk, and for the ledger's word */
#define SAME_NSEC UINT64_C(5000000000)  /* two reports of one kill by different clocks are no further apart */

/* Everything it points to is its own. */
struct LateKill {
        LateKill *next;
        Supervisor *s;
        Kill kill;
        RecordContext context;
        bool foreign;                   /* of another boot, or read back: context differs from the emitter's */
        bool asked;
        bool ended;                     /* recorded without the ledger's word: only its answer is waited for */
        uint64_t since_nsec;
        char boot_id[37];
        char key[128];
};

/* A copy that owns what it points to. NULL: no memory. */
static LateKill *late_new(Supervisor *s, const Kill *kill) {
        LateKill *l = calloc(1, sizeof(*l) + killcopy_size(kill));

        if (!l)
                return NULL;
        killcopy_into(&l->kill, l + 1, kill);
        l->s = s;
        l->since_nsec = clock_boottime_nsec();
        l->kill.late = kill->late || kill->time_nsec < s->started_nsec;
        return l;
}

static void late_unlink(LateKill *l) {
        for (LateKill **p = &l->s->late; *p; p = &(*p)->next)
                if (*p == l) {
                        *p = l->next;
                        l->s->n_late--;
                        return;
                }
}

/* It is part of what the kernel's count has grown by since it agreed with ours. */
static void account(const LateKill *l) {
        Supervisor *s = l->s;
        bool log = l->foreign ? !s->from.kprobe : l->kill.tier == REEVE_TIER_LOG;

        if (l->kill.time_nsec <= s->from.begun_nsec || (l->foreign && (s->accounted_before || strcmp(l->boot_id, s->boot_id) != 0)))
                return;
        if (log)
                s->from.log_confirmed += l->kill.confirmed;
        else
                spool_account(s->spool)->accounted += l->kill.confirmed;
        if (log || l->foreign)
                s->from.recorded += l->kill.confirmed;
}

/* Takes it out of the queue, and frees it unless the clerk still holds it. */
static void late_end(LateKill *l, bool known) {
        late_unlink(l);
        /* The configuration may be another by now, and the old one's hash gone with it. */
        l->context.configuration_hash = l->s->emit.context.configuration_hash;
        /* Before the record: a crash in between counts it twice, and a surplus is forgotten; one too few would be a gap. */
        if (!known)
                account(l);
        if (!known)
                kills_record(l->s, &l->kill, l->foreign ? &l->context : NULL, !l->foreign);
        l->ended = l->asked;
        if (!l->ended)
                free(l);
}

static void on_exists(const ClerkAnswer *answer, void *userdata) {
        LateKill *l = userdata;
        Supervisor *s = l->s;

        l->asked = false;
        if (l->ended)
                free(l);
        else    /* Where the ledger cannot say, one record too many is better than one too few. */
                late_end(l, answer->error == 0 && answer->number > 0);
        late_pump(s);
}

typedef struct Invocation {
        uint64_t nsec;
        int32_t pid;
} Invocation;

static int same_origin(const SpoolRecord *record, void *userdata) {
        const Invocation *o = userdata;

        return record->type == REEVE_RECORD_KILL && record->origin_nsec == o->nsec && record->origin_pid == o->pid;
}

/* Where the ledger cannot be written its answer leaves out what still stands in the spool. */
static bool in_spool(LateKill *l) {
        Invocation o = { .nsec = l->kill.time_nsec, .pid = kills_origin_pid(&l->kill) };

        return !l->foreign && spool_records_replay(l->s->spool, same_origin, &o) != 0;
}

static bool has_victim(const Kill *kill, int32_t tgid) {
        for (size_t i = 0; i < kill->n_victims; i++)
                if (kill->victims[i].tgid == tgid)
                        return true;
        return false;
}

/* The rings, the kernel log and the journal all tell of one kill: the second is asked for when the first has its record. A
 * line of the log may name any one of a group. */
static bool told_before(const LateKill *l) {
        for (const LateKill *e = l->s->late; e && e != l; e = e->next) {
                uint64_t a = e->kill.time_nsec, b = l->kill.time_nsec;

                if (!(e->foreign || l->foreign) || (a < b ? b - a : a - b) >= SAME_NSEC)
                        continue;
                for (size_t i = 0; i < l->kill.n_victims; i++)
                        if (has_victim(&e->kill, l->kill.victims[i].tgid))
                                return true;
        }
        return false;
}

/* Asks of one. Returns 0; -EAGAIN: too many questions wait. */
static int late_ask(LateKill *l) {
        Supervisor *s = l->s;
        char stamp[128] = "";
        ClerkQuery query = {
                .question = CLERK_EXISTS,
                .boot_id = l->boot_id[0] ? l->boot_id : s->emit.context.boot_id,
        };
        int r;

        if (l->foreign)
                query.query.key = l->key[0] ? l->key : NULL;
        else {
                query.origin_nsec = l->kill.time_nsec;
                query.origin_pid = kills_origin_pid(&l->kill);
                if (l->kill.n_victims > 0)
                        (void) snprintf(stamp, sizeof(stamp), "%s:%" PRId32 ":@%" PRIu64, s->boot_id, l->kill.victims[0].tgid,
                                        l->kill.time_nsec / 1000);
                query.query.key = stamp[0] ? stamp : NULL;
        }
        r = clerk_ask(s->clerk, &query, on_exists, l);
        l->asked = r == 0;
        return r;
}

/* While this run had no rings but the log it recorded what the rings have too. The log's clock is not theirs. */
static bool log_told(const LateKill *l) {
        uint64_t since = l->s->from.heard_log_nsec;

        return since > 0 && l->kill.time_nsec + SAME_NSEC > since;
}

/* Evidence that no earlier run was given, and of a time after its last record, is in no ledger. */
static bool is_new(const LateKill *l) {
        return !l->foreign && !l->kill.replayed && !log_told(l) && l->kill.time_nsec > late_recorded_nsec(l->s);
}

/* Returns false when it must wait for a place among the clerk's questions. */
static bool late_settle(LateKill *l) {
        int r = is_new(l) ? 0 : in_spool(l) ? -EEXIST : late_ask(l);

        if (r == -EAGAIN)
                return false;           /* on_clerk() comes back */
        if (!l->asked)
                late_end(l, r == -EEXIST);
        return true;
}

void late_pump(Supervisor *s) {
        LateKill *l = s->late, *next;

        /* Whose the cgroups are only the first walk tells: before it each identity would be claimed, each owner unknown. The
         * evidence waits in the spool, as long as there is room. */
        if (!s->walked && !s->late_hurry)
                return;
        for (; l; l = next) {
                next = l->next;
                if (!l->asked && !told_before(l) && !late_settle(l))
                        return;
        }
}

void late_hurry(Supervisor *s) {
        s->late_hurry = true;
        late_pump(s);
}

/* Neither a walk that hangs nor a ledger that cannot be read keeps a kill from being told. */
static int on_patience(sd_event_source *source, uint64_t usec, void *userdata) {
        Supervisor *s = userdata;
        uint64_t now = clock_boottime_nsec();
        LateKill *l = s->late, *next;

        (void) source, (void) usec;
        late_hurry(s);
        for (; l; l = next) {
                next = l->next;
                if (l->asked && now - l->since_nsec >= UINT64_C(1000) * PATIENCE_USEC)
                        late_end(l, false);
        }
        if (s->late)
                state_timer(s, &s->late_timer, PATIENCE_USEC, on_patience);
        return 0;
}

static void late_add(LateKill *l) {
        LateKill **end = &l->s->late;

        while (*end)
                end = &(*end)->next;
        *end = l;
        l->s->n_late++;
        state_timer(l->s, &l->s->late_timer, PATIENCE_USEC, on_patience);
        late_pump(l->s);
}

bool late_full(const Supervisor *s) {
        return s->n_late >= LATE_MAX;
}

bool late_reads_back(const Supervisor *s) {
        for (const LateKill *l = s->late; l; l = l->next)
                if (l->foreign)
                        return true;
        return false;
}

uint64_t late_releasable_nsec(const Supervisor *s) {
        uint64_t oldest = UINT64_MAX;

        for (const LateKill *l = s->late; l; l = l->next)
                if (!l->foreign && l->kill.time_nsec < oldest)
                        oldest = l->kill.time_nsec;
        return oldest == UINT64_MAX ? oldest : oldest - 1;
}

uint64_t late_recorded_nsec(const Supervisor *s) {
        int64_t usec = (int64_t) s->opening.last_time_usec - s->emit.context.realtime_offset_usec;

        return s->opening.last_time_usec > 0 && usec > 0 ? (uint64_t) usec * 1000 : 0;
}

bool late_may_be(const Supervisor *s, const Kill *kill) {
        uint64_t begun = s->from.log_nsec > s->ledger_begun_nsec ? s->from.log_nsec : s->ledger_begun_nsec;

        if (kill->time_nsec < s->from.known_nsec)
                return true;
        /* What is read back reaches so far (is_live()), and is there first: lines that are read as they are written wait for more. */
        return kill->tier == REEVE_TIER_LOG && kill->n_victims > 0 && kill->time_nsec < begun + SECOND_USEC * UINT64_C(1000);
}

void late_kill(Supervisor *s, const Kill *kill) {
        LateKill *l = late_new(s, kill);

        if (l)
                late_add(l);
        else
                kills_record(s, kill, NULL, false);
}

/* What the source in use tells of too, and better. The log's clock is not ours (tens of milliseconds apart on 5.10): within a
 * second of the rings' beginning both are heard, and the ledger tells whether they mean the same. */
static bool is_live(const Supervisor *s, const ReadbackKill *read) {
        int64_t usec = read->realtime_usec - s->emit.context.realtime_offset_usec;
        int64_t begun_usec = (int64_t) (s->ledger_begun_nsec / 1000);

        if (!read->this_boot || read->realtime_usec <= 0)
                return false;
        /* What an older ledger had went with it, though the rings told of it once. */
        if (begun_usec > 0 && usec < begun_usec + SECOND_USEC)
                return false;
        if (s->from.kprobe)
                return usec >= (int64_t) (kprobe_since_nsec(s->from.kprobe) / 1000) + SECOND_USEC;
        return s->from.log && usec >= (int64_t) (s->from.log_nsec / 1000) + SECOND_USEC;
}

void late_read_back(Supervisor *s, const ReadbackKill *read) {
        LateKill *l = is_live(s, read) ? NULL : late_new(s, &read->kill);
        Strbuf key;

        if (!l)
                return;
        l->foreign = true;
        l->context = s->emit.context;
        (void) snprintf(l->boot_id, sizeof(l->boot_id), "%s", read->this_boot ? s->boot_id : read->boot_id);
        l->context.boot_id = l->boot_id[0] ? l->boot_id : NULL;
        if (read->realtime_usec > 0)
                l->context.realtime_offset_usec = read->realtime_usec - (int64_t) (read->kill.time_nsec / 1000);
        key = (Strbuf) STRBUF_INIT(l->key);
        (void) record_key(&key, l->context.boot_id, &l->kill);
        late_add(l);
}

void late_done(Supervisor *s) {
        s->late_timer = sd_event_source_disable_unref(s->late_timer);
        while (s->late) {
                LateKill *l = s->late;

                s->late = l->next;
                free(l);
        }
        s->n_late = 0;
}
