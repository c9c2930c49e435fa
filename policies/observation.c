#include "policies/observation.h"

enum { LEAST_POINTS = 3 };

void observation_init(Observation *o, Reading *ring, size_t size, uint64_t reach_usec) {
        /* Half as far again as asked, so that the reading before the window is there too. */
        *o = (Observation) { .ring = ring, .size = size, .spacing_usec = reach_usec * 3 / 2 / (size - 2) };
}

static Reading *at(const Observation *o, size_t i) {
        return &o->ring[(o->first + i) % o->size];
}

void observation_clear(Observation *o) {
        o->first = o->n = 0;
}

const Reading *observation_at(const Observation *o, size_t index) {
        return at(o, index);
}

const Reading *observation_last(const Observation *o) {
        return o->n ? at(o, o->n - 1) : NULL;
}

uint64_t observation_span(const Observation *o) {
        return o->n ? observation_last(o)->time_usec - at(o, 0)->time_usec : 0;
}

static bool fell(int64_t before, int64_t now) {
        return now >= 0 && before > now;
}

/* Counters of one cgroup never fall. */
static bool made_anew(const Reading *before, const Reading *now) {
        return fell(before->some_usec, now->some_usec) || fell(before->full_usec, now->full_usec) ||
               fell(before->refault, now->refault) || fell(before->high, now->high) || fell(before->max, now->max) ||
               fell(before->oom, now->oom) || fell(before->oom_kill, now->oom_kill) || fell(before->max_local, now->max_local) ||
               fell(before->oom_local, now->oom_local);
}

void observation_add(Observation *o, const Reading *reading) {
        const Reading *last = observation_last(o);

        if (last && reading->time_usec <= last->time_usec)
                return;
        if (last && made_anew(last, reading))
                observation_clear(o);
        else if (o->n >= 2 && o->n > o->size / 4 && last->time_usec - at(o, o->n - 2)->time_usec < o->spacing_usec)
                o->n--;
        if (o->n == o->size) {
                o->first = (o->first + 1) % o->size;
                o->n--;
        }
        *at(o, o->n++) = *reading;
}

/* Where the window of @over_usec begins; false where the history does not reach back so far. */
static bool begin(const Observation *o, uint64_t over_usec, uint64_t *ret) {
        const Reading *last = observation_last(o);

        if (!last || o->n < 2 || over_usec == 0 || last->time_usec < over_usec || at(o, 0)->time_usec > last->time_usec - over_usec)
                return false;
        *ret = last->time_usec - over_usec;
        return true;
}

typedef int64_t (*Field)(const Reading *r);

/* The value of a rising counter at @time, between two readings as if it rose evenly. */
static bool value_at(const Observation *o, Field field, uint64_t time, double *ret) {
        for (size_t i = o->n - 1; i-- > 0;) {
                const Reading *before = at(o, i), *after = at(o, i + 1);
                double share;

                if (before->time_usec > time)
                        continue;
                if (field(before) < 0 || field(after) < 0)
                        return false;
                share = (double) (time - before->time_usec) / (double) (after->time_usec - before->time_usec);
                *ret = (double) field(before) + share * (double) (field(after) - field(before));
                return true;
        }
        return false;
}

/* How much a counter rose over the window, per microsecond. */
static bool rate(const Observation *o, Field field, uint64_t over_usec, double *ret) {
        uint64_t from;
        double first;

        if (!begin(o, over_usec, &from) || field(observation_last(o)) < 0 || !value_at(o, field, from, &first))
                return false;
        *ret = ((double) field(observation_last(o)) - first) / (double) over_usec;
        return true;
}

static int64_t some_of(const Reading *r) {
        return r->some_usec;
}

static int64_t full_of(const Reading *r) {
        return r->full_usec;
}

static int64_t refault_of(const Reading *r) {
        return r->refault;
}

static int64_t unreclaimable_of(const Reading *r) {
        return r->unreclaimable;
}

static int64_t swap_of(const Reading *r) {
        return r->swap;
}

bool observation_stall(const Observation *o, bool full, uint64_t over_usec, double *ret) {
        double share;

        if (!rate(o, full ? full_of : some_of, over_usec, &share))
                return false;
        *ret = share < 0 ? 0 : share > 1 ? 1 : share;
        return true;
}

bool observation_refault(const Observation *o, uint64_t over_usec, double *ret) {
        double each;

        if (!rate(o, refault_of, over_usec, &each))
                return false;
        *ret = each * 1e6;
        return true;
}

/* Least squares over the readings in the window; times are taken from its end, which keeps the sums small. */
static bool slope(const Observation *o, Field field, uint64_t over_usec, double *ret) {
        double n = 0, sum_t = 0, sum_v = 0, sum_tt = 0, sum_tv = 0;
        uint64_t from, end;

        if (!begin(o, over_usec, &from))
                return false;
        end = observation_last(o)->time_usec;
        for (size_t i = 0; i < o->n; i++) {
                const Reading *r = at(o, i);
                double t = -(double) (end - r->time_usec) / 1e6, v = (double) field(r);

                if (r->time_usec < from || field(r) < 0)
                        continue;
                n++;
                sum_t += t;
                sum_v += v;
                sum_tt += t * t;
                sum_tv += t * v;
        }
        if (n < LEAST_POINTS || n * sum_tt - sum_t * sum_t <= 0)
                return false;
        *ret = (n * sum_tv - sum_t * sum_v) / (n * sum_tt - sum_t * sum_t);
        return true;
}

bool observation_growth(const Observation *o, uint64_t over_usec, double *ret) {
        return slope(o, unreclaimable_of, over_usec, ret);
}

bool observation_swapping(const Observation *o, uint64_t over_usec, double *ret) {
        return slope(o, swap_of, over_usec, ret);
}

static int64_t counter_of(const Reading *r, ObservationCounter counter) {
        switch (counter) {
        case OBSERVATION_HIGH: return r->high;
        case OBSERVATION_MAX: return r->max;
        case OBSERVATION_OOM: return r->oom;
        case OBSERVATION_OOM_KILL: return r->oom_kill;
        case OBSERVATION_MAX_LOCAL: return r->max_local;
        case OBSERVATION_OOM_LOCAL: return r->oom_local;
        }
        return READING_UNKNOWN;
}

bool observation_count(const Observation *o, ObservationCounter counter, uint64_t over_usec, int64_t *ret) {
        const Reading *last = observation_last(o);

        if (!last || o->n < 2 || counter_of(last, counter) < 0)
                return false;
        /* From the first reading within the window on: what came before may lie outside. */
        for (size_t i = 0; i < o->n; i++) {
                const Reading *r = at(o, i);

                if (last->time_usec - r->time_usec > over_usec)
                        continue;
                if (counter_of(r, counter) < 0)
                        return false;
                *ret = counter_of(last, counter) - counter_of(r, counter);
                return true;
        }
        return false;
}

bool observation_livelock(const Observation *o, uint64_t over_usec, bool *ret) {
        const Reading *last = observation_last(o);
        double stalled, swapping = 0;
        int64_t throttled;

        if (!observation_stall(o, false, over_usec, &stalled) || !observation_count(o, OBSERVATION_HIGH, over_usec, &throttled) ||
            last->throttle < 0 || last->unreclaimable < 0)
                return false;
        if (last->swap >= 0 && !observation_swapping(o, over_usec, &swapping))
                return false;
        *ret = last->throttle != READING_UNLIMITED && throttled > 0 && stalled > 0.5 &&
               (double) last->unreclaimable >= 0.9 * (double) last->throttle && swapping <= (double) (1 << 20);
        return true;
}
