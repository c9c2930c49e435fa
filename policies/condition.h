#pragma once
/* Does a condition of a rule hold? The measured value, and for how long it has been past its threshold. */
#include "policies/observation.h"
#include "policies/rule.h"

/* Growth by which candidates are ranked, and the window of livelock: neither has an `over`. */
#define CONDITION_GROWTH_USEC UINT64_C(10000000)
#define CONDITION_LIVELOCK_USEC UINT64_C(5000000)

/* What was measured: a share (0 to 1), bytes, bytes per second, a count, microseconds, or 0 and 1, by the condition. */
typedef struct ConditionValue {
        bool known;
        double value, threshold;
} ConditionValue;

/* Zeroed at first. */
typedef struct ConditionState {
        bool over;                       /* past the threshold at the last look ... */
        uint64_t since_usec;             /* ... since then */
        bool holds;                      /* and for long enough */
        ConditionValue last;
} ConditionState;

/* Measures @c. @host may be NULL: not known. */
ConditionValue condition_measure(const RuleCondition *c, const Observation *o, const HostReading *host);

/* Feeds one value measured at @now_usec. Returns whether the condition holds: it has been past its threshold for `for`
 * without a break. Once it holds it stays until the value is back by a twentieth, so that it does not flutter. What is not
 * known breaks it. */
bool condition_feed(ConditionState *s, const RuleCondition *c, ConditionValue value, uint64_t now_usec);

/* Whether @c can hold of a cgroup in which nothing moves. @still: its last reading, alone. Within a tenth of the threshold
 * counts, for who is so near is to be looked at. */
bool condition_still(const RuleCondition *c, const Observation *still, const HostReading *host);

/* Whether the kernel tells in time that @c may come true: it needs a stall or an event of memory.events, so whoever sees neither
 * there need not measure it. */
bool condition_heralded(const RuleCondition *c);

/* How far back a condition looks; microseconds. */
uint64_t condition_reach(const RuleCondition *c);

/* Whether it is measured by one field over the whole of condition_reach(), and by which. */
bool condition_tracked(const RuleCondition *c, ObservationField *ret);
