#include "policies/observation.h"

enum { LEAST_POINTS = 3 };

void observation_init(Observation *o, Reading *ring, size_t size, uint64_t reach_usec) {
        *o = (Observation) { .ring = ring, .size = size, .reach_usec = reach_usec };
}

static Reading *at(const Observation *o, size_t i) {
        return &o->ring[(o->first + i) % o->size];
}

static const size_t offsets[OBSERVATION_FIELDS] = {
        [OBSERVATION_HIGH] = offsetof(Reading, high),           [OBSERVATION_MAX] = offsetof(Reading, max),
        [OBSERVATION_OOM] = offsetof(Reading, oom),             [OBSERVATION_OOM_KILL] = offsetof(Reading, oom_kill),
        [OBSERVATION_MAX_LOCAL] = offsetof(Reading, max_local), [OBSERVATION_OOM_LOCAL] = offsetof(Reading, oom_local),
        [OBSERVATION_SOME] = offsetof(Reading, some_usec),      [OBSERVATION_FULL] = offsetof(Reading, full_usec),
        [OBSERVATION_REFAULT] = offsetof(Reading, refault),     [OBSERVATION_SWAP] = offsetof(Reading, swap),
        [OBSERVATION_UNRECLAIMABLE] = offsetof(Reading, unreclaimable),
};

static int64_t field_of(const Reading *r, ObservationField field) {
        return *(const int64_t *) (const void *) ((const char *) r + offsets[field]);
}

/* ---- keeping ---- */

void observation_track(Observation *o, ObservationTrack *tracks, size_t n) {
        o->tracks = tracks;
        o->n_tracks = n;
}

void observation_clear(Observation *o) {
        o->first = o->n = 0;
        for (size_t i = 0; i < o->n_tracks; i++)
                o->tracks[i].first = o->tracks[i].n = 0;
}

