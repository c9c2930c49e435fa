#pragma once
/* The kernel's log as text: records of /dev/kmsg, and what the lines of an OOM kill say, from 3.10 to 7.2 and wherever
 * they were kept (/dev/kmsg, journal, dmesg, pstore). Names inside the lines are users' bytes, so fields are found from
 * the right, where only the kernel writes; what cannot be told apart is said to be ambiguous, never guessed. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KMSG_UNKNOWN INT64_C(-1)

enum { KMSG_TEXT_SIZE = 4096 };         /* a record's text; the kernel's bound is 1 to 2 KB */
enum { KMSG_JOINED_SIZE = 10240 };      /* a line put together again: two paths of 4 KB and the rest */

/* Bytes inside another text. Not NUL-terminated. */
typedef struct KmsgSlice {
        const char *data;
        size_t length;
} KmsgSlice;

/* One record of /dev/kmsg. */
typedef struct KmsgRecord {
        uint64_t seq;
        uint64_t usec;                  /* the log's clock: local clock since boot, near CLOCK_MONOTONIC */
        unsigned level;                 /* 0 to 7 */
        bool kernel;                    /* facility 0: no user can write that */
        bool continuation;              /* flag 'c': goes on where an earlier record of the same printer stopped */
        char text[KMSG_TEXT_SIZE];      /* \xNN undone, so it may hold any byte; NUL-terminated besides */
        size_t length;
} KmsgRecord;

/* Takes one read() of /dev/kmsg apart. Returns 0, -EBADMSG (not such a record), or -ENOBUFS (text longer than there is
 * room: cut, the rest filled). */
int kmsg_parse(KmsgRecord *ret, const char *data, size_t length);

/* Takes a line as dmesg, a pstore file or a console shows it: "<6>[   12.345678] text", "[   12.345678] [ T123] text".
 * Level and time are optional; *@ret_usec is KMSG_UNKNOWN without a time. What remains is *@ret_text, within @line. Such
 * text is not escaped by the kernel. Never fails: what is no prefix is text. */
void kmsg_strip(const char *line, size_t length, int64_t *ret_usec, KmsgSlice *ret_text);

typedef enum KmsgKind {
        KMSG_OTHER,
        KMSG_INVOKED,                   /* "X invoked oom-killer: gfp_mask=...": the header of an OOM's dump */
        KMSG_OOM_KILL,                  /* "oom-kill:constraint=...": 10 in 5 s for the whole host */
        KMSG_KILLED,                    /* "... Killed process N (comm) ...": never limited */
        KMSG_KILL_OR_SACRIFICE,         /* up to 5.0: "... Kill process N (comm) score S or sacrifice child" */
        KMSG_TASK_IN,                   /* up to 5.0: "Task in /x killed as a result of limit of /y" */
        KMSG_GROUP,                     /* "Tasks in /x are going to be killed due to memory.oom.group set" */
        KMSG_REAPED,                    /* "oom_reaper: reaped process N (comm), now anon-rss:..." */
        KMSG_USAGE,                     /* "memory: usage NkB, limit NkB, failcnt N" in a memcg's dump */
        KMSG_SWAP_USAGE,                /* "swap: usage NkB, limit NkB, failcnt N" */
        KMSG_TABLE_HEADER,              /* "[  pid  ]   uid  tgid total_vm ..." */
        KMSG_TABLE_ROW,                 /* "[  62685]     0 62685 ..." */
        KMSG_NO_VICTIM,                 /* "Out of memory and no killable processes..." */
        KMSG_EXITING,                   /* "... OOM victim N (comm) is already exiting. Skip killing the task" */
} KmsgKind;

/* What a KMSG_KILLED or KMSG_KILL_OR_SACRIFICE line begins with. */
typedef enum KmsgMessage {
        KMSG_MESSAGE_NONE,              /* bare "Killed process": up to 5.0, and the same comes for members of a group */
        KMSG_MESSAGE_MEMCG,             /* "Memory cgroup out of memory" */
        KMSG_MESSAGE_HOST,              /* "Out of memory" */
        KMSG_MESSAGE_ALLOCATING_TASK,   /* "Out of memory (oom_kill_allocating_task)" */
} KmsgMessage;

