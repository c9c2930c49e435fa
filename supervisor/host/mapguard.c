#include "supervisor/host/mapguard.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

static _Thread_local volatile sig_atomic_t guarded, missing;
static uintptr_t page_size;

/* SIGBUS of a mapping comes to the thread that touched it. Nothing here but two system calls. */
static void on_bus(int number, siginfo_t *info, void *context) {
        void *page = (void *) ((uintptr_t) info->si_addr & ~(page_size - 1));

        (void) context;
        if (guarded && mmap(page, page_size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == page) {
                missing = 1;
                return;
        }
        /* Once more, and then as if nobody had looked. */
        (void) signal(number, SIG_DFL);
}

static void install(void) {
        struct sigaction action = { .sa_sigaction = on_bus, .sa_flags = SA_SIGINFO | SA_NODEFER };

        page_size = (uintptr_t) sysconf(_SC_PAGESIZE);
        (void) sigaction(SIGBUS, &action, NULL);
}

void mapguard_enter(void) {
        static pthread_once_t once = PTHREAD_ONCE_INIT;

        (void) pthread_once(&once, install);
        missing = 0;
        guarded = 1;
}

bool mapguard_leave(void) {
        guarded = 0;
        return missing;
}
