#pragma once
/* Evidence: one fact of the kprobe tier as it was found in a ring, decoded and not yet judged. Sizes are pages where
 * the kernel counts pages; ids are cgroup ids (kernfs ids, inode numbers of the directories). What the kernel could not
 * fetch because a pointer was NULL is marked absent here and must never be used (a fetch through NULL leaves what the
 * ring page held before). Strings point into the ring page and live as long as it does. */
#include <stdbool.h>
#include <stdint.h>

enum { EVIDENCE_LEVELS_MAX = 12 };      /* how many ancestors' names a victim's record carries (one page at 255 bytes each) */
enum { EVIDENCE_ANCESTORS_MAX = 24 };   /* how many ancestors' ids it carries */

typedef enum EvidenceKind {
        EVIDENCE_OOM,             /* kills: oom_kill_process() entered: one invocation of the OOM killer that found someone */
        EVIDENCE_VICTIM,          /* kills: __oom_kill_process() entered: one attempt */
        EVIDENCE_OOM_END,         /* kills: oom_kill_process() returned */
        EVIDENCE_KERNEL_SIGKILL,  /* kills: signal_generate, sig 9, code 128 (SI_KERNEL) */
        EVIDENCE_SIGNAL,          /* churn: signal_generate, sig 9 or 15 of a process, result 0 */
        EVIDENCE_MKDIR,           /* churn: cgroup_mkdir */
        EVIDENCE_RMDIR,           /* churn: cgroup_rmdir */
        EVIDENCE_LOST,            /* kills: this CPU's ring was overrun between time_nsec and lost.to_nsec */
} EvidenceKind;

/* The cgroup whose limit was reached (the OOM domain); absent for a host OOM. */
typedef struct EvidenceDomain {
        bool present;                   /* oc->memcg was not NULL: a memcg OOM. false: scope host */
        uint64_t id;
        uint64_t usage_pages, max_pages, peak_pages;    /* memory page counter; max of PAGE_COUNTER_MAX means no limit */
        uint64_t swap_usage_pages, swap_max_pages;
        bool counters_plausible;        /* the reader held them against the limit files once; false: leave them null */
} EvidenceDomain;

typedef struct EvidenceOom {
        EvidenceDomain domain;
        uint32_t constraint;            /* enum oom_constraint: 0 none, 1 cpuset, 2 mempolicy, 3 memcg */
        int64_t points;                 /* chosen_points, in pages */
        uint64_t total_pages;           /* totalpages the points are measured against: memory.max + swap of the domain, or RAM + swap */
        int32_t order;                  /* -1: sysrq-f */
        uint32_t gfp;                   /* gfp_mask, bits of this kernel */
        int32_t chosen_pid;             /* thread id of oc->chosen, may differ from the victim finally taken (its children, its mm's user) */
        const char *message;            /* "Memory cgroup out of memory", "Out of memory", "Out of memory (oom_kill_allocating_task)" */
} EvidenceOom;

typedef struct EvidenceVictim {
        int32_t tgid, tid;              /* thread group, and the thread the kernel named */
        uint64_t start_nsec;            /* start_boottime of the thread group leader where it can be had, else of the thread */
        const char *comm;               /* of the thread the kernel named */
        uint32_t uid;
        bool uid_present;
        int32_t oom_score_adj;
        uint64_t cgroup_id;             /* the real cgroup: task->cgroups->dfl_cgrp */
        uint64_t charged_id;            /* the effective memcg's cgroup (a parent, where memory is off below it) */
        uint32_t level;                 /* depth of cgroup_id: root 0 */
        uint64_t ancestor_ids[EVIDENCE_ANCESTORS_MAX];   /* [0] the root ... [level] itself; 0 where not carried */
        const char *names[EVIDENCE_LEVELS_MAX + 1];      /* [level] its own directory name, [level - 1] its parent's ...; NULL: not carried */
        bool mm_present;                /* mm was not NULL: the counters below were fetched */
        int64_t anon_pages, file_pages, shmem_pages, swap_pages;   /* approximate on 6.2 to 6.17: per-CPU rests are left out */
        int64_t page_table_bytes;
        const char *message;            /* group kills: "Memory cgroup out of memory" too */
        bool group;                     /* killed as a member of a memory.oom.group: not the first victim of its OOM. The message
                                         * cannot tell (the kernel hands the same one to all); the order of the calls does */
        uint64_t group_cgroup_id;       /* the cgroup with memory.oom.group that is being killed; 0: none, or not known */
        bool owner_known;               /* the mm's owner was looked at ... */
        bool owner_present;             /* ... and there was one. Without one memory.events does not count this attempt */
} EvidenceVictim;

typedef struct EvidenceSignal {
        int32_t signal;                 /* 9 or 15 */
        int32_t code;                   /* siginfo si_code: 128 SI_KERNEL, 0 SI_USER ... */
        bool to_group;                  /* sent to the thread group (kill, pidfd); false: to a thread (cgroup.kill, tgkill) */
        int32_t pid;                    /* the target: a thread id, usually the leader's */
        const char *comm;               /* the TARGET's comm (the tracepoint gives that) */
        int32_t result;                 /* 0 delivered, 1 ignored, 2 already pending ... */
        /* The sender is Evidence.pid; its cgroup id where the reader could fetch it, else 0. */
} EvidenceSignal;

typedef struct EvidenceChurn {
        uint64_t id;
        uint32_t level;
        const char *path;               /* as the kernel gave it; cut at 1023 bytes, then only the id is sure */
        bool path_cut;
} EvidenceChurn;

/* Told before anything of the kills rings that came later than Evidence.time_nsec. */
typedef struct EvidenceLost {
        uint64_t to_nsec;               /* the first event that is there again */
} EvidenceLost;

typedef struct Evidence {
        EvidenceKind kind;
        uint32_t cpu;
        uint64_t time_nsec;             /* CLOCK_BOOTTIME */
        bool again;                     /* an earlier run was given it too: what follows from it may be recorded already */
        int32_t pid;                    /* common_pid: who ran: the invoker of the OOM killer, the sender of a signal (a thread id) */
        const char *comm;               /* of that thread where the event carries it ($comm of the pair), else NULL */
        union {
                EvidenceOom oom;
                EvidenceVictim victim;
                EvidenceSignal signal;
                EvidenceChurn churn;
                EvidenceLost lost;
        };
} Evidence;
