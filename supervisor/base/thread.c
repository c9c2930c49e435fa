#include "supervisor/base/thread.h"

int thread_start(pthread_t *ret, const char *name, size_t stack_bytes, void *(*work)(void *userdata), void *userdata) {
        pthread_attr_t attr;
        pthread_t thread;
        int r;

        (void) pthread_attr_init(&attr);
        (void) pthread_attr_setstacksize(&attr, stack_bytes);
        r = pthread_create(&thread, &attr, work, userdata);
        (void) pthread_attr_destroy(&attr);
        if (r != 0)
                return -r;
        if (name)
                (void) pthread_setname_np(thread, name);
        *ret = thread;
        return 0;
}

void thread_lock_init(pthread_mutex_t *lock) {
        pthread_mutexattr_t attr;

        (void) pthread_mutexattr_init(&attr);
        (void) pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
        (void) pthread_mutex_init(lock, &attr);
        (void) pthread_mutexattr_destroy(&attr);
}
