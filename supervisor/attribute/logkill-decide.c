/* What an OOM was, from all that its lines told. */
#include <string.h>

#include "supervisor/attribute/logkill-names.h"
#include "supervisor/attribute/logkill-private.h"

void logkill_copy(char *to, size_t size, KmsgSlice s) {
        size_t n = s.length < size ? s.length : size - 1;

        if (n > 0)
                memcpy(to, s.data, n);
        to[n] = '\0';
}

static void set_host(Kill *k) {
        k->scope = REEVE_SCOPE_HOST;
        if (k->order == -1) {
                k->killer = REEVE_KILLER_SYSRQ;
                k->selection = REEVE_SELECTION_SYSRQ;
                k->reason = REEVE_REASON_SYSRQ;
                return;
        }
        k->reason = k->constraint == REEVE_CONSTRAINT_CPUSET || k->constraint == REEVE_CONSTRAINT_MEMORY_POLICY
                            ? REEVE_REASON_NODE_MEMORY
                            : REEVE_REASON_HOST_MEMORY;
}

static void set_limit(Kill *k, const char *limit_path, const char *victim_path) {
        bool self = strcmp(limit_path, victim_path) == 0;

        k->limit.path = limit_path;
        k->scope = self ? REEVE_SCOPE_SELF : REEVE_SCOPE_ANCESTOR;
        k->reason = self ? REEVE_REASON_OWN_LIMIT : REEVE_REASON_ANCESTOR_LIMIT;
}

/* Now that the killed process' comm is known, the oom-kill line's names can be told apart. Returns true when they can
 * in one way only. A line about another process is another OOM's: not used. */
static bool place(Logkill *l) {
        Kill *k = &l->kill;
        KmsgSlice names = { l->names, l->names_length }, comm, limit, task;
        int r;

        if (!l->oom_kill || k->n_victims == 0 || l->chosen_pid != k->victims[0].tid)
                return false;
        comm = (KmsgSlice) { l->chosen_comm, strlen(l->chosen_comm) };
        r = logkill_split(&names, &comm, &limit, &task, NULL);
        /* Another thread may have changed its name between the two lines. */
        if (r < 0)
                r = logkill_split(&names, NULL, &limit, &task, NULL) < 0 ? -1 : 0;
        if (r < 0 || task.length >= LOGKILL_PATH_SIZE || limit.length >= LOGKILL_PATH_SIZE)
                return false;
        if (logkill_may_be_cut(limit)) {
                k->constraint = REEVE_CONSTRAINT_MEMCG;
                return false;
        }
        logkill_copy(l->limit_path, sizeof(l->limit_path), limit);
        logkill_copy(l->victim_path, sizeof(l->victim_path), task);
        if (!logkill_may_be_cut(task))
                return r == 1;
        /* Of a name that was cut this much is sure: it is not the host's, and longer than its limit's. */
        if (!l->global_oom) {
                k->constraint = REEVE_CONSTRAINT_MEMCG;
                set_limit(k, l->limit_path, l->victim_path);
        }
        l->victim_path[0] = '\0';
        return false;
}

/* Was the limit written below what was used? The rule of assemble.c, with room for the charges of many CPUs. */
static bool is_limit_write(const Kill *k) {
        const int64_t slack = INT64_C(4) << 20;

        return k->constraint == REEVE_CONSTRAINT_MEMCG && k->gfp == 0xcc0 && k->order == 0 && k->limit_bytes >= 0 &&
               k->limit_bytes != KILL_UNLIMITED && k->limit_current_bytes - k->limit_bytes > slack;
}

/* Without the dump nobody knows who asked and what for; that lines alone say of the host's is "Out of memory". */
static void forget_what_only_a_dump_tells(Logkill *l) {
        Kill *k = &l->kill;

        if (l->header || l->oom_kill || k->selection == REEVE_SELECTION_ALLOCATING_TASK)
                return;
        k->selection = REEVE_SELECTION_UNKNOWN;
        if (k->constraint != REEVE_CONSTRAINT_MEMCG)
                k->killer = REEVE_KILLER_UNKNOWN;
}

void logkill_decide(Logkill *l) {
        Kill *k = &l->kill;
        bool old = l->limit_path[0] != '\0';    /* "Task in ..." of old kernels */
        bool sure = place(l) || (old && !l->ambiguous);

        if (k->victims[0].cgroup.path == NULL && l->victim_path[0])
                k->victims[0].cgroup.path = l->victim_path;
        if (l->oom_kill && l->global_oom && l->chosen_pid == k->victims[0].tid)
                set_host(k);
        else if (l->limit_path[0] && l->victim_path[0]) {
                k->constraint = REEVE_CONSTRAINT_MEMCG;
                set_limit(k, l->limit_path, l->victim_path);
        } else if (k->scope == REEVE_SCOPE_HOST)
                set_host(k);
        if (is_limit_write(k)) {
                k->selection = REEVE_SELECTION_LIMIT_WRITE;
                k->reason = REEVE_REASON_LIMIT_WRITE;
        }
        /* The kernel logs the effective memcg's path: where memory is not enabled all the way down the real cgroup lies
         * deeper, so what the log names is certain of the limit and likely of the victim's own cgroup. */
        k->confidence = sure ? REEVE_CONFIDENCE_CERTAIN : REEVE_CONFIDENCE_LIKELY;
        forget_what_only_a_dump_tells(l);
}
