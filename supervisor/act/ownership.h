#pragma once
/* Whose is it to write a cgroup's limits: systemd's for the exact cgroup of a unit, Reeve's where the configuration gives it,
 * nobody's of ours otherwise. Pure. */
#include <stdbool.h>
#include <stddef.h>

#include "policies/budget.h"

/* Below this unit Reeve makes cgroups of its own. */
#define OWNERSHIP_GROUPS_UNIT "reeve-groups.service"
#define OWNERSHIP_GROUPS_PATH "/system.slice/reeve-groups.service"

typedef enum OwnershipKind {
        OWNERSHIP_REFUSED,
        OWNERSHIP_UNIT,                  /* told to systemd */
        OWNERSHIP_OWNED,                 /* Own=create: by libcgroup */
        OWNERSHIP_ADOPTED,               /* Own=adopt: by descriptor */
} OwnershipKind;

typedef struct OwnershipFacts {
        const char *path;
        BudgetOwn own;
        bool systemd;                    /* it could be asked */
        int error;                       /* negative errno: it was asked and gave no answer */
        bool unit_known;                 /* and knows a unit at or above @path */
        const char *unit;                /* its name */
        bool exact;                      /* whose ControlGroup is @path */
        bool delegate;
        bool owner_asks;                 /* the peer owns the very file that is to be written */
} OwnershipFacts;

typedef struct Ownership {
        OwnershipKind kind;
        ReeveReason reason;              /* of a refusal */
        char text[512];                  /* of a refusal, for people */
} Ownership;

/* Decides. */
void ownership_decide(const OwnershipFacts *facts, Ownership *ret);
