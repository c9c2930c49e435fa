#include "supervisor/flow/storms.h"

#include <stdlib.h>

#include "policies/tally.h"
#include "supervisor/base/fd.h"

enum { OWNERS = 64, CGROUPS = 64 };
enum { FLUSH_USEC = 1000 * 1000 };

/* One who had kills lately, and what of a second of his storm is not on record yet. */
typedef struct StormOwner {
        int64_t uid;
        uint64_t seen_nsec;             /* 0: free */
        Tally kills;
        uint64_t first_nsec;            /* of what is counted in n_counts */
        RecordStorm open;
        RecordStormCount counts[CGROUPS];
} StormOwner;

struct Storms {
        StormOwner owners[OWNERS];
};

static int write_storm(Strbuf *out, const RecordContext *context, const void *what) {
        return record_storm(out, context, what);
}

static void flush(Supervisor *s, StormOwner *o) {
        EmitHead head = { .type = REEVE_RECORD_STORM, .time_nsec = o->first_nsec, .owner_uid = o->uid };

        if (o->open.n_counts == 0)
                return;
        o->open.time_nsec = o->first_nsec;
        o->open.counts = o->counts;
        (void) emit_record(&s->emit, &head, write_storm, &o->open);
        o->open.n_counts = 0;
}

static int on_flush(sd_event_source *source, uint64_t usec, void *userdata) {
        Supervisor *s = userdata;

        (void) source, (void) usec;
        for (size_t i = 0; i < OWNERS; i++)
                flush(s, &s->storms->owners[i]);
        if (s->server)
                server_drained(s->server);
        return 0;
}

/* His place; of a stranger that of whoever was quiet longest. */
static StormOwner *owner_of(Supervisor *s, int64_t uid) {
        StormOwner *oldest = &s->storms->owners[0];

        for (size_t i = 0; i < OWNERS; i++) {
                StormOwner *o = &s->storms->owners[i];

                if (o->seen_nsec > 0 && o->uid == uid)
                        return o;
                if (o->seen_nsec < oldest->seen_nsec)
                        oldest = o;
        }
        flush(s, oldest);
        *oldest = (StormOwner) { .uid = uid, .open.owner_uid = uid };
        return oldest;
}

static void count(Supervisor *s, StormOwner *o, const Kill *kill) {
        int64_t second = ((int64_t) (kill->time_nsec / 1000) + s->emit.context.realtime_offset_usec) / 1000000;
        uint64_t id = kill->n_victims > 0 ? kill->victims[0].cgroup.id : 0;
        size_t i = 0;

        if (second != o->open.second)
                flush(s, o);
        while (i < o->open.n_counts && o->counts[i].cgroup.id != id)
                i++;
        if (i == CGROUPS) {
                flush(s, o);
                i = 0;
        }
        if (o->open.n_counts == 0)
                o->first_nsec = kill->time_nsec;
        if (i == o->open.n_counts)
                o->counts[o->open.n_counts++] = (RecordStormCount) { .cgroup.id = id };
        o->counts[i].kills += kill->confirmed;
        o->open.second = second;
        state_timer(s, &s->storms_timer, FLUSH_USEC, on_flush);
}

bool storms_take(Supervisor *s, const Kill *kill, int64_t owner_uid) {
        const Quota *most = &s->config->reeve.storm_after;
        StormOwner *o;
        bool beyond;

        if (owner_uid <= 0 || most->count == 0)
                return false;
        if (!s->storms)
                s->storms = calloc(1, sizeof(*s->storms));
        if (!s->storms)
                return false;
        o = owner_of(s, owner_uid);
        o->seen_nsec = kill->time_nsec;
        beyond = tally_sum(&o->kills, most->per_usec, kill->time_nsec / 1000) >= most->count;
        tally_add(&o->kills, most->per_usec, kill->time_nsec / 1000, kill->confirmed);
        if (beyond)
                count(s, o, kill);
        return beyond;
}

uint64_t storms_releasable_nsec(const Supervisor *s) {
        uint64_t oldest = UINT64_MAX;

        for (size_t i = 0; s->storms && i < OWNERS; i++) {
                const StormOwner *o = &s->storms->owners[i];

                if (o->open.n_counts > 0 && o->first_nsec - 1 < oldest)
                        oldest = o->first_nsec - 1;
        }
        return oldest;
}

void storms_close(Supervisor *s) {
        for (size_t i = 0; s->storms && i < OWNERS; i++)
                flush(s, &s->storms->owners[i]);
        s->storms_timer = sd_event_source_disable_unref(s->storms_timer);
        free(s->storms);
        s->storms = NULL;
}
