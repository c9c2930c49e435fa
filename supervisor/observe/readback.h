#pragma once
/* Reads back, once, the kills that happened while Reeve was not there to see: the kernel log of this boot, the journal of
 * all boots, dumps that systemd-pstore saved. On a thread; kills come through a ring, oldest first within a source. Who
 * has them already (by key) is the ledger's knowledge: the same kill may come from several sources. */
#include <stdbool.h>
#include <stdint.h>

#include "supervisor/attribute/kill.h"
#include "supervisor/base/ring.h"

typedef struct Readback Readback;

typedef struct ReadbackOptions {
        const char *kmsg;               /* NULL: /dev/kmsg; "": do not read */
        const char *journal;            /* NULL: the host's; "": do not read; else a directory of journal files */
        const char *pstore;             /* NULL: /var/lib/systemd/pstore; "": do not read */
        const char *boot_id;            /* this boot's; NULL: it is read */
        int64_t since_realtime_usec;    /* nothing older than this; 0: all there is */
        uint64_t max_kills;             /* 0: 100000; the newest of each source are not preferred, the rest is counted */
} ReadbackOptions;

/* One kill read back; its strings and victims are its own. Free with readback_kill_free(). */
typedef struct ReadbackKill {
        Kill kill;                      /* late = true; sources: log, journal or pstore */
        char boot_id[33];               /* of the boot it happened in; "" where not known (pstore) */
        int64_t realtime_usec;          /* 0: not known */
        bool this_boot;
        char host[64];                  /* journal: the machine's name then; "" */
} ReadbackKill;

typedef struct ReadbackCounts {
        bool done;
        uint64_t kills, dropped;        /* dropped: beyond max_kills or memory */
        uint64_t lines;
        int kmsg_error, journal_error, pstore_error;    /* 0 read; -errno why not */
} ReadbackCounts;

/* Starts the thread. Options are copied. Returns 0, -errno. */
int readback_new(Readback **ret, const ReadbackOptions *options);

/* Asks the thread to end, waits for it (it never waits for us), frees what was not taken. Returns NULL. */
Readback *readback_free(Readback *r);

/* ring_fd() to watch; also readable once when all is read. readback_take() until NULL. */
Ring *readback_ring(Readback *r);
ReadbackKill *readback_take(Readback *r);
ReadbackKill *readback_kill_free(ReadbackKill *k);

/* Gives what was read so far. */
void readback_counts(Readback *r, ReadbackCounts *ret);
