#include "policies/condition.h"

#include "policies/forecast.h"

static ConditionValue unknown(double threshold) {
        return (ConditionValue) { .threshold = threshold };
}

static ConditionValue measured(double value, double threshold) {
        return (ConditionValue) { .known = true, .value = value, .threshold = threshold };
}

/* An amount against bytes, or as a share of what it is part of. Of no limit nothing is a share. */
static ConditionValue amount(const RuleCondition *c, int64_t bytes, int64_t whole) {
        if (c->unit == RULE_BYTES)
                return bytes < 0 ? unknown((double) c->value) : measured((double) bytes, (double) c->value);
        if (bytes < 0 || whole < 0)
                return unknown(c->ratio);
        /* Free swap of none is none. */
        if (whole == 0)
                return measured(0, c->ratio);
        return measured(whole == READING_UNLIMITED ? 0 : (double) bytes / (double) whole, c->ratio);
}

static ObservationField counter_of(const RuleCondition *c) {
        switch (c->what) {
        case RULE_HIGH: return OBSERVATION_HIGH;
        case RULE_MAX: return c->local ? OBSERVATION_MAX_LOCAL : OBSERVATION_MAX;
        case RULE_OOM: return c->local ? OBSERVATION_OOM_LOCAL : OBSERVATION_OOM;
        default: return OBSERVATION_OOM_KILL;
        }
}

static ConditionValue counted(const RuleCondition *c, const Observation *o) {
        int64_t n;

        return observation_count(o, counter_of(c), c->per_usec, &n) ? measured((double) n, (double) c->value) : unknown((double) c->value);
}

static ConditionValue stalled(const RuleCondition *c, const Observation *o, bool full) {
        double share;

        return observation_stall(o, full, c->over_usec, &share) ? measured(share, c->ratio) : unknown(c->ratio);
}

static ConditionValue speed(const RuleCondition *c, const Observation *o) {
        double each;
        bool known = c->what == RULE_GROWTH ? observation_growth(o, c->over_usec, &each) : observation_refault(o, c->over_usec, &each);

        return known ? measured(each, (double) c->value) : unknown((double) c->value);
}

static ConditionValue time_to_limit(const RuleCondition *c, const Observation *o) {
        double usec;

        return forecast_time_to_limit(o, &usec) ? measured(usec, (double) c->value)
                                                                          : unknown((double) c->value);
}

static ConditionValue livelock(const Observation *o) {
        bool is;

        return observation_livelock(o, CONDITION_LIVELOCK_USEC, &is) ? measured(is, 1) : unknown(1);
}

ConditionValue condition_measure(const RuleCondition *c, const Observation *o, const HostReading *host) {
        const HostReading none = { READING_UNKNOWN, READING_UNKNOWN, READING_UNKNOWN, READING_UNKNOWN };
        const Reading *r = observation_last(o);

        if (!host)
                host = &none;
        switch (c->what) {
        case RULE_MEMORY_SOME: return stalled(c, o, false);
        case RULE_MEMORY_FULL: return stalled(c, o, true);
        case RULE_USAGE: return amount(c, r ? r->current : READING_UNKNOWN, r ? r->limit : READING_UNKNOWN);
        case RULE_UNRECLAIMABLE: return amount(c, r ? r->unreclaimable : READING_UNKNOWN, r ? r->limit : READING_UNKNOWN);
        case RULE_SWAP: return amount(c, r ? r->swap : READING_UNKNOWN, r ? r->swap_limit : READING_UNKNOWN);
        case RULE_GROWTH:
        case RULE_REFAULT: return speed(c, o);
        case RULE_HIGH:
        case RULE_MAX:
        case RULE_OOM:
        case RULE_OOM_KILL: return counted(c, o);
        case RULE_TIME_TO_LIMIT: return time_to_limit(c, o);
        case RULE_LIVELOCK: return livelock(o);
        case RULE_HOST_AVAILABLE: return amount(c, host->available, host->total);
        case RULE_HOST_SWAP: return amount(c, host->swap_free, host->swap_total);
        default: return unknown(0);
        }
}

/* @slack: how much of the threshold the value may fall short of it. */
static bool past(const RuleCondition *c, const ConditionValue *v, double slack) {
        if (!v->known)
                return false;
        if (c->unit == RULE_TRUTH)
                return v->value > 0;
        return c->below ? v->value < v->threshold * (1 + slack) : v->value > v->threshold * (1 - slack);
}

bool condition_feed(ConditionState *s, const RuleCondition *c, ConditionValue value, uint64_t now_usec) {
        bool over = past(c, &value, s->holds ? 0.05 : 0);

        if (over && !s->over)
                s->since_usec = now_usec;
        s->over = over;
        s->last = value;
        s->holds = over && now_usec - s->since_usec >= c->for_usec;
        return s->holds;
}

/* What is measured over a span rather than at a moment: nothing of it where nothing moves. */
static bool is_motion(RuleWhat what) {
        switch (what) {
        case RULE_USAGE:
        case RULE_UNRECLAIMABLE:
        case RULE_SWAP:
        case RULE_HOST_AVAILABLE:
        case RULE_HOST_SWAP: return false;
        default: return true;
        }
}

bool condition_still(const RuleCondition *c, const Observation *still, const HostReading *host) {
        ConditionValue value;

        /* It never reaches a limit, and of all else it has none. */
        if (is_motion(c->what))
                return c->what == RULE_TIME_TO_LIMIT ? !c->below : c->below;
        value = condition_measure(c, still, host);
        return past(c, &value, 0.1);
}

bool condition_heralded(const RuleCondition *c) {
        return !c->below && is_motion(c->what) && c->what != RULE_GROWTH && c->what != RULE_TIME_TO_LIMIT;
}

uint64_t condition_reach(const RuleCondition *c) {
        if (c->what == RULE_TIME_TO_LIMIT)
                return FORECAST_LONG_USEC;
        if (c->what == RULE_LIVELOCK)
                return CONDITION_LIVELOCK_USEC;
        return c->unit == RULE_COUNT ? c->per_usec : c->over_usec;
}

bool condition_tracked(const RuleCondition *c, ObservationField *ret) {
        switch (c->what) {
        case RULE_MEMORY_SOME: *ret = OBSERVATION_SOME; return true;
        case RULE_MEMORY_FULL: *ret = OBSERVATION_FULL; return true;
        case RULE_GROWTH: *ret = OBSERVATION_UNRECLAIMABLE; return true;
        case RULE_REFAULT: *ret = OBSERVATION_REFAULT; return true;
        case RULE_HIGH:
        case RULE_MAX:
        case RULE_OOM:
        case RULE_OOM_KILL: *ret = counter_of(c); return true;
        default: return false;
        }
}
