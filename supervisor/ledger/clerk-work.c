/* The clerk at work, on a thread of his own: writing what was posted, trying again where the disk does not let him, answering. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "supervisor/base/clock.h"
#include "supervisor/base/ring.h"
#include "supervisor/ledger/clerk-private.h"

enum {
        BATCH = 256,                    /* records an fsync is shared by */
        RETRY_FIRST_SEC = 1,
        RETRY_LAST_SEC = 60,
        RETAIN_EVERY_SEC = 86400,
};

/* Keeps what is to be told to the event thread, and wakes it. */
static void tell_trouble(Clerk *c, const char *text, bool over) {
        pthread_mutex_lock(&c->lock);
        (void) snprintf(c->trouble, sizeof(c->trouble), "%s", text);
        c->trouble_told = false;
        c->trouble_over = over;
        pthread_mutex_unlock(&c->lock);
        atomic_store(&c->troubled, !over);
        ring_wake(c->answers);
}

void clerk_trouble_begin(Clerk *c, int error) {
        char text[512];

        c->retry_sec = c->retry_sec == 0 ? RETRY_FIRST_SEC : c->retry_sec * 2;
        if (c->retry_sec > RETRY_LAST_SEC)
                c->retry_sec = RETRY_LAST_SEC;
        c->retry_usec = clock_usec(CLOCK_MONOTONIC) + c->retry_sec * 1000000;
        atomic_fetch_add(&c->retries, 1);
        if (atomic_load(&c->troubled))
                return;
        (void) snprintf(text, sizeof(text), "the ledger cannot be written: %s",
                        c->ledger && ledger_error(c->ledger)[0] ? ledger_error(c->ledger) : strerror(-error));
        tell_trouble(c, text, /* over= */ false);
}

static void trouble_end(Clerk *c) {
        c->retry_sec = 0;
        c->retry_usec = 0;
        if (atomic_load(&c->troubled))
                tell_trouble(c, "the ledger can be written again", /* over= */ true);
}

/* Opens the ledger anew under the id it had. Another id there means another ledger was put in its place. Of a new file all
 * before @first, the first record that is to be written, is gone. */
static int ledger_reopen(Clerk *c, uint64_t first) {
        LedgerOpening o;
        char text[512];
        int r;

        c->ledger = ledger_close(c->ledger, 0);
        r = ledger_open(&c->ledger, c->path, &c->bounds, c->id, atomic_load(&c->next_seq), &o, text, sizeof(text));
        if (r < 0)
                return r;
        if (strcmp(o.id, c->id) != 0) {
                c->ledger = ledger_close(c->ledger, 0);
                return -ESTALE;
        }
        if (!o.created)
                return 0;
        if (first > 0)
                (void) ledger_begin_behind(c->ledger, first - 1);
        tell_trouble(c, o.set_aside ? text : "there was no ledger any more; a new one was begun", /* over= */ true);
        atomic_store(&c->begun, true);
        return 0;
}

/* Inserts posts [0, n) in one batch. Returns 0, or the error; then none of them is in. */
static int batch_insert(Clerk *c, const Post *posts, size_t n) {
        uint64_t inserted = 0, duplicates = 0, unreadable = 0;
        int r = ledger_begin(c->ledger);

        for (size_t i = 0; r >= 0 && i < n; i++) {
                r = ledger_insert(c->ledger, &posts[i].meta, posts[i].json, posts[i].length);
                if (r == -EBADMSG) {
                        /* It would be refused for ever: it is counted, and the batch begins again without it. */
                        unreadable++;
                        r = 0;
                } else if (r >= 0)
                        *(r > 0 ? &inserted : &duplicates) += 1;
        }
        if (r >= 0) {
                int64_t gone = ledger_retain(c->ledger, 0);

                r = gone < 0 ? (int) gone : 0;
                if (gone > 0)
                        atomic_fetch_add(&c->evicted, (uint64_t) gone);
        }
        if (r < 0) {
                ledger_rollback(c->ledger);
                return r;
        }
        r = ledger_commit(c->ledger);
        if (r < 0)
                return r;
        atomic_fetch_add(&c->inserted, inserted);
        atomic_fetch_add(&c->duplicates, duplicates);
        atomic_fetch_add(&c->unreadable, unreadable);
        return 0;
}

static void batch_done(Clerk *c, uint64_t seq, size_t n) {
        pthread_mutex_lock(&c->lock);
        c->head += n;
        pthread_mutex_unlock(&c->lock);
        atomic_store(&c->committed, seq);
        ring_wake(c->answers);
}

