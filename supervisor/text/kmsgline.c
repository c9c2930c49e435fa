/* What the lines of an OOM kill say. Names in them are users' bytes: each field is found between what only the kernel
 * can have written, from the right end where the left one could be forged. */
#include <string.h>

#include "supervisor/text/cursor.h"
#include "supervisor/text/kmsg.h"
#include "supervisor/text/kmsgtable.h"

/* ---- one function a kind; each returns whether the line is of that kind ---- */

/* "worker invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0"; 3.10: "gfp_mask=0xd0, order=0". A
 * comm may hold the very words, so the last occurrence is the kernel's. */
static bool invoked(KmsgLine *l, Cursor c) {
        static const char words[] = " invoked oom-killer: gfp_mask=";
        const char *s = cursor_last(&c, words);
        Cursor rest;

        if (!s || s - c.p > 63)
                return false;
        rest = (Cursor) { .p = s + strlen(words), .end = c.end };
        if (!cursor_hex(&rest, &l->gfp))
                return false;
        l->comm = cursor_slice(c.p, s);
        if (cursor_word(&rest, "(")) {
                const char *close = cursor_first(&rest, ")");

                if (!close)
                        return false;
                l->gfp_text = cursor_slice(rest.p, close);
                rest.p = close + 1;
        }
        l->order = cursor_number_after(&rest, ", order=", KMSG_ADJ_UNKNOWN);
        l->adj = cursor_number_after(&rest, "oom_score_adj=", KMSG_ADJ_UNKNOWN);
        l->kind = KMSG_INVOKED;
        return true;
}

static KmsgConstraint constraint_of(KmsgSlice s) {
        static const struct { const char *word; KmsgConstraint constraint; } words[] = {
                { "CONSTRAINT_NONE", KMSG_CONSTRAINT_NONE },
                { "CONSTRAINT_CPUSET", KMSG_CONSTRAINT_CPUSET },
                { "CONSTRAINT_MEMORY_POLICY", KMSG_CONSTRAINT_MEMORY_POLICY },
                { "CONSTRAINT_MEMCG", KMSG_CONSTRAINT_MEMCG },
        };

        for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
                if (s.length == strlen(words[i].word) && memcmp(s.data, words[i].word, s.length) == 0)
                        return words[i].constraint;
        return KMSG_CONSTRAINT_UNKNOWN;
}

static bool begins(const char *p, const char *end, const char *word) {
        size_t n = strlen(word);

        return (size_t) (end - p) >= n && memcmp(p, word, n) == 0;
}

/* Behind the digits of ",mems_allowed=0-1" at @p: "0,2-3" holds commas too. */
static const char *skip_nodes(const char *p, const char *end) {
        const char *start = p;

        while (p < end && ((*p >= '0' && *p <= '9') || *p == ',' || *p == '-'))
                p++;
        while (p > start && p[-1] == ',')
                p--;
        return p;
}

/* Where the names of limit and task begin. Before them stands the name of the invoker's cpuset, which is one directory's
 * name and so has no slash: what follows a forged "mems_allowed=" in it is never "oom_memcg=/" or "task_memcg=/". */
static const char *find_names(KmsgLine *l, const Cursor *c) {
        static const char mems[] = ",mems_allowed=";

        for (const char *s = c->p; (s = memmem(s, (size_t) (c->end - s), mems, strlen(mems))) != NULL; s++) {
                const char *p = skip_nodes(s + strlen(mems), c->end);

                if (begins(p, c->end, ",oom_memcg=/"))
                        return p;
                if (begins(p, c->end, ",global_oom,task_memcg=/")) {
                        l->global_oom = true;
                        return p + strlen(",global_oom");
                }
        }
        return NULL;
}

/* "oom-kill:constraint=C,nodemask=N,cpuset=NAME,mems_allowed=LIST,oom_memcg=PATH,task_memcg=PATH,task=COMM,pid=N,uid=N",
 * with ",global_oom" for oom_memcg= where it was the host. */
static bool oom_kill(KmsgLine *l, Cursor c) {
        const char *s, *begin;

        if (!cursor_word(&c, "oom-kill:constraint="))
                return false;
        s = memchr(c.p, ',', (size_t) (c.end - c.p));
        if (!s || !cursor_number_back(&c, &l->uid) || !cursor_word_back(&c, ",uid=") || !cursor_number_back(&c, &l->pid) ||
            !cursor_word_back(&c, ",pid=") || s > c.end)
                return false;
        l->constraint = constraint_of(cursor_slice(c.p, s));
        begin = find_names(l, &c);
        if (!begin)
                return false;
        l->names = cursor_slice(begin, c.end);
        l->kind = KMSG_OOM_KILL;
        return true;
}

