#include "supervisor/observe/eventswatch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>

#include "supervisor/base/array.h"
#include "supervisor/base/fd.h"
#include "supervisor/base/idmap.h"
#include "supervisor/host/proc.h"

#define INTERVAL_NSEC UINT64_C(1000000000)

typedef struct Watch {
        uint64_t id;
        int fd, local_fd;               /* memory.events; memory.events.local, -1: the kernel has none */
        uint64_t interval_nsec, seen_nsec;
        uint64_t rearm_nsec;            /* when to arm again; 0: armed */
        MemoryEvents last, last_local;
} Watch;

struct Eventswatch {
        const Cgroupfs *fs;
        int epoll_fd, timer_fd;
        Watch *watches;
        size_t n, size;
        Idmap by_id;                    /* to positions, which change when one is removed */
        uint64_t timer_nsec;            /* what the timer is set to; 0: nothing */
};

int eventswatch_new(Eventswatch **ret, const Cgroupfs *fs) {
        Eventswatch *w = calloc(1, sizeof(*w));
        struct epoll_event ev = { .events = EPOLLIN };

        if (!w)
                return -ENOMEM;
        w->fs = fs;
        w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        w->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
        if (w->epoll_fd < 0 || w->timer_fd < 0 || epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, w->timer_fd, &ev) < 0) {
                int r = -errno;

                eventswatch_free(w);
                return r;
        }
        *ret = w;
        return 0;
}

static void watch_close(Watch *watch) {
        fd_closep(&watch->fd);
        fd_closep(&watch->local_fd);
}

Eventswatch *eventswatch_free(Eventswatch *w) {
        if (!w)
                return NULL;
        for (size_t i = 0; i < w->n; i++)
                watch_close(&w->watches[i]);
        fd_closep(&w->epoll_fd);
        fd_closep(&w->timer_fd);
        idmap_clear(&w->by_id);
        free(w->watches);
        free(w);
        return NULL;
}

static Watch *find(const Eventswatch *w, uint64_t id) {
        uint64_t i;

        return id && idmap_get(&w->by_id, id, &i) ? &w->watches[i] : NULL;
}

static int read_events(int fd, MemoryEvents *ret) {
        char text[512];
        ssize_t n = fd < 0 ? -ENOENT : cgroupfs_reread(fd, text, sizeof(text));

        memory_events_parse(ret, text, n < 0 ? 0 : (size_t) n);
        return n < 0 ? (int) n : 0;
}

static int look(Watch *watch) {
        int r = read_events(watch->fd, &watch->last);

        (void) read_events(watch->local_fd, &watch->last_local);
        watch->seen_nsec = clock_boottime_nsec();
        return r;
}

static int arm(Eventswatch *w, const Watch *watch, int operation) {
        struct epoll_event ev = { .events = EPOLLPRI | EPOLLONESHOT, .data.u64 = watch->id };

        return epoll_ctl(w->epoll_fd, operation, watch->fd, &ev) < 0 ? -errno : 0;
}

static int grow(Eventswatch *w) {
        Watch *watches = array_grow(w->watches, w->n, &w->size, sizeof(*watches));

        if (!watches)
                return -ENOMEM;
        w->watches = watches;
        return 0;
}

int eventswatch_add(Eventswatch *w, uint64_t id, const char *path, uint64_t interval_nsec) {
        Watch *known = find(w, id), watch = { .id = id, .fd = -1, .local_fd = -1 };
        _cleanup_close_ int dir = -1;
        int r;

        watch.interval_nsec = interval_nsec ? interval_nsec : INTERVAL_NSEC;
        if (known) {
                known->interval_nsec = watch.interval_nsec;
                return 0;
        }
        dir = cgroupfs_open_sure(w->fs, id, path);
        if (dir < 0)
                return dir;
        watch.fd = cgroupfs_open_file(dir, "memory.events", O_RDONLY);
        if (watch.fd < 0)
                return watch.fd;
        watch.local_fd = cgroupfs_open_file(dir, "memory.events.local", O_RDONLY);
        /* A descriptor never read is always ready: the first look comes before arming. */
        r = look(&watch);
        if (r == 0)
                r = grow(w);
        if (r == 0)
                r = idmap_set(&w->by_id, id, w->n);
        if (r == 0)
                r = arm(w, &watch, EPOLL_CTL_ADD);
        if (r < 0) {
                idmap_remove(&w->by_id, id);
                watch_close(&watch);
                return r;
        }
        w->watches[w->n++] = watch;
        return 0;
}

