/* Who sent what was no OOM? A SIGKILL is a record of its own; what a manager sent is its kill. */
#include "supervisor/flow/signals.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/flow/exits.h"
#include "supervisor/flow/intake.h"
#include "supervisor/flow/verdicts.h"
#include "supervisor/flow/whose.h"
#include "supervisor/host/proc.h"

enum { MANAGER_SETTLE_USEC = 120 * 1000 };      /* a decision's signals follow each other within 100 ms */
#define PATIENCE_NSEC UINT64_C(3000000000)      /* so long a signal waits for an eye */

static int write_sigkill(Strbuf *out, const RecordContext *context, const void *what) {
        return record_sigkill(out, context, what);
}

static bool is_manager(const Supervisor *s, const char *unit) {
        for (size_t i = 0; unit[0] && i < s->config->reeve.managers.count; i++)
                if (strcmp(s->config->reeve.managers.items[i].text, unit) == 0)
                        return true;
        return false;
}

/* Managers are known by their cgroup, never by their comm, which anybody can take. */
static bool sent_by_manager(Supervisor *s, const EyesParty *sender, char unit[static IDENTITY_NAME_SIZE]) {
        const Identity *identity = sender->cgroup_id ? whose_identity(s, sender->cgroup_id) : NULL;

        (void) snprintf(unit, IDENTITY_NAME_SIZE, "%s", identity && identity->certain ? identity->unit : "");
        return is_manager(s, unit);
}

static void on_managers_kill(const Kill *kill, void *userdata) {
        intake_kill(userdata, kill);
}

static int on_managers_done(sd_event_source *source, uint64_t usec, void *userdata) {
        Supervisor *s = userdata;
        ManagerkillSink sink = { .kill = on_managers_kill, .userdata = s };

        (void) source, (void) usec;
        if (managerkill_settle(&s->managerkill, clock_boottime_nsec(), &sink))
                state_timer(s, &s->managerkill_timer, MANAGER_SETTLE_USEC, on_managers_done);
        else if (s->server)
                server_drained(s->server);
        return 0;
}

/* The signals of one decision (a cgroup with forty processes) are one kill. */
static void feed_managers_kill(Supervisor *s, const Sigkill *signal, const EyesParty *sender, const char *unit, ReeveKiller killer) {
        ManagerkillSink sink = { .kill = on_managers_kill, .userdata = s };
        KillProcess who = { .pid = sender->tgid, .uid = sender->uid };

        (void) snprintf(who.comm, sizeof(who.comm), "%s", sender->comm);
        (void) snprintf(who.unit, sizeof(who.unit), "%s", unit);
        managerkill_feed(&s->managerkill, signal, killer, &who, verdicts_task_at(s, killer, signal->time_nsec), &sink);
        state_timer(s, &s->managerkill_timer, MANAGER_SETTLE_USEC, on_managers_done);
}

static void emit_sigkill(Supervisor *s, const Sigkill *signal, const EyesParty *sender) {
        EmitHead head = {
                .type = REEVE_RECORD_SIGKILL,
                .time_nsec = signal->time_nsec,
                .origin_nsec = signal->time_nsec,
                .origin_pid = signal->sender_tid,
                .owner_uid = signal->cgroup.id ? whose_account_uid(s, signal->cgroup.id, signal->cgroup.path) : RECORD_OWNER_UNKNOWN,
        };

        /* The record's writer asks whose_process() for the sender. */
        s->sender = sender;
        s->sender_tid = signal->sender_tid;
        (void) emit_record(&s->emit, &head, write_sigkill, signal);
        s->sender = NULL;
}

