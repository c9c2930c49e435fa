#pragma once
/* Kill: one invocation of the kernel's OOM killer, attributed. What every tier's attribution gives and what becomes the
 * `kill` record. "Not known" is KILL_UNKNOWN (-1) for numbers, 0 for ids, an empty text for names. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reeve/words.h"

#define KILL_UNKNOWN INT64_C(-1)
#define KILL_UNLIMITED INT64_MAX        /* of a limit: there is none */

enum { KILL_COMM_SIZE = 64 };           /* TASK_COMM_LEN is 16; \xNN escapes are applied later, on writing */

/* A cgroup: known by id; @path is its name where the source told it (tier log), else NULL and looked up by id. */
typedef struct KillCgroup {
        uint64_t id;
        const char *path;
} KillCgroup;

typedef struct KillVictim {
        int32_t tgid;
        int32_t tid;                    /* the thread the kernel named */
        uint64_t start_nsec;            /* 0: not known (tier log) */
        char comm[KILL_COMM_SIZE];
        int64_t uid;
        ReeveVictimWhy why;             /* KILL_WHY_UNKNOWN: what came before it was lost */
        KillCgroup cgroup;
        int64_t anon_bytes, file_bytes, shmem_bytes, swap_bytes, page_table_bytes;
        int64_t oom_score_adj;          /* KILL_ADJ_UNKNOWN where not known */
        int64_t points;                 /* pages, of the chosen one only */
        uint32_t attempts;              /* how often the kernel went through it (2 for the chosen one of a group kill) */
        uint32_t confirmed;             /* how many of those its SIGKILL followed */
} KillVictim;
#define KILL_ADJ_UNKNOWN INT64_C(-32768)
#define KILL_WHY_UNKNOWN ((ReeveVictimWhy) -1)

/* Who killed, where it was not the kernel by itself. pid 0: nobody known. */
typedef struct KillProcess {
        int32_t pid;
        char comm[KILL_COMM_SIZE];
        int64_t uid;
        char unit[256];
} KillProcess;

typedef struct Kill {
        uint64_t time_nsec;             /* CLOCK_BOOTTIME; the OOM killer's entry. With invoker_tid it names this invocation for ever */
        uint64_t end_nsec;              /* its return; 0 where the end was not seen */
        ReeveKiller killer;
        KillProcess killer_process;
        ReeveScope scope;
        ReeveConstraint constraint;
        ReeveSelection selection;
        ReeveReason reason;
        KillCgroup limit;               /* whose limit; id 0 and path NULL for host scope or not known */
        int64_t limit_bytes;            /* memory.max of the limit's owner; KILL_UNLIMITED, KILL_UNKNOWN */
        int64_t limit_current_bytes, limit_peak_bytes;          /* page counters at the moment of the kill */
        int64_t limit_swap_bytes, limit_swap_max_bytes;
        int64_t total_pages;            /* what points are measured against */
        int32_t invoker_tid;            /* 0: not known */
        char invoker_comm[KILL_COMM_SIZE];
        int64_t order;                  /* KILL_ADJ_UNKNOWN: not known */
        int64_t gfp;                    /* bits; KILL_UNKNOWN */
        char gfp_text[128];             /* "GFP_KERNEL", as the log spells it; empty: not known */
        bool group_kill;
        bool group_unknown;             /* whether it was one was not told, or lost */
        KillCgroup kill_cgroup;         /* the one with memory.oom.group; id 0: not known or none */
        uint64_t group_deepest_id;      /* group kill: the deepest cgroup that holds all victims: kill_cgroup is it or
                                         * between it and the limit's. 0: not known */
        uint32_t attempts;              /* all passes through __oom_kill_process() */
        uint32_t confirmed;             /* those whose SIGKILL followed: what vmstat oom_kill counted */
        uint32_t ownerless;             /* of these, with an mm without owner: memory.events did not count them */
        KillCgroup counted;             /* of a kill without victims: the cgroup whose counter told of it */
        KillVictim *victims;            /* the caller's memory; confirmed victims first, the chosen one at [0] */
        size_t n_victims, max_victims;
        bool victims_complete;          /* the end mark was seen and nothing was left out */
        unsigned sources;               /* bits 1 << ReeveSource */
        ReeveTier tier;
        ReeveConfidence confidence;
        uint64_t decision;              /* of Reeve's own: as managerkill_feed() was told; 0: not known */
        bool late;                      /* read back after the fact */
        bool replayed;                  /* an earlier run had part of the evidence: it may be recorded already */
} Kill;

/* The numbers of a Kill before anything is known of them; stands among designated initialisers. */
#define KILL_NOTHING_KNOWN                                                                                           \
        .limit_bytes = KILL_UNKNOWN, .limit_current_bytes = KILL_UNKNOWN, .limit_peak_bytes = KILL_UNKNOWN,        \
        .limit_swap_bytes = KILL_UNKNOWN, .limit_swap_max_bytes = KILL_UNKNOWN, .total_pages = KILL_UNKNOWN,        \
        .order = KILL_ADJ_UNKNOWN, .gfp = KILL_UNKNOWN

/* The same of what a KillVictim used. */
#define KILL_VICTIM_NOTHING_KNOWN                                                                                    \
        .anon_bytes = KILL_UNKNOWN, .file_bytes = KILL_UNKNOWN, .shmem_bytes = KILL_UNKNOWN,                       \
        .swap_bytes = KILL_UNKNOWN, .page_table_bytes = KILL_UNKNOWN, .oom_score_adj = KILL_ADJ_UNKNOWN,            \
        .points = KILL_UNKNOWN

/* A SIGKILL (or SIGTERM) that no OOM sent. */
typedef struct Sigkill {
        uint64_t time_nsec;
        int32_t signal;                 /* 9; 15 is handed over for managers' sake only */
        ReeveKillMeans means;           /* kernel: a pid namespace that ends, RLIMIT_CPU, a lost OOM's */
        int32_t code;                   /* si_code */
        bool to_group;
        bool delivered;                 /* false: ignored, or one was pending already */
        int32_t sender_tid;             /* a thread id; its comm and unit must be looked up at once */
        int32_t pid;                    /* the target as the event names it: a thread id, usually the leader's */
        char comm[KILL_COMM_SIZE];      /* the target's */
        KillCgroup cgroup;              /* the target's, where the caller knows: fill in before recording */
        int64_t uid;                    /* the target's; KILL_UNKNOWN */
        uint64_t start_nsec;            /* the target's; 0: not known */
} Sigkill;

enum { IDENTITY_NAME_SIZE = 256, IDENTITY_ID_SIZE = 72 };

/* What runs in a cgroup, by its path's pattern and by who owns the directories. Empty text: none, or not known. */
typedef struct Identity {
        ReeveIdentityKind kind;
        char unit[IDENTITY_NAME_SIZE];
        char invocation_id[IDENTITY_ID_SIZE];
        char namespace[IDENTITY_NAME_SIZE];
        char pod[IDENTITY_NAME_SIZE];
        char pod_uid[IDENTITY_ID_SIZE];         /* with dashes; of static pods the 32 digits of the config hash */
        char container[IDENTITY_NAME_SIZE];
        char container_id[IDENTITY_ID_SIZE];
        char runtime[32];                       /* containerd, crio, docker, podman ... */
        bool certain;                           /* each directory down to the match belongs to root */
        int64_t owner_uid;                      /* of the first directory that does not, else of the match; KILL_UNKNOWN */
} Identity;
