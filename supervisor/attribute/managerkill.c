#include "supervisor/attribute/managerkill.h"

#include <string.h>

#define TOGETHER_NSEC UINT64_C(100000000)
#define ASKED_NSEC UINT64_C(60000000000)        /* earlyoom and nohang wait seconds between SIGTERM and SIGKILL */

static void close_kill(Managerkill *m, const ManagerkillSink *sink) {
        if (!m->open)
                return;
        m->open = false;
        m->kills++;
        sink->kill(&m->kill, sink->userdata);
}

static void begin(Managerkill *m, const Sigkill *s, ReeveKiller killer, const KillProcess *who, uint64_t decision) {
        m->open = true;
        m->kill = (Kill) {
                .time_nsec = s->time_nsec,
                .killer = killer,
                .killer_process = *who,
                .decision = decision,
                .scope = REEVE_SCOPE_NONE,
                .reason = killer == REEVE_KILLER_REEVE ? REEVE_REASON_RULE : REEVE_REASON_MANAGER,
                KILL_NOTHING_KNOWN,
                .victims = m->victims,
                .max_victims = MANAGERKILL_VICTIMS_MAX,
                .victims_complete = true,
                .sources = 1u << REEVE_SOURCE_KPROBE,
                .tier = REEVE_TIER_KPROBE,
                .confidence = REEVE_CONFIDENCE_CERTAIN,
        };
}

static bool was_asked(const Managerkill *m, const Sigkill *s) {
        for (size_t i = 0; i < MANAGERKILL_ASKED_MAX; i++)
                if (m->asked[i].pid == s->pid && m->asked[i].time_nsec <= s->time_nsec && s->time_nsec - m->asked[i].time_nsec < ASKED_NSEC)
                        return true;
        return false;
}

static void add_victim(Managerkill *m, const Sigkill *s) {
        Kill *k = &m->kill;

        for (size_t i = 0; i < k->n_victims; i++)
                if (m->victims[i].tid == s->pid)
                        return;
        if (k->n_victims >= MANAGERKILL_VICTIMS_MAX) {
                k->victims_complete = false;
                return;
        }
        m->victims[k->n_victims] = (KillVictim) {
                .tgid = s->pid,
                .tid = s->pid,
                .start_nsec = s->start_nsec,
                .uid = s->uid,
                .why = k->n_victims == 0 ? REEVE_VICTIM_CHOSEN : REEVE_VICTIM_GROUP,
                .cgroup.id = s->cgroup.id,
                KILL_VICTIM_NOTHING_KNOWN,
        };
        memcpy(m->victims[k->n_victims].comm, s->comm, sizeof(s->comm));
        k->n_victims++;
}

static bool belongs(const Managerkill *m, const Sigkill *s, const KillProcess *who, uint64_t decision) {
        return m->kill.killer_process.pid == who->pid && m->decision == decision && s->time_nsec <= m->last_nsec + TOGETHER_NSEC;
}

void managerkill_feed(Managerkill *m, const Sigkill *s, ReeveKiller killer, const KillProcess *who, uint64_t decision,
                      const ManagerkillSink *sink) {
        if (!s->delivered)
                return;
        if (s->signal == 9 && was_asked(m, s)) {
                m->repeats++;
                return;
        }
        if (m->open && !belongs(m, s, who, decision))
                close_kill(m, sink);
        if (!m->open)
                begin(m, s, killer, who, decision);
        m->decision = decision;
        m->last_nsec = s->time_nsec;
        add_victim(m, s);
        if (s->signal != 9) {
                m->asked[m->next_asked].pid = s->pid;
                m->asked[m->next_asked].time_nsec = s->time_nsec;
                m->next_asked = (m->next_asked + 1) % MANAGERKILL_ASKED_MAX;
        }
}

bool managerkill_settle(Managerkill *m, uint64_t now_nsec, const ManagerkillSink *sink) {
        if (m->open && (now_nsec == UINT64_MAX || now_nsec > m->last_nsec + TOGETHER_NSEC))
                close_kill(m, sink);
        return m->open;
}
