#pragma once
/* What the files of the readback share. */
#include <pthread.h>
#include <stdatomic.h>

#include "supervisor/host/kmsg.h"
#include "supervisor/observe/loglines.h"
#include "supervisor/observe/readback.h"

struct Readback {
        char *kmsg, *journal, *pstore;
        int64_t since_realtime_usec;
        uint64_t max_kills;
        pthread_t thread;
        Ring *ring;
        atomic_bool stop;
        char buffer[KMSG_RECORD_SIZE];

        /* Of the thread: where the lines being read are from. */
        Loglines *lines;
        LogkillSink sink;
        char boot_id[33], this_boot[33], host[64];
        int64_t offset_usec;            /* added to a stamp gives realtime; INT64_MIN: not known */

        pthread_mutex_t lock;
        ReadbackCounts counts;
};

/* A kill was read: it is handed on, with all it points to, unless it is too old or one too many. @userdata is the Readback. */
void readback_take_kill(const Kill *kill, void *userdata);

/* One more line was looked at. */
void readback_count_line(Readback *r);

/* Read one source to its end. Each returns 0 or -errno. */
int readback_kmsg(Readback *r);
int readback_journal(Readback *r);
int readback_pstore(Readback *r);
