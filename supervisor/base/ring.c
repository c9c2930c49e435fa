#include "supervisor/base/ring.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "supervisor/base/thread.h"

/* A mutex held for a few instructions: measured against a lock-free queue it costs nothing that shows beside the
 * eventfd write, and it is evidently right. Priority inheritance keeps a starved holder from stalling the event thread. */
struct Ring {
        pthread_mutex_t lock;
        int fd;
        size_t capacity, head, count;
        uint64_t lost;
        void *items[];
};

int ring_new(Ring **ret, size_t capacity) {
        Ring *r = calloc(1, sizeof(*r) + capacity * sizeof(void *));

        if (!r)
                return -ENOMEM;
        r->capacity = capacity;
        r->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (r->fd < 0) {
                int error = -errno;

                free(r);
                return error;
        }
        thread_lock_init(&r->lock);
        *ret = r;
        return 0;
}

Ring *ring_free(Ring *r) {
        if (!r)
                return NULL;
        pthread_mutex_destroy(&r->lock);
        close(r->fd);
        free(r);
        return NULL;
}

void ring_wake(Ring *r) {
        uint64_t one = 1;

        /* EAGAIN would mean 2^64-2 wakes are pending: then it is readable anyhow. */
        (void) !write(r->fd, &one, sizeof(one));
}

bool ring_push(Ring *r, void *item) {
        bool fits;

        pthread_mutex_lock(&r->lock);
        fits = r->count < r->capacity;
        if (fits)
                r->items[(r->head + r->count++) % r->capacity] = item;
        else
                r->lost++;
        pthread_mutex_unlock(&r->lock);
        if (fits)
                ring_wake(r);
        return fits;
}

void *ring_pop(Ring *r) {
        void *item = NULL;

        pthread_mutex_lock(&r->lock);
        if (r->count > 0) {
                item = r->items[r->head];
                r->head = (r->head + 1) % r->capacity;
                r->count--;
        }
        pthread_mutex_unlock(&r->lock);
        return item;
}

int ring_fd(const Ring *r) {
        return r->fd;
}

void ring_drain_fd(Ring *r) {
        uint64_t n;

        (void) !read(r->fd, &n, sizeof(n));
}

uint64_t ring_lost(Ring *r) {
        uint64_t lost;

        pthread_mutex_lock(&r->lock);
        lost = r->lost;
        pthread_mutex_unlock(&r->lock);
        return lost;
}