static KmsgMessage take_message(Cursor *c) {
        if (cursor_word(c, "Memory cgroup out of memory: "))
                return KMSG_MESSAGE_MEMCG;
        if (cursor_word(c, "Out of memory (oom_kill_allocating_task): "))
                return KMSG_MESSAGE_ALLOCATING_TASK;
        if (cursor_word(c, "Out of memory: "))
                return KMSG_MESSAGE_HOST;
        return KMSG_MESSAGE_NONE;
}

/* "Killed process 87 (worker) total-vm:21468kB, anon-rss:..., UID:0 pgtables:52kB oom_score_adj:0"; 3.10 to 5.0: "Killed
 * process 18177 (palo_be), UID 0, total-vm:...", "Killed process 62769 (cp) total-vm:..." */
static bool killed(KmsgLine *l, Cursor c) {
        const char *s;
        Cursor figures;

        l->message = take_message(&c);
        if (!cursor_word(&c, "Killed process ") || !cursor_number(&c, &l->pid) || !cursor_word(&c, " ("))
                return false;
        s = cursor_last(&c, ") total-vm:");
        if (!s) {
                s = cursor_last(&c, "), UID ");
                if (!s)
                        return false;
        }
        l->comm = cursor_slice(c.p, s);
        figures = (Cursor) { .p = s, .end = c.end };
        l->uid = cursor_number_after(&figures, "UID:", KMSG_UNKNOWN);
        if (l->uid == KMSG_UNKNOWN)
                l->uid = cursor_number_after(&figures, "UID ", KMSG_UNKNOWN);
        l->total_vm_bytes = cursor_size_after(&figures, "total-vm:");
        l->anon_bytes = cursor_size_after(&figures, "anon-rss:");
        l->file_bytes = cursor_size_after(&figures, "file-rss:");
        l->shmem_bytes = cursor_size_after(&figures, "shmem-rss:");
        l->page_table_bytes = cursor_size_after(&figures, "pgtables:");
        l->adj = cursor_number_after(&figures, "oom_score_adj:", KMSG_ADJ_UNKNOWN);
        l->kind = KMSG_KILLED;
        return true;
}

/* "Memory cgroup out of memory: Kill process 62685 (bash) score 0 or sacrifice child" */
static bool kill_or_sacrifice(KmsgLine *l, Cursor c) {
        const char *s;

        l->message = take_message(&c);
        if (!cursor_word(&c, "Kill process ") || !cursor_number(&c, &l->pid) || !cursor_word(&c, " ("))
                return false;
        if (!cursor_word_back(&c, " or sacrifice child") || !cursor_number_back(&c, &l->score))
                return false;
        s = c.end - strlen(") score ");
        if (s < c.p || memcmp(s, ") score ", strlen(") score ")) != 0)
                return false;
        l->comm = cursor_slice(c.p, s);
        l->kind = KMSG_KILL_OR_SACRIFICE;
        return true;
}

/* "Task in /kubepods/pod951f/0249 killed as a result of limit of /kubepods/pod951f". The task's cgroup is the limit's
 * or below it; where the words stand more than once, that decides. */
static bool task_in(KmsgLine *l, Cursor c) {
        static const char words[] = " killed as a result of limit of ";
        unsigned ways = 0;

        if (!cursor_word(&c, "Task in "))
                return false;
        for (const char *s = c.p; (s = memmem(s, (size_t) (c.end - s), words, strlen(words))) != NULL; s++) {
                KmsgSlice task = cursor_slice(c.p, s), limit = cursor_slice(s + strlen(words), c.end);

                if (task.length < limit.length || memcmp(task.data, limit.data, limit.length) != 0 ||
                    (task.length > limit.length && limit.length > 1 && task.data[limit.length] != '/'))
                        continue;
                l->path = task;
                l->limit_path = limit;
                ways++;
        }
        l->ambiguous = ways > 1;
        l->kind = KMSG_TASK_IN;
        return ways > 0;
}

/* "Tasks in /a/b are going to be killed due to memory.oom.group set" */
static bool group(KmsgLine *l, Cursor c) {
        if (!cursor_word(&c, "Tasks in ") || !cursor_word_back(&c, " are going to be killed due to memory.oom.group set"))
                return false;
        l->path = cursor_slice(c.p, c.end);
        l->kind = KMSG_GROUP;
        return true;
}

