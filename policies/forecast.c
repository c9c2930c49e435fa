#include "policies/forecast.h"

#include <math.h>
#include <string.h>

enum { POINTS_LEAST = 5, POINTS_MAX = 32, PAIRS_MAX = POINTS_MAX * (POINTS_MAX - 1) / 2 };

/* Which of the sorted slopes of n points is the lower end of the 95 % interval: (N - 1.96 sqrt(n (n-1) (2n+5) / 18)) / 2 of the
 * N = n (n-1) / 2 slopes. */
static const unsigned char lower_end[POINTS_MAX + 1] = {
        [5] = 0,   [6] = 2,   [7] = 3,   [8] = 6,   [9] = 8,    [10] = 11,  [11] = 14,  [12] = 18,  [13] = 22,  [14] = 27,
        [15] = 32, [16] = 38, [17] = 44, [18] = 50, [19] = 57,  [20] = 64,  [21] = 72,  [22] = 80,  [23] = 89,  [24] = 98,
        [25] = 108, [26] = 118, [27] = 128, [28] = 139, [29] = 150, [30] = 162, [31] = 174, [32] = 187,
};

/* Keeps @n slopes sorted. */
static void insert(double *slopes, size_t n, double slope) {
        size_t low = 0, high = n;

        while (low < high) {
                size_t middle = (low + high) / 2;

                if (slopes[middle] <= slope)
                        low = middle + 1;
                else
                        high = middle;
        }
        memmove(&slopes[low + 1], &slopes[low], (n - low) * sizeof(*slopes));
        slopes[low] = slope;
}

static size_t collect(const Observation *o, uint64_t over_usec, const Reading *points[static POINTS_MAX]) {
        const Reading *last = observation_last(o);
        size_t n = 0;

        /* The newest, where there are more. */
        for (size_t i = o->n; i-- > 0 && n < POINTS_MAX;) {
                const Reading *r = observation_at(o, i);

                if (last->time_usec - r->time_usec > over_usec)
                        break;
                if (r->unreclaimable >= 0)
                        points[n++] = r;
        }
        return n;
}

bool forecast_growth(const Observation *o, uint64_t over_usec, double *ret) {
        const Reading *points[POINTS_MAX];
        double slopes[PAIRS_MAX];
        size_t n, pairs = 0;

        if (o->n == 0)
                return false;
        n = collect(o, over_usec, points);
        if (n < POINTS_LEAST || points[0]->time_usec - points[n - 1]->time_usec < FORECAST_LEAST_USEC)
                return false;
        for (size_t i = 0; i < n; i++)
                for (size_t k = i + 1; k < n; k++) {
                        double rise = (double) (points[i]->unreclaimable - points[k]->unreclaimable);

                        insert(slopes, pairs++, rise * 1e6 / (double) (points[i]->time_usec - points[k]->time_usec));
                }
        *ret = slopes[lower_end[n]];
        return true;
}

bool forecast_time_to_limit(const Observation *o, double *ret) {
        const Reading *last = observation_last(o);
        double lately, each;

        if (!last || last->limit < 0 || last->unreclaimable < 0 || !forecast_growth(o, FORECAST_LONG_USEC, &each))
                return false;
        if (forecast_growth(o, FORECAST_SHORT_USEC, &lately) && lately > each)
                each = lately;
        if (last->limit == READING_UNLIMITED || each <= 0)
                *ret = (double) INFINITY;
        else
                *ret = last->limit > last->unreclaimable ? (double) (last->limit - last->unreclaimable) / each * 1e6 : 0;
        return true;
}
