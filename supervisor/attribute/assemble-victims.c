#include "supervisor/attribute/assemble-private.h"

#include <string.h>

void assemble_copy_comm(char to[static KILL_COMM_SIZE], const char *from) {
        size_t n = from ? strnlen(from, KILL_COMM_SIZE - 1) : 0;

        if (n > 0)
                memcpy(to, from, n);
        to[n] = '\0';
}

/* Per-CPU counters may be below zero for a moment. */
static int64_t signed_pages_to_bytes(const Assembler *a, int64_t pages) {
        return pages <= 0 ? 0 : assemble_pages_to_bytes(a, (uint64_t) pages);
}

/* ---- paths ---- */

static const char *find_path(const Open *o, uint64_t id) {
        for (size_t i = o->n_paths; i > 0; i--)
                if (o->paths[i - 1].id == id)
                        return o->paths[i - 1].text;
        return NULL;
}

/* Puts together the path of the cgroup at @level of the victim's line of ancestors. NULL: a name was not carried, or
 * there is no room. Names are a cgroup's own bytes: one that holds a slash or is empty was not read right. */
static const char *keep_path(const Assembler *a, Open *o, const EvidenceVictim *v, uint32_t level, uint64_t id) {
        const char *known = find_path(o, id);
        char *start = o->path_memory + o->path_used, *p = start;
        size_t room = a->o.path_bytes - o->path_used;

        if (known || id == 0 || level > EVIDENCE_LEVELS_MAX || o->n_paths >= PATHS_MAX)
                return known;
        for (uint32_t i = 1; i <= level; i++) {
                size_t n = v->names[i] ? strnlen(v->names[i], 256) : 0;

                if (n == 0 || n > 255 || memchr(v->names[i], '/', n) || (size_t) (p - start) + n + 2 > room)
                        return NULL;
                *p++ = '/';
                memcpy(p, v->names[i], n);
                p += n;
        }
        if (level == 0) {
                if (room < 2)
                        return NULL;
                *p++ = '/';
        }
        *p++ = '\0';
        o->path_used += (size_t) (p - start);
        o->paths[o->n_paths++] = (Path) { .id = id, .text = start };
        return start;
}

/* The limit's owner and the one with memory.oom.group are among the victim's ancestors, so the victim's record may know
 * their names. */
static void name_above(const Assembler *a, Open *o, const EvidenceVictim *v, KillCgroup *cgroup) {
        if (cgroup->id == 0 || cgroup->path)
                return;
        for (uint32_t i = 0; i <= v->level && i < EVIDENCE_ANCESTORS_MAX; i++)
                if (v->ancestor_ids[i] == cgroup->id)
                        cgroup->path = keep_path(a, o, v, i, cgroup->id);
}

/* Keeps of the line of ancestors what all victims have in common. */
static void narrow_common(Open *o, const EvidenceVictim *v) {
        uint32_t n = v->level < EVIDENCE_ANCESTORS_MAX ? v->level + 1 : EVIDENCE_ANCESTORS_MAX;

        if (!o->common_begun) {
                memcpy(o->common, v->ancestor_ids, n * sizeof(*o->common));
                o->n_common = n;
                o->common_begun = true;
        }
        if (n < o->n_common)
                o->n_common = n;
        for (uint32_t i = 0; i < o->n_common; i++)
                if (o->common[i] != v->ancestor_ids[i] || o->common[i] == 0) {
                        o->n_common = i;
                        break;
                }
}

/* ---- victims ---- */

static KillVictim *find_victim(Open *o, int32_t tgid, uint64_t start_nsec) {
        for (size_t i = o->kill.n_victims; i > 0; i--) {
                KillVictim *v = &o->kill.victims[i - 1];

                if (v->tgid == tgid && (v->start_nsec == start_nsec || v->start_nsec == 0))
                        return v;
        }
        return NULL;
}

static KillVictim *add_victim(Assembler *a, Open *o) {
        if (o->kill.n_victims >= a->o.max_victims) {
                o->left_out = true;
                a->stats.victims_left_out++;
                return NULL;
        }
        return &o->kill.victims[o->kill.n_victims++];
}

static void describe_victim(const Assembler *a, Open *o, KillVictim *v, const EvidenceVictim *e) {
        uint32_t attempts = v->attempts, confirmed = v->confirmed;
        int64_t points = v->points;
        ReeveVictimWhy why = v->why;

        *v = (KillVictim) {
                .tgid = e->tgid,
                .tid = e->tid,
                .start_nsec = e->start_nsec,
                .uid = e->uid_present ? (int64_t) e->uid : KILL_UNKNOWN,
                .why = why,
                .cgroup = { .id = e->cgroup_id, .path = keep_path(a, o, e, e->level, e->cgroup_id) },
                .anon_bytes = e->mm_present ? signed_pages_to_bytes(a, e->anon_pages) : KILL_UNKNOWN,
                .file_bytes = e->mm_present ? signed_pages_to_bytes(a, e->file_pages) : KILL_UNKNOWN,
                .shmem_bytes = e->mm_present ? signed_pages_to_bytes(a, e->shmem_pages) : KILL_UNKNOWN,
                .swap_bytes = e->mm_present ? signed_pages_to_bytes(a, e->swap_pages) : KILL_UNKNOWN,
                .page_table_bytes = e->mm_present && e->page_table_bytes >= 0 ? e->page_table_bytes : KILL_UNKNOWN,
                .oom_score_adj = e->oom_score_adj,
                .points = points,
                .attempts = attempts,
                .confirmed = confirmed,
        };
        assemble_copy_comm(v->comm, e->comm);
}

