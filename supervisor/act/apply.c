#include "supervisor/act/apply.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "policies/match.h"
#include "supervisor/base/fd.h"
#include "supervisor/host/owned.h"

static uint64_t boottime_nsec(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_BOOTTIME, &t);
        return (uint64_t) t.tv_sec * 1000000000 + (uint64_t) t.tv_nsec;
}

static void thaw_left_frozen(Applier *a) {
        for (LimitEntry *e = a->state.entries; e; e = e->next) {
                _cleanup_close_ int dirfd = e->frozen ? cgroupfs_open_sure(&a->fs, e->id, e->path) : -1;

                if (dirfd >= 0)
                        (void) cgroupfs_write(dirfd, "cgroup.freeze", "0");
                e->frozen = false;
        }
}

int applier_init(Applier *a, const char *cgroup_root, const char *state_directory, bool user, bool no_systemd) {
        int r;

        *a = (Applier) { .user = user, .mode = REEVE_MODE_WATCH };
        a->page_size = sysconf(_SC_PAGESIZE);
        a->ram_bytes = (int64_t) sysconf(_SC_PHYS_PAGES) * a->page_size;
        r = cgroupfs_open(&a->fs, cgroup_root);
        if (r < 0)
                return r;
        r = limitstate_load(&a->state, state_directory);
        if (r < 0) {
                cgroupfs_close(&a->fs);
                return r;
        }
        (void) cgroupfs_own_id(&a->fs, &a->own_id);
        if (!no_systemd)
                (void) systemd_open(&a->systemd, user);
        thaw_left_frozen(a);
        return 0;
}

void applier_done(Applier *a) {
        a->systemd = systemd_close(a->systemd);
        a->drift = drift_free(a->drift);
        limitstate_done(&a->state);
        cgroupfs_close(&a->fs);
        a->config = config_unref(a->config);
}

int64_t apply_read(const Job *j, LimitKey key) {
        int64_t value;

        if (key == LIMIT_OOM_SCORE_ADJUST)
                return apply_adjust_read(j);
        return cgroupfs_read_number(j->dirfd, limit_key_file((int) key), &value) == 0 ? value : LIMIT_UNKNOWN;
}

/* The least of @key over the ancestors of @path. LIMIT_UNKNOWN where none could be read. */
static int64_t least_above(const Applier *a, const char *path, LimitKey key) {
        char part[4096];
        int64_t least = LIMIT_UNKNOWN;
        size_t length = strlen(path);

        if (length >= sizeof(part))
                return LIMIT_UNKNOWN;
        memcpy(part, path, length + 1);
        for (;;) {
                char *slash = strrchr(part, '/');
                int64_t value;

                if (!slash || slash == part)
                        return least;
                *slash = '\0';
                _cleanup_close_ int dirfd = cgroupfs_open_path(&a->fs, part);

                if (dirfd >= 0 && cgroupfs_read_number(dirfd, limit_key_file((int) key), &value) == 0 &&
                    (least == LIMIT_UNKNOWN || value < least))
                        least = value;
        }
}

static int64_t effective(const Job *j, LimitKey key, int64_t own) {
        int64_t values[2] = { own, LIMIT_UNKNOWN };

        if (key >= LIMIT_MEMORY_COUNT)
                return LIMIT_UNKNOWN;
        values[1] = least_above(j->a, j->e->path, key);
        return budget_effective(values, 2);
}

/* What the entry remembers of how it went. */
static void remember(Job *j, LimitKey key, ReeveOutcome outcome, ReeveReason reason, int64_t after) {
        LimitValue *v = &j->e->values[key];
        const Change *c = &j->changes[key];
        bool done = outcome == REEVE_OUTCOME_DONE && !j->dry_run;

        v->current = after;
        v->refused = outcome != REEVE_OUTCOME_DONE;
        v->reason = reason;
        if (c->restore && (done || outcome == REEVE_OUTCOME_GONE))
                *v = (LimitValue) { .current = after };
        else if (done) {
                if (!v->changed) {
                        v->changed = true;
                        v->before = c->before;
                }
                v->wanted = c->wanted;
                v->applied = true;
        } else if (!v->applied && !c->restore) {
                v->wanted = c->wanted;
                /* Nothing happened: there is nothing to undo. */
                if (v->changed && after == v->before &&
                    !(j->own.kind == OWNERSHIP_UNIT && systemd_dropin_exists(j->a->user, j->unit.name, key)))
                        v->changed = false;
        }
        j->a->dirty = true;
        if (done && j->a->drift)
                drift_expect(j->a->drift, j->e->path, key, after);
}

