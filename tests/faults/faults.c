#include "tests/faults/faults.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FDS_MAX = 4096, LINK_SIZE = 256 };

static const struct {
        const char *name;
        int error;
} errors[] = {
        { "ENODEV", ENODEV }, { "EINTR", EINTR },   { "ENOSPC", ENOSPC }, { "EACCES", EACCES },
        { "EMFILE", EMFILE }, { "ESTALE", ESTALE }, { "EIO", EIO },       { "short", FAULT_SHORT },
};

static unsigned long fail_at;           /* 0: never */
static unsigned long fail_site;         /* 0: calls from everywhere are counted, else those from there */
static bool fail_on;                    /* and ever after */
static int fail_with;
static int trace_fd = -1;
static atomic_ulong calls, calls_counted;
static char opened[FDS_MAX][LINK_SIZE]; /* what /proc said of it */

/* Where this program lies in memory: sites are told as addr2line wants them. */
extern const char __executable_start;

static void read_fault(const char *text) {
        char *end;

        fail_at = strtoul(text, &end, 0);
        if (*end == '#') {
                fail_site = fail_at;
                fail_at = strtoul(end + 1, &end, 10);
        }
        fail_on = *end == '+';
        if (fail_on)
                end++;
        for (size_t i = 0; *end == ':' && i < sizeof(errors) / sizeof(*errors); i++)
                if (strcmp(end + 1, errors[i].name) == 0)
                        fail_with = errors[i].error;
        if (fail_at == 0 || fail_with == 0) {
                (void) fprintf(stderr, "REEVE_FAULT: \"%s\" is not N:ERROR\n", text);
                abort();
        }
}

__attribute__((constructor)) static void begin(void) {
        const char *fault = getenv("REEVE_FAULT"), *trace = getenv("REEVE_FAULT_TRACE");

        if (fault)
                read_fault(fault);
        if (trace)
                trace_fd = open(trace, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void link_of(int fd, char ret[LINK_SIZE]) {
        char path[64];
        ssize_t n;

        (void) snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        n = readlink(path, ret, LINK_SIZE - 1);
        ret[n > 0 ? n : 0] = '\0';
}

void faults_opened(int fd) {
        int error = errno;

        if (fd >= 0 && fd < FDS_MAX && trace_fd >= 0)
                link_of(fd, opened[fd]);
        errno = error;
}

__attribute__((destructor)) static void end(void) {
        char now[LINK_SIZE];

        for (int fd = 0; trace_fd >= 0 && fd < FDS_MAX; fd++) {
                if (!opened[fd][0])
                        continue;
                link_of(fd, now);
                if (strcmp(now, opened[fd]) == 0)
                        (void) dprintf(trace_fd, "leak %d %s\n", fd, now);
        }
}

static int due(const char *name, const char *what, const void *site, bool reads) {
        unsigned long n = atomic_fetch_add(&calls, 1) + 1, place = (unsigned long) ((const char *) site - &__executable_start);
        unsigned long counted = fail_site == 0 || fail_site == place ? atomic_fetch_add(&calls_counted, 1) + 1 : 0;
        bool now = fail_at > 0 && (fail_on ? counted >= fail_at : counted == fail_at) && (reads || fail_with != FAULT_SHORT);
        int error = errno;

        if (trace_fd >= 0)
                (void) dprintf(trace_fd, "%lu %s %#lx %s %s\n", n, name, place, now ? "failed" : "-", what);
        errno = error;
        return now ? fail_with : 0;
}

int faults_due(const char *name, const char *what, const void *site) {
        return due(name, what ? what : "", site, false);
}

int faults_due_read(const char *name, const void *site) {
        return due(name, "", site, true);
}