static ReeveVictimWhy why_of(const Open *o, const EvidenceVictim *v) {
        if (o->passes > 1 || v->group_cgroup_id != 0)
                return REEVE_VICTIM_GROUP;
        return o->headless || o->lossy ? KILL_WHY_UNKNOWN : REEVE_VICTIM_CHOSEN;
}

/* One pass through __oom_kill_process(). The first of an invocation is the chosen process; with memory.oom.group set
 * the kernel then goes through all members, the chosen one again among them. */
void assemble_take_victim(Assembler *a, Open *o, const Evidence *e) {
        const EvidenceVictim *ev = &e->victim;
        KillVictim *v;

        a->stats.attempts++;
        o->last_nsec = e->time_nsec;
        o->kill.replayed |= e->again;
        o->kill.attempts++;
        o->kill.group_kill = o->passes++ > 0 || ev->group_cgroup_id != 0;
        o->awaited = true;
        o->last_ownerless = ev->owner_known && !ev->owner_present;
        v = find_victim(o, ev->tgid, ev->start_nsec);
        if (!v) {
                v = add_victim(a, o);
                if (v)
                        *v = (KillVictim) { .why = why_of(o, ev), .points = why_of(o, ev) == REEVE_VICTIM_CHOSEN ? o->points : KILL_UNKNOWN };
        } else if (v->why == REEVE_VICTIM_SHARED_MM)
                v->why = REEVE_VICTIM_GROUP;
        o->last = v;
        name_above(a, o, ev, &o->kill.limit);
        if (ev->group_cgroup_id != 0) {
                if (o->kill.kill_cgroup.id == 0)
                        o->kill.kill_cgroup.id = ev->group_cgroup_id;
                name_above(a, o, ev, &o->kill.kill_cgroup);
        }
        narrow_common(o, ev);
        if (!v)
                return;
        /* In a second pass the mm may be gone already: what the first one told stays. */
        if (v->attempts++ == 0 || ev->mm_present)
                describe_victim(a, o, v, ev);
}

static void confirm(Assembler *a, Open *o, KillVictim *v) {
        if (v)
                v->confirmed++;
        o->kill.confirmed++;
        a->stats.confirmed++;
        if (o->last_ownerless) {
                o->kill.ownerless++;
                a->stats.ownerless++;
        }
}

static bool names(const KillVictim *v, int32_t pid) {
        return v->tid == pid || v->tgid == pid;
}

/* Another process that shares the mm dies too: the kernel neither counts nor logs it. */
static void add_shared(Assembler *a, Open *o, const Evidence *e) {
        KillVictim *v = add_victim(a, o);

        if (!v)
                return;
        *v = (KillVictim) {
                .tgid = e->signal.pid,
                .tid = e->signal.pid,
                .uid = KILL_UNKNOWN,
                .why = REEVE_VICTIM_SHARED_MM,
                KILL_VICTIM_NOTHING_KNOWN,
        };
        assemble_copy_comm(v->comm, e->signal.comm);
}

/* The kernel's SIGKILL by a thread that runs the OOM killer. __oom_kill_process() sends none where the mm is gone, else
 * the victim's first and then those of others that share the mm: the first one after a pass confirms it, whatever thread
 * it names. That is another than the pass named where the leader is dead already: the kernel then takes a thread that
 * has the mm (or, where a ring was overrun, it is of a pass that was lost). The same signal to one who had it already (result not 0) still shows that the pass was counted. */
void assemble_take_signal(Assembler *a, Open *o, const Evidence *e) {
        int32_t pid = e->signal.pid;

        o->last_nsec = e->time_nsec;
        if (o->awaited) {
                o->awaited = false;
                if (o->last && !names(o->last, pid) && !o->lossy)
                        o->last->tid = pid;
                confirm(a, o, o->last);
                return;
        }
        for (size_t i = 0; i < o->kill.n_victims; i++) {
                KillVictim *v = &o->kill.victims[i];

                if (!names(v, pid))
                        continue;
                /* Its own pass found no mm any more, the mm it shared with another did for it. */
                if (v->confirmed == 0 && e->signal.result == 0)
                        v->why = REEVE_VICTIM_SHARED_MM;
                return;
        }
        if (e->signal.result == 0 && o->kill.confirmed > 0)
                add_shared(a, o, e);
}

/* Leaves the victims whose SIGKILL came, in their order: the chosen one is the first that was seen. */
void assemble_drop_unconfirmed(Kill *k) {
        size_t n = 0;

        for (size_t i = 0; i < k->n_victims; i++) {
                const KillVictim *v = &k->victims[i];

                if (v->confirmed == 0 && v->why != REEVE_VICTIM_SHARED_MM)
                        continue;
                if (n != i)
                        k->victims[n] = *v;
                n++;
        }
        k->n_victims = n;
}
