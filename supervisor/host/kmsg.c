#include "supervisor/host/kmsg.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct Kmsg {
        int fd;
        bool known;                     /* a record was read: @next is its successor */
        uint64_t next;
        KmsgCounts counts;
};

int kmsg_open(Kmsg **ret, const char *device, bool from_oldest) {
        Kmsg *k = calloc(1, sizeof(*k));
        int r;

        if (!k)
                return -ENOMEM;
        k->fd = open(device ? device : "/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
        /* The device begins at the oldest record; SEEK_END is behind the newest. A file (a saved log) stays at 0. */
        if (k->fd < 0 || (!from_oldest && lseek(k->fd, 0, SEEK_END) < 0)) {
                r = -errno;
                if (k->fd >= 0)
                        close(k->fd);
                free(k);
                return r;
        }
        *ret = k;
        return 0;
}

Kmsg *kmsg_close(Kmsg *k) {
        if (k)
                close(k->fd);
        free(k);
        return NULL;
}

int kmsg_fd(const Kmsg *k) {
        return k->fd;
}

/* "6,656,6779976,-;text": the number behind the first comma. */
static bool sequence(const char *record, uint64_t *ret) {
        const char *comma = strchr(record, ',');
        char *end;

        if (!comma || comma[1] < '0' || comma[1] > '9')
                return false;
        *ret = strtoull(comma + 1, &end, 10);
        return *end == ',';
}

ssize_t kmsg_read(Kmsg *k, char ret[KMSG_RECORD_SIZE], uint64_t *ret_lost) {
        uint64_t seq, lost = 0;
        ssize_t n;

        for (;;) {
                n = read(k->fd, ret, KMSG_RECORD_SIZE - 1);
                if (n >= 0)
                        break;
                if (errno == EPIPE)     /* overtaken: the next read gives the oldest that is left */
                        k->counts.overruns++;
                else if (errno == EAGAIN)
                        return 0;
                else if (errno != EINTR)
                        return -errno;
        }
        ret[n] = '\0';
        if (n > 0 && sequence(ret, &seq)) {
                if (k->known && seq > k->next)
                        lost = seq - k->next;
                k->known = true;
                k->next = seq + 1;
        }
        k->counts.records += n > 0;
        k->counts.lost += lost;
        if (ret_lost)
                *ret_lost = lost;
        return n;
}

int kmsg_skip(Kmsg *k) {
        k->known = false;
        return lseek(k->fd, 0, SEEK_END) < 0 ? -errno : 0;
}

void kmsg_counts(const Kmsg *k, KmsgCounts *ret) {
        *ret = k->counts;
}
