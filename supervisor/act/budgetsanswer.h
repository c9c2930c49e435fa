#pragma once
/* What comes back from the slow hand. */
#include <stdint.h>

#include "policies/limit.h"

/* What an answer tells. */
typedef enum BudgetsAnswerType {
        BUDGETS_RESULT,                  /* @result: becomes a `limit` record */
        BUDGETS_DONE,                    /* all of @cookie is answered */
        BUDGETS_LEVER,                   /* @result's outcome, reason, before, after and error: a lever's, or of its lifting */
        BUDGETS_FORGET,                  /* @cookie is the id of a cgroup that is gone; budgets_pop() keeps it to itself */
} BudgetsAnswerType;

/* One answer, in one piece of memory. */
typedef struct BudgetsAnswer {
        BudgetsAnswerType type;
        uint64_t cookie;                 /* of budgets_set(), budgets_configure(); 0: of none */
        LimitResult result;              /* its texts live as long as the answer */
} BudgetsAnswer;

/* An answer of @type about @cookie. NULL: no memory. */
BudgetsAnswer *budgets_answer_new(BudgetsAnswerType type, uint64_t cookie);

/* A BUDGETS_RESULT with a copy of @result and its texts. NULL: no memory. */
BudgetsAnswer *budgets_answer_result(uint64_t cookie, const LimitResult *result);

/* Frees @a (NULL is fine). Returns NULL. */
BudgetsAnswer *budgets_answer_free(BudgetsAnswer *a);
