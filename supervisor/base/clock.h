#pragma once
/* What time it is. CLOCK_BOOTTIME is the clock of records; none of these can fail. */
#include <stdint.h>
#include <time.h>

/* Nanoseconds of @clock. */
static inline uint64_t clock_nsec(clockid_t clock) {
        struct timespec t;

        (void) clock_gettime(clock, &t);
        return (uint64_t) t.tv_sec * 1000000000 + (uint64_t) t.tv_nsec;
}

/* Microseconds of @clock. */
static inline uint64_t clock_usec(clockid_t clock) {
        return clock_nsec(clock) / 1000;
}

/* Nanoseconds of CLOCK_BOOTTIME. */
static inline uint64_t clock_boottime_nsec(void) {
        return clock_nsec(CLOCK_BOOTTIME);
}