void apply_finish(Job *j, LimitKey key, ReeveOutcome outcome, ReeveReason reason, const char *error) {
        Change *c = &j->changes[key];
        const LimitValue *v = &j->e->values[key];
        bool again;
        int64_t unknown = key == LIMIT_OOM_SCORE_ADJUST ? LIMIT_ADJ_UNKNOWN : LIMIT_UNKNOWN;
        int64_t after = j->dirfd >= 0 ? apply_read(j, key) : unknown;
        LimitResult result = {
                .time_nsec = boottime_nsec(),
                .cgroup_id = j->e->id,
                .path = j->e->path,
                .unit = j->own.kind == OWNERSHIP_UNIT ? j->unit.name : NULL,
                .key = key,
                .wanted = c->wanted,
                .before = c->before,
                .after = after,
                .effective_bytes = j->dirfd >= 0 ? effective(j, key, after) : LIMIT_UNKNOWN,
                .by = REEVE_LIMIT_BY_REEVE,
                .reason = reason,
                .outcome = outcome,
                .dry_run = j->dry_run,
                .forced = c->forced,
                .origin = *c->origin ? c->origin : NULL,
                .error = error,
        };

        if (j->requester)
                result.requested_by = *j->requester;
        c->active = false;
        /* The same refusal at each reload says nothing new. */
        again = !j->requester && outcome == REEVE_OUTCOME_REFUSED && v->refused && v->reason == reason && v->wanted == c->wanted;
        remember(j, key, outcome, reason, after);
        if (j->a->emit && !again)
                j->a->emit(&result, j->a->userdata);
}

/* Whether the last part of @path looks like a unit's name: then systemd may be about to know it. */
static bool looks_like_unit(const char *path) {
        static const char *const suffixes[] = { ".service", ".scope", ".slice", ".socket", ".mount", ".swap" };
        const char *dot = strrchr(path, '.');

        for (size_t i = 0; dot && i < ELEMENTSOF(suffixes); i++)
                if (strcmp(dot, suffixes[i]) == 0)
                        return true;
        return false;
}

/* systemd makes the cgroup first and answers for it 16 to 52 ms later. */
static int unit_find(Applier *a, const char *path, bool fresh, SystemdUnit *ret) {
        int r = systemd_unit_of(a->systemd, path, ret, NULL, 0);

        for (int i = 0; fresh && i < 25 && (r == -ENOENT || (r == 0 && !ret->exact)) && looks_like_unit(path); i++) {
                const struct timespec pause = { .tv_nsec = 20000000 };

                (void) nanosleep(&pause, NULL);
                r = systemd_unit_of(a->systemd, path, ret, NULL, 0);
        }
        return r;
}

static bool was_written(const LimitEntry *e) {
        for (int key = 0; key < LIMIT_KEYS; key++)
                if (e->values[key].changed)
                        return true;
        return false;
}

static void decide_owner(Job *j, BudgetOwn own, bool fresh, bool owner_asks) {
        Applier *a = j->a;
        OwnershipFacts facts = { .path = j->e->path, .own = own, .owner_asks = owner_asks };

        /* Values that were written past systemd return the same way, whatever the configuration says by now. */
        if (own == BUDGET_OWN_NO && j->e->created)
                facts.own = BUDGET_OWN_CREATE;
        else if (own == BUDGET_OWN_NO && !j->e->unit && was_written(j->e))
                facts.own = BUDGET_OWN_ADOPT;
        if (a->systemd) {
                int r = unit_find(a, j->e->path, fresh, &j->unit);

                facts.systemd = r != -EUNATCH;
                facts.unit_known = r == 0;
                facts.unit = j->unit.name;
                facts.exact = j->unit.exact;
                facts.delegate = j->unit.delegate;
        }
        ownership_decide(&facts, &j->own);
        if (j->own.kind == OWNERSHIP_UNIT && !j->e->unit)
                j->e->unit = strdup(j->unit.name);
}