/* Writes what waits. */
static void posts_write(Clerk *c) {
        Post batch[BATCH];
        size_t n = 0;
        int r = 0;

        pthread_mutex_lock(&c->lock);
        while (n < BATCH && c->head + n < c->tail) {
                batch[n] = c->posts[(c->head + n) % c->queue];
                n++;
        }
        pthread_mutex_unlock(&c->lock);
        if (n == 0 && c->ledger && !atomic_load(&c->troubled))
                return;
        if (c->ledger && !ledger_is_at(c->ledger, c->path))
                c->ledger = ledger_close(c->ledger, 0);
        if (!c->ledger)
                r = ledger_reopen(c, n > 0 ? batch[0].meta.seq : 0);
        if (r == 0 && n > 0)
                r = batch_insert(c, batch, n);
        if (r == -EUCLEAN)
                c->ledger = ledger_close(c->ledger, 0);
        if (r < 0) {
                clerk_trouble_begin(c, r);
                return;
        }
        trouble_end(c);
        if (n > 0)
                batch_done(c, batch[n - 1].meta.seq, n);
}

static void retain_daily(Clerk *c) {
        uint64_t now = clock_usec(CLOCK_BOOTTIME);
        int64_t gone;

        if (!c->ledger || now < c->retain_usec)
                return;
        c->retain_usec = now + (uint64_t) RETAIN_EVERY_SEC * 1000000;
        gone = ledger_retain(c->ledger, clock_usec(CLOCK_REALTIME));
        if (gone > 0)
                atomic_fetch_add(&c->evicted, (uint64_t) gone);
}

static void configure(Clerk *c) {
        pthread_mutex_lock(&c->lock);
        c->bounds = c->new_bounds;
        c->bounds_changed = false;
        pthread_mutex_unlock(&c->lock);
        if (c->ledger)
                ledger_configure(c->ledger, &c->bounds);
        c->retain_usec = 0;
}

/* The next question whose records are written, or that need not wait for them any more. */
static Ask *ask_next(Clerk *c) {
        Ask *a;

        pthread_mutex_lock(&c->lock);
        a = c->asks;
        if (a && (a->after <= c->head || atomic_load(&c->troubled))) {
                c->asks = a->next;
                if (!c->asks)
                        c->asks_end = &c->asks;
        } else
                a = NULL;
        pthread_mutex_unlock(&c->lock);
        return a;
}

/* Whether there is something to do now; else until when to sleep. Under the lock. */
static bool work_waits(Clerk *c, uint64_t *ret_until_usec) {
        uint64_t now = clock_usec(CLOCK_MONOTONIC), boot = clock_usec(CLOCK_BOOTTIME);
        bool resting = c->retry_usec > now;

        *ret_until_usec = now + (c->retain_usec > boot ? c->retain_usec - boot : 0);
        if (atomic_load(&c->troubled) && c->retry_usec < *ret_until_usec)
                *ret_until_usec = c->retry_usec;
        if (c->stop || c->bounds_changed || (!resting && (c->tail > c->head || atomic_load(&c->troubled))))
                return true;
        if (c->asks && (c->asks->after <= c->head || atomic_load(&c->troubled)))
                return true;
        return c->ledger && c->retain_usec <= boot;
}

static void work_wait(Clerk *c) {
        uint64_t until;

        pthread_mutex_lock(&c->lock);
        while (!work_waits(c, &until)) {
                struct timespec t = { .tv_sec = (time_t) (until / 1000000), .tv_nsec = (long) (until % 1000000) * 1000 };

                if (c->ledger || atomic_load(&c->troubled))
                        (void) pthread_cond_clockwait(&c->wake, &c->lock, CLOCK_MONOTONIC, &t);
                else
                        (void) pthread_cond_wait(&c->wake, &c->lock);
        }
        pthread_mutex_unlock(&c->lock);
}

void *clerk_work(void *userdata) {
        Clerk *c = userdata;
        bool stop = false, changed;

        while (!stop) {
                Ask *a;

                work_wait(c);
                pthread_mutex_lock(&c->lock);
                stop = c->stop;
                changed = c->bounds_changed;
                pthread_mutex_unlock(&c->lock);
                if (changed)
                        configure(c);
                if (stop || clock_usec(CLOCK_MONOTONIC) >= c->retry_usec)
                        posts_write(c);
                while ((a = ask_next(c)))
                        if (clerk_answer(c, a) < 0 || !ring_push(c->answers, a))
                                ask_free(a);
                retain_daily(c);
        }
        /* What is not written in half the time stays in the spool. */
        while (c->ledger && c->tail > c->head && !atomic_load(&c->troubled) &&
               clock_usec(CLOCK_MONOTONIC) < c->stop_usec)
                posts_write(c);
        c->ledger = ledger_close(c->ledger, atomic_load(&c->next_seq));
        return NULL;
}
