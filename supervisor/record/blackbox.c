#include "supervisor/record/blackbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "supervisor/base/clock.h"
#include "supervisor/base/fd.h"
#include "supervisor/base/thread.h"

enum { STACK_BYTES = 64 << 10, BOOT_DIGITS = 12, MAX_BYTES = 16 << 20, SEC_USEC = 1000000 };

/* One file, by what its name says. */
typedef struct File {
        char name[BLACKBOX_NAME_SIZE];
        char boot[BOOT_DIGITS + 1];
        uint64_t from_sec, to_sec;      /* rounded outwards */
        uint64_t bytes;
} File;

struct Blackbox {
        char directory[1100];
        char boot[BOOT_DIGITS + 1];
        size_t size, max_files;
        uint64_t max_bytes;
        int dirfd;
        File files[BLACKBOX_FILES];     /* oldest first */
        size_t n_files;
        uint64_t stored, dropped;

        pthread_t thread;
        pthread_mutex_t lock;
        pthread_cond_t wake;
        char *text;                     /* the thread's while it is busy */
        size_t length;
        char name[BLACKBOX_NAME_SIZE], gone[BLACKBOX_FILES][BLACKBOX_NAME_SIZE];        /* to be written, removed */
        size_t n_gone;
        bool busy, stop;
        atomic_int error;
};

/* ---- names: "20261120-134501-0123456789ab-4711-4860.capture" ---- */

static void boot_digits(const char *boot_id, char ret[static BOOT_DIGITS + 1]) {
        size_t n = 0;

        for (; *boot_id && n < BOOT_DIGITS; boot_id++)
                if (*boot_id != '-')
                        ret[n++] = *boot_id;
        ret[n] = '\0';
}

static bool name_parse(const char *name, File *ret) {
        int end = 0;

        *ret = (File) { .bytes = 0 };
        if (strlen(name) >= sizeof(ret->name) ||
            sscanf(name, "%*8[0-9]-%*6[0-9]-%12[0-9a-f]-%" SCNu64 "-%" SCNu64 ".capture%n", ret->boot, &ret->from_sec, &ret->to_sec, &end) != 3 ||
            end == 0 || name[end])
                return false;
        memcpy(ret->name, name, strlen(name) + 1);
        return true;
}

static void name_make(const Blackbox *b, const BlackboxSpan *span, File *ret) {
        time_t end = (time_t) (((int64_t) span->to_usec + span->offset_usec) / SEC_USEC);
        struct tm tm;
        char when[32];

        *ret = (File) { .from_sec = span->from_usec / SEC_USEC, .to_sec = span->to_usec / SEC_USEC + 1 };
        memcpy(ret->boot, b->boot, sizeof(ret->boot));
        (void) gmtime_r(&end, &tm);
        (void) strftime(when, sizeof(when), "%Y%m%d-%H%M%S", &tm);
        (void) snprintf(ret->name, sizeof(ret->name), "%s-%s-%" PRIu64 "-%" PRIu64 ".capture", when, ret->boot, ret->from_sec, ret->to_sec);
}

/* ---- what there is ---- */

static void forget_oldest(Blackbox *b) {
        memcpy(b->gone[b->n_gone++], b->files[0].name, BLACKBOX_NAME_SIZE);
        b->n_files--;
        memmove(&b->files[0], &b->files[1], b->n_files * sizeof(*b->files));
}

static uint64_t bytes_of(const Blackbox *b) {
        uint64_t sum = 0;

        for (size_t i = 0; i < b->n_files; i++)
                sum += b->files[i].bytes;
        return sum;
}

static int by_name(const void *a, const void *b) {
        return strcmp(((const File *) a)->name, ((const File *) b)->name);
}

static int only_captures(const struct dirent *entry) {
        File f;

        return name_parse(entry->d_name, &f);
}

/* What an earlier run left, and at once no more than is allowed. */
static void look_around(Blackbox *b) {
        struct dirent **entries = NULL;
        int n = scandirat(b->dirfd, ".", &entries, only_captures, alphasort);

        for (int i = 0; i < n; i++) {
                struct stat st;
                File f;

                if (name_parse(entries[i]->d_name, &f) && fstatat(b->dirfd, f.name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode)) {
                        f.bytes = (uint64_t) st.st_size;
                        if (b->n_files == b->max_files) {
                                (void) unlinkat(b->dirfd, b->files[0].name, 0);
                                b->n_gone = 0;
                                forget_oldest(b);
                        }
                        b->files[b->n_files++] = f;
                }
                free(entries[i]);
        }
        free(entries);
        b->n_gone = 0;
        qsort(b->files, b->n_files, sizeof(*b->files), by_name);
}

/* ---- the thread ---- */

static int write_file(Blackbox *b) {
        static const char temporary[] = ".new";
        _cleanup_close_ int fd = openat(b->dirfd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);

        if (fd < 0)
                return -errno;
        for (size_t done = 0; done < b->length;) {
                ssize_t n = write(fd, b->text + done, b->length - done);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0) {
                        int r = -errno;

                        (void) unlinkat(b->dirfd, temporary, 0);
                        return r;
                }
                done += (size_t) n;
        }
        return renameat(b->dirfd, temporary, b->dirfd, b->name) < 0 ? -errno : 0;
}

