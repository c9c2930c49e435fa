#include "supervisor/observe/eyes.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "supervisor/base/thread.h"
#include "supervisor/host/proc.h"
#include "supervisor/observe/ahead.h"
#include "supervisor/observe/batch.h"
#include "supervisor/observe/looks.h"

enum { LOOKING = 2, REPLACEMENTS = 4, THREADS = LOOKING + REPLACEMENTS };
enum { QUEUE = 64, NEWCOMERS = 4096, ANSWERS = 256, STACK = 512 * 1024, AHEAD = 512 };
#define STUCK_NSEC UINT64_C(1000000000)

/* All threads exist from the start: when one gets stuck the host has no memory to make another. Two at a time look; the
 * place of one that is stuck goes to the next. */
typedef struct Eye {
        Eyes *eyes;
        pthread_t thread;
        bool running;
        uint64_t since_nsec;            /* looking since; 0: idle */
        bool left_behind;
} Eye;

/* A request for the owner of a new cgroup, without a path. */
typedef struct Newcomer {
        uint64_t id, cookie;
} Newcomer;

struct Eyes {
        pthread_mutex_t lock;
        pthread_cond_t more;
        const Cgroupfs *fs;
        Ahead *ahead;
        Ring *answers;
        EyesRequest *queue;             /* QUEUE of them */
        size_t head, n;
        Newcomer *newcomers;            /* NEWCOMERS of them: births come in bursts, and must not keep a kill waiting */
        size_t newcomer_head, n_newcomers;
        unsigned looking;               /* threads that look and are not left behind */
        bool stop, command_lines;
        EyesCounts counts;
        unsigned threads;               /* alive; who is last after eyes_free() frees */
        Eye eyes[THREADS];
};

static void release(Eyes *e) {
        EyesAnswer *a;

        while (e->answers && (a = ring_pop(e->answers)))
                eyes_answer_free(a);
        ring_free(e->answers);
        ahead_free(e->ahead);
        free(e->queue);
        free(e->newcomers);
        pthread_mutex_destroy(&e->lock);
        pthread_cond_destroy(&e->more);
        free(e);
}

static void look(const Looking *l, const EyesRequest *r, EyesAnswer *a) {
        switch (r->kind) {
        case EYES_KILL_DETAILS:
                look_after_kill(l, r, a);
                break;
        case EYES_READ_AHEAD:
                look_ahead(l, r, a);
                break;
        case EYES_OWNER:
                look_owner(l, r, a);
                break;
        case EYES_STATUS:
                look_status(l, r, a);
                break;
        case EYES_PARTIES:
                look_at_parties(l, r, a);
                break;
        case EYES_NEAREST:
                look_nearest(l, r, a);
                break;
        case EYES_RIGHT:
                look_right(l, r, a);
                break;
        case EYES_BATCH:
                batch_read(r->batch, l->fs);
                break;
        }
}

/* Under the lock. Those that look for too long lose their place; it is given to who waits. */
static void leave_stuck_behind(Eyes *e, uint64_t now_nsec) {
        for (size_t i = 0; i < THREADS; i++) {
                Eye *eye = &e->eyes[i];

                if (!eye->since_nsec || eye->left_behind || now_nsec - eye->since_nsec < STUCK_NSEC ||
                    e->counts.left_behind == REPLACEMENTS)
                        continue;
                eye->left_behind = true;
                e->counts.left_behind++;
                e->counts.stalled++;
                e->looking--;
                pthread_cond_signal(&e->more);
        }
}

/* Under the lock: waits until there is something to do and a place to do it. While others look, those who wait keep an
 * eye on them; while nobody does, nobody wakes. Returns false at the end. */
static bool wait_for_work(Eyes *e) {
        while (!e->stop && (e->n + e->n_newcomers == 0 || e->looking >= LOOKING)) {
                struct timespec until;

                if (e->looking == 0) {
                        pthread_cond_wait(&e->more, &e->lock);
                        continue;
                }
                clock_gettime(CLOCK_MONOTONIC, &until);
                until.tv_sec++;
                (void) pthread_cond_timedwait(&e->more, &e->lock, &until);
                leave_stuck_behind(e, clock_boottime_nsec());
        }
        return !e->stop;
}

/* Under the lock, with something to take. */
static void take_request(Eyes *e, EyesRequest *ret) {
        const Newcomer *c = &e->newcomers[e->newcomer_head];

        if (e->n > 0) {
                *ret = e->queue[e->head];
                e->head = (e->head + 1) % QUEUE;
                e->n--;
                return;
        }
        *ret = (EyesRequest) { .kind = EYES_OWNER, .cgroup_id = c->id, .cookie = c->cookie };
        e->newcomer_head = (e->newcomer_head + 1) % NEWCOMERS;
        e->n_newcomers--;
}

static EyesAnswer *answer_new(const EyesRequest *r) {
        EyesAnswer *a = calloc(1, sizeof(*a));

        if (a) {
                a->kind = r->kind;
                a->cookie = r->cookie;
                a->cgroup_id = r->cgroup_id;
                a->batch = r->batch;
                a->owner = UINT32_MAX;
        }
        return a;
}