static void plan_value(Job *j, LimitKey key, const BudgetValue *value, const BudgetFacts *facts, bool risk, ReeveReason reason) {
        Change *c = &j->changes[key];
        LimitValue *v = &j->e->values[key];

        *c = (Change) { .wanted = budget_resolve(key, value, facts), .before = apply_read(j, key), .risk = risk, .reason = reason };
        if (value->at.file)
                (void) origin_format(&value->at, c->origin, sizeof(c->origin));
        /* What holds already, and was told, is not told again. */
        if (v->applied || v->changed)
                c->active = c->before != c->wanted || v->wanted != c->wanted;
        else
                c->active = true;
        if (!c->active) {
                v->applied = true;
                v->current = c->before;
        }
}

static void plan_restore(Job *j, LimitKey key) {
        LimitValue *v = &j->e->values[key];

        j->changes[key] = (Change) {
                .active = true,
                .restore = true,
                .wanted = v->before,
                .before = apply_read(j, key),
                .reason = REEVE_REASON_BUDGET_GONE,
        };
}

static BudgetFacts facts_of(const Job *j) {
        int64_t above = least_above(j->a, j->e->path, LIMIT_MEMORY_MAX);

        return (BudgetFacts) {
                .ancestors_max = above == LIMIT_UNKNOWN ? LIMIT_MAX : above,
                .ram_bytes = j->a->ram_bytes,
                .page_size = j->a->page_size,
        };
}

/* What the configuration and earlier Sets ask, and what is to return. Returns whether there is anything to do. */
static bool plan(Job *j, const Budget *budget) {
        BudgetFacts facts = facts_of(j);
        bool any = false;

        for (int key = 0; key < LIMIT_KEYS; key++) {
                LimitValue *v = &j->e->values[key];

                if (v->set)
                        plan_value(j, (LimitKey) key, &v->set_value, &facts, v->set_risk, REEVE_REASON_REQUESTED);
                else if (budget->limits[key].at.order)
                        plan_value(j, (LimitKey) key, &budget->limits[key], &facts, budget->risk, REEVE_REASON_CONFIGURED);
                else if (v->changed)
                        plan_restore(j, (LimitKey) key);
                else
                        *v = (LimitValue) { .current = LIMIT_UNKNOWN };
                any |= j->changes[key].active;
        }
        return any;
}

static void run(Job *j) {
        apply_memory(j);
        apply_oom_group(j);
        apply_oom_score_adjust(j);
}

/* Of a cgroup that went away before its values could be set. */
static void all_gone(Job *j) {
        for (int key = 0; key < LIMIT_KEYS; key++)
                if (j->changes[key].active)
                        apply_finish(j, (LimitKey) key, REEVE_OUTCOME_GONE, REEVE_REASON_GONE, NULL);
}

static void budget_of(const Applier *a, const char *path, Budget *ret) {
        if (a->config)
                budget_collect(a->config->budgets, a->config->n_budgets, path, ret);
        else
                *ret = (Budget) { 0 };
}

static bool is_gone(int dirfd) {
        char text[16];

        return cgroupfs_read(dirfd, "cgroup.type", text, sizeof(text)) == -ENODEV;
}

/* mkdir is told before the kernel lets the new directory be opened by its id: who looks at once finds nothing. */
static int open_fresh(Applier *a, const LimitEntry *e, bool fresh) {
        int fd = cgroupfs_open_sure(&a->fs, e->id, e->path);

        for (int i = 0; fresh && fd == -ENODEV && i < 3; i++) {
                const struct timespec pause = { .tv_nsec = 5000000 };

                (void) nanosleep(&pause, NULL);
                fd = cgroupfs_open_sure(&a->fs, e->id, e->path);
        }
        return fd;
}