static void *work(void *userdata) {
        Blackbox *b = userdata;

        for (;;) {
                pthread_mutex_lock(&b->lock);
                while (!b->busy && !b->stop)
                        (void) pthread_cond_wait(&b->wake, &b->lock);
                pthread_mutex_unlock(&b->lock);
                if (!b->busy)
                        return NULL;
                /* First what goes: the bound holds at every moment. */
                for (size_t i = 0; i < b->n_gone; i++)
                        (void) unlinkat(b->dirfd, b->gone[i], 0);
                atomic_store(&b->error, write_file(b));
                pthread_mutex_lock(&b->lock);
                b->busy = false;
                pthread_mutex_unlock(&b->lock);
        }
}

/* ---- from outside ---- */

static Blackbox *destroy(Blackbox *b) {
        pthread_mutex_destroy(&b->lock);
        pthread_cond_destroy(&b->wake);
        fd_closep(&b->dirfd);
        free(b->text);
        free(b);
        return NULL;
}

int blackbox_new(Blackbox **ret, const BlackboxOptions *options) {
        Blackbox *b = calloc(1, sizeof(*b));
        int r = 0;

        if (!b)
                return -ENOMEM;
        b->dirfd = -1;
        b->size = options->size;
        b->max_files = options->max_files && options->max_files < BLACKBOX_FILES ? options->max_files : BLACKBOX_FILES;
        b->max_bytes = options->max_bytes ? options->max_bytes : MAX_BYTES;
        boot_digits(options->boot_id, b->boot);
        thread_lock_init(&b->lock);
        pthread_cond_init(&b->wake, NULL);
        (void) snprintf(b->directory, sizeof(b->directory), "%s", options->directory);
        if (mkdir(b->directory, 0750) < 0 && errno != EEXIST)
                r = -errno;
        else
                b->dirfd = open(b->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (r == 0 && b->dirfd < 0)
                r = -errno;
        b->text = r == 0 ? calloc(1, b->size) : NULL;
        if (r == 0 && !b->text)
                r = -ENOMEM;
        if (r == 0) {
                look_around(b);
                r = thread_start(&b->thread, "reeve-blackbox", STACK_BYTES, work, b);
        }
        if (r < 0) {
                (void) destroy(b);
                return r;
        }
        *ret = b;
        return 0;
}

Blackbox *blackbox_free(Blackbox *b, uint64_t wait_usec) {
        uint64_t until;
        struct timespec t;

        if (!b)
                return NULL;
        until = clock_nsec(CLOCK_MONOTONIC) + wait_usec * 1000;
        t = (struct timespec) { .tv_sec = (time_t) (until / 1000000000), .tv_nsec = (long) (until % 1000000000) };
        pthread_mutex_lock(&b->lock);
        b->stop = true;
        pthread_cond_signal(&b->wake);
        pthread_mutex_unlock(&b->lock);
        if (pthread_clockjoin_np(b->thread, NULL, CLOCK_MONOTONIC, &t) != 0)
                return NULL;
        return destroy(b);
}

/* Notes the file and what has to go for it. */
static void file_add(Blackbox *b, const File *f) {
        b->n_gone = 0;
        while (b->n_files > 0 && (b->n_files == b->max_files || bytes_of(b) + f->bytes > b->max_bytes))
                forget_oldest(b);
        b->files[b->n_files++] = *f;
        memcpy(b->name, f->name, sizeof(b->name));
}

bool blackbox_store(Blackbox *b, const BlackboxSpan *span, const char *const *texts, const size_t *lengths, size_t n) {
        size_t length = 0;
        bool idle;
        File f;

        for (size_t i = 0; i < n; i++)
                length += lengths[i];
        pthread_mutex_lock(&b->lock);
        idle = !b->busy;
        pthread_mutex_unlock(&b->lock);
        if (!idle || length == 0 || length > b->size) {
                b->dropped++;
                return false;
        }
        b->length = 0;
        for (size_t i = 0; i < n; i++) {
                memcpy(b->text + b->length, texts[i], lengths[i]);
                b->length += lengths[i];
        }
        name_make(b, span, &f);
        f.bytes = length;
        file_add(b, &f);
        b->stored++;
        pthread_mutex_lock(&b->lock);
        b->busy = true;
        pthread_cond_signal(&b->wake);
        pthread_mutex_unlock(&b->lock);
        return true;
}

bool blackbox_find(const Blackbox *b, const char *boot_id, uint64_t usec, char *ret, size_t size) {
        char boot[BOOT_DIGITS + 1];

        boot_digits(boot_id, boot);
        for (size_t i = b->n_files; i-- > 0;) {
                const File *f = &b->files[i];

                if (strcmp(f->boot, boot) == 0 && usec / SEC_USEC >= f->from_sec && usec / SEC_USEC < f->to_sec)
                        return snprintf(ret, size, "%s/%s", b->directory, f->name) < (int) size;
        }
        return false;
}

const char *blackbox_directory(const Blackbox *b) {
        return b->directory;
}

void blackbox_counts(Blackbox *b, BlackboxCounts *ret) {
        *ret = (BlackboxCounts) { .files = b->n_files, .bytes = bytes_of(b), .stored = b->stored, .dropped = b->dropped,
                                  .error = atomic_load(&b->error) };
}