static void end_signal(Supervisor *s, Sigkill *signal, const EyesParty *sender, const EyesParty *target) {
        char unit[IDENTITY_NAME_SIZE] = "";
        bool manager = sent_by_manager(s, sender, unit), own = sender->tgid == getpid();

        /* The comm of the event is the target's: where the two differ the pid is somebody else's by now. */
        if (target->tgid > 0 && strcmp(target->comm, signal->comm) == 0) {
                signal->uid = target->uid;
                signal->start_nsec = target->start_nsec;
                signal->cgroup.id = target->cgroup_id;
                signal->cgroup.path = target->path[0] ? target->path : NULL;
        }
        if ((manager || own) && signal->means != REEVE_MEANS_KERNEL)
                feed_managers_kill(s, signal, sender, unit, own ? REEVE_KILLER_REEVE : REEVE_KILLER_OOM_MANAGER);
        else if (signal->signal == 9)
                emit_sigkill(s, signal, sender);
}

void signals_parties(Supervisor *s, const EyesAnswer *answer) {
        for (size_t i = 0; i < SIGNALS_MAX; i++)
                if (s->signals[i].cookie == answer->cookie) {
                        end_signal(s, &s->signals[i].signal, &answer->parties[1], &answer->parties[0]);
                        s->signals[i].cookie = 0;
                        return;
                }
}

/* A place to wait. Where an answer never came (an eye that hangs in a dying process) the place is given on, and the signal
 * is recorded without its sender. */
static size_t take_place(Supervisor *s, uint64_t now_nsec) {
        static const EyesParty nobody = { .uid = -1 };

        for (size_t i = 0; i < SIGNALS_MAX; i++)
                if (!s->signals[i].cookie)
                        return i;
        for (size_t i = 0; i < SIGNALS_MAX; i++)
                if (now_nsec - s->signals[i].signal.time_nsec > PATIENCE_NSEC) {
                        s->signals[i].cookie = 0;
                        end_signal(s, &s->signals[i].signal, &nobody, &nobody);
                        return i;
                }
        return SIGNALS_MAX;
}

/* Users can send these at any speed: what finds no place is counted, and is no loss of a kill. */
void signals_take(Supervisor *s, const Sigkill *signal) {
        static const EyesParty nobody = { .uid = -1 };
        EyesRequest look = { .kind = EYES_PARTIES, .n_victims = 2 };
        size_t i;

        if (exits_is_test(s, signal->pid))
                return;
        /* An OOM's shared_mm victims and pid namespaces that end come from the kernel: nobody to look for. */
        if (signal->time_nsec < s->from.known_nsec || signal->means == REEVE_MEANS_KERNEL) {
                Sigkill copy = *signal;

                end_signal(s, &copy, &nobody, &nobody);
                return;
        }
        i = take_place(s, clock_boottime_nsec());
        look.cookie = ++s->next_cookie;
        look.victims[0].tgid = signal->pid;
        look.victims[1].tgid = signal->sender_tid;
        if (i == SIGNALS_MAX || !eyes_post(s->eyes, &look)) {
                s->signals_skipped++;
                return;
        }
        s->signals[i] = (SignalAsked) { .cookie = look.cookie, .signal = *signal };
}

uint64_t signals_releasable_nsec(const Supervisor *s, uint64_t now_nsec) {
        uint64_t oldest = s->managerkill.open ? s->managerkill.kill.time_nsec : UINT64_MAX;

        for (size_t i = 0; i < SIGNALS_MAX; i++) {
                uint64_t at = s->signals[i].signal.time_nsec;

                if (s->signals[i].cookie && at < oldest && now_nsec - at < PATIENCE_NSEC)
                        oldest = at;
        }
        return oldest == UINT64_MAX ? oldest : oldest - 1;
}

void signals_finish(Supervisor *s) {
        static const EyesParty nobody = { .uid = -1 };
        ManagerkillSink sink = { .kill = on_managers_kill, .userdata = s };

        for (size_t i = 0; i < SIGNALS_MAX; i++)
                if (s->signals[i].cookie) {
                        s->signals[i].cookie = 0;
                        end_signal(s, &s->signals[i].signal, &nobody, &nobody);
                }
        (void) managerkill_settle(&s->managerkill, UINT64_MAX, &sink);
}

void signals_done(Supervisor *s) {
        s->managerkill_timer = sd_event_source_disable_unref(s->managerkill_timer);
}