ObservationTrack *observation_track_clear(Observation *o, ObservationField field, uint64_t reach_usec) {
        for (size_t i = 0; i < o->n_tracks; i++)
                if (o->tracks[i].field == field && o->tracks[i].reach_usec == reach_usec) {
                        o->tracks[i].first = o->tracks[i].n = 0;
                        return &o->tracks[i];
                }
        return NULL;
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

/* Whether the last of @n in a ring of @size gives way to what comes, @since_usec after the one before it. Half as far again as
 * asked is kept, so that the reading before the window is there too. */
static bool gives_way(size_t n, size_t size, uint64_t reach_usec, uint64_t since_usec) {
        return n > size / 4 && since_usec < reach_usec * 3 / 2 / (size - 2);
}

void observation_restore(ObservationTrack *t, const Reading *reading) {
        const unsigned size = OBSERVATION_TRACK_POINTS;
        unsigned last = (t->first + t->n - 1) % size, before = (t->first + t->n - 2) % size;

        if (t->n > 0 && reading->time_usec <= t->points[last].time_usec)
                return;
        if (t->n >= 2 && gives_way(t->n, size, t->reach_usec, t->points[last].time_usec - t->points[before].time_usec))
                t->n--;
        if (t->n == size) {
                t->first = (t->first + 1) % size;
                t->n--;
        }
        t->points[(t->first + t->n) % size].time_usec = reading->time_usec;
        t->points[(t->first + t->n++) % size].value = field_of(reading, t->field);
}

void observation_track_get(const ObservationTrack *t, size_t index, Reading *ret) {
        size_t i = (t->first + index) % OBSERVATION_TRACK_POINTS;

        ret->time_usec = t->points[i].time_usec;
        *(int64_t *) (void *) ((char *) ret + offsets[t->field]) = t->points[i].value;
}

void observation_add(Observation *o, const Reading *reading) {
        const Reading *last = observation_last(o);

        if (last && reading->time_usec <= last->time_usec)
                return;
        if (last && made_anew(last, reading))
                observation_clear(o);
        else if (o->n >= 2 && gives_way(o->n, o->size, o->reach_usec, last->time_usec - at(o, o->n - 2)->time_usec))
                o->n--;
        if (o->n == o->size) {
                o->first = (o->first + 1) % o->size;
                o->n--;
        }
        *at(o, o->n++) = *reading;
        for (size_t i = 0; i < o->n_tracks; i++)
                observation_restore(&o->tracks[i], reading);
}

/* ---- one field's history ---- */

typedef struct Series {
        const Observation *o;
        const ObservationTrack *track;  /* NULL: the ring */
        ObservationField field;
} Series;

/* That which tells of a window of @over_usec most closely. */
static Series series_of(const Observation *o, ObservationField field, uint64_t over_usec) {
        Series s = { .o = o, .field = field };
        uint64_t reach = o->reach_usec;

        for (size_t i = 0; i < o->n_tracks; i++) {
                const ObservationTrack *t = &o->tracks[i];

                if (t->field != field || (reach >= over_usec ? t->reach_usec < over_usec || t->reach_usec >= reach : t->reach_usec <= reach))
                        continue;
                s.track = t;
                reach = t->reach_usec;
        }
        return s;
}

static size_t points(const Series *s) {
        return s->track ? s->track->n : s->o->n;
}

static uint64_t time_at(const Series *s, size_t i) {
        return s->track ? s->track->points[(s->track->first + i) % OBSERVATION_TRACK_POINTS].time_usec : at(s->o, i)->time_usec;
}

static int64_t value_at(const Series *s, size_t i) {
        return s->track ? s->track->points[(s->track->first + i) % OBSERVATION_TRACK_POINTS].value : field_of(at(s->o, i), s->field);
}

/* Where the window of @over_usec begins; false where the history does not reach back so far. */
static bool begin(const Series *s, uint64_t over_usec, uint64_t *ret) {
        size_t n = points(s);
        uint64_t last = n ? time_at(s, n - 1) : 0;

        if (n < 2 || over_usec == 0 || last < over_usec || time_at(s, 0) > last - over_usec)
                return false;
        *ret = last - over_usec;
        return true;
}

/* The value of a rising counter at @time, between two readings as if it rose evenly. */
static bool value_when(const Series *s, uint64_t time, double *ret) {
        for (size_t i = points(s) - 1; i-- > 0;) {
                uint64_t from = time_at(s, i), to = time_at(s, i + 1);
                int64_t before = value_at(s, i), after = value_at(s, i + 1);

                if (from > time)
                        continue;
                if (before < 0 || after < 0)
                        return false;
                *ret = (double) before + (double) (time - from) / (double) (to - from) * (double) (after - before);
                return true;
        }
        return false;
}

/* How much a counter rose over the window, per microsecond. */
static bool rate(const Observation *o, ObservationField field, uint64_t over_usec, double *ret) {
        Series s = series_of(o, field, over_usec);
        uint64_t from;
        double first;
        int64_t last;

        if (!begin(&s, over_usec, &from) || (last = value_at(&s, points(&s) - 1)) < 0 || !value_when(&s, from, &first))
                return false;
        *ret = ((double) last - first) / (double) over_usec;
        return true;
}

/* ---- what follows ---- */

bool observation_stall(const Observation *o, bool full, uint64_t over_usec, double *ret) {
        double share;

        if (!rate(o, full ? OBSERVATION_FULL : OBSERVATION_SOME, over_usec, &share))
                return false;
        *ret = share < 0 ? 0 : share > 1 ? 1 : share;
        return true;
}

bool observation_refault(const Observation *o, uint64_t over_usec, double *ret) {
        double each;

        if (!rate(o, OBSERVATION_REFAULT, over_usec, &each))
                return false;
        *ret = each * 1e6;
        return true;
}

/* Least squares over the readings in the window; times are taken from its end, which keeps the sums small. */
static bool slope(const Observation *o, ObservationField field, uint64_t over_usec, double *ret) {
        double n = 0, sum_t = 0, sum_v = 0, sum_tt = 0, sum_tv = 0;
        Series s = series_of(o, field, over_usec);
        uint64_t from, end;

        if (!begin(&s, over_usec, &from))
                return false;
        end = time_at(&s, points(&s) - 1);
        for (size_t i = 0; i < points(&s); i++) {
                uint64_t time = time_at(&s, i);
                double t = -(double) (end - time) / 1e6, v = (double) value_at(&s, i);

                if (time < from || value_at(&s, i) < 0)
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
        return slope(o, OBSERVATION_UNRECLAIMABLE, over_usec, ret);
}

bool observation_swapping(const Observation *o, uint64_t over_usec, double *ret) {
        return slope(o, OBSERVATION_SWAP, over_usec, ret);
}

bool observation_count(const Observation *o, ObservationField counter, uint64_t over_usec, int64_t *ret) {
        Series s = series_of(o, counter, over_usec);
        size_t n = points(&s);
        uint64_t end = n ? time_at(&s, n - 1) : 0;

        if (n < 2 || value_at(&s, n - 1) < 0)
                return false;
        /* From the first reading within the window on: what came before may lie outside. */
        for (size_t i = 0; i < n; i++) {
                if (end - time_at(&s, i) > over_usec)
                        continue;
                if (value_at(&s, i) < 0)
                        return false;
                *ret = value_at(&s, n - 1) - value_at(&s, i);
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
