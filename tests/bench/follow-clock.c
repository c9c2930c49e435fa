/* follow-clock: a client with libreeve that follows kill records, and notes when each has come.
 *
 * Prints "ready" once it follows, then "BOOTTIME_NSEC PID" for each new record: when it could be read here, and its first
 * victim. Ends by a signal. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <reeve/reeve.h>

static uint64_t boot_nsec(void) {
        struct timespec t;

        clock_gettime(CLOCK_BOOTTIME, &t);
        return (uint64_t) t.tv_sec * 1000000000 + (uint64_t) t.tv_nsec;
}

static long first_victim(const char *record) {
        const char *at = strstr(record, "\"victims\":[{");

        at = at ? strstr(at, "\"pid\":") : NULL;
        return at ? strtol(at + strlen("\"pid\":"), NULL, 10) : 0;
}

int main(void) {
        static const char *const types[] = { "kill", NULL };
        reeve_filter filter = { .size = sizeof(filter), .types = types, .follow = true, .limit = 1 };
        reeve *r;
        reeve_records *list = NULL;
        const char *record;
        int error = reeve_connect(&r, NULL);

        if (error == 0)
                error = reeve_records_open(&list, r, &filter);
        if (error < 0) {
                fprintf(stderr, "follow-clock: %s\n", strerror(-error));
                return 1;
        }
        setvbuf(stdout, NULL, _IOLBF, 0);
        /* What was there before comes first. */
        while ((error = reeve_records_next(list, /* timeout_msec= */ 300, &record)) == 1)
                ;
        puts("ready");
        while (error == -EAGAIN || error == 1) {
                error = reeve_records_next(list, /* timeout_msec= */ -1, &record);
                if (error == 1)
                        printf("%" PRIu64 " %ld\n", boot_nsec(), first_victim(record));
        }
        fprintf(stderr, "follow-clock: %s\n", strerror(-error));
        return 1;
}
