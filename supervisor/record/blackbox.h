#pragma once
/* The black box's files: captures of the last minutes before a kill or a verdict, kept in a directory of the state directory by a
 * thread of their own. Bounded in number and bytes, the oldest go first. Event thread only, but for the thread. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BLACKBOX_NAME_SIZE = 64, BLACKBOX_FILES = 32 };

typedef struct Blackbox Blackbox;

typedef struct BlackboxOptions {
        const char *directory;          /* made where it is not there */
        const char *boot_id;            /* 32 hex digits, of this boot */
        size_t size;                    /* the longest capture, bytes; that much memory is taken, touched at the first */
        size_t max_files;               /* 0: BLACKBOX_FILES, which is the most */
        uint64_t max_bytes;             /* in all; 0: 16 MiB */
} BlackboxOptions;

/* What stands in a file, and in memory waits to. */
typedef struct BlackboxSpan {
        uint64_t from_usec, to_usec;    /* CLOCK_BOOTTIME */
        int64_t offset_usec;            /* of CLOCK_REALTIME to it: the file is named after when it ends */
} BlackboxSpan;

typedef struct BlackboxCounts {
        uint64_t files, bytes;          /* as of now, as far as known */
        uint64_t stored, dropped;       /* since the start; dropped: too long, or the one before was not written yet */
        int error;                      /* of the last that could not be written, -errno; 0 */
} BlackboxCounts;

/* Looks what is there and starts the thread. Returns 0, -ENOMEM, or -errno of the directory. */
int blackbox_new(Blackbox **ret, const BlackboxOptions *options);

/* Ends the thread when it has written what it was given, after @wait_usec at most. Returns NULL. */
Blackbox *blackbox_free(Blackbox *b, uint64_t wait_usec);

/* Has the @n texts stored one behind the other. Copies them; never blocks, allocates nothing. Returns false where that could
 * not be (counted). */
bool blackbox_store(Blackbox *b, const BlackboxSpan *span, const char *const *texts, const size_t *lengths, size_t n);

/* The newest file that tells of that moment of this or another boot (32 hex digits, dashes or none): its path in @ret. false:
 * none. */
bool blackbox_find(const Blackbox *b, const char *boot_id, uint64_t usec, char *ret, size_t size);

/* Where they are. */
const char *blackbox_directory(const Blackbox *b);

/* Gives the counters. */
void blackbox_counts(Blackbox *b, BlackboxCounts *ret);
