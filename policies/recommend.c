#include "policies/recommend.h"

#define HOUR_USEC (UINT64_C(3600) * 1000000)
enum { LOOKS_LEAST = 10, KILLED_PERCENT = 25 };

/* To whole MiB, of large ones to a power of two of them: within a hundredth. */
static int64_t round_up(int64_t bytes) {
        int64_t step = 1 << 20;

        while (step < bytes / 128 && step < INT64_MAX / 64)
                step *= 2;
        return bytes > INT64_MAX - step ? bytes : (bytes + step - 1) / step * step;
}

static unsigned doubts_of(const RecommendSeen *s) {
        unsigned doubts = 0;

        if (s->n < LOOKS_LEAST)
                doubts |= RECOMMEND_FEW;
        if (s->span_usec < HOUR_USEC)
                doubts |= RECOMMEND_HOUR;
        else if (s->span_usec < 24 * HOUR_USEC)
                doubts |= RECOMMEND_DAY;
        if (s->own_kills > 0)
                doubts |= RECOMMEND_KILLED;
        if (s->n > 1 && s->median >= 0 && s->most > 2 * s->median)
                doubts |= RECOMMEND_SPREAD;
        return doubts;
}

static unsigned margin_of(unsigned doubts) {
        unsigned percent = doubts & (RECOMMEND_FEW | RECOMMEND_HOUR) ? 50 : doubts & RECOMMEND_DAY ? 30 : 20;

        return doubts & RECOMMEND_SPREAD ? percent + 10 : percent;
}

/* Whoever was killed at a limit wanted more than that. */
static int64_t need_of(const RecommendSeen *s) {
        int64_t need = s->n > 0 ? s->most : s->peak;

        if (s->own_kills > 0 && s->killed_at > 0 && s->killed_at < INT64_MAX / 200 && s->killed_at / 100 * (100 + KILLED_PERCENT) > need)
                need = s->killed_at / 100 * (100 + KILLED_PERCENT);
        return need;
}

static RecommendRisk risk_of(unsigned doubts) {
        if (doubts & (RECOMMEND_FEW | RECOMMEND_KILLED | RECOMMEND_HEAP | RECOMMEND_ABOVE))
                return RECOMMEND_HIGH;
        return doubts ? RECOMMEND_MEDIUM : RECOMMEND_LOW;
}

bool recommend_budget(const RecommendSeen *s, Recommendation *ret) {
        Recommendation r = { .need = need_of(s), .doubts = doubts_of(s) };

        if (r.need <= 0 || r.need > INT64_MAX / 200)
                return false;
        r.margin_percent = margin_of(r.doubts);
        r.max = round_up(r.need / 100 * (int64_t) (100 + r.margin_percent));
        /* Between the two it is slowed down, and has time to be seen; without that room it would only be slowed down. */
        r.high = round_up(r.need / 100 * (int64_t) (100 + r.margin_percent / 2));
        r.low = s->n > 0 && s->median > 0 ? round_up(s->median) : 0;
        if (r.low > r.high)
                r.low = r.high;
        if (s->heap > r.max)
                r.doubts |= RECOMMEND_HEAP;
        if (s->available >= 0 && s->available < r.max)
                r.doubts |= RECOMMEND_ABOVE;
        r.risk = risk_of(r.doubts);
        *ret = r;
        return true;
}

const char *recommend_risk_to_string(int risk) {
        static const char *const words[] = { [RECOMMEND_LOW] = "low", [RECOMMEND_MEDIUM] = "medium", [RECOMMEND_HIGH] = "high" };

        return risk >= 0 && risk <= RECOMMEND_HIGH ? words[risk] : NULL;
}
