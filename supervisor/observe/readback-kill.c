/* Kills that were read back, on their way to the event thread. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "supervisor/observe/readback-private.h"

static char *copy_text(char **room, const char *text) {
        char *to = *room;

        if (!text)
                return NULL;
        *room = stpcpy(to, text) + 1;
        return to;
}

static size_t text_size(const char *text) {
        return text ? strlen(text) + 1 : 0;
}

/* The kill with all it points to in one piece of memory. */
static ReadbackKill *kill_copy(const Kill *k) {
        size_t size = sizeof(ReadbackKill) + k->n_victims * sizeof(KillVictim) + text_size(k->limit.path) + text_size(k->kill_cgroup.path);
        ReadbackKill *copy;
        char *room;

        for (size_t i = 0; i < k->n_victims; i++)
                size += text_size(k->victims[i].cgroup.path);
        copy = calloc(1, size);
        if (!copy)
                return NULL;
        copy->kill = *k;
        copy->kill.victims = (KillVictim *) (copy + 1);
        copy->kill.max_victims = k->n_victims;
        if (k->n_victims > 0)
                memcpy(copy->kill.victims, k->victims, k->n_victims * sizeof(KillVictim));
        room = (char *) (copy->kill.victims + k->n_victims);
        copy->kill.limit.path = copy_text(&room, k->limit.path);
        copy->kill.kill_cgroup.path = copy_text(&room, k->kill_cgroup.path);
        for (size_t i = 0; i < k->n_victims; i++)
                copy->kill.victims[i].cgroup.path = copy_text(&room, k->victims[i].cgroup.path);
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