static void entry_apply(Applier *a, LimitEntry *e, bool fresh) {
        Job j = { .a = a, .e = e, .dry_run = a->mode != REEVE_MODE_ACT };
        _cleanup_close_ int dirfd = open_fresh(a, e, fresh);
        Budget budget;

        budget_of(a, e->path, &budget);
        j.dirfd = dirfd;
        if (dirfd == -ENODEV)
                (void) applier_died(a, e->id);
        if (dirfd < 0)
                return;
        j.adjust_of = e->adjust_of = budget.limits[LIMIT_OOM_SCORE_ADJUST].at.order ? budget.adjust_of : e->adjust_of;
        if (plan(&j, &budget)) {
                decide_owner(&j, budget.own, fresh, /* owner_asks= */ false);
                if (is_gone(dirfd))
                        all_gone(&j);
                else
                        run(&j);
        }
        if (a->drift && (budget.any || limitstate_is_used(e)))
                (void) drift_watch(a->drift, e->id, e->path, dirfd);
}

void applier_settle(Applier *a) {
        if (a->dirty && limitstate_save(&a->state) == 0)
                a->dirty = false;
}

void applier_born(Applier *a, uint64_t id, const char *path) {
        LimitEntry *e = limitstate_find(&a->state, id);

        if (a->mode == REEVE_MODE_WATCH)
                return;
        if (!a->config || !budget_any(a->config->budgets, a->config->n_budgets, path))
                return;
        /* A known one was brought up to date by applier_configure(). A new instance of a unit whose last one left drop-ins:
         * they go first, or their values would pass for its own. */
        if (e)
                return;
        applier_reload(a);
        e = limitstate_add(&a->state, id, path);
        if (e)
                entry_apply(a, e, /* fresh= */ true);
}

/* Whether another cgroup is the same unit's by now: it was restarted, and the drop-ins serve again. */
static bool unit_lives_on(const Applier *a, const LimitEntry *gone) {
        for (const LimitEntry *e = a->state.entries; e; e = e->next)
                if (e != gone && e->unit && strcmp(e->unit, gone->unit) == 0)
                        return true;
        return false;
}

bool applier_died(Applier *a, uint64_t id) {
        LimitEntry *e = limitstate_find(&a->state, id);
        _cleanup_close_ int dirfd = e ? cgroupfs_open_sure(&a->fs, e->id, e->path) : -1;

        if (!e)
                return true;
        if (dirfd >= 0 && !is_gone(dirfd))
                return false;
        for (int key = 0; e->unit && !unit_lives_on(a, e) && key < LIMIT_MEMORY_COUNT; key++)
                if (e->values[key].changed && !e->values[key].dropin_before)
                        a->reload_wanted |= systemd_dropin_remove(a->user, e->unit, (LimitKey) key);
        if (a->drift)
                drift_forget(a->drift, e->id, e->path);
        limitstate_remove(&a->state, e);
        a->dirty = true;
        return true;
}

void applier_reload(Applier *a) {
        if (a->reload_wanted && a->systemd)
                (void) systemd_reload(a->systemd, NULL, 0);
        a->reload_wanted = false;
}

/* Where the groups' unit is up, or comes up now. */
static int groups_unit_up(Applier *a, char *error, size_t size) {
        SystemdUnit unit;

        if (!a->systemd) {
                (void) snprintf(error, size, "Own=create needs systemd, which holds " OWNERSHIP_GROUPS_UNIT);
                return -EUNATCH;
        }
        if (systemd_unit_of(a->systemd, OWNERSHIP_GROUPS_PATH, &unit, NULL, 0) == 0 && unit.exact && unit.delegate)
                return 0;
        return systemd_start_unit(a->systemd, OWNERSHIP_GROUPS_UNIT, error, size);
}