typedef enum KmsgConstraint {
        KMSG_CONSTRAINT_UNKNOWN,
        KMSG_CONSTRAINT_NONE,
        KMSG_CONSTRAINT_CPUSET,
        KMSG_CONSTRAINT_MEMORY_POLICY,
        KMSG_CONSTRAINT_MEMCG,
} KmsgConstraint;

/* What one line says. Slices point into the line. Numbers are KMSG_UNKNOWN, slices empty, where the line has none. */
typedef struct KmsgLine {
        KmsgKind kind;
        int64_t pid;                    /* the log's pid: maybe a thread's */
        int64_t tgid;                   /* table rows only */
        int64_t uid;
        KmsgSlice comm;
        int64_t adj;                    /* oom_score_adj; KMSG_ADJ_UNKNOWN */
        int64_t total_vm_bytes, anon_bytes, file_bytes, shmem_bytes, page_table_bytes;
        int64_t rss_pages, swap_pages;  /* table rows, as the kernel counts there */
        int64_t score;                  /* KMSG_KILL_OR_SACRIFICE */
        int64_t gfp;                    /* KMSG_INVOKED: bits */
        KmsgSlice gfp_text;             /* "GFP_KERNEL" */
        int64_t order;                  /* KMSG_ADJ_UNKNOWN: not there; -1 is sysrq */
        int64_t usage_bytes, limit_bytes;       /* KMSG_USAGE, KMSG_SWAP_USAGE; limit INT64_MAX: none */
        KmsgMessage message;
        KmsgConstraint constraint;
        bool global_oom;
        KmsgSlice names;                /* KMSG_OOM_KILL: from ",oom_memcg=" or ",task_memcg=" up to ",pid=", to be split
                                         * with the comm that the KMSG_KILLED line tells (attribute/logkill.h) */
        KmsgSlice path;                 /* KMSG_GROUP: the group's; KMSG_TASK_IN: the task's */
        KmsgSlice limit_path;           /* KMSG_TASK_IN: whose limit */
        bool ambiguous;                 /* KMSG_TASK_IN: the two paths can be told apart in more than one way */
} KmsgLine;
#define KMSG_ADJ_UNKNOWN INT64_C(-32768)

/* How the rows of a process table are to be read: set by its header, per source. */
typedef struct KmsgTable {
        bool known;
        bool rss_split;                 /* 6.12: rss_anon rss_file rss_shmem */
        bool page_tables_in_bytes;      /* 4.15; before, nr_ptes (and nr_pmds) */
        unsigned columns_before_swap;   /* between rss and swapents */
} KmsgTable;

/* Says what @text (one line without prefix) is. @table may be NULL, then rows are KMSG_OTHER; a header line sets it. */
void kmsg_recognise(KmsgLine *ret, const char *text, size_t length, KmsgTable *table);

/* Puts lines together again that the kernel had to split (a long path in "oom-kill:"). */
typedef struct KmsgJoiner {
        bool pending;                   /* an "oom-kill:" line without its end */
        unsigned age;                   /* lines that came since */
        bool overflow;
        uint64_t seq, usec;             /* of the line's first record */
        size_t length;
        char text[KMSG_JOINED_SIZE];
} KmsgJoiner;

typedef enum KmsgJoin {
        KMSG_JOIN_ALONE,                /* the line stands for itself */
        KMSG_JOIN_KEPT,                 /* it was taken in, more is to come: nothing to look at yet */
        KMSG_JOIN_WHOLE,                /* it was the end: the whole stands in the joiner */
} KmsgJoin;

/* Gives @text (a line of the kernel, without prefix) to the joiner. @continuation: flag 'c', where the source tells it;
 * the journal does not, so a line that completes a pending one counts as its continuation too. After KMSG_JOIN_WHOLE
 * the text is @j->text, @j->length, valid until the next call. */
KmsgJoin kmsg_join(KmsgJoiner *j, const char *text, size_t length, uint64_t seq, uint64_t usec, bool continuation);
