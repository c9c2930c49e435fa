#pragma once
/* Populace: the processes that an OOM in one domain could take, read once from /proc and cgroupfs: no daemon needed. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policies/limit.h"
#include "policies/predict.h"
#include "supervisor/host/cgroupfs.h"
#include "supervisor/text/procfile.h"

/* A cgroup of the domain. */
typedef struct PopulaceCgroup {
        char *path;                     /* raw bytes, "/" the root */
        uint64_t id;
        size_t parent;                  /* index; the domain's own is its own */
        bool oom_group;
} PopulaceCgroup;

typedef struct PopulaceProcess {
        int32_t pid;
        int adj;
        char comm[64];                  /* raw bytes */
        ProcStatus status;
        int64_t pages;                  /* what predict_badness() wants */
        int64_t oom_score;              /* as /proc tells it; -1: not known */
        uint64_t order;                 /* in which the kernel comes to it */
        size_t cgroup;                  /* index */
} PopulaceProcess;

/* Whose limit would be hit, and who is in it. */
typedef struct Populace {
        bool host;                      /* no limit: the host's memory */
        int64_t limit_bytes, current_bytes;     /* of the limit's cgroup; LIMIT_UNKNOWN */
        int64_t total_pages;
        int64_t page_size;
        unsigned cpus;
        PopulaceCgroup *cgroups;        /* the first is the domain's: the limit's, or the root */
        size_t n_cgroups, cgroups_size;
        PopulaceProcess *processes;
        size_t n, size;
} Populace;

#define POPULACE_INIT { .cgroups = NULL }

/* The domain in which growth of the cgroup @path ends: of its own memory.max, those of its ancestors and the host's memory
 * that with the least room left ("/": the host). Reads all processes in it. Returns 0, -ENODEV where there is no such
 * cgroup, or -errno. */
int populace_read(Populace *ret, const Cgroupfs *fs, const char *path);

/* Frees it. */
void populace_clear(Populace *p);

enum { POPULACE_NAMES_MAX = 8 };

/* Cgroups that a person may mean by @word: a /path, a unit or other name with a dot, a container's id, id:N or pid:N.
 * Writes up to POPULACE_NAMES_MAX paths, the caller's to free. Returns how many there are, or -errno. */
int populace_find(const Cgroupfs *fs, const char *word, char *ret[static POPULACE_NAMES_MAX]);
