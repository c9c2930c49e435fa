#pragma once
/* Recommend: a budget for a cgroup from what was seen of it. Nothing is tried out; what it comes to hangs on how long and how
 * well it was watched, and that is said with it. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What was seen. Bytes; below 0: not known. */
typedef struct RecommendSeen {
        size_t n;                        /* looks */
        uint64_t span_usec;              /* from the first to the last of them */
        int64_t least, median, most;     /* unreclaimable memory and swap, over the looks */
        int64_t peak;                    /* memory.peak, with page cache */
        uint64_t own_kills;              /* by its own limit, in what is kept of records */
        int64_t killed_at;               /* the highest limit at which */
        int64_t heap;                    /* what the JVMs in it may take for their heaps, together */
        int64_t available;               /* the least limit above it, or RAM */
} RecommendSeen;

typedef enum RecommendRisk { RECOMMEND_LOW, RECOMMEND_MEDIUM, RECOMMEND_HIGH } RecommendRisk;

/* Why the risk is what it is: bits. */
typedef enum RecommendDoubt {
        RECOMMEND_FEW = 1 << 0,          /* fewer than ten looks */
        RECOMMEND_HOUR = 1 << 1,         /* watched for less than an hour */
        RECOMMEND_DAY = 1 << 2,          /* ... than a day: not a busy and a quiet hour */
        RECOMMEND_KILLED = 1 << 3,       /* it wanted more than it had, and nobody knows how much */
        RECOMMEND_SPREAD = 1 << 4,       /* it uses now half, now double */
        RECOMMEND_HEAP = 1 << 5,         /* its JVMs may take more than that */
        RECOMMEND_ABOVE = 1 << 6,        /* a limit above it is lower */
} RecommendDoubt;

typedef struct Recommendation {
        int64_t need;                    /* what it is made from */
        unsigned margin_percent;         /* on top of that */
        int64_t low, high, max;          /* MemoryLow=, MemoryHigh=, MemoryMax= */
        RecommendRisk risk;
        unsigned doubts;                 /* RecommendDoubt bits */
} Recommendation;

/* Recommends. Returns false where nothing was seen that would carry it. */
bool recommend_budget(const RecommendSeen *seen, Recommendation *ret);

/* "low", "medium", "high". NULL out of range. */
const char *recommend_risk_to_string(int risk);