void eventswatch_remove(Eventswatch *w, uint64_t id) {
        Watch *watch = find(w, id), *last;

        if (!watch)
                return;
        watch_close(watch);             /* which takes it out of epoll too */
        idmap_remove(&w->by_id, id);
        last = &w->watches[--w->n];
        if (watch == last)
                return;
        *watch = *last;
        (void) idmap_set(&w->by_id, watch->id, (uint64_t) (watch - w->watches));
}

int eventswatch_fd(const Eventswatch *w) {
        return w->epoll_fd;
}

/* Fills the news of one watch; a watch that is gone is taken away. */
static int take_news(Eventswatch *w, Watch *watch, EventswatchNews *ret) {
        int r;

        *ret = (EventswatchNews) {
                .id = watch->id,
                .before = watch->last,
                .local_before = watch->last_local,
                .before_nsec = watch->seen_nsec,
        };
        r = look(watch);
        ret->now = watch->last;
        ret->local_now = watch->last_local;
        ret->now_nsec = watch->seen_nsec;
        if (r < 0) {
                ret->gone = true;
                ret->now = ret->before;
                ret->local_now = ret->local_before;
                eventswatch_remove(w, watch->id);
        }
        return r;
}

static void set_timer(Eventswatch *w, uint64_t at_nsec) {
        struct itimerspec when = { .it_value = { .tv_sec = (time_t) (at_nsec / 1000000000),
                                                 .tv_nsec = (long) (at_nsec % 1000000000) } };

        if (w->timer_nsec && at_nsec && w->timer_nsec <= at_nsec)
                return;
        w->timer_nsec = at_nsec;
        (void) timerfd_settime(w->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

/* Arms those whose interval is over. Arming reports at once what came in between. */
static void rearm(Eventswatch *w) {
        uint64_t now = clock_boottime_nsec(), next = 0, n;

        (void) !read(w->timer_fd, &n, sizeof(n));
        w->timer_nsec = 0;
        for (size_t i = 0; i < w->n; i++) {
                Watch *watch = &w->watches[i];

                if (!watch->rearm_nsec)
                        continue;
                if (watch->rearm_nsec > now) {
                        next = next && next < watch->rearm_nsec ? next : watch->rearm_nsec;
                        continue;
                }
                watch->rearm_nsec = 0;
                (void) arm(w, watch, EPOLL_CTL_MOD);
        }
        if (next)
                set_timer(w, next);
}

int eventswatch_drain(Eventswatch *w, EventswatchTake take, void *userdata) {
        struct epoll_event events[64];
        int n, news = 0;

        n = epoll_wait(w->epoll_fd, events, ELEMENTSOF(events), 0);
        if (n < 0)
                return errno == EINTR ? 0 : -errno;
        for (int i = 0; i < n; i++) {
                EventswatchNews one;
                Watch *watch;

                if (events[i].data.u64 == 0) {
                        rearm(w);
                        continue;
                }
                watch = find(w, events[i].data.u64);
                if (!watch)
                        continue;       /* removed by @take a moment ago */
                if (take_news(w, watch, &one) == 0) {
                        watch->rearm_nsec = one.now_nsec + watch->interval_nsec;
                        set_timer(w, watch->rearm_nsec);
                }
                take(userdata, &one);
                news++;
        }
        return news;
}

int eventswatch_look(Eventswatch *w, uint64_t id, EventswatchNews *ret) {
        Watch *watch = find(w, id);

        if (!watch)
                return -ENOENT;
        return take_news(w, watch, ret) < 0 ? -ENODEV : 0;
}

bool eventswatch_last(const Eventswatch *w, uint64_t id, MemoryEvents *ret, uint64_t *ret_nsec) {
        const Watch *watch = find(w, id);

        if (!watch)
                return false;
        *ret = watch->last;
        if (ret_nsec)
                *ret_nsec = watch->seen_nsec;
        return true;
}

size_t eventswatch_count(const Eventswatch *w) {
        return w->n;
}
