#pragma once
/* The cgroups whose limits Reeve changed, with what was before: kept in memory by the slow hand and in limits.json, which
 * is on disk before the write it describes, so that a crash at any point can be undone. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policies/budget.h"
#include "supervisor/act/ownership.h"

typedef struct LimitValue {
        /* what is on disk */
        bool changed;                    /* by Reeve: @before is to return */
        int64_t before;
        bool dropin_before;              /* systemd had a runtime drop-in for it already */
        int64_t wanted;                  /* what was asked for last; void unless @changed or @refused */
        bool set;                        /* asked by Set: stays whatever the configuration says */
        BudgetValue set_value;
        bool set_risk;
        bool lever_over;                 /* by a rule's step whose incident is over; at a start: any such */
        uint64_t lever_incident;         /* void unless by a rule's step */
        /* what is not */
        bool lever;                      /* by a rule's step: before all else, until it is lifted */
        int64_t lever_value;
        bool applied;                    /* the kernel was seen to hold @wanted */
        bool refused;                    /* it was refused, as told in a record */
        ReeveReason reason;
} LimitValue;

typedef struct LimitEntry {
        struct LimitEntry *next;
        uint64_t id;
        char *path;
        char *unit;                      /* it was told to; NULL: none */
        bool created;                    /* by Own=create */
        bool frozen;                     /* right now, by Reeve */
        BudgetAdjustOf adjust_of;
        LimitValue values[LIMIT_KEYS];
} LimitEntry;

typedef struct LimitState {
        LimitEntry *entries;
        size_t count;
        char *directory;                 /* of limits.json; NULL: in memory only */
} LimitState;

/* Reads limits.json of @directory into @ret; entries of another boot are left out, for all they tell of ended with it. A file
 * that is missing is an empty state; one that is damaged is set aside as limits.json.damaged. Returns 0 or -errno. */
int limitstate_load(LimitState *ret, const char *directory);

/* Writes it anew, atomically and durably. Returns 0 or -errno. */
int limitstate_save(const LimitState *s);

/* Frees what @s holds. */
void limitstate_done(LimitState *s);

/* The entry of cgroup @id, or NULL. */
LimitEntry *limitstate_find(const LimitState *s, uint64_t id);

/* A new entry in front. NULL: no memory. */
LimitEntry *limitstate_add(LimitState *s, uint64_t id, const char *path);

/* Takes @e out and frees it. */
void limitstate_remove(LimitState *s, LimitEntry *e);

/* Whether @e has anything that is to be undone or kept. */
bool limitstate_is_used(const LimitEntry *e);
