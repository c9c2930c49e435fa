#include "supervisor/act/hand.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "supervisor/act/deadline.h"
#include "supervisor/act/handunit.h"
#include "supervisor/base/clock.h"
#include "supervisor/base/thread.h"

enum { TASKS = 16, ENDED_MAX = 64, STACK = 256 * 1024, BEGUN_MAX = 64 };

/* When a task was begun. */
typedef struct Begun {
        _Atomic uint64_t nsec, cookie;
} Begun;

/* All tasks exist from the start: a host without memory is when they are needed. */
struct Hand {
        const Cgroupfs *fs;
        Ring *idle, *todo, *done;
        HandTask *tasks;
        HandUnit unit;                  /* the hand's */
        pthread_t thread;
        atomic_bool stop, over;
        Begun begun[BEGUN_MAX];         /* a ring; the hand writes, the poster reads */
        _Atomic uint64_t n_begun;
};

static void clear(HandTask *t) {
        free(t->processes);
        free(t->text);
        t->processes = NULL;
        t->text = NULL;
}

static bool is_ours(const Hand *h, const HandTask *t) {
        return t >= h->tasks && t < h->tasks + TASKS;
}

static void release(Hand *h) {
        HandTask *t;

        handunit_done(&h->unit);
        while (h->done && (t = ring_pop(h->done)))
                if (!is_ours(h, t))
                        free(t);
        ring_free(h->idle);
        ring_free(h->todo);
        ring_free(h->done);
        for (size_t i = 0; h->tasks && i < TASKS; i++)
                clear(&h->tasks[i]);
        free(h->tasks);
        free(h);
}

static void note_begun(Hand *h, uint64_t cookie) {
        uint64_t n = atomic_load(&h->n_begun);

        atomic_store(&h->begun[n % BEGUN_MAX].nsec, clock_boottime_nsec());
        atomic_store(&h->begun[n % BEGUN_MAX].cookie, cookie);
        atomic_store(&h->n_begun, n + 1);
}

uint64_t hand_task_at(const Hand *h, uint64_t nsec) {
        uint64_t n = atomic_load(&h->n_begun);

        /* The oldest place may be written at this moment. */
        for (uint64_t i = n; i > 0 && n - i < BEGUN_MAX - 1; i--)
                if (atomic_load(&h->begun[(i - 1) % BEGUN_MAX].nsec) <= nsec)
                        return atomic_load(&h->begun[(i - 1) % BEGUN_MAX].cookie);
        return 0;
}

/* What is told without having been asked is in memory of its own. */
static void tell_ended(Hand *h) {
        HandTask ended;

        while (handunit_ended(&h->unit, &ended)) {
                HandTask *t = malloc(sizeof(*t));

                if (t)
                        *t = ended;
                if (t && !ring_push(h->done, t))
                        free(t);
        }
}

static void *run(void *userdata) {
        Hand *h = userdata;
        HandTask *task;

        (void) deadline_thread_init();
        while (!atomic_load(&h->stop)) {
                struct pollfd fds[2] = { { .fd = ring_fd(h->todo), .events = POLLIN } };

                (void) poll(fds, 2, handunit_poll(&h->unit, &fds[1]));
                ring_drain_fd(h->todo);
                while (!atomic_load(&h->stop) && (task = ring_pop(h->todo))) {
                        note_begun(h, task->cookie);
                        if (handunit_is(task->work))
                                handunit_do(&h->unit, h->fs, task);
                        else
                                hand_do(h->fs, task);
                        (void) ring_push(h->done, task);
                }
                tell_ended(h);
        }
        deadline_thread_done();
        /* Whoever comes second frees. */
        if (atomic_exchange(&h->over, true))
                release(h);
        return NULL;
}

int hand_new(Hand **ret, const Cgroupfs *fs) {
        Hand *h = calloc(1, sizeof(*h));
        int r;

        if (!h)
                return -ENOMEM;
        h->fs = fs;
        h->tasks = calloc(TASKS, sizeof(*h->tasks));
        r = h->tasks ? ring_new(&h->idle, TASKS) : -ENOMEM;
        if (r == 0)
                r = ring_new(&h->todo, TASKS);
        if (r == 0)
                r = ring_new(&h->done, TASKS + ENDED_MAX);
        for (size_t i = 0; r == 0 && i < TASKS; i++)
                (void) ring_push(h->idle, &h->tasks[i]);
        if (r == 0)
                r = thread_start(&h->thread, "hand", STACK, run, h);
        if (r < 0) {
                release(h);
                return r;
        }
        (void) pthread_detach(h->thread);
        *ret = h;
        return 0;
}

Hand *hand_free(Hand *h) {
        const struct timespec moment = { .tv_nsec = 10000000 };

        if (!h)
                return NULL;
        atomic_store(&h->stop, true);
        ring_wake(h->todo);
        for (int i = 0; i < 100 && !atomic_load(&h->over); i++)
                (void) nanosleep(&moment, NULL);
        if (atomic_exchange(&h->over, true))
                release(h);
        return NULL;
}

bool hand_post(Hand *h, const HandTask *task) {
        HandTask *mine = ring_pop(h->idle);

        if (!mine)
                return false;
        *mine = *task;
        return ring_push(h->todo, mine);
}

Ring *hand_ring(Hand *h) {
        return h->done;
}

HandTask *hand_take(Hand *h) {
        return ring_pop(h->done);
}

void hand_return(Hand *h, HandTask *task) {
        clear(task);
        if (is_ours(h, task))
                (void) ring_push(h->idle, task);
        else
                free(task);
}
