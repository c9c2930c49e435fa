#pragma once
/* The clerk: the thread that alone touches the ledger. The event thread posts records and questions and never waits;
 * answers come back through a ring and are handed out by clerk_dispatch() on the event thread. While the disk refuses
 * (full, read-only), records wait where they are (the poster's spool), the clerk tries again, and says so. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "supervisor/ledger/ledger.h"

typedef struct Clerk Clerk;

typedef struct ClerkOptions {
        const char *path;               /* the ledger's file */
        LedgerBounds bounds;
        uint64_t seq_floor;             /* highest seq found in the spool at start; 0: none */
        size_t queue;                   /* how many records may wait at once; 0: 4096 */

        /* All called by clerk_dispatch(). @committed: every record posted with this seq or a lower one is on disk (or was
         * there already): its spool slot is free. @trouble: the ledger cannot be written, or (@over) can be again. */
        void (*committed)(uint64_t seq, void *userdata);
        void (*trouble)(const char *text, bool over, void *userdata);
        /* The file was deleted, or was damaged and set aside, and a new one begun: what it had is gone. May be NULL. */
        void (*begun)(void *userdata);
        void *userdata;
} ClerkOptions;

/* Opens the ledger (see ledger_open()) and starts the thread. Where the ledger cannot be opened at all the clerk runs
 * all the same and tries again: then @ret_opening has a fresh id, and the reason stands in @reterr_text. A file that was
 * set aside is told there too (@ret_opening->set_aside). @reterr_text is "" when all is well. Returns 0, -ENOMEM ... */
int clerk_new(Clerk **ret, const ClerkOptions *options, LedgerOpening *ret_opening, char *reterr_text,
              size_t text_size);

/* Writes what is queued for half of @wait_usec, closes the ledger and ends the thread; what was not written stays in the
 * spool. Undelivered answers are dropped. A thread that hangs in the disk beyond @wait_usec is left behind: it may still
 * read the texts that were posted, so the spool must stay mapped until the process ends. Returns NULL. */
Clerk *clerk_free(Clerk *c, uint64_t wait_usec);

/* A descriptor for the event loop: readable when clerk_dispatch() has something to do. */
int clerk_fd(const Clerk *c);

/* Hands out commits, troubles and answers. */
void clerk_dispatch(Clerk *c);

/* The id of the ledger. */
const char *clerk_ledger_id(const Clerk *c);

/* Hands out the next seq: each once, for ever, in order. Event thread only. */
uint64_t clerk_next_seq(Clerk *c);

/* Up to which seq records are on disk, as last told to the event thread. */
uint64_t clerk_committed_seq(const Clerk *c);

/* Changes the bounds (a reload). */
void clerk_configure(Clerk *c, const LedgerBounds *bounds);

/* Queues a record, in the order of seqs. @json is not copied: it must stay where it is until `committed` covers its seq
 * (it lies in the spool). Never blocks or allocates. Returns true, or false when the queue is full (counted): post it
 * again from the spool when `committed` comes. */
bool clerk_post(Clerk *c, const RecordMeta *meta, const char *json, size_t length);

/* What is asked. */
typedef enum ClerkQuestion {
        CLERK_LIST,                     /* query -> rows */
        CLERK_FIND,                     /* word (with query's reader) -> the record, then its `more`s, as rows */
        CLERK_JOINED,                   /* query -> rows, and behind them all `more`s of these rows */
        CLERK_EXISTS,                   /* query.key, boot_id with origin, or both (ledger_exists()) -> number: its seq, or 0 */
        CLERK_COUNTS,                   /* query.since_usec and reader, by -> counts */
        CLERK_WATCHED,                  /* -> number: ledger_watched_since() */
} ClerkQuestion;

typedef struct ClerkQuery {
        ClerkQuestion question;
        LedgerQuery query;
        const char *word;
        const char *boot_id;
        uint64_t origin_nsec;
        int32_t origin_pid;
        LedgerCountBy by;
} ClerkQuery;

/* An answer; valid during the callback. */
typedef struct ClerkAnswer {
        int error;                      /* 0, or as the ledger's function says; -EBUSY: the ledger is not open */
        const LedgerRow *rows;
        size_t n_rows;
        size_t n_found;                 /* CLERK_JOINED, CLERK_FIND: rows up to here are found, the others their `more`s */
        bool more;                      /* there are more than the query's bounds let through */
        const LedgerCount *counts;
        size_t n_counts;
        int64_t number;
        uint64_t evicted_seq;           /* ledger_evicted_seq() of the query's types */
} ClerkAnswer;

/* Takes one answer; it is valid during the call only. */
typedef void ClerkAnswered(const ClerkAnswer *answer, void *userdata);

/* Asks; the strings are copied. Questions are answered in order, after the records posted before them. @answered is
 * called once by clerk_dispatch(), unless the clerk is freed before. Allocates. Returns 0, -ENOMEM or -EAGAIN (too many
 * questions wait). */
int clerk_ask(Clerk *c, const ClerkQuery *query, ClerkAnswered *answered, void *userdata);

/* For status --counters. */
typedef struct ClerkCounters {
        uint64_t inserted, duplicates, evicted, overflows, retries, unreadable;
        bool troubled;                  /* the ledger cannot be written now */
} ClerkCounters;

/* Takes the counters. */
void clerk_counters(Clerk *c, ClerkCounters *ret);
