#include "supervisor/observe/readback.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "supervisor/base/fd.h"
#include "supervisor/host/journalread.h"
#include "supervisor/host/kmsg.h"
#include "supervisor/host/proc.h"
#include "supervisor/observe/loglines.h"

enum { RING = 512, PSTORE_LEVELS = 3, PSTORE_FILE_MAX = 4 << 20 };
enum { MAX_KILLS = 100000 };

struct Readback {
        char *kmsg, *journal, *pstore;
        int64_t since_realtime_usec;
        uint64_t max_kills;
        pthread_t thread;
        Ring *ring;
        atomic_bool stop;
        char buffer[KMSG_RECORD_SIZE];

        /* Of the thread: where the lines being read are from. */
        Loglines *lines;
        LogkillSink sink;
        char boot_id[33], this_boot[33], host[64];
        int64_t offset_usec;            /* added to a stamp gives realtime; INT64_MIN: not known */

        pthread_mutex_t lock;
        ReadbackCounts counts;
};

static char *copy_text(char **room, const char *text) {
        char *to = *room;

        if (!text)
                return NULL;
        *room = stpcpy(to, text) + 1;
        return to;
}

static size_t text_size(const char *text) {
        return text ? strlen(text) + 1 : 0;
}

/* The kill with all it points to in one piece of memory. */
static ReadbackKill *kill_copy(const Kill *k) {
        size_t size = sizeof(ReadbackKill) + k->n_victims * sizeof(KillVictim) + text_size(k->limit.path) + text_size(k->kill_cgroup.path);
        ReadbackKill *copy;
        char *room;

        for (size_t i = 0; i < k->n_victims; i++)
                size += text_size(k->victims[i].cgroup.path);
        copy = calloc(1, size);
        if (!copy)
                return NULL;
        copy->kill = *k;
        copy->kill.victims = (KillVictim *) (copy + 1);
        copy->kill.max_victims = k->n_victims;
        if (k->n_victims > 0)
                memcpy(copy->kill.victims, k->victims, k->n_victims * sizeof(KillVictim));
        room = (char *) (copy->kill.victims + k->n_victims);
        copy->kill.limit.path = copy_text(&room, k->limit.path);
        copy->kill.kill_cgroup.path = copy_text(&room, k->kill_cgroup.path);
        for (size_t i = 0; i < k->n_victims; i++)
                copy->kill.victims[i].cgroup.path = copy_text(&room, k->victims[i].cgroup.path);
        return copy;
}

/* Hands on; where the event thread is behind, this thread waits: what it reads does not run away. */
static bool push(Readback *r, ReadbackKill *k) {
        const struct timespec moment = { .tv_nsec = 10000000 };

        while (!atomic_load(&r->stop)) {
                if (ring_push(r->ring, k))
                        return true;
                (void) nanosleep(&moment, NULL);
        }
        return false;
}

static void take_kill(const Kill *kill, void *userdata) {
        Readback *r = userdata;
        int64_t realtime = r->offset_usec == INT64_MIN ? 0 : (int64_t) (kill->time_nsec / 1000) + r->offset_usec;
        ReadbackKill *k = NULL;
        bool kept;

        if (realtime && realtime < r->since_realtime_usec)
                return;
        if (r->counts.kills < r->max_kills)
                k = kill_copy(kill);
        if (k) {
                k->kill.late = true;
                k->realtime_usec = realtime;
                memcpy(k->boot_id, r->boot_id, sizeof(k->boot_id));
                memcpy(k->host, r->host, sizeof(k->host));
                k->this_boot = r->boot_id[0] && strcmp(r->boot_id, r->this_boot) == 0;
        }
        kept = k && push(r, k);
        if (!kept)
                free(k);
        pthread_mutex_lock(&r->lock);
        r->counts.kills += kept;
        r->counts.dropped += !kept;
        pthread_mutex_unlock(&r->lock);
}

static void count_line(Readback *r) {
        pthread_mutex_lock(&r->lock);
        r->counts.lines++;
        pthread_mutex_unlock(&r->lock);
}

