/* One kill under way, from its first line to its handing over. */
#include <string.h>

#include "supervisor/attribute/logkill-private.h"

void logkill_begin(Logkill *l, uint64_t usec) {
        l->begun = true;
        l->header = l->oom_kill = l->group = false;
        l->n_rows = l->n_sure = 0;
        l->chosen_pid = KILL_UNKNOWN;
        l->chosen_comm[0] = '\0';
        l->names_length = 0;
        l->global_oom = l->ambiguous = false;
        l->limit_path[0] = l->victim_path[0] = l->group_path[0] = '\0';
        l->kill = (Kill) {
                .time_nsec = usec * 1000,
                .killer = REEVE_KILLER_KERNEL,
                .killer_process.uid = KILL_UNKNOWN,
                KILL_NOTHING_KNOWN,
                .victims = l->victims,
                .max_victims = LOGKILL_VICTIMS_MAX,
                .sources = 1u << l->source,
                .tier = REEVE_TIER_LOG,
                .confidence = REEVE_CONFIDENCE_LIKELY,
                .late = l->late,
        };
}

void logkill_take_message(Kill *k, KmsgMessage message) {
        if (k->selection == REEVE_SELECTION_SYSRQ)
                k->scope = REEVE_SCOPE_HOST;
        else if (message == KMSG_MESSAGE_ALLOCATING_TASK)
                k->selection = REEVE_SELECTION_ALLOCATING_TASK;
        else if (message == KMSG_MESSAGE_MEMCG || message == KMSG_MESSAGE_HOST)
                k->selection = REEVE_SELECTION_BADNESS;
        if (message == KMSG_MESSAGE_HOST || message == KMSG_MESSAGE_ALLOCATING_TASK)
                k->scope = REEVE_SCOPE_HOST;
        else if (message == KMSG_MESSAGE_MEMCG)
                k->constraint = REEVE_CONSTRAINT_MEMCG;
}

void logkill_begin_alone(Logkill *l, const KillVictim *v, uint64_t usec, KmsgMessage message) {
        KillVictim copy = *v;

        logkill_begin(l, usec);
        l->victims[0] = copy;
        l->victims[0].why = REEVE_VICTIM_CHOSEN;
        l->stamps[0] = usec;
        l->messages[0] = message;
        l->kill.n_victims = l->n_sure = 1;
        l->kill.attempts = l->kill.confirmed = copy.attempts;
        memcpy(l->chosen_comm, copy.comm, sizeof(l->chosen_comm));
        if (message != KMSG_MESSAGE_NONE)
                logkill_take_message(&l->kill, message);
}

static void hand_over(Logkill *l, const LogkillSink *sink) {
        logkill_decide(l);
        l->kills++;
        sink->kill(&l->kill, sink->userdata);
}

void logkill_close(Logkill *l, const LogkillSink *sink) {
        Kill *k = &l->kill;
        size_t n = k->n_victims, sure = l->group ? l->n_sure : n;

        if (!l->begun)
                return;
        l->begun = l->open = false;
        if (n == 0)
                return;
        k->group_kill = l->group;
        if (l->group) {
                k->kill_cgroup.path = l->group_path[0] ? l->group_path : NULL;
                for (size_t i = 1; i < sure; i++)
                        k->victims[i].why = REEVE_VICTIM_GROUP;
        }
        for (size_t i = sure; i < n; i++)
                k->attempts -= k->victims[i].attempts;
        k->confirmed = k->attempts;
        k->n_victims = sure;
        if (sure < n)
                k->victims_complete = false;
        hand_over(l, sink);
        for (size_t i = sure; i < n; i++) {
                logkill_begin_alone(l, &l->victims[i], l->stamps[i], l->messages[i]);
                l->kill.group_unknown = true;
                l->victims[0].why = KILL_WHY_UNKNOWN;
                hand_over(l, sink);
        }
        l->begun = l->group = false;
}
