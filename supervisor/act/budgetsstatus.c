#include "supervisor/act/budgetsstatus.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void entry_copy(BudgetsStatus *to, const LimitEntry *e) {
        *to = (BudgetsStatus) { .id = e->id, .path = strdup(e->path), .unit = e->unit ? strdup(e->unit) : NULL };
        for (int key = 0; key < LIMIT_KEYS; key++) {
                const LimitValue *v = &e->values[key];

                to->limits[key].wanted = v->changed || v->applied || v->refused || v->set;
                to->limits[key].applied = v->applied;
                to->limits[key].value = v->wanted;
                to->limits[key].current = v->current;
                to->limits[key].reason = v->reason;
        }
}

int budgets_status_take(const LimitState *state, BudgetsStatus **ret, size_t *ret_n) {
        BudgetsStatus *s = calloc(state->count + 1, sizeof(*s));
        size_t n = 0;

        if (!s)
                return -ENOMEM;
        for (const LimitEntry *e = state->entries; e; e = e->next)
                entry_copy(&s[n++], e);
        *ret = s;
        *ret_n = n;
        return 0;
}

int budgets_status_copy(const BudgetsStatus *from, size_t n, BudgetsStatus **ret) {
        BudgetsStatus *copy = calloc(n + 1, sizeof(*copy));
        bool whole = true;

        if (!copy)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                copy[i] = from[i];
                copy[i].path = strdup(from[i].path ? from[i].path : "");
                copy[i].unit = from[i].unit ? strdup(from[i].unit) : NULL;
                whole &= copy[i].path != NULL;
        }
        if (!whole) {
                budgets_status_free(copy, n);
                return -ENOMEM;
        }
        *ret = copy;
        return 0;
}

void budgets_status_free(BudgetsStatus *s, size_t n) {
        for (size_t i = 0; s && i < n; i++) {
                free(s[i].path);
                free(s[i].unit);
        }
        free(s);
}
