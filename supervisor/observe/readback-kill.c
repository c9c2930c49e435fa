/* Kills that were read back, on their way to the event thread. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "supervisor/attribute/killcopy.h"
#include "supervisor/observe/readback-private.h"

static ReadbackKill *kill_copy(const Kill *k) {
        ReadbackKill *copy = calloc(1, sizeof(*copy) + killcopy_size(k));

        if (copy)
                killcopy_into(&copy->kill, copy + 1, k);
        return copy;
}

/* Hands on; where the event thread is behind, this thread waits: what it reads does not run away. */
static bool push(Readback *r, ReadbackKill *k) {
        const struct timespec moment = { .tv_nsec = 10000000 };

        while (!atomic_load(&r->stop)) {
                if (ring_push(r->ring, k))
                        return true;
                (void) nanosleep(&moment, NULL);
        }
        return false;
}

void readback_take_kill(const Kill *kill, void *userdata) {
        Readback *r = userdata;
        int64_t realtime = r->offset_usec == INT64_MIN ? 0 : (int64_t) (kill->time_nsec / 1000) + r->offset_usec;
        ReadbackKill *k = NULL;
        bool kept;

        if (realtime && realtime < r->since_realtime_usec)
                return;
        if (r->counts.kills < r->max_kills)
                k = kill_copy(kill);
        if (k) {
                k->kill.late = true;
                k->realtime_usec = realtime;
                memcpy(k->boot_id, r->boot_id, sizeof(k->boot_id));
                memcpy(k->host, r->host, sizeof(k->host));
                k->this_boot = r->boot_id[0] && strcmp(r->boot_id, r->this_boot) == 0;
        }
        kept = k && push(r, k);
        if (!kept)
                free(k);
        pthread_mutex_lock(&r->lock);
        r->counts.kills += kept;
        r->counts.dropped += !kept;
        pthread_mutex_unlock(&r->lock);
}

void readback_count_line(Readback *r) {
        pthread_mutex_lock(&r->lock);
        r->counts.lines++;
        pthread_mutex_unlock(&r->lock);
}
