#pragma once
/* Threads of one's own, with a stack no larger than they need. */
#include <pthread.h>
#include <stddef.h>

/* Starts @work(@userdata) with @stack_bytes of stack. @name is shown by ps -T; NULL: the program's. Returns 0 with the thread in
 * *@ret, to be joined or detached; or -errno. */
int thread_start(pthread_t *ret, const char *name, size_t stack_bytes, void *(*work)(void *userdata), void *userdata);

/* A lock between threads of unlike priority: who holds it runs with the highest of those that wait. */
void thread_lock_init(pthread_mutex_t *lock);
