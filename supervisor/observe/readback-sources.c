/* The kernel's log, the journal, and what pstore kept. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supervisor/base/fd.h"
#include "supervisor/host/journalread.h"
#include "supervisor/host/mapguard.h"
#include "supervisor/host/proc.h"
#include "supervisor/observe/readback-private.h"

enum { PSTORE_LEVELS = 3, PSTORE_FILE_MAX = 4 << 20 };

int readback_kmsg(Readback *r) {
        Kmsg *k;
        ssize_t n = 0;
        int e = kmsg_open(&k, r->kmsg, true);

        if (e < 0)
                return e;
        loglines_init(r->lines, REEVE_SOURCE_LOG, true);
        memcpy(r->boot_id, r->this_boot, sizeof(r->boot_id));
        host_name(r->host, sizeof(r->host));
        r->offset_usec = (clock_offset_nsec() + clock_suspended_nsec()) / 1000;
        while (!atomic_load(&r->stop) && (n = kmsg_read(k, r->buffer, NULL)) > 0) {
                loglines_record(r->lines, r->buffer, (size_t) n, NULL, &r->sink);
                readback_count_line(r);
        }
        logkill_flush(&r->lines->kills, &r->sink);
        kmsg_close(k);
        return n < 0 ? (int) n : 0;
}

/* Another boot's stamps begin at 0 again: nothing carries over. */
static void begin_boot(Readback *r, const JournalLine *line) {
        if (strcmp(r->boot_id, line->boot_id) != 0) {
                logkill_flush(&r->lines->kills, &r->sink);
                loglines_init(r->lines, REEVE_SOURCE_JOURNAL, true);
                memcpy(r->boot_id, line->boot_id, sizeof(r->boot_id));
        }
        memcpy(r->host, line->host, sizeof(r->host));
}

static int journal_lines(Readback *r) {
        Journalread *j;
        JournalLine line;
        int e = journalread_open(&j, r->journal, r->since_realtime_usec);

        if (e < 0)
                return e;
        loglines_init(r->lines, REEVE_SOURCE_JOURNAL, true);
        r->boot_id[0] = '\0';
        while (!atomic_load(&r->stop) && (e = journalread_next(j, &line)) > 0) {
                begin_boot(r, &line);
                r->offset_usec = line.realtime_usec - (int64_t) line.monotonic_usec;
                loglines_text(r->lines, line.text, line.length, line.monotonic_usec, &r->sink);
                readback_count_line(r);
        }
        logkill_flush(&r->lines->kills, &r->sink);
        journalread_close(j);
        return e < 0 ? e : 0;
}

/* journald may cut a file short while we read it. What it took away is told as -EIO; the rest was read. */
int readback_journal(Readback *r) {
        int e;

        mapguard_enter();
        e = journal_lines(r);
        return mapguard_leave() && e >= 0 ? -EIO : e;
}

/* A dump's directory bears the second it was taken in; its last line is of that moment. */
static int64_t dump_offset(const char *text, size_t length, int64_t taken_sec) {
        int64_t last = KMSG_UNKNOWN;

        for (const char *at = text, *end = text + length; at < end;) {
                const char *newline = memchr(at, '\n', (size_t) (end - at));
                size_t n = (size_t) ((newline ? newline : end) - at);
                KmsgSlice rest;
                int64_t usec;

                kmsg_strip(at, n, &usec, &rest);
                if (usec != KMSG_UNKNOWN)
                        last = usec;
                at += n + 1;
        }
        return taken_sec <= 0 || last == KMSG_UNKNOWN ? INT64_MIN : taken_sec * 1000000 - last;
}

static void read_dump(Readback *r, int dirfd, const char *name, int64_t taken_sec) {
        _cleanup_close_ int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        _cleanup_free_ char *text = NULL;
        struct stat st;
        ssize_t length;
        int64_t usec = 0, stamp;

        if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size > PSTORE_FILE_MAX)
                return;
        text = malloc((size_t) st.st_size);
        if (!text)
                return;
        length = read(fd, text, (size_t) st.st_size);
        if (length <= 0)
                return;
        loglines_init(r->lines, REEVE_SOURCE_PSTORE, true);
        r->boot_id[0] = r->host[0] = '\0';
        r->offset_usec = dump_offset(text, (size_t) length, taken_sec);
        for (const char *at = text, *end = text + length; at < end && !atomic_load(&r->stop);) {
                const char *newline = memchr(at, '\n', (size_t) (end - at));
                size_t n = (size_t) ((newline ? newline : end) - at);
                KmsgSlice line;

                kmsg_strip(at, n, &stamp, &line);
                if (stamp != KMSG_UNKNOWN)
                        usec = stamp;
                loglines_text(r->lines, line.data, line.length, (uint64_t) usec, &r->sink);
                readback_count_line(r);
                at += n + 1;
        }
        logkill_flush(&r->lines->kills, &r->sink);
}

/* A directory that holds dmesg.txt holds its pieces too, and those in reverse. */
static bool is_dump(const char *name, bool merged) {
        return merged ? strcmp(name, "dmesg.txt") == 0 : strncmp(name, "dmesg-", 6) == 0 && !strstr(name, ".enc");
}

static void read_pstore_directory(Readback *r, int dirfd, int level, int64_t taken_sec) {
        _cleanup_closedir_ DIR *dir = fdopendir(dirfd);
        struct dirent *entry;
        bool merged;

        if (!dir) {
                close(dirfd);
                return;
        }
        merged = faccessat(dirfd, "dmesg.txt", F_OK, 0) == 0;
        while ((entry = readdir(dir)) && !atomic_load(&r->stop)) {
                char *end;
                long long number;
                int fd;

                if (entry->d_name[0] == '.')
                        continue;
                if (is_dump(entry->d_name, merged)) {
                        read_dump(r, dirfd, entry->d_name, taken_sec);
                        continue;
                }
                if (level == PSTORE_LEVELS)
                        continue;
                fd = openat(dirfd, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
                if (fd < 0)
                        continue;
                number = strtoll(entry->d_name, &end, 10);
                read_pstore_directory(r, fd, level + 1, *end == '\0' && number > 1000000000 ? (int64_t) number : taken_sec);
        }
}

int readback_pstore(Readback *r) {
        int fd = open(r->pstore, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;
        read_pstore_directory(r, fd, 0, 0);
        return 0;
}
