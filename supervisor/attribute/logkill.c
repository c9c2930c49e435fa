#include "supervisor/attribute/logkill.h"

#include <string.h>

void logkill_init(Logkill *l, ReeveSource source, uint32_t page_size, bool late) {
        memset(l, 0, sizeof(*l));
        l->source = source;
        l->page_size = page_size ? page_size : 4096;
        l->late = late;
}

/* ---- the names of an oom-kill line ---- */

static bool has_word(const char *p, const char *end, const char *word) {
        size_t n = strlen(word);

        return (size_t) (end - p) >= n && memcmp(p, word, n) == 0;
}

/* Is @path the cgroup @top or below it? */
static bool is_below(KmsgSlice path, KmsgSlice top) {
        if (path.length < top.length || memcmp(path.data, top.data, top.length) != 0)
                return false;
        return path.length == top.length || top.length == 1 || path.data[top.length] == '/';
}

/* A path as the kernel prints it: it begins with a slash, no level is empty, the last one neither. */
static bool is_path(KmsgSlice s) {
        if (s.length == 0 || s.data[0] != '/')
                return false;
        if (s.length > 1 && s.data[s.length - 1] == '/')
                return false;
        return memmem(s.data, s.length, "//", 2) == NULL;
}

/* One way to read the paths in front of the comm; counts it and keeps the first. */
static void try_paths(KmsgSlice names, KmsgSlice comm, KmsgSlice *limit, KmsgSlice *task, KmsgSlice *ret_comm, int *ways) {
        static const char oom_memcg[] = ",oom_memcg=", task_memcg[] = ",task_memcg=";
        const char *end = names.data + names.length;
        bool host = has_word(names.data, end, task_memcg);
        const char *start = names.data + (host ? 0 : strlen(oom_memcg)), *s;

        if (!host && !has_word(names.data, end, oom_memcg))
                return;
        for (s = start; (s = memmem(s, (size_t) (end - s), task_memcg, strlen(task_memcg))) != NULL; s++) {
                KmsgSlice l = { start, (size_t) (s - start) };
                KmsgSlice t = { s + strlen(task_memcg), (size_t) (end - s) - strlen(task_memcg) };

                if (is_path(t) && (host || (is_path(l) && is_below(t, l)))) {
                        if ((*ways)++ == 0) {
                                *limit = host ? (KmsgSlice) { start, 0 } : l;
                                *task = t;
                                *ret_comm = comm;
                        }
                }
                if (host)
                        return;
        }
}

int logkill_split(const KmsgSlice *names, const KmsgSlice *comm, KmsgSlice *ret_limit, KmsgSlice *ret_task, KmsgSlice *ret_comm) {
        static const char word[] = ",task=";
        KmsgSlice limit = { 0 }, task = { 0 }, found = { 0 };
        size_t n = names->length;
        int ways = 0;

        /* A comm has at most 15 bytes: of the ",task=" that stand no farther from the end, each is a way to read it. The
         * last one is the likeliest and tried first. */
        for (size_t length = 0; length < KILL_COMM_SIZE && length + strlen(word) <= n; length++) {
                const char *s = names->data + n - length - strlen(word);
                KmsgSlice paths = { names->data, (size_t) (s - names->data) };
                KmsgSlice c = { s + strlen(word), length };

                if (memcmp(s, word, strlen(word)) != 0)
                        continue;
                if (comm ? c.length != comm->length || memcmp(c.data, comm->data, c.length) != 0 : c.length > 15)
                        continue;
                try_paths(paths, c, &limit, &task, &found, &ways);
        }
        if (ways == 0)
                return -1;
        *ret_limit = limit;
        *ret_task = task;
        if (ret_comm)
                *ret_comm = found;
        return ways == 1;
}

/* ---- one kill under way ---- */

static void copy_slice(char *to, size_t size, KmsgSlice s) {
        size_t n = s.length < size ? s.length : size - 1;

        if (n > 0)
                memcpy(to, s.data, n);
        to[n] = '\0';
}