/* The values of a cgroup that could not be made, each told as refused. */
static void not_created(Applier *a, const char *path, const char *error) {
        LimitEntry e = { .path = strdup(path) };
        Job j = { .a = a, .e = &e, .dirfd = -1, .dry_run = a->mode != REEVE_MODE_ACT };
        BudgetFacts facts = { .ancestors_max = LIMIT_MAX, .ram_bytes = a->ram_bytes, .page_size = a->page_size };
        Budget budget;

        if (!e.path)
                return;
        budget_of(a, path, &budget);
        for (int key = 0; key < LIMIT_KEYS; key++)
                if (budget.limits[key].at.order) {
                        plan_value(&j, (LimitKey) key, &budget.limits[key], &facts, false, REEVE_REASON_CONFIGURED);
                        apply_finish(&j, (LimitKey) key, REEVE_OUTCOME_FAILED, REEVE_REASON_FAILED, error);
                }
        free(e.path);
}

static void create_one(Applier *a, const char *path) {
        char error[512] = "";
        uint64_t id;
        LimitEntry *e;
        int r = groups_unit_up(a, error, sizeof(error));

        if (r == 0)
                r = owned_create(path, error, sizeof(error));
        _cleanup_close_ int dirfd = r == 0 ? cgroupfs_open_path(&a->fs, path) : -1;

        if (dirfd < 0 || cgroupfs_id(dirfd, &id) < 0) {
                not_created(a, path, *error ? error : "it could not be made");
                return;
        }
        e = limitstate_find(&a->state, id);
        if (!e)
                e = limitstate_add(&a->state, id, path);
        if (!e)
                return;
        e->created = true;
        (void) limitstate_save(&a->state);
        entry_apply(a, e, /* fresh= */ false);
}

static void create_configured(Applier *a) {
        for (size_t i = 0; i < a->config->n_budgets; i++) {
                const BudgetSection *b = &a->config->budgets[i];

                if (b->own.value != BUDGET_OWN_CREATE || !b->enabled.value)
                        continue;
                for (size_t k = 0; k < b->match.count; k++) {
                        char path[4096];

                        if (match_literal_path(b->match.items[k].text, path, sizeof(path)) > 0)
                                create_one(a, path);
                }
        }
}

/* What stands between the groups' unit and a removed cgroup goes with it, if it was made for that one only. */
static void remove_parents(const char *path) {
        char part[4096], error[512];
        size_t top = strlen(OWNERSHIP_GROUPS_PATH);

        (void) snprintf(part, sizeof(part), "%s", path);
        for (;;) {
                char *slash = strrchr(part, '/');

                if (!slash || (size_t) (slash - part) <= top)
                        return;
                *slash = '\0';
                if (owned_remove(part, error, sizeof(error)) < 0)
                        return;
        }
}

/* Removes cgroups of Own=create that are empty and no longer configured; those in use wait for their last process. */
static void remove_unconfigured(Applier *a) {
        for (LimitEntry *e = a->state.entries, *next; e; e = next) {
                _cleanup_close_ int dirfd = -1;
                char error[512];
                Budget budget;

                next = e->next;
                if (!e->created)
                        continue;
                budget_of(a, e->path, &budget);
                if (budget.own == BUDGET_OWN_CREATE)
                        continue;
                if (owned_remove(e->path, error, sizeof(error)) < 0) {
                        dirfd = cgroupfs_open_sure(&a->fs, e->id, e->path);
                        if (a->drift && dirfd >= 0)
                                (void) drift_watch_population(a->drift, e->id, e->path, dirfd);
                        continue;
                }
                remove_parents(e->path);
                (void) applier_died(a, e->id);
        }
}

void applier_configure(Applier *a, Config *config, ReeveMode mode) {
        a->config = config_unref(a->config);
        a->config = config;
        a->mode = mode;
        if (mode == REEVE_MODE_WATCH)
                return;
        /* What is gone first: its drop-ins must not meet a new unit of the name. */
        for (LimitEntry *e = a->state.entries, *next; e; e = next) {
                _cleanup_close_ int dirfd = cgroupfs_open_sure(&a->fs, e->id, e->path);

                next = e->next;
                if (dirfd == -ENODEV)
                        (void) applier_died(a, e->id);
        }
        applier_reload(a);
        for (LimitEntry *e = a->state.entries, *next; e; e = next) {
                next = e->next;
                entry_apply(a, e, /* fresh= */ false);
        }
        if (mode == REEVE_MODE_ACT) {
                create_configured(a);
                remove_unconfigured(a);
        }
        for (LimitEntry *e = a->state.entries, *next; e; e = next) {
                Budget budget;

                next = e->next;
                budget_of(a, e->path, &budget);
                if (budget.any || limitstate_is_used(e))
                        continue;
                if (a->drift)
                        drift_forget(a->drift, e->id, e->path);
                limitstate_remove(&a->state, e);
        }
        a->dirty = true;
        applier_settle(a);
}

