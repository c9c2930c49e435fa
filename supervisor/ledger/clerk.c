#include "supervisor/ledger/clerk.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/clock.h"
#include "supervisor/base/ring.h"
#include "supervisor/base/thread.h"
#include "supervisor/ledger/clerk-private.h"

enum {
        QUEUE_DEFAULT = 4096,
        STACK_BYTES = 256 << 10,
};

static Clerk *clerk_destroy(Clerk *c) {
        Ask *a;

        if (c->answers)
                while ((a = ring_pop(c->answers)))
                        ask_free(a);
        while ((a = c->asks)) {
                c->asks = a->next;
                ask_free(a);
        }
        c->answers = ring_free(c->answers);
        (void) ledger_close(c->ledger, 0);
        pthread_mutex_destroy(&c->lock);
        pthread_cond_destroy(&c->wake);
        free(c->path);
        free(c->posts);
        free(c);
        return NULL;
}

static int clerk_alloc(Clerk **ret, const ClerkOptions *o) {
        Clerk *c = calloc(1, sizeof(*c));
        int r;

        if (!c)
                return -ENOMEM;
        thread_lock_init(&c->lock);
        pthread_cond_init(&c->wake, NULL);
        c->asks_end = &c->asks;
        c->trouble_told = true;
        c->queue = o->queue ? o->queue : QUEUE_DEFAULT;
        c->posts = calloc(c->queue, sizeof(*c->posts));
        c->path = strdup(o->path);
        c->options = *o;
        c->bounds = o->bounds;
        r = ring_new(&c->answers, ASKS_MAX);
        if (r < 0 || !c->posts || !c->path) {
                (void) clerk_destroy(c);
                return r < 0 ? r : -ENOMEM;
        }
        *ret = c;
        return 0;
}

int clerk_new(Clerk **ret, const ClerkOptions *options, LedgerOpening *ret_opening, char *reterr_text,
              size_t text_size) {
        LedgerOpening opening = { 0 };
        Clerk *c;
        int r = clerk_alloc(&c, options);

        if (r < 0)
                return r;
        r = ledger_open(&c->ledger, c->path, &c->bounds, NULL, options->seq_floor, &opening, reterr_text, text_size);
        if (r < 0) {
                ledger_id_make(opening.id);
                opening.next_seq = options->seq_floor + 1;
                clerk_trouble_begin(c, r);
                c->trouble_told = true;         /* the caller is told here and now */
        }
        memcpy(c->id, opening.id, sizeof(c->id));
        atomic_store(&c->next_seq, opening.next_seq);
        c->next = opening.next_seq;
        r = thread_start(&c->thread, "reeve-clerk", STACK_BYTES, clerk_work, c);
        if (r < 0) {
                (void) clerk_destroy(c);
                return r;
        }
        *ret_opening = opening;
        *ret = c;
        return 0;
}

Clerk *clerk_free(Clerk *c, uint64_t wait_usec) {
        uint64_t until = clock_usec(CLOCK_MONOTONIC) + wait_usec;
        struct timespec t = { .tv_sec = (time_t) (until / 1000000), .tv_nsec = (long) (until % 1000000) * 1000 };

        if (!c)
                return NULL;
        pthread_mutex_lock(&c->lock);
        c->stop = true;
        c->stop_usec = until - wait_usec / 2;
        pthread_cond_signal(&c->wake);
        pthread_mutex_unlock(&c->lock);
        /* A disk that does not answer must not keep the daemon from stopping: the thread and its memory are left behind, and
         * the records stand in the spool. */
        if (pthread_clockjoin_np(c->thread, NULL, CLOCK_MONOTONIC, &t) != 0)
                return NULL;
        return clerk_destroy(c);
}

int clerk_fd(const Clerk *c) {
        return ring_fd(c->answers);
}

static void trouble_dispatch(Clerk *c) {
        char text[sizeof(c->trouble)];
        bool told, over;

        pthread_mutex_lock(&c->lock);
        told = c->trouble_told;
        over = c->trouble_over;
        memcpy(text, c->trouble, sizeof(text));
        c->trouble_told = true;
        pthread_mutex_unlock(&c->lock);
        if (!told && c->options.trouble)
                c->options.trouble(text, over, c->options.userdata);
}

void clerk_dispatch(Clerk *c) {
        uint64_t committed;
        Ask *a;

        ring_drain_fd(c->answers);
        trouble_dispatch(c);
        if (atomic_exchange(&c->begun, false) && c->options.begun)
                c->options.begun(c->options.userdata);
        /* What was committed after an answer was made is told after it: so each record is in the answer, or still with
         * its poster when the answer is handed out. */
        committed = atomic_load(&c->committed);
        while ((a = ring_pop(c->answers))) {
                c->n_asks--;
                a->answered(&a->answer, a->userdata);
                ask_free(a);
        }
        if (committed > c->committed_told) {
                c->committed_told = committed;
                if (c->options.committed)
                        c->options.committed(committed, c->options.userdata);
        }
}

const char *clerk_ledger_id(const Clerk *c) {
        return c->id;
}

uint64_t clerk_next_seq(Clerk *c) {
        uint64_t seq = c->next++;

        atomic_store(&c->next_seq, c->next);
        return seq;
}

uint64_t clerk_committed_seq(const Clerk *c) {
        return c->committed_told;
}

void clerk_configure(Clerk *c, const LedgerBounds *bounds) {
        pthread_mutex_lock(&c->lock);
        c->new_bounds = *bounds;
        c->bounds_changed = true;
        pthread_cond_signal(&c->wake);
        pthread_mutex_unlock(&c->lock);
}

bool clerk_post(Clerk *c, const RecordMeta *meta, const char *json, size_t length) {
        bool fits;

        pthread_mutex_lock(&c->lock);
        fits = c->tail - c->head < c->queue;
        if (fits) {
                c->posts[c->tail++ % c->queue] = (Post) { .meta = *meta, .json = json, .length = length };
                pthread_cond_signal(&c->wake);
        } else
                c->overflows++;
        pthread_mutex_unlock(&c->lock);
        return fits;
}

int clerk_ask(Clerk *c, const ClerkQuery *query, ClerkAnswered *answered, void *userdata) {
        Ask *a;

        if (c->n_asks >= ASKS_MAX)
                return -EAGAIN;
        a = ask_new(query);
        if (!a)
                return -ENOMEM;
        a->answered = answered;
        a->userdata = userdata;
        c->n_asks++;
        pthread_mutex_lock(&c->lock);
        a->after = c->tail;
        *c->asks_end = a;
        c->asks_end = &a->next;
        pthread_cond_signal(&c->wake);
        pthread_mutex_unlock(&c->lock);
        return 0;
}

void clerk_counters(Clerk *c, ClerkCounters *ret) {
        pthread_mutex_lock(&c->lock);
        ret->overflows = c->overflows;
        pthread_mutex_unlock(&c->lock);
        ret->inserted = atomic_load(&c->inserted);
        ret->duplicates = atomic_load(&c->duplicates);
        ret->evicted = atomic_load(&c->evicted);
        ret->retries = atomic_load(&c->retries);
        ret->unreadable = atomic_load(&c->unreadable);
        ret->troubled = atomic_load(&c->troubled);
}
