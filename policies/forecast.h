#pragma once
/* Forecast: when will unreclaimable memory reach the limit? By a slope that single leaps do not bend, and only as far as it is
 * certain. */
#include "policies/observation.h"

/* What is looked at: the last minutes of a steady leak are as good as the last seconds of a sudden one. */
#define FORECAST_LONG_USEC UINT64_C(10000000)
#define FORECAST_SHORT_USEC UINT64_C(3000000)
#define FORECAST_LEAST_USEC UINT64_C(800000)

/* Growth of unreclaimable memory in bytes per second over the last @over_usec, or over what there is of them: that which is
 * exceeded with a confidence of 97.5 % (the lower end of the two-sided 95 % interval of the Theil-Sen slope, by Kendall's
 * statistic). At or below 0: it is not certain that it grows. false with fewer than five readings or less than
 * FORECAST_LEAST_USEC of them. */
bool forecast_growth(const Observation *o, uint64_t over_usec, double *ret);

/* Microseconds until unreclaimable memory reaches the limit at forecast_growth(), the sooner of what the last FORECAST_SHORT_USEC
 * and the last FORECAST_LONG_USEC say: with 97.5 % confidence it is there by then, if it goes on as it did. INFINITY where it does
 * not certainly grow or has no limit. */
bool forecast_time_to_limit(const Observation *o, double *ret);
