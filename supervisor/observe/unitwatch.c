#include "supervisor/observe/unitwatch.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "supervisor/base/clock.h"
#include "supervisor/base/thread.h"
#include "supervisor/host/unitstate.h"

enum { UNDER_WAY = 16, ANSWERS = 32, STACK = 256 * 1024 };
enum { BURST = 8, PER_SECOND = 4 };
enum {
        SOON_USEC = 80 * 1000,          /* RestartSec= is 100 ms by default: the result must be read before */
        LATER_USEC = 1000 * 1000,
        LAST_USEC = 5000 * 1000,
};

typedef struct Question {
        UnitAfter about;                /* seq 0: free */
        uint64_t due_usec;
} Question;

struct Unitwatch {
        pthread_mutex_t lock;
        pthread_cond_t more;
        Ring *answers;
        Question questions[UNDER_WAY];
        bool running, stop;
        uint64_t skipped;
        double tokens;
        uint64_t tokens_usec;
        unsigned users;                 /* the thread and the owner: who is last frees */
};

/* ---- judging ---- */

static bool is(const char *a, const char *b) {
        return strcmp(a, b) == 0;
}

static int32_t last_main(const UnitState *state) {
        return state->main_pid ? state->main_pid : state->last_main_pid;
}

static void judge_main(UnitAfter *a, const UnitState *state) {
        for (size_t i = 0; last_main(state) > 0 && i < a->n_victims; i++)
                a->main[i] = a->victims[i] == last_main(state);
}

/* A victim is what systemd still calls the main process: what it says is of the life that ended. */
static bool victim_is_main(const UnitAfter *a, const UnitState *state) {
        for (size_t i = 0; i < a->n_victims; i++)
                if (a->victims[i] == last_main(state))
                        return true;
        return false;
}

static bool awaits_death(const UnitAfter *a, const UnitState *state) {
        for (size_t i = 0; i < a->n_victims; i++)
                if (state->main_pid > 0 && a->victims[i] == state->main_pid)
                        return true;
        return false;
}

/* "success" was told before systemd had seen the death, and what it became nobody says any more. */
static void forget_success(UnitAfter *a) {
        if (is(a->result, "success"))
                a->result[0] = '\0';
}

UnitwatchStep unitwatch_judge(UnitAfter *a, const UnitState *state, uint64_t since_usec) {
        bool restarted = state->started_monotonic_usec > a->kill_usec;

        if (!restarted || victim_is_main(a, state)) {
                judge_main(a, state);
                /* "success" is what it would end with if it ended well: a start in between may have put it back to that. */
                if (!restarted || !is(state->result, "success"))
                        (void) snprintf(a->result, sizeof(a->result), "%s", state->result);
        }
        if (restarted) {
                bool up = state->active_monotonic_usec > a->kill_usec;

                forget_success(a);
                a->restarted_realtime_usec = up ? state->active_realtime_usec : state->started_realtime_usec;
                return up || since_usec >= LAST_USEC ? UNITWATCH_DONE : UNITWATCH_LAST;
        }
        if (since_usec >= LAST_USEC)
                return UNITWATCH_DONE;
        /* While all is "success" more may be to come. */
        if (since_usec < LATER_USEC)
                return is(a->result, "success") && (awaits_death(a, state) || since_usec < LATER_USEC / 2) ? UNITWATCH_SOON
                                                                                                           : UNITWATCH_LATER;
        return is(state->active, "deactivating") || is(state->active, "activating") || awaits_death(a, state) ? UNITWATCH_LAST
                                                                                                               : UNITWATCH_DONE;
}

/* ---- the thread ---- */

static void release(Unitwatch *w) {
        UnitAfter *a;

        while (w->answers && (a = ring_pop(w->answers)))
                free(a);
        w->answers = ring_free(w->answers);
        (void) pthread_mutex_destroy(&w->lock);
        (void) pthread_cond_destroy(&w->more);
        free(w);
}

/* Under the lock: the question due first, NULL without any. */
static Question *first_due(Unitwatch *w) {
        Question *first = NULL;

        for (size_t i = 0; i < UNDER_WAY; i++)
                if (w->questions[i].about.seq && (!first || w->questions[i].due_usec < first->due_usec))
                        first = &w->questions[i];
        return first;
}

static void ask_systemd(Unitstates **u, Question *q, bool *ret_done) {
        UnitState state;
        uint64_t since;
        int r = -ENOTCONN;

        /* Kept open between kills: to connect takes longer than a unit needs to be started again. It may be lost by then. */
        for (int i = 0; i < 2 && r < 0 && r != -ENOENT; i++) {
                r = *u ? 0 : unitstates_open(u);
                if (r >= 0)
                        r = unitstates_read(*u, q->about.unit, &state);
                if (r < 0 && r != -ENOENT)
                        *u = unitstates_close(*u);
                if (r == -EUNATCH || r == -ETIMEDOUT)
                        break;
        }
        since = clock_usec(CLOCK_MONOTONIC) - q->about.kill_usec;
        *ret_done = true;
        if (r < 0) {
                forget_success(&q->about);
                return;
        }
        switch (unitwatch_judge(&q->about, &state, since)) {
        case UNITWATCH_SOON:
                q->due_usec = clock_usec(CLOCK_MONOTONIC) + SOON_USEC;
                break;
        case UNITWATCH_LATER:
                q->due_usec = q->about.kill_usec + LATER_USEC;
                break;
        case UNITWATCH_LAST:
                q->due_usec = q->about.kill_usec + LAST_USEC;
                break;
        case UNITWATCH_DONE:
                return;
        }
        *ret_done = false;
}

