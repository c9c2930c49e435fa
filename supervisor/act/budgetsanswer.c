#include "supervisor/act/budgetsanswer.h"

#include <stdlib.h>
#include <string.h>

BudgetsAnswer *budgets_answer_new(BudgetsAnswerType type, uint64_t cookie) {
        BudgetsAnswer *a = calloc(1, sizeof(*a));

        if (a)
                *a = (BudgetsAnswer) { .type = type, .cookie = cookie };
        return a;
}

/* An answer with its texts behind it, in one piece of memory. */
static const char *keep(char **end, const char *s) {
        char *start = *end;

        if (!s)
                return NULL;
        strcpy(start, s);
        *end += strlen(s) + 1;
        return start;
}

static size_t length_of(const char *s) {
        return s ? strlen(s) + 1 : 0;
}

BudgetsAnswer *budgets_answer_result(uint64_t cookie, const LimitResult *result) {
        const LimitRequester *by = &result->requested_by;
        BudgetsAnswer *a = calloc(1, sizeof(*a) + length_of(result->path) + length_of(result->unit) + length_of(result->origin) +
                                             length_of(result->error) + length_of(by->comm) + length_of(by->unit));
        char *end;

        if (!a)
                return NULL;
        end = (char *) (a + 1);
        a->type = BUDGETS_RESULT;
        a->cookie = cookie;
        a->result = *result;
        a->result.path = keep(&end, result->path);
        a->result.unit = keep(&end, result->unit);
        a->result.origin = keep(&end, result->origin);
        a->result.error = keep(&end, result->error);
        a->result.requested_by.comm = keep(&end, by->comm);
        a->result.requested_by.unit = keep(&end, by->unit);
        return a;
}

BudgetsAnswer *budgets_answer_free(BudgetsAnswer *a) {
        free(a);
        return NULL;
}
