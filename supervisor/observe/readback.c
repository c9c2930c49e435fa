#include "supervisor/observe/readback.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/host/proc.h"
#include "supervisor/observe/readback-private.h"

enum { RING = 512, MAX_KILLS = 100000 };

static void *run(void *userdata) {
        Readback *r = userdata;
        int kmsg = 0, journal = 0, pstore = 0;

        if (!r->kmsg || *r->kmsg)
                kmsg = readback_kmsg(r);
        if (!r->journal || *r->journal)
                journal = readback_journal(r);
        if (*r->pstore)
                pstore = readback_pstore(r);
        pthread_mutex_lock(&r->lock);
        r->counts.done = true;
        r->counts.kmsg_error = kmsg;
        r->counts.journal_error = journal;
        r->counts.pstore_error = pstore;
        pthread_mutex_unlock(&r->lock);
        ring_wake(r->ring);
        return NULL;
}

static void release(Readback *r) {
        ReadbackKill *k;

        while (r->ring && (k = ring_pop(r->ring)))
                free(k);
        ring_free(r->ring);
        pthread_mutex_destroy(&r->lock);
        free(r->lines);
        free(r->kmsg);
        free(r->journal);
        free(r->pstore);
        free(r);
}

static int start(Readback *r, const ReadbackOptions *o) {
        int e;

        r->kmsg = o->kmsg ? strdup(o->kmsg) : NULL;
        r->journal = o->journal ? strdup(o->journal) : NULL;
        r->pstore = strdup(o->pstore ? o->pstore : "/var/lib/systemd/pstore");
        r->lines = malloc(sizeof(*r->lines));
        if (!r->pstore || !r->lines || (o->kmsg && !r->kmsg) || (o->journal && !r->journal))
                return -ENOMEM;
        r->since_realtime_usec = o->since_realtime_usec;
        r->max_kills = o->max_kills ? o->max_kills : MAX_KILLS;
        r->sink = (LogkillSink) { .kill = readback_take_kill, .userdata = r };
        if (o->boot_id)
                (void) snprintf(r->this_boot, sizeof(r->this_boot), "%s", o->boot_id);
        e = o->boot_id ? 0 : host_boot_id(r->this_boot);
        if (e == 0)
                e = ring_new(&r->ring, RING);
        return e < 0 ? e : -pthread_create(&r->thread, NULL, run, r);
}

int readback_new(Readback **ret, const ReadbackOptions *options) {
        Readback *r = calloc(1, sizeof(*r));
        int e;

        if (!r)
                return -ENOMEM;
        pthread_mutex_init(&r->lock, NULL);
        e = start(r, options);
        if (e < 0) {
                release(r);
                return e;
        }
        *ret = r;
        return 0;
}

Readback *readback_free(Readback *r) {
        if (!r)
                return NULL;
        atomic_store(&r->stop, true);
        pthread_join(r->thread, NULL);
        release(r);
        return NULL;
}

Ring *readback_ring(Readback *r) {
        return r->ring;
}

ReadbackKill *readback_take(Readback *r) {
        return ring_pop(r->ring);
}

ReadbackKill *readback_kill_free(ReadbackKill *k) {
        free(k);
        return NULL;
}

void readback_counts(Readback *r, ReadbackCounts *ret) {
        pthread_mutex_lock(&r->lock);
        *ret = r->counts;
        pthread_mutex_unlock(&r->lock);
}