/* Under the lock. */
static void answer(Unitwatch *w, const UnitAfter *about) {
        UnitAfter *a = malloc(sizeof(*a));

        if (a)
                *a = *about;
        if (a && !ring_push(w->answers, a))
                free(a);
}

/* Under the lock, which is given up while it asks. */
static void work(Unitwatch *w, Unitstates **u, Question *q) {
        Question copy = *q;
        bool done;

        (void) pthread_mutex_unlock(&w->lock);
        ask_systemd(u, &copy, &done);
        (void) pthread_mutex_lock(&w->lock);
        *q = copy;
        if (!done)
                return;
        answer(w, &q->about);
        q->about.seq = 0;
}

static void *run(void *userdata) {
        Unitwatch *w = userdata;
        Unitstates *u = NULL;
        bool last;

        (void) pthread_mutex_lock(&w->lock);
        while (!w->stop) {
                Question *q = first_due(w);

                if (!q)
                        (void) pthread_cond_wait(&w->more, &w->lock);
                else if (q->due_usec > clock_usec(CLOCK_MONOTONIC)) {
                        struct timespec until = { .tv_sec = (time_t) (q->due_usec / 1000000),
                                                  .tv_nsec = (long) (q->due_usec % 1000000) * 1000 };

                        (void) pthread_cond_timedwait(&w->more, &w->lock, &until);
                } else
                        work(w, &u, q);
        }
        last = --w->users == 0;
        (void) pthread_mutex_unlock(&w->lock);
        (void) unitstates_close(u);
        if (last)
                release(w);
        return NULL;
}

/* Under the lock. */
static bool start(Unitwatch *w) {
        pthread_t thread;

        if (w->running)
                return true;
        w->running = thread_start(&thread, /* name= */ NULL, STACK, run, w) == 0;
        if (w->running)
                (void) pthread_detach(thread);
        w->users += w->running;
        return w->running;
}

/* ---- the owner's side ---- */

int unitwatch_new(Unitwatch **ret) {
        Unitwatch *w = calloc(1, sizeof(*w));
        pthread_condattr_t attr;
        int r;

        if (!w)
                return -ENOMEM;
        r = ring_new(&w->answers, ANSWERS);
        if (r < 0) {
                free(w);
                return r;
        }
        w->users = 1;
        w->tokens = BURST;
        w->tokens_usec = clock_usec(CLOCK_MONOTONIC);
        (void) pthread_mutex_init(&w->lock, NULL);
        (void) pthread_condattr_init(&attr);
        (void) pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        (void) pthread_cond_init(&w->more, &attr);
        (void) pthread_condattr_destroy(&attr);
        *ret = w;
        return 0;
}

Unitwatch *unitwatch_free(Unitwatch *w) {
        bool last;

        if (!w)
                return NULL;
        (void) pthread_mutex_lock(&w->lock);
        w->stop = true;
        (void) pthread_cond_signal(&w->more);
        last = --w->users == 0;
        (void) pthread_mutex_unlock(&w->lock);
        if (last)
                release(w);
        return NULL;
}

/* Under the lock. */
static bool take_token(Unitwatch *w) {
        uint64_t now = clock_usec(CLOCK_MONOTONIC);

        w->tokens += (double) (now - w->tokens_usec) * PER_SECOND / 1e6;
        w->tokens_usec = now;
        if (w->tokens > BURST)
                w->tokens = BURST;
        if (w->tokens < 1)
                return false;
        w->tokens -= 1;
        return true;
}

static Question *free_place(Unitwatch *w) {
        for (size_t i = 0; i < UNDER_WAY; i++)
                if (!w->questions[i].about.seq)
                        return &w->questions[i];
        return NULL;
}

bool unitwatch_ask(Unitwatch *w, const UnitAfter *question) {
        Question *q;
        bool taken;

        (void) pthread_mutex_lock(&w->lock);
        q = free_place(w);
        taken = q && take_token(w) && start(w);
        if (taken) {
                *q = (Question) { .about = *question, .due_usec = clock_usec(CLOCK_MONOTONIC) };
                for (size_t i = 0; i < UNITWATCH_VICTIMS; i++)
                        q->about.main[i] = -1;
                (void) pthread_cond_signal(&w->more);
        } else
                w->skipped++;
        (void) pthread_mutex_unlock(&w->lock);
        return taken;
}

Ring *unitwatch_ring(Unitwatch *w) {
        return w->answers;
}

UnitAfter *unitwatch_take(Unitwatch *w) {
        return ring_pop(w->answers);
}

uint64_t unitwatch_skipped(Unitwatch *w) {
        uint64_t skipped;

        (void) pthread_mutex_lock(&w->lock);
        skipped = w->skipped;
        (void) pthread_mutex_unlock(&w->lock);
        return skipped;
}
