#pragma once
/* What assembly's files share: the invocations under way. */
#include "supervisor/attribute/assemble.h"

enum { PATHS_MAX = 128 };       /* different cgroups of one invocation whose path is kept; more are looked up by id */

/* A path under construction. */
typedef struct Path {
        uint64_t id;
        const char *text;
} Path;

/* One invocation of the OOM killer under way. */
typedef struct Open {
        bool used;
        bool headless;                  /* its own record never came, only victims' */
        bool left_out;                  /* a victim found no room */
        bool lossy;                     /* a ring was overrun meanwhile: any part of it may be missing */
        Kill kill;
        uint64_t last_nsec;             /* of its latest evidence */
        int64_t points;
        unsigned passes;                /* victims' records so far: the first one is the chosen process */
        KillVictim *last;               /* the victim of the last pass; NULL: none, or it found no room */
        bool awaited;                   /* the SIGKILL of that pass has not come yet */
        bool last_ownerless;
        uint64_t common[EVIDENCE_ANCESTORS_MAX];        /* ids of the cgroups that hold all victims so far */
        uint32_t n_common;
        bool common_begun;
        Path paths[PATHS_MAX];
        size_t n_paths, path_used;
        char *path_memory;
} Open;

/* The open OOM kills of all invokers. */
struct Assembler {
        AssembleOptions o;
        AssembleStats stats;
        uint64_t lost_until;            /* what begins up to here has a ring's overrun in it */
        Open *open;
};

/* What the record of the invocation itself says: domain, constraint, selection, killer. */
void assemble_judge_oom(const Assembler *a, Kill *k, const EvidenceOom *oom);

/* What can be said once all victims are known: scope, reason, the group's cgroup. */
void assemble_judge_whole(Open *o);

/* One pass through __oom_kill_process(). */
void assemble_take_victim(Assembler *a, Open *o, const Evidence *e);

/* The kernel's SIGKILL by a thread that runs the OOM killer. */
void assemble_take_signal(Assembler *a, Open *o, const Evidence *e);

/* Leaves the victims whose SIGKILL came, in their order: the chosen one is the first that was seen. */
void assemble_drop_unconfirmed(Kill *k);

/* Copies a comm, cut at the room there is; NULL is empty. */
void assemble_copy_comm(char to[static KILL_COMM_SIZE], const char *from);

/* Pages as bytes; what no counter can reach is KILL_UNLIMITED. */
int64_t assemble_pages_to_bytes(const Assembler *a, uint64_t pages);
