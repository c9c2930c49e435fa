#include "supervisor/act/deadline.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

static _Thread_local timer_t timer_id;
static _Thread_local bool have_timer;
static _Thread_local volatile sig_atomic_t thaw_fd = -1;

static int signal_number(void) {
        return SIGRTMIN + 3;
}

static void handle(int number) {
        int error = errno, fd = thaw_fd;

        (void) number;
        if (fd >= 0)
                (void) !write(fd, "0", 1);
        errno = error;
}

int deadline_thread_init(void) {
        struct sigaction action = { .sa_handler = handle };
        struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = signal_number() };
        sigset_t set;

        event.sigev_notify_thread_id = gettid();
        /* No SA_RESTART: the calls shall end. */
        if (sigaction(signal_number(), &action, NULL) < 0)
                return -errno;
        (void) sigemptyset(&set);
        (void) sigaddset(&set, signal_number());
        (void) pthread_sigmask(SIG_UNBLOCK, &set, NULL);
        if (timer_create(CLOCK_MONOTONIC, &event, &timer_id) < 0)
                return -errno;
        have_timer = true;
        return 0;
}

void deadline_thread_done(void) {
        if (have_timer)
                (void) timer_delete(timer_id);
        have_timer = false;
}

/* Fires after @usec (0 stops it), with @again from then on every 50 ms, lest a signal falls between two calls. */
static void timer_arm(uint64_t usec, bool again) {
        struct itimerspec spec = {
                .it_value = { .tv_sec = (time_t) (usec / 1000000), .tv_nsec = (long) (usec % 1000000) * 1000 },
                .it_interval = { .tv_nsec = again ? 50000000 : 0 },
        };

        if (have_timer)
                (void) timer_settime(timer_id, 0, &spec, NULL);
}

void deadline_arm(uint64_t usec) {
        timer_arm(usec ? usec : 1, true);
}

void deadline_disarm(void) {
        timer_arm(0, false);
}

void deadline_thaw(int fd, uint64_t usec) {
        if (fd < 0)
                timer_arm(0, false);
        thaw_fd = fd;
        if (fd >= 0)
                timer_arm(usec ? usec : 1, false);
}
