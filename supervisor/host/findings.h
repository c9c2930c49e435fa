#pragma once
/* What a look at the host found: a list that grows. */
#include <stddef.h>

/* How much it matters. */
typedef enum FindingState {
        FINDING_OK,
        FINDING_NOTE,             /* worth knowing; nothing to do */
        FINDING_WARNING,          /* Reeve sees or does less than it could */
        FINDING_PROBLEM,          /* Reeve cannot do its work */
} FindingState;

/* "ok", "note", "warning", "problem". */
const char *finding_state_to_string(FindingState state);

/* One thing that was looked at. */
typedef struct Finding {
        char name[32];            /* a stable word: "memory_controller" */
        FindingState state;
        char value[320];          /* what is there */
        char meaning[320];        /* what that means for Reeve */
        char change[400];         /* what to change, or empty */
} Finding;

/* All that was found, in the order it is told. */
typedef struct Findings {
        Finding *items;
        size_t n, capacity;
} Findings;

#define FINDINGS_INIT { .items = NULL }

/* Frees what @f holds; @f is as FINDINGS_INIT again. */
void findings_clear(Findings *f);

/* Appends a finding. Returns 0 or -ENOMEM. */
int findings_add(Findings *f, const char *name, FindingState state, const char *value, const char *meaning, const char *change);
