#pragma once
/* What the files of the clerk share. */
#include <pthread.h>
#include <stdatomic.h>

#include "supervisor/base/ring.h"
#include "supervisor/ledger/clerk.h"

enum { ASKS_MAX = 1024, ANSWER_BYTES_MAX = 4 << 20 };

typedef struct Post {
        RecordMeta meta;
        const char *json;               /* the poster's memory, until it is committed */
        size_t length;
} Post;

/* A question on its way there, and with its answer on its way back. */
typedef struct Ask {
        struct Ask *next;
        uint64_t after;                 /* how many records were posted before it */
        ClerkQuery query;               /* its strings are the Ask's */
        ClerkAnswered *answered;
        void *userdata;
        ClerkAnswer answer;
        LedgerRow *rows;
        LedgerCount *counts;
        size_t room;                    /* of rows or counts */
        bool no_memory;
} Ask;

struct Clerk {
        pthread_t thread;
        pthread_mutex_t lock;
        pthread_cond_t wake;
        ClerkOptions options;
        char *path;
        char id[LEDGER_ID_SIZE];

        /* Under the lock. */
        Post *posts;
        size_t queue;
        uint64_t head, tail;            /* counted since the beginning; posts[n % queue] */
        Ask *asks, **asks_end;
        uint64_t overflows;
        bool stop, bounds_changed;
        uint64_t stop_usec;             /* CLOCK_MONOTONIC: until when a stop goes on writing */
        LedgerBounds new_bounds;
        char trouble[512];
        bool trouble_told, trouble_over;

        /* The event thread's. */
        uint64_t next, committed_told;
        size_t n_asks;

        /* The clerk's. */
        Ledger *ledger;
        LedgerBounds bounds;
        uint64_t retry_usec, retry_sec; /* CLOCK_MONOTONIC: not before it is the disk tried again */
        uint64_t retain_usec;           /* CLOCK_BOOTTIME: when age is looked at next */

        /* From one to the other. */
        Ring *answers;
        _Atomic uint64_t committed, next_seq;
        _Atomic uint64_t inserted, duplicates, evicted, retries, unreadable;
        atomic_bool troubled, begun;    /* begun: anew while it ran, and not told yet */
};

/* Copies a question with its strings. NULL: no memory. */
Ask *ask_new(const ClerkQuery *q);

/* Frees a question and its answer. */
void ask_free(Ask *a);

/* Answers @a from the ledger, on the clerk's thread. Returns 0; what failed stands in the answer. */
int clerk_answer(Clerk *c, Ask *a);

/* The ledger cannot be opened or written, by @error: it is tried again later, and the event thread is told. */
void clerk_trouble_begin(Clerk *c, int error);

/* The clerk's thread, until he is to stop: @userdata is the Clerk. Returns NULL. */
void *clerk_work(void *userdata);