static void *run(void *userdata) {
        Eye *eye = userdata;
        Eyes *e = eye->eyes;
        EyesRequest *r = malloc(sizeof(*r));
        bool last;

        batch_guards_thread();
        pthread_mutex_lock(&e->lock);
        while (r && wait_for_work(e)) {
                Looking l = { .fs = e->fs, .ahead = e->ahead, .command_lines = e->command_lines };
                EyesAnswer *a;

                take_request(e, r);
                e->looking++;
                eye->since_nsec = clock_boottime_nsec();
                pthread_mutex_unlock(&e->lock);
                a = answer_new(r);
                if (a)
                        look(&l, r, a);
                pthread_mutex_lock(&e->lock);
                if (a)
                        a->stalled = clock_boottime_nsec() - eye->since_nsec >= STUCK_NSEC;
                if (eye->left_behind)
                        e->counts.left_behind--;
                else
                        e->looking--;
                eye->left_behind = false;
                eye->since_nsec = 0;
                if (e->stop || !a || !ring_push(e->answers, a))
                        eyes_answer_free(a);
                else
                        e->counts.answered++;
                pthread_cond_signal(&e->more);
        }
        last = --e->threads == 0 && e->stop;
        pthread_mutex_unlock(&e->lock);
        free(r);
        if (last)
                release(e);
        return NULL;
}

static int start_threads(Eyes *e) {
        int r = 0;

        pthread_mutex_lock(&e->lock);
        for (size_t i = 0; i < THREADS && r == 0; i++) {
                e->eyes[i].eyes = e;
                r = thread_start(&e->eyes[i].thread, /* name= */ NULL, STACK, run, &e->eyes[i]);
                if (r == 0)
                        (void) pthread_detach(e->eyes[i].thread);
                e->threads += r == 0;
        }
        pthread_mutex_unlock(&e->lock);
        return r;
}

int eyes_new(Eyes **ret, const EyesOptions *options) {
        Eyes *e = calloc(1, sizeof(*e));
        pthread_condattr_t attr;
        int r;

        if (!e)
                return -ENOMEM;
        e->fs = options->fs;
        e->command_lines = options->command_lines;
        pthread_mutex_init(&e->lock, NULL);
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(&e->more, &attr);
        pthread_condattr_destroy(&attr);
        e->queue = calloc(QUEUE, sizeof(*e->queue));
        e->newcomers = calloc(NEWCOMERS, sizeof(*e->newcomers));
        r = e->queue && e->newcomers ? ring_new(&e->answers, ANSWERS) : -ENOMEM;
        if (r == 0)
                r = ahead_new(&e->ahead, options->ahead_max ? options->ahead_max : AHEAD);
        if (r == 0)
                r = start_threads(e);
        if (r < 0) {
                if (e->threads > 0)
                        eyes_free(e);
                else
                        release(e);
                return r;
        }
        *ret = e;
        return 0;
}

Eyes *eyes_free(Eyes *e) {
        bool wait = true;

        if (!e)
                return NULL;
        pthread_mutex_lock(&e->lock);
        e->stop = true;
        e->n = e->n_newcomers = 0;
        e->threads++;           /* ours: as long as we look at it nobody frees it */
        pthread_cond_broadcast(&e->more);
        /* Those that look just now get a moment; who is stuck keeps the memory until it comes back. */
        for (int i = 0; i < 20 && wait; i++) {
                const struct timespec moment = { .tv_nsec = 5000000 };

                wait = e->threads > 1;
                pthread_mutex_unlock(&e->lock);
                if (wait)
                        (void) nanosleep(&moment, NULL);
                pthread_mutex_lock(&e->lock);
        }
        wait = --e->threads > 0;
        pthread_mutex_unlock(&e->lock);
        if (!wait)
                release(e);
        return NULL;
}

void eyes_command_lines(Eyes *e, bool on) {
        pthread_mutex_lock(&e->lock);
        e->command_lines = on;
        pthread_mutex_unlock(&e->lock);
        if (!on)
                ahead_forget(e->ahead);
}

/* Under the lock. What is dying goes before all else; reading ahead leaves room for what cannot be asked later. */
static bool enqueue(Eyes *e, const EyesRequest *r) {
        if (r->kind == EYES_OWNER && !r->path[0]) {
                if (e->n_newcomers == NEWCOMERS)
                        return false;
                e->newcomers[(e->newcomer_head + e->n_newcomers++) % NEWCOMERS] = (Newcomer) { r->cgroup_id, r->cookie };
                return true;
        }
        if (e->n == QUEUE || (r->kind == EYES_READ_AHEAD && e->n >= QUEUE / 2))
                return false;
        if (r->kind == EYES_PARTIES) {
                e->head = (e->head + QUEUE - 1) % QUEUE;
                e->queue[e->head] = *r;
        } else
                e->queue[(e->head + e->n) % QUEUE] = *r;
        e->n++;
        return true;
}

bool eyes_post(Eyes *e, const EyesRequest *request) {
        bool fits;

        pthread_mutex_lock(&e->lock);
        fits = enqueue(e, request);
        if (fits) {
                e->counts.posted++;
                pthread_cond_signal(&e->more);
        } else
                e->counts.refused++;
        pthread_mutex_unlock(&e->lock);
        return fits;
}

Ring *eyes_ring(Eyes *e) {
        return e->answers;
}

EyesAnswer *eyes_take(Eyes *e) {
        return ring_pop(e->answers);
}

EyesAnswer *eyes_answer_free(EyesAnswer *a) {
        if (a)
                free(a->text);
        free(a);
        return NULL;
}

bool eyes_process(Eyes *e, int32_t tgid, uint64_t start_nsec, EyesProcess *ret) {
        return ahead_get(e->ahead, tgid, start_nsec, ret);
}

void eyes_counts(Eyes *e, EyesCounts *ret) {
        pthread_mutex_lock(&e->lock);
        *ret = e->counts;
        pthread_mutex_unlock(&e->lock);
}
