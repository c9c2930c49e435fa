#pragma once
/* Budgets at work: a slow hand of its own applies what the configuration and Set ask of each cgroup, and undoes it. All
 * functions are for the event thread; none blocks on the host. What happened comes back as BudgetsAnswer structs. */
#include <stdbool.h>
#include <stdint.h>

#include "supervisor/act/applylever.h"
#include "supervisor/act/budgetsanswer.h"
#include "supervisor/text/config.h"

typedef struct Budgets Budgets;

typedef struct BudgetsOptions {
        const char *cgroup_root;         /* the cgroup2 mount, "/sys/fs/cgroup" */
        const char *state_directory;     /* where limits.json is kept */
        ReeveMode mode;
        bool user;                       /* the user's systemd, not the system's */
        bool no_systemd;                 /* behave as on a host without systemd */
} BudgetsOptions;

/* Starts the slow hand, which first settles what limits.json tells of an earlier life: values whose cgroup is gone are
 * forgotten and their drop-ins removed; what a freeze left is thawed. Nothing else changes before budgets_configure().
 * Returns 0 or -errno. */
int budgets_new(Budgets **ret, const BudgetsOptions *options);

/* Ends the slow hand: what it is doing is broken off, limits stay as they are. Returns NULL. */
Budgets *budgets_free(Budgets *b);

/* Makes @config (a reference is taken) and @mode rule from now on. Values that no section asks for any more return to
 * what was before. Cgroups that exist must then be reported by budgets_cgroup_born() (again) to get new values; a
 * BUDGETS_DONE answer with @cookie follows when the values that go have gone. Returns 0 or -ENOMEM. */
int budgets_configure(Budgets *b, Config *config, ReeveMode mode, uint64_t cookie);

/* Whether some section or a present value concerns the cgroup: worth a budgets_cgroup_born(). Pure, cheap. */
bool budgets_wants(const Budgets *b, const char *path);

/* A cgroup was born or found (@path below the cgroup root, raw bytes). Does nothing where no section matches. */
void budgets_cgroup_born(Budgets *b, uint64_t id, const char *path);

/* A cgroup is gone: its drop-ins go with it. Does nothing for cgroups without a budget. */
void budgets_cgroup_died(Budgets *b, uint64_t id);

/* One value of a Set. */
typedef struct BudgetsSetValue {
        LimitKey key;
        BudgetValue value;
} BudgetsSetValue;

/* Asks for @n values on the cgroup @id at @path. The peer's right is tested by fstat() on the very file that is written:
 * uid 0 may all, others what they own. Each value gives one BUDGETS_RESULT with @cookie, then BUDGETS_DONE. Lasts until
 * the cgroup goes. Returns 0 or -ENOMEM. */
int budgets_set(Budgets *b, uint64_t cookie, uint64_t id, const char *path, const BudgetsSetValue *values, size_t n,
                bool dry_run, bool risk, const LimitRequester *requester);

/* Does a step of a rule to a limit, for as long as its incident lasts; or lifts it. Each gives one BUDGETS_LEVER with @cookie,
 * after a BUDGETS_RESULT where the limit was written or refused. A probe gives a BUDGETS_RESULT if it would be refused, and
 * nothing else. Return 0 or -ENOMEM. */
int budgets_lever(Budgets *b, uint64_t cookie, const ApplyLever *lever);
int budgets_probe(Budgets *b, const ApplyLever *lever);
int budgets_lift(Budgets *b, uint64_t cookie, uint64_t id, LimitKey key);

/* Readable while answers wait. */
int budgets_fd(const Budgets *b);

/* The next answer, to be freed with budgets_answer_free(), or NULL. Call until NULL when budgets_fd() is readable. */
BudgetsAnswer *budgets_pop(Budgets *b);

/* How many cgroups have a budget now. */
size_t budgets_count(const Budgets *b);

/* Answers and requests that did not fit their rings. */
uint64_t budgets_lost(Budgets *b);

/* For reeved --uninstall, without a daemon: puts back every limit that @options->state_directory knows of and removes the
 * drop-ins. Each value put back (or not) is told to @told. Returns how many could not be put back, or -errno. */
int budgets_uninstall(const BudgetsOptions *options, void (*told)(const LimitResult *result, void *userdata), void *userdata);