/* Whether the peer may write the file that @key is: uid 0 may, others what they own. */
static bool may_set(const Job *j, LimitKey key, const LimitRequester *peer, bool *ret_owns) {
        struct stat st;

        *ret_owns = false;
        if (peer->uid == 0)
                return true;
        if (key == LIMIT_OOM_SCORE_ADJUST)
                return false;
        _cleanup_close_ int fd = cgroupfs_open_file(j->dirfd, limit_key_file((int) key), O_PATH);

        return *ret_owns = fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == peer->uid;
}

/* Why a peer's wish is not even tried. Returns false where it may be. */
static bool set_refused(Job *j, LimitKey key, const LimitRequester *peer, bool *ret_owns) {
        if (j->dirfd < 0)
                apply_finish(j, key, REEVE_OUTCOME_GONE, REEVE_REASON_GONE, NULL);
        else if (j->a->mode == REEVE_MODE_WATCH)
                apply_finish(j, key, REEVE_OUTCOME_REFUSED, REEVE_REASON_MODE_WATCH, "Mode=watch changes nothing");
        else if (!may_set(j, key, peer, ret_owns))
                apply_finish(j, key, REEVE_OUTCOME_REFUSED, REEVE_REASON_NOT_PERMITTED,
                             "only root, or who owns that very file, may change it");
        else
                return false;
        return true;
}

static void set_run(Job *j, const ApplySet *set) {
        BudgetFacts facts = facts_of(j);
        bool owns = false, any = false;
        Budget budget;

        budget_of(j->a, j->e->path, &budget);
        j->adjust_of = budget.adjust_of;
        for (int key = 0; key < LIMIT_KEYS; key++) {
                BudgetValue anonymous = set->values[key];
                bool own_file = false;

                if (!anonymous.at.order)
                        continue;
                anonymous.at.file = NULL;
                plan_value(j, (LimitKey) key, &anonymous, &facts, set->risk, REEVE_REASON_REQUESTED);
                j->changes[key].active = true;
                any |= !set_refused(j, (LimitKey) key, &set->requester, &own_file);
                owns |= own_file;
        }
        if (!any)
                return;
        decide_owner(j, budget.own, /* fresh= */ false, owns);
        /* On disk with what was before, so that a restart holds to it as well. */
        for (int key = 0; key < LIMIT_KEYS; key++)
                if (j->changes[key].active && !j->dry_run) {
                        j->e->values[key].set = true;
                        j->e->values[key].set_value = set->values[key];
                        j->e->values[key].set_risk = set->risk;
                }
        run(j);
}

void applier_set(Applier *a, const ApplySet *set) {
        LimitEntry *known = limitstate_find(&a->state, set->id), *e = known;
        _cleanup_close_ int dirfd = cgroupfs_open_sure(&a->fs, set->id, set->path);
        Job j = { .a = a, .requester = &set->requester, .dirfd = dirfd };

        j.dry_run = set->dry_run || a->mode != REEVE_MODE_ACT;
        if (!e)
                e = limitstate_add(&a->state, set->id, set->path);
        if (!e)
                return;
        j.e = e;
        set_run(&j, set);
        /* A Set that was refused leaves nothing to hold to. */
        for (int key = 0; key < LIMIT_KEYS; key++)
                if (set->values[key].at.order && !e->values[key].applied)
                        e->values[key].set = false;
        if (!known && !limitstate_is_used(e))
                limitstate_remove(&a->state, e);
        else if (a->drift && dirfd >= 0)
                (void) drift_watch(a->drift, e->id, e->path, dirfd);
        a->dirty = true;
        applier_settle(a);
}

