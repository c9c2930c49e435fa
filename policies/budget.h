#pragma once
/* Budgets: which sections of the configuration concern a cgroup, what they ask of it together, and what that is in bytes. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policies/limit.h"

/* Where a value of the configuration stands. @order counts all assignments in reading order, from 1; 0: nowhere. */
typedef struct Origin {
        const char *file;                /* as given to the parser, "/etc/reeve/policies.d/web.conf" */
        unsigned line;
        unsigned order;
} Origin;

/* One value of a key that may be given several times. */
typedef struct ConfigItem {
        const char *text;
        Origin at;
} ConfigItem;

/* A list of texts as configured, in reading order. */
typedef struct ConfigList {
        ConfigItem *items;
        size_t count;
} ConfigList;

/* N times within a span: "5 per 1h". */
typedef struct Quota {
        uint64_t count;
        uint64_t per_usec;
        Origin at;                       /* order 0: not given */
} Quota;

typedef enum BudgetOwn { BUDGET_OWN_NO, BUDGET_OWN_CREATE, BUDGET_OWN_ADOPT } BudgetOwn;
typedef enum BudgetAdjustOf { BUDGET_ADJUST_MAIN, BUDGET_ADJUST_ALL } BudgetAdjustOf;

/* A limit as written: bytes (LIMIT_MAX: max), 0 or 1, an oom_score_adj, or a share of what the ancestors leave. */
typedef struct BudgetValue {
        Origin at;                       /* order 0: not given */
        int64_t value;
        uint32_t permyriad;              /* not 0: hundredths of a percent; @value is void */
        bool percent;
} BudgetValue;

typedef struct BudgetSwitch {
        Origin at;                       /* order 0: not given */
        int value;
} BudgetSwitch;

/* A [budget NAME] with all that the files add to it. */
typedef struct BudgetSection {
        const char *name;
        Origin at;                       /* its first header */
        ConfigList match;
        BudgetValue limits[LIMIT_KEYS];
        BudgetSwitch adjust_of;          /* BudgetAdjustOf */
        BudgetSwitch own;                /* BudgetOwn */
        BudgetSwitch risk;
        BudgetSwitch enabled;            /* value 1 where not given */
        Quota kill_budget;
        ConfigList labels;               /* "team=search" */
        ConfigList documentation;
} BudgetSection;

/* What all sections ask of one cgroup together: key by key, the last in reading order. */
typedef struct Budget {
        bool any;                        /* some section matches */
        BudgetValue limits[LIMIT_KEYS];
        BudgetAdjustOf adjust_of;
        Origin adjust_of_at;
        BudgetOwn own;
        Origin own_at;
        bool risk;
        Origin risk_at;
        Quota kill_budget;
        const BudgetSection *kill_budget_section;
} Budget;

/* Collects in *@ret what the @n sections ask of the cgroup at @path. Values point into the sections. */
void budget_collect(const BudgetSection *sections, size_t n, const char *path, Budget *ret);

/* Whether any section matches @path. */
bool budget_any(const BudgetSection *sections, size_t n, const char *path);

/* The @index-th label of @path over all sections, "team=search", the last of each name only; NULL past the end. */
const ConfigItem *budget_label(const BudgetSection *sections, size_t n, const char *path, size_t index);

/* The @index-th link of @path over all sections; NULL past the end. */
const ConfigItem *budget_documentation(const BudgetSection *sections, size_t n, const char *path, size_t index);

/* What a percentage is taken of, and how large a page is. */
typedef struct BudgetFacts {
        int64_t ancestors_max;           /* least memory.max over the ancestors (not the cgroup itself); LIMIT_MAX: none */
        int64_t ram_bytes;
        int64_t page_size;
} BudgetFacts;

/* @value in the kernel's own terms for @key: a share becomes bytes of the lesser of the ancestors' least memory.max and RAM,
 * bytes are rounded down to pages as the kernel does, LIMIT_MAX and other keys stay. */
int64_t budget_resolve(LimitKey key, const BudgetValue *value, const BudgetFacts *facts);

/* The least of @n values of one memory key, those of the cgroup and of its ancestors; unknown ones (LIMIT_UNKNOWN) are passed
 * over. LIMIT_UNKNOWN where all are. */
int64_t budget_effective(const int64_t *values, size_t n);

/* "web.conf:12": the last part of the file's name and the line, for records. Returns @buf. */
const char *origin_format(const Origin *at, char *buf, size_t size);
