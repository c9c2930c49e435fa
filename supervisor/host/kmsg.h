#pragma once
/* The kernel log as a stream of raw records ("prio,seq,usec,flags;text"), with what was lost counted exactly. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct Kmsg Kmsg;

enum { KMSG_RECORD_SIZE = 8192 };       /* smaller buffers get EINVAL for long records */

typedef struct KmsgCounts {
        uint64_t records, overruns;     /* overruns: how often the kernel overtook us */
        uint64_t lost;                  /* records missing by their sequence numbers */
} KmsgCounts;

/* Opens @device (NULL: /dev/kmsg), non-blocking, at the oldest record kept or behind the newest. Returns 0, -errno: -EPERM
 * without CAP_SYSLOG under dmesg_restrict or with printk.devkmsg=off. */
int kmsg_open(Kmsg **ret, const char *device, bool from_oldest);
Kmsg *kmsg_close(Kmsg *k);

/* For the event loop: EPOLLIN. */
int kmsg_fd(const Kmsg *k);

/* Reads one record, NUL-terminated. Returns its length, 0 where there is none just now, -errno. @ret_lost (may be NULL)
 * gets how many records went missing right before it. */
ssize_t kmsg_read(Kmsg *k, char ret[KMSG_RECORD_SIZE], uint64_t *ret_lost);

/* Goes behind the newest record: what was not read is let go, uncounted. Returns 0 or -errno. */
int kmsg_skip(Kmsg *k);

/* Gives the counters since the start. */
void kmsg_counts(const Kmsg *k, KmsgCounts *ret);
