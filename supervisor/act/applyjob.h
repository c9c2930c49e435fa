#pragma once
/* One cgroup on its way to what is asked of it: what its values are, and how a change of one ends. All of it blocks. */
#include <stdbool.h>
#include <stdint.h>

#include "supervisor/act/applier.h"
#include "supervisor/act/ownership.h"
#include "supervisor/host/systemd.h"

/* One value on its way. */
typedef struct Change {
        bool active;
        bool restore;                    /* @wanted is what was before Reeve */
        bool risk, forced;
        int64_t before, wanted;
        ReeveReason reason;
        char origin[64];
} Change;

/* One cgroup on its way. */
typedef struct Job {
        Applier *a;
        LimitEntry *e;
        int dirfd;
        Ownership own;
        SystemdUnit unit;                /* void unless own.kind is OWNERSHIP_UNIT */
        const LimitRequester *requester; /* NULL: the configuration */
        bool dry_run;
        bool shares;                     /* only what is a share of a limit above is looked at again */
        BudgetAdjustOf adjust_of;
        Change changes[LIMIT_KEYS];
        bool writing[LIMIT_KEYS];        /* the keys of the write under way */
        char error[512];
} Job;

/* The value of @key now, LIMIT_UNKNOWN (LIMIT_ADJ_UNKNOWN) where it cannot be read. */
int64_t apply_read(const Job *j, LimitKey key);

/* The least of @key over the ancestors of @path. LIMIT_UNKNOWN where none could be read. */
int64_t apply_least_above(const Applier *a, const char *path, LimitKey key);

/* Ends a change: the record, and what the entry remembers. */
void apply_finish(Job *j, LimitKey key, ReeveOutcome outcome, ReeveReason reason, const char *error);

/* The main process: the unit's, or else the first of the cgroup. 0: none. */
int32_t apply_main_process(const Job *j);
