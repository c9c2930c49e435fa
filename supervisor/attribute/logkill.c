#include "supervisor/attribute/logkill.h"

#include <string.h>

#include "supervisor/attribute/logkill-private.h"

void logkill_init(Logkill *l, ReeveSource source, uint32_t page_size, bool late) {
        memset(l, 0, sizeof(*l));
        l->source = source;
        l->page_size = page_size ? page_size : 4096;
        l->late = late;
}

void logkill_flush(Logkill *l, const LogkillSink *sink) {
        if (l->open)
                logkill_close(l, sink);
}

/* A header, dump or oom-kill line starts an OOM. A new one while victims are there already ends the one before. */
static void expect(Logkill *l, uint64_t usec, const LogkillSink *sink) {
        if (l->begun && l->kill.n_victims > 0)
                logkill_close(l, sink);
        if (!l->begun)
                logkill_begin(l, usec);
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

static void feed_invoked(Logkill *l, const KmsgLine *line, uint64_t usec, const LogkillSink *sink) {
        Kill *k = &l->kill;

        logkill_close(l, sink);
        logkill_begin(l, usec);
        l->header = true;
        logkill_copy(k->invoker_comm, sizeof(k->invoker_comm), line->comm);
        logkill_copy(k->gfp_text, sizeof(k->gfp_text), line->gfp_text);
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
        logkill_copy(v->comm, sizeof(v->comm), line->comm);
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
                logkill_close(l, sink);
        if (l->begun && l->oom_kill && l->kill.n_victims == 0 && l->chosen_pid != line->pid) {
                /* The line it announced was lost: this one is of an OOM of its own. */
                l->oom_kill = l->header = false;
                l->names_length = 0;
        }
        if (!l->begun)
                logkill_begin(l, usec);
        if (line->message != KMSG_MESSAGE_NONE && l->kill.n_victims == 0)
                logkill_take_message(&l->kill, line->message);
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
                logkill_copy(l->chosen_comm, sizeof(l->chosen_comm), line->comm);
        if (!l->group || member > 0 || l->kill.n_victims == 1)
                l->n_sure = l->kill.n_victims;
}

/* Up to 5.0 the message stands in a line before; the process then killed may be a child of the one it names. */
static void feed_kill_or_sacrifice(Logkill *l, const KmsgLine *line, uint64_t usec, const LogkillSink *sink) {
        expect(l, usec, sink);
        l->header = true;
        logkill_take_message(&l->kill, line->message);
}

static void feed_task_in(Logkill *l, const KmsgLine *line, uint64_t usec, const LogkillSink *sink) {
        expect(l, usec, sink);
        l->header = true;
        l->ambiguous = line->ambiguous;
        if (line->path.length >= LOGKILL_PATH_SIZE || line->limit_path.length >= LOGKILL_PATH_SIZE)
                return;
        logkill_copy(l->victim_path, sizeof(l->victim_path), line->path);
        logkill_copy(l->limit_path, sizeof(l->limit_path), line->limit_path);
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
                logkill_close(l, sink);
                logkill_begin_alone(l, &chosen, stamp, message);
                l->open = true;
        }
        if (!l->begun)
                logkill_begin(l, usec);
        l->group = true;
        l->group_path[0] = '\0';
        if (!logkill_may_be_cut(line->path))
                logkill_copy(l->group_path, sizeof(l->group_path), line->path);
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
        logkill_close(l, sink);
}

void logkill_feed(Logkill *l, const KmsgLine *line, uint64_t usec, const LogkillSink *sink) {
        enum { SILENCE_USEC = 2000000 };        /* longer than any dump pauses: what comes then belongs to another OOM */

        if (line->kind == KMSG_OTHER)
                return;
        if (l->begun && usec > l->last_usec && usec - l->last_usec > SILENCE_USEC)
                logkill_close(l, sink);
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
                logkill_close(l, sink);
                if (sink->gap)
                        sink->gap(lost, l->last_usec, usec, sink->userdata);
        }
        l->sequence_known = true;
        l->next_seq = seq + 1;
}