/* systemd, if the unit's own property says the same; else somebody past it. */
static ReeveLimitBy whose_hand(Applier *a, const DriftChange *change, char unit[256]) {
        SystemdUnit found;
        int64_t told;

        *unit = '\0';
        if (!a->systemd || systemd_unit_of(a->systemd, change->path, &found, NULL, 0) < 0 || !found.exact)
                return REEVE_LIMIT_BY_OTHER;
        (void) snprintf(unit, 256, "%s", found.name);
        if (systemd_get_limit(a->systemd, found.name, change->key, &told) < 0)
                return REEVE_LIMIT_BY_OTHER;
        if (told != LIMIT_MAX)
                told = told / a->page_size * a->page_size;
        return told == change->after ? REEVE_LIMIT_BY_SYSTEMD : REEVE_LIMIT_BY_OTHER;
}

static void drift_changed(const DriftChange *change, void *userdata) {
        Applier *a = userdata;
        LimitEntry *e = limitstate_find(&a->state, change->id);
        const LimitValue *v = e ? &e->values[change->key] : NULL;
        int64_t values[2] = { change->after, least_above(a, change->path, change->key) };
        char unit[256];
        LimitResult result = {
                .time_nsec = boottime_nsec(),
                .cgroup_id = change->id,
                .path = change->path,
                .key = change->key,
                .wanted = v && v->changed ? v->wanted : LIMIT_UNKNOWN,
                .before = change->before,
                .after = change->after,
                .effective_bytes = budget_effective(values, 2),
                .by = whose_hand(a, change, unit),
                .reason = REEVE_REASON_CHANGED_BY_OTHER,
                .outcome = REEVE_OUTCOME_DONE,
        };

        result.unit = *unit ? unit : NULL;
        if (e) {
                e->values[change->key].current = change->after;
                e->values[change->key].applied = v->changed && v->wanted == change->after;
        }
        if (a->emit)
                a->emit(&result, a->userdata);
}

/* Shares of a limit that changed are other bytes now. */
static void shares_again(Applier *a) {
        for (LimitEntry *e = a->state.entries, *next; e; e = next) {
                Budget budget;
                bool shares = false;

                next = e->next;
                budget_of(a, e->path, &budget);
                for (int key = 0; key < LIMIT_MEMORY_COUNT; key++)
                        shares |= (e->values[key].set ? e->values[key].set_value.percent : budget.limits[key].percent) &&
                                  e->values[key].applied;
                if (shares)
                        entry_apply(a, e, /* fresh= */ false);
        }
}

typedef struct DriftRound {
        Applier *a;
        bool max_changed;
} DriftRound;

static void drift_one(const DriftChange *change, void *userdata) {
        DriftRound *round = userdata;

        drift_changed(change, round->a);
        round->max_changed |= change->key == LIMIT_MEMORY_MAX;
}

void applier_drift(Applier *a) {
        DriftRound round = { .a = a };

        drift_read(a->drift, drift_one, &round);
        if (round.max_changed && a->mode == REEVE_MODE_ACT)
                shares_again(a);
        if (a->mode == REEVE_MODE_ACT && a->config)
                remove_unconfigured(a);
}

int applier_uninstall(Applier *a) {
        int left = 0;

        a->mode = REEVE_MODE_ACT;
        a->config = config_unref(a->config);
        for (LimitEntry *e = a->state.entries; e; e = e->next)
                for (int key = 0; key < LIMIT_KEYS; key++)
                        e->values[key].set = false;
        for (LimitEntry *e = a->state.entries, *next; e; e = next) {
                next = e->next;
                entry_apply(a, e, /* fresh= */ false);
        }
        remove_unconfigured(a);
        applier_reload(a);
        a->dirty = true;
        applier_settle(a);
        for (LimitEntry *e = a->state.entries; e; e = e->next)
                for (int key = 0; key < LIMIT_KEYS; key++)
                        left += e->values[key].changed;
        return left;
}
