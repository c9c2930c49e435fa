#pragma once
/* What `status` shows of the budgeted cgroups: a copy of what the slow hand knows. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "supervisor/act/limitstate.h"

/* One budgeted cgroup, for `status`. */
typedef struct BudgetsStatus {
        uint64_t id;
        char *path;
        char *unit;                      /* NULL: none */
        struct {
                bool wanted, applied;    /* @applied: the kernel holds @value */
                int64_t value;           /* what is wanted */
                int64_t current;         /* as last read; LIMIT_UNKNOWN */
                ReeveReason reason;      /* why not, where refused */
        } limits[LIMIT_KEYS];
} BudgetsStatus;

/* A copy of all entries of @state: *@ret_n structs in *@ret, to be freed by budgets_status_free(). Returns 0 or -ENOMEM. */
int budgets_status_take(const LimitState *state, BudgetsStatus **ret, size_t *ret_n);

/* The same of the @n of @from. */
int budgets_status_copy(const BudgetsStatus *from, size_t n, BudgetsStatus **ret);

/* Frees @s. */
void budgets_status_free(BudgetsStatus *s, size_t n);
