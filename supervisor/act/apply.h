#pragma once
/* Bringing cgroups to what their budgets ask, and back. All of it blocks: it runs on the slow hand, or in --uninstall. */
#include <stdbool.h>
#include <stdint.h>

#include "supervisor/act/drift.h"
#include "supervisor/act/limitstate.h"
#include "supervisor/host/cgroupfs.h"
#include "supervisor/host/systemd.h"
#include "supervisor/text/config.h"

/* The slow hand's world. Fields are its own; others use the functions. */
typedef struct Applier {
        Cgroupfs fs;
        Systemd *systemd;                /* NULL: none */
        bool user;
        Drift *drift;                    /* NULL: nobody looks */
        LimitState state;
        Config *config;                  /* NULL: none yet */
        ReeveMode mode;
        int64_t ram_bytes, page_size;
        uint64_t own_id;                 /* the cgroup we are in */
        bool reload_wanted;              /* drop-ins were removed that nobody waits for */
        bool dirty;                      /* limits.json says more than there is to undo */
        void (*emit)(const LimitResult *result, void *userdata);
        void *userdata;
} Applier;

/* Opens what is needed and reads limits.json; thaws what an earlier life left frozen. Returns 0 or -errno. */
int applier_init(Applier *a, const char *cgroup_root, const char *state_directory, bool user, bool no_systemd);

/* Closes; limits stay. */
void applier_done(Applier *a);

/* Makes @config (a reference is taken over) and @mode rule: what is no longer asked for returns, what is known is
 * brought to what is asked for now, cgroups of Own=create are made and unmade. */
void applier_configure(Applier *a, Config *config, ReeveMode mode);

/* A cgroup was born or found. */
void applier_born(Applier *a, uint64_t id, const char *path);

/* A cgroup is gone, somebody says. Returns false where it is there all the same: nothing is done then. */
bool applier_died(Applier *a, uint64_t id);

/* What Set asks of one cgroup. */
typedef struct ApplySet {
        uint64_t id;
        const char *path;
        const BudgetValue *values;       /* LIMIT_KEYS of them; order 0: not asked for */
        bool dry_run, risk;
        LimitRequester requester;
} ApplySet;

/* Does one Set request; its results come as those of budgets do. */
void applier_set(Applier *a, const ApplySet *set);

/* Tells of limits that other hands changed, and recomputes shares of them. */
void applier_drift(Applier *a);

/* daemon-reload where removed drop-ins ask for it. */
void applier_reload(Applier *a);

/* Writes limits.json where it lags behind. What is to be undone is there before it is done; what was undone may wait. */
void applier_settle(Applier *a);

/* Puts back everything. Returns how many values could not be. */
int applier_uninstall(Applier *a);

/* --- between apply.c and its parts --- */

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
        BudgetAdjustOf adjust_of;
        Change changes[LIMIT_KEYS];
        bool writing[LIMIT_KEYS];        /* the keys of the write under way */
        char error[512];
} Job;

/* The value of @key now, LIMIT_UNKNOWN (LIMIT_ADJ_UNKNOWN) where it cannot be read. */
int64_t apply_read(const Job *j, LimitKey key);

/* Ends a change: the record, and what the entry remembers. */
void apply_finish(Job *j, LimitKey key, ReeveOutcome outcome, ReeveReason reason, const char *error);

/* Writes the active changes of memory limits, lowering with care. */
void apply_memory(Job *j);

/* OOMGroup and OOMScoreAdjust. */
void apply_oom_group(Job *j);
void apply_oom_score_adjust(Job *j);

/* The oom_score_adj of the process that Reeve would change first, LIMIT_ADJ_UNKNOWN without one. */
int64_t apply_adjust_read(const Job *j);
