/* ring-clock: the least that can be done with the same kind of ring: polls the raw pages of a tracing instance of its own,
 * reads them, and notes when it has seen each event of one kind.
 *
 *   ring-clock INSTANCE EVENT     INSTANCE's directory; EVENT's below its events/, which must be switched on
 *
 * Prints "ready", then "BOOTTIME_NSEC PID EVENT_NSEC": when it was read here, in whose context it happened, and the ring's
 * own stamp (the instance's trace_clock is boot). Ends by a signal. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <traceevent/kbuffer.h>

enum { CPUS_MAX = 64, PAGE = 4096 };

/* What each event begins with. */
typedef struct Common {
        uint16_t type;
        uint8_t flags, preempt_count;
        int32_t pid;
} Common;

static uint64_t boot_nsec(void) {
        struct timespec t;

        clock_gettime(CLOCK_BOOTTIME, &t);
        return (uint64_t) t.tv_sec * 1000000000 + (uint64_t) t.tv_nsec;
}

static int event_type(const char *instance, const char *event) {
        char path[512];
        FILE *f;
        int id = -1;

        (void) snprintf(path, sizeof(path), "%s/events/%s/id", instance, event);
        f = fopen(path, "re");
        if (f && fscanf(f, "%d", &id) != 1)
                id = -1;
        if (f)
                fclose(f);
        return id;
}

static nfds_t open_rings(const char *instance, struct pollfd *rings) {
        nfds_t n = 0;
        long cpus = sysconf(_SC_NPROCESSORS_ONLN);

        for (long cpu = 0; cpu < cpus && n < CPUS_MAX; cpu++) {
                char path[512];

                (void) snprintf(path, sizeof(path), "%s/per_cpu/cpu%ld/trace_pipe_raw", instance, cpu);
                rings[n] = (struct pollfd) { .fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), .events = POLLIN };
                n += rings[n].fd >= 0;
        }
        return n;
}

static void take_page(struct kbuffer *k, void *page, int type) {
        unsigned long long stamp;

        kbuffer_load_subbuffer(k, page);
        for (void *data = kbuffer_read_event(k, &stamp); data; data = kbuffer_next_event(k, &stamp)) {
                const Common *c = data;

                if (c->type == type)
                        printf("%" PRIu64 " %d %llu\n", boot_nsec(), c->pid, stamp);
        }
}

int main(int argc, char *argv[]) {
        static _Alignas(8) char page[PAGE];
        struct pollfd rings[CPUS_MAX];
        struct kbuffer *k = kbuffer_alloc(KBUFFER_LSIZE_8, KBUFFER_ENDIAN_LITTLE);
        int type = argc == 3 ? event_type(argv[1], argv[2]) : -1;
        nfds_t n = argc == 3 ? open_rings(argv[1], rings) : 0;

        if (!k || type < 0 || n == 0) {
                fprintf(stderr, "usage: ring-clock INSTANCE EVENT\n");
                return 2;
        }
        setvbuf(stdout, NULL, _IOLBF, 0);
        puts("ready");
        for (;;) {
                if (poll(rings, n, -1) < 0 && errno != EINTR)
                        break;
                for (nfds_t i = 0; i < n; i++)
                        while (rings[i].revents && read(rings[i].fd, page, sizeof(page)) > 0)
                                take_page(k, page, type);
        }
        perror("ring-clock");
        return 1;
}