/* "oom_reaper: reaped process 87 (worker), now anon-rss:0kB, file-rss:0kB, shmem-rss:648kB" */
static bool reaped(KmsgLine *l, Cursor c) {
        const char *s;
        Cursor figures;

        if (!cursor_word(&c, "oom_reaper: reaped process ") || !cursor_number(&c, &l->pid) || !cursor_word(&c, " ("))
                return false;
        s = cursor_last(&c, "), now anon-rss:");
        if (!s)
                return false;
        l->comm = cursor_slice(c.p, s);
        figures = (Cursor) { .p = s, .end = c.end };
        l->anon_bytes = cursor_size_after(&figures, "anon-rss:");
        l->file_bytes = cursor_size_after(&figures, "file-rss:");
        l->shmem_bytes = cursor_size_after(&figures, "shmem-rss:");
        l->kind = KMSG_REAPED;
        return true;
}

/* "memory: usage 1024kB, limit 1024kB, failcnt 12"; "swap: usage 0kB, limit 9007199254740988kB, failcnt 0" */
static bool usage(KmsgLine *l, Cursor c) {
        const int64_t none_kb = INT64_C(9007199254740988);      /* PAGE_COUNTER_MAX with pages of 4 KB; wider pages: less */
        int64_t use, limit;
        bool swap = false;

        if (cursor_word(&c, "swap: "))
                swap = true;
        else if (!cursor_word(&c, "memory: "))
                return false;
        if (!cursor_word(&c, "usage ") || !cursor_number(&c, &use) || !cursor_word(&c, "kB, limit ") || !cursor_number(&c, &limit) ||
            !cursor_word(&c, "kB") || use < 0 || limit < 0)
                return false;
        l->kind = swap ? KMSG_SWAP_USAGE : KMSG_USAGE;
        l->usage_bytes = use > INT64_MAX / 1024 ? INT64_MAX : use * 1024;
        l->limit_bytes = limit >= none_kb - 64 ? INT64_MAX : limit * 1024;
        return true;
}

static bool no_victim(KmsgLine *l, Cursor c) {
        (void) cursor_word(&c, "Memory cgroup out of memory: ");
        if (!cursor_word(&c, "Out of memory and no killable processes..."))
                return false;
        l->kind = KMSG_NO_VICTIM;
        return true;
}

/* "OOM victim 99 (x) is already exiting. Skip killing the task" */
static bool exiting(KmsgLine *l, Cursor c) {
        (void) take_message(&c);
        if (!cursor_word(&c, "OOM victim ") || !cursor_number(&c, &l->pid) || !cursor_word(&c, " (") ||
            !cursor_word_back(&c, ") is already exiting. Skip killing the task"))
                return false;
        l->comm = cursor_slice(c.p, c.end);
        l->kind = KMSG_EXITING;
        return true;
}

static KmsgLine nothing(void) {
        return (KmsgLine) {
                .kind = KMSG_OTHER,
                .pid = KMSG_UNKNOWN,
                .tgid = KMSG_UNKNOWN,
                .uid = KMSG_UNKNOWN,
                .adj = KMSG_ADJ_UNKNOWN,
                .total_vm_bytes = KMSG_UNKNOWN,
                .anon_bytes = KMSG_UNKNOWN,
                .file_bytes = KMSG_UNKNOWN,
                .shmem_bytes = KMSG_UNKNOWN,
                .page_table_bytes = KMSG_UNKNOWN,
                .rss_pages = KMSG_UNKNOWN,
                .swap_pages = KMSG_UNKNOWN,
                .score = KMSG_UNKNOWN,
                .gfp = KMSG_UNKNOWN,
                .order = KMSG_ADJ_UNKNOWN,
                .usage_bytes = KMSG_UNKNOWN,
                .limit_bytes = KMSG_UNKNOWN,
        };
}

static bool plausible(const KmsgLine *l) {
        return l->pid == KMSG_UNKNOWN || (l->pid > 0 && l->pid <= INT32_MAX && l->comm.length < 64);
}

void kmsg_recognise(KmsgLine *ret, const char *text, size_t length, KmsgTable *table) {
        static bool (*const kinds[])(KmsgLine *, Cursor) = { oom_kill, killed, group,   kill_or_sacrifice, task_in,
                                                             reaped,   usage,  no_victim, exiting,         invoked };
        Cursor c = { .p = text, .end = text + length };

        for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
                *ret = nothing();
                if (kinds[i](ret, c) && plausible(ret))
                        return;
        }
        *ret = nothing();
        if (kmsg_table_header(ret, c, table) && plausible(ret))
                return;
        *ret = nothing();
        if (kmsg_table_row(ret, c, table) && plausible(ret))
                return;
        *ret = nothing();
}
