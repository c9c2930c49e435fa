#pragma once
/* Hostcheck: is this a host for Reeve, and what in its settings should its owner know? Looks only, below a root that tests
 * can replace; asks no daemon. */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

typedef enum FindingState {
        FINDING_OK,
        FINDING_NOTE,             /* worth knowing; nothing to do */
        FINDING_WARNING,          /* Reeve sees or does less than it could */
        FINDING_PROBLEM,          /* Reeve cannot do its work */
} FindingState;

/* "ok", "note", "warning", "problem". */
const char *finding_state_to_string(FindingState state);

typedef struct Finding {
        char name[32];            /* a stable word: "memory_controller" */
        FindingState state;
        char value[320];          /* what is there */
        char meaning[320];        /* what that means for Reeve */
        char change[400];         /* what to change, or empty */
} Finding;

/* All that was found, in the order it is told. */
typedef struct Findings {
        Finding *items;
        size_t n, capacity;
} Findings;

#define FINDINGS_INIT { .items = NULL }

/* Frees what @f holds; @f is as FINDINGS_INIT again. */
void findings_clear(Findings *f);

/* Appends a finding. Returns 0 or -ENOMEM. */
int findings_add(Findings *f, const char *name, FindingState state, const char *value, const char *meaning, const char *change);

/* What the caller brings; the rest is read below @root. */
typedef struct HostcheckOptions {
        const char *root;                  /* "" for the real host, else a directory with proc/ and sys/ */
        const char *cgroup_root;           /* NULL: find the cgroup2 mount */
        uid_t uid;                         /* for whom delegation and access are judged */
        const char *systemd_version;       /* NULL: systemd was not reached */
        const char *default_oom_policy;    /* NULL: not known */
} HostcheckOptions;

/* Looks at everything and fills @ret, which the caller clears. Returns 0 or -ENOMEM. */
int hostcheck_run(Findings *ret, const HostcheckOptions *o);

/* Is there a cgroup v2 memory controller, below @o->cgroup_root or at the cgroup2 mount? Returns 0 with the mount in
 * @ret_mount (without @o->root); or -ENODEV with @reterr naming what is mounted and how to boot with cgroup v2. Either may
 * be NULL. */
int hostcheck_memory_controller(const HostcheckOptions *o, char *ret_mount, size_t mount_size, char *reterr, size_t err_size);