static int read_kmsg(Readback *r) {
        Kmsg *k;
        ssize_t n;
        int e = kmsg_open(&k, r->kmsg, true);

        if (e < 0)
                return e;
        loglines_init(r->lines, REEVE_SOURCE_LOG, true);
        memcpy(r->boot_id, r->this_boot, sizeof(r->boot_id));
        host_name(r->host, sizeof(r->host));
        r->offset_usec = (clock_offset_nsec() + clock_suspended_nsec()) / 1000;
        while (!atomic_load(&r->stop) && (n = kmsg_read(k, r->buffer, NULL)) > 0) {
                loglines_record(r->lines, r->buffer, (size_t) n, NULL, &r->sink);
                count_line(r);
        }
        logkill_flush(&r->lines->kills, &r->sink);
        kmsg_close(k);
        return 0;
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

static int read_journal(Readback *r) {
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
                count_line(r);
        }
        logkill_flush(&r->lines->kills, &r->sink);
        journalread_close(j);
        return e < 0 ? e : 0;
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
                count_line(r);
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

static int read_pstore(Readback *r) {
        int fd = open(r->pstore, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;
        read_pstore_directory(r, fd, 0, 0);
        return 0;
}

static void *run(void *userdata) {
        Readback *r = userdata;
        int kmsg = 0, journal = 0, pstore = 0;

        if (!r->kmsg || *r->kmsg)
                kmsg = read_kmsg(r);
        if (!r->journal || *r->journal)
                journal = read_journal(r);
        if (*r->pstore)
                pstore = read_pstore(r);
        pthread_mutex_lock(&r->lock);
        r->counts.done = true;
        r->counts.kmsg_error = kmsg;
        r->counts.journal_error = journal;
        r->counts.pstore_error = pstore;
        pthread_mutex_unlock(&r->lock);
        ring_wake(r->ring);
        return NULL;
}

static void release(Readback *r) {
        ReadbackKill *k;

        while (r->ring && (k = ring_pop(r->ring)))
                free(k);
        ring_free(r->ring);
        pthread_mutex_destroy(&r->lock);
        free(r->lines);
        free(r->kmsg);
        free(r->journal);
        free(r->pstore);
        free(r);
}

static int start(Readback *r, const ReadbackOptions *o) {
        int e;

        r->kmsg = o->kmsg ? strdup(o->kmsg) : NULL;
        r->journal = o->journal ? strdup(o->journal) : NULL;
        r->pstore = strdup(o->pstore ? o->pstore : "/var/lib/systemd/pstore");
        r->lines = malloc(sizeof(*r->lines));
        if (!r->pstore || !r->lines || (o->kmsg && !r->kmsg) || (o->journal && !r->journal))
                return -ENOMEM;
        r->since_realtime_usec = o->since_realtime_usec;
        r->max_kills = o->max_kills ? o->max_kills : MAX_KILLS;
        r->sink = (LogkillSink) { .kill = take_kill, .userdata = r };
        (void) host_boot_id(r->this_boot);
        e = ring_new(&r->ring, RING);
        return e < 0 ? e : -pthread_create(&r->thread, NULL, run, r);
}

int readback_new(Readback **ret, const ReadbackOptions *options) {
        Readback *r = calloc(1, sizeof(*r));
        int e;

        if (!r)
                return -ENOMEM;
        pthread_mutex_init(&r->lock, NULL);
        e = start(r, options);
        if (e < 0) {
                release(r);
                return e;
        }
        *ret = r;
        return 0;
}

Readback *readback_free(Readback *r) {
        if (!r)
                return NULL;
        atomic_store(&r->stop, true);
        pthread_join(r->thread, NULL);
        release(r);
        return NULL;
}

Ring *readback_ring(Readback *r) {
        return r->ring;
}

ReadbackKill *readback_take(Readback *r) {
        return ring_pop(r->ring);
}

ReadbackKill *readback_kill_free(ReadbackKill *k) {
        free(k);
        return NULL;
}

void readback_counts(Readback *r, ReadbackCounts *ret) {
        pthread_mutex_lock(&r->lock);
        *ret = r->counts;
        pthread_mutex_unlock(&r->lock);
}
