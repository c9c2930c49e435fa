#pragma once
/* The kernel's lines in the journal, of all boots it keeps, in order. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Journalread Journalread;

/* One line; strings live until the next one. */
typedef struct JournalLine {
        const char *text;               /* not NUL-terminated */
        size_t length;
        char boot_id[33];
        char host[64];
        uint64_t monotonic_usec;        /* the kernel log's own stamp */
        int64_t realtime_usec;          /* when it was written */
} JournalLine;

/* Opens the host's journal (@directory NULL) or the files in a directory; begins at @since_realtime_usec (0: the oldest).
 * Returns 0, -errno. A journal without entries is no error. */
int journalread_open(Journalread **ret, const char *directory, int64_t since_realtime_usec);
Journalread *journalread_close(Journalread *j);

/* Returns 1 and a line, 0 at the end, -errno. */
int journalread_next(Journalread *j, JournalLine *ret);