static void begin(Logkill *l, uint64_t usec) {
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

static ReeveConstraint constraint_of(KmsgConstraint c) {
        switch (c) {
        case KMSG_CONSTRAINT_NONE:
                return REEVE_CONSTRAINT_NONE;
        case KMSG_CONSTRAINT_CPUSET:
                return REEVE_CONSTRAINT_CPUSET;
        case KMSG_CONSTRAINT_MEMORY_POLICY:
                return REEVE_CONSTRAINT_MEMORY_POLICY;
        case KMSG_CONSTRAINT_MEMCG:
                return REEVE_CONSTRAINT_MEMCG;
        case KMSG_CONSTRAINT_UNKNOWN:
        default:
                return REEVE_CONSTRAINT_UNKNOWN;
        }
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

/* printk() cuts each piece of a line at some 1000 bytes, at 975 on 5.10, and says nothing of it. */
static bool may_be_cut(KmsgSlice path) {
        return path.length >= 960;
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
        if (may_be_cut(limit)) {
                k->constraint = REEVE_CONSTRAINT_MEMCG;
                return false;
        }
        copy_slice(l->limit_path, sizeof(l->limit_path), limit);
        copy_slice(l->victim_path, sizeof(l->victim_path), task);
        if (!may_be_cut(task))
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

static void decide(Logkill *l) {
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

static void hand_over(Logkill *l, const LogkillSink *sink) {
        decide(l);
        forget_what_only_a_dump_tells(l);
        l->kills++;
        sink->kill(&l->kill, sink->userdata);
}

static void take_message(Kill *k, KmsgMessage message);

/* A "Killed process" line by itself. */
static void begin_alone(Logkill *l, const KillVictim *v, uint64_t usec, KmsgMessage message) {
        KillVictim copy = *v;

        begin(l, usec);
        l->victims[0] = copy;
        l->victims[0].why = REEVE_VICTIM_CHOSEN;
        l->stamps[0] = usec;
        l->messages[0] = message;
        l->kill.n_victims = l->n_sure = 1;
        l->kill.attempts = l->kill.confirmed = copy.attempts;
        memcpy(l->chosen_comm, copy.comm, sizeof(l->chosen_comm));
        if (message != KMSG_MESSAGE_NONE)
                take_message(&l->kill, message);
}

/* What came behind a group's members and may be another OOM's is handed over by itself: that it was killed is sure. */
static void close_kill(Logkill *l, const LogkillSink *sink) {
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
                begin_alone(l, &l->victims[i], l->stamps[i], l->messages[i]);
                l->kill.group_unknown = true;
                l->victims[0].why = KILL_WHY_UNKNOWN;
                hand_over(l, sink);
        }
        l->begun = l->group = false;
}

void logkill_flush(Logkill *l, const LogkillSink *sink) {
        if (l->open)
                close_kill(l, sink);
}

/* ---- lines ---- */

/* A header, dump or oom-kill line starts an OOM. A new one while victims are there already ends the one before. */
static void expect(Logkill *l, uint64_t usec, const LogkillSink *sink) {
        if (l->begun && l->kill.n_victims > 0)
                close_kill(l, sink);
        if (!l->begun)
                begin(l, usec);
}

static void feed_invoked(Logkill *l, const KmsgLine *line, uint64_t usec, const LogkillSink *sink) {
        Kill *k = &l->kill;

        close_kill(l, sink);
        begin(l, usec);
        l->header = true;
        copy_slice(k->invoker_comm, sizeof(k->invoker_comm), line->comm);
        copy_slice(k->gfp_text, sizeof(k->gfp_text), line->gfp_text);
        k->gfp = line->gfp;
        k->order = line->order;
        if (k->order == -1) {
                k->killer = REEVE_KILLER_SYSRQ;
                k->selection = REEVE_SELECTION_SYSRQ;
                k->reason = REEVE_REASON_SYSRQ;
        }
}

static void feed_oom_kill(Logkill *l, const KmsgLine *line, uint64_t usec, const LogkillSink *sink) {
        expect(l, usec, sink);
        l->oom_kill = true;
        l->chosen_pid = line->pid;
        l->global_oom = line->global_oom;
        l->kill.constraint = constraint_of(line->constraint);
        if (line->names.length <= sizeof(l->names)) {
                memcpy(l->names, line->names.data, line->names.length);
                l->names_length = line->names.length;
        }
}

static KillVictim *find_victim(Logkill *l, int64_t pid) {
        for (size_t i = 0; i < l->kill.n_victims; i++)
                if (l->victims[i].tid == pid)
                        return &l->victims[i];
        return NULL;
}

static const LogkillRow *find_row(const Logkill *l, int64_t pid) {
        for (size_t i = 0; i < l->n_rows; i++)
                if (l->rows[i].pid == pid)
                        return &l->rows[i];
        return NULL;
}

static void add_victim(Logkill *l, const KmsgLine *line, uint64_t usec) {
        Kill *k = &l->kill;
        const LogkillRow *row = find_row(l, line->pid);
        KillVictim *v;

        if (k->n_victims >= LOGKILL_VICTIMS_MAX) {
                k->victims_complete = false;
                return;
        }
        l->stamps[k->n_victims] = usec;
        l->messages[k->n_victims] = line->message;
        v = &l->victims[k->n_victims++];
        l->open = true;
        *v = (KillVictim) {
                .tgid = row && row->tgid > 0 ? row->tgid : (int32_t) line->pid,
                .tid = (int32_t) line->pid,
                .uid = line->uid != KMSG_UNKNOWN ? line->uid : row ? row->uid : KILL_UNKNOWN,
                .why = k->n_victims == 1 ? REEVE_VICTIM_CHOSEN : REEVE_VICTIM_GROUP,
                .anon_bytes = line->anon_bytes,
                .file_bytes = line->file_bytes,
                .shmem_bytes = line->shmem_bytes,
                .swap_bytes = row && row->swap_pages >= 0 ? row->swap_pages * (int64_t) l->page_size : KILL_UNKNOWN,
                .page_table_bytes = line->page_table_bytes,
                .oom_score_adj = line->adj == KMSG_ADJ_UNKNOWN ? KILL_ADJ_UNKNOWN : line->adj,
                .points = KILL_UNKNOWN,
                .attempts = 1,
                .confirmed = 1,
        };
        copy_slice(v->comm, sizeof(v->comm), line->comm);
}

/* Which selection the line's beginning tells, as far as it does. */
static void take_message(Kill *k, KmsgMessage message) {
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

/* Is the process just named a member of the group that is being killed? 1 yes, 0 no, -1 not known: the rate limit may
 * have kept back the lines that began another OOM. */
static int is_member(const Logkill *l, const KmsgLine *line, const LogkillSink *sink) {
        int r;

        /* All members' lines begin as the chosen one's. */
        if (l->kill.n_victims > 0 && line->message != l->messages[0])
                return 0;
        r = sink->member && l->group_path[0] ? sink->member(line->pid, l->group_path, sink->userdata) : -1;
        return r < 0 && l->header && find_row(l, line->pid) ? 1 : r;
}

/* A "Killed process" line. Members of a group follow "Tasks in ..." one after the other, the chosen one comes again among
 * them: whoever stands before a member is one too. Without that line a second one is another OOM's, whose other lines the
 * rate limit kept back. */
static void feed_killed(Logkill *l, const KmsgLine *line, uint64_t usec, const LogkillSink *sink) {
        KillVictim *v = l->begun && l->group ? find_victim(l, line->pid) : NULL;
        int member = v ? v == l->victims : l->begun && l->group ? is_member(l, line, sink) : 0;

        if (l->begun && l->kill.n_victims > 0 && !v && member == 0)
                close_kill(l, sink);
        if (l->begun && l->oom_kill && l->kill.n_victims == 0 && l->chosen_pid != line->pid) {
                /* The line it announced was lost: this one is of an OOM of its own. */
                l->oom_kill = l->header = false;
                l->names_length = 0;
        }
        if (!l->begun)
                begin(l, usec);
        if (line->message != KMSG_MESSAGE_NONE && l->kill.n_victims == 0)
                take_message(&l->kill, line->message);
        /* The key carries this line's stamp: it is in each log that has the kill at all. */
        if (l->kill.n_victims == 0)
                l->kill.time_nsec = usec * 1000;
        l->kill.attempts++;
        l->kill.confirmed++;
        if (v) {
                v->attempts++;
                v->confirmed++;
        } else
                add_victim(l, line, usec);
        if (l->kill.n_victims == 1)
                copy_slice(l->chosen_comm, sizeof(l->chosen_comm), line->comm);
        if (!l->group || member > 0 || l->kill.n_victims == 1)
                l->n_sure = l->kill.n_victims;
}

/* Up to 5.0 the message stands in a line before; the process then killed may be a child of the one it names. */
static void feed_kill_or_sacrifice(Logkill *l, const KmsgLine *line, uint64_t usec, const LogkillSink *sink) {
        expect(l, usec, sink);
        l->header = true;
        take_message(&l->kill, line->message);
}

static void feed_task_in(Logkill *l, const KmsgLine *line, uint64_t usec, const LogkillSink *sink) {
        expect(l, usec, sink);
        l->header = true;
        l->ambiguous = line->ambiguous;
        if (line->path.length >= LOGKILL_PATH_SIZE || line->limit_path.length >= LOGKILL_PATH_SIZE)
                return;
        copy_slice(l->victim_path, sizeof(l->victim_path), line->path);
        copy_slice(l->limit_path, sizeof(l->limit_path), line->limit_path);
}

/* The line before is the chosen one's. Where a group is being killed already that was another OOM's. */
static void feed_group(Logkill *l, const KmsgLine *line, uint64_t usec, const LogkillSink *sink) {
        size_t last = l->kill.n_victims - 1;

        if (l->begun && l->group && l->kill.n_victims > 1) {
                KillVictim chosen = l->victims[last];
                uint64_t stamp = l->stamps[last];
                KmsgMessage message = l->messages[last];

                l->kill.n_victims--;
                l->kill.attempts -= chosen.attempts;
                l->n_sure = l->n_sure > last ? last : l->n_sure;
                close_kill(l, sink);
                begin_alone(l, &chosen, stamp, message);
                l->open = true;
        }
        if (!l->begun)
                begin(l, usec);
        l->group = true;
        l->group_path[0] = '\0';
        if (!may_be_cut(line->path))
                copy_slice(l->group_path, sizeof(l->group_path), line->path);
}

static void feed_row(Logkill *l, const KmsgLine *line) {
        if (!l->begun || l->n_rows >= LOGKILL_ROWS_MAX)
                return;
        l->rows[l->n_rows++] = (LogkillRow) { .pid = (int32_t) line->pid, .tgid = (int32_t) line->tgid, .uid = line->uid,
                                              .rss_pages = line->rss_pages, .swap_pages = line->swap_pages };
}

static void feed_usage(Logkill *l, const KmsgLine *line) {
        Kill *k = &l->kill;

        if (!l->begun)
                return;
        if (line->kind == KMSG_USAGE) {
                k->limit_current_bytes = line->usage_bytes;
                k->limit_bytes = line->limit_bytes == INT64_MAX ? KILL_UNLIMITED : line->limit_bytes;
        } else {
                k->limit_swap_bytes = line->usage_bytes;
                k->limit_swap_max_bytes = line->limit_bytes == INT64_MAX ? KILL_UNLIMITED : line->limit_bytes;
        }
}

/* "... and no killable processes": a dump without a kill. What it told must not be taken for the next one's. */
static void feed_no_victim(Logkill *l, const LogkillSink *sink) {
        close_kill(l, sink);
}

void logkill_feed(Logkill *l, const KmsgLine *line, uint64_t usec, const LogkillSink *sink) {
        enum { SILENCE_USEC = 2000000 };        /* longer than any dump pauses: what comes then belongs to another OOM */

        if (line->kind == KMSG_OTHER)
                return;
        if (l->begun && usec > l->last_usec && usec - l->last_usec > SILENCE_USEC)
                close_kill(l, sink);
        l->last_usec = usec;
        switch (line->kind) {
        case KMSG_INVOKED:
                feed_invoked(l, line, usec, sink);
                break;
        case KMSG_OOM_KILL:
                feed_oom_kill(l, line, usec, sink);
                break;
        case KMSG_KILLED:
                feed_killed(l, line, usec, sink);
                break;
        case KMSG_KILL_OR_SACRIFICE:
                feed_kill_or_sacrifice(l, line, usec, sink);
                break;
        case KMSG_TASK_IN:
                feed_task_in(l, line, usec, sink);
                break;
        case KMSG_GROUP:
                feed_group(l, line, usec, sink);
                break;
        case KMSG_TABLE_ROW:
                feed_row(l, line);
                break;
        case KMSG_USAGE:
        case KMSG_SWAP_USAGE:
                feed_usage(l, line);
                break;
        case KMSG_NO_VICTIM:
                feed_no_victim(l, sink);
                break;
        case KMSG_OTHER:
        case KMSG_REAPED:
        case KMSG_TABLE_HEADER:
        case KMSG_EXITING:
                break;
        }
}

void logkill_sequence(Logkill *l, uint64_t seq, uint64_t usec, const LogkillSink *sink) {
        if (l->sequence_known && seq > l->next_seq) {
                uint64_t lost = seq - l->next_seq;

                l->lost += lost;
                close_kill(l, sink);
                if (sink->gap)
                        sink->gap(lost, l->last_usec, usec, sink->userdata);
        }
        l->sequence_known = true;
        l->next_seq = seq + 1;
}
