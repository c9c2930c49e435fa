#include "supervisor/record/crier.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "supervisor/base/thread.h"
#include "supervisor/host/journal.h"
#include "supervisor/record/journalentry.h"
#include "supervisor/text/escape.h"

enum { SLOTS_DEFAULT = 64, SLOT_BYTES_DEFAULT = 16 << 10, STACK_BYTES = 128 << 10, SUMMARY_EVERY_SEC = 60 };

typedef struct Slot {
        RecordMeta meta;
        int priority;                   /* of a plain message; -1: a record */
        size_t length;
        char *text;                     /* in Crier.memory */
} Slot;

struct Crier {
        pthread_t thread;
        pthread_mutex_t lock;
        pthread_cond_t wake;
        Slot *slots;
        char *memory;
        size_t n_slots, slot_bytes;
        uint64_t head, tail;            /* under the lock; slots[n % n_slots] */
        bool stop, to_stderr;
        _Atomic uint64_t dropped;
        uint64_t dropped_told;          /* the thread's: how many drops were said */
        time_t summary_sec;
};

/* Where there is no journal: one line, its bytes harmless to a terminal. */
static void line_write(int priority, const char *text) {
        char line[4096];
        Strbuf b = STRBUF_INIT(line);

        strbuf_printf(&b, "<%d>reeved: ", priority);
        escape_terminal(&b, text, strlen(text), /* escaped= */ true);
        if (b.length == sizeof(line) - 1)
                b.length--;
        line[b.length++] = '\n';
        (void) !write(STDERR_FILENO, line, b.length);
}

static void say(Crier *c, int priority, const char *text) {
        char message[4200], level[16];
        struct iovec fields[3] = { { .iov_base = message }, { .iov_base = level } };
        static char identifier[] = "SYSLOG_IDENTIFIER=reeved";
        int n;

        if (c->to_stderr || !journal_present()) {
                line_write(priority, text);
                return;
        }
        n = snprintf(message, sizeof(message), "MESSAGE=%s", text);
        fields[0].iov_len = (size_t) n < sizeof(message) ? (size_t) n : sizeof(message) - 1;
        fields[1].iov_len = (size_t) snprintf(level, sizeof(level), "PRIORITY=%d", priority);
        fields[2] = (struct iovec) { .iov_base = identifier, .iov_len = sizeof(identifier) - 1 };
        if (journal_send(fields, 3) < 0)
                line_write(priority, text);
}

static void tell(Crier *c, const Slot *s) {
        JournalEntry e;

        if (s->priority >= 0) {
                say(c, s->priority, s->text);
                return;
        }
        if (journal_entry_make(&e, &s->meta, s->text, s->length) < 0)
                return;
        if (c->to_stderr || !journal_present() || journal_send(e.fields, e.n) < 0) {
                if (e.priority < LOG_DEBUG)
                        line_write(e.priority, e.message);
        }
        journal_entry_clear(&e);
}

/* Says how many were dropped, once a minute at most: a journal that is slow is not made slower by it. */
static void summarize(Crier *c) {
        uint64_t dropped = atomic_load(&c->dropped);
        struct timespec t;
        char text[160];

        (void) clock_gettime(CLOCK_BOOTTIME, &t);
        if (dropped == c->dropped_told || (c->summary_sec && t.tv_sec - c->summary_sec < SUMMARY_EVERY_SEC))
                return;
        (void) snprintf(text, sizeof(text), "%llu records were not told here, since the journal was too slow; the ledger has"
                        " them", (unsigned long long) (dropped - c->dropped_told));
        c->dropped_told = dropped;
        c->summary_sec = t.tv_sec;
        say(c, LOG_WARNING, text);
}

static void *crier_work(void *userdata) {
        Crier *c = userdata;

        for (;;) {
                const Slot *s = NULL;

                pthread_mutex_lock(&c->lock);
                while (c->head == c->tail && !c->stop)
                        (void) pthread_cond_wait(&c->wake, &c->lock);
                if (c->head < c->tail)
                        s = &c->slots[c->head % c->n_slots];
                pthread_mutex_unlock(&c->lock);
                if (!s)
                        return NULL;
                /* The slot is ours until head passes it. */
                tell(c, s);
                pthread_mutex_lock(&c->lock);
                c->head++;
                pthread_mutex_unlock(&c->lock);
                summarize(c);
        }
}

static Crier *crier_destroy(Crier *c) {
        pthread_mutex_destroy(&c->lock);
        pthread_cond_destroy(&c->wake);
        free(c->slots);
        free(c->memory);
        free(c);
        return NULL;
}

int crier_new(Crier **ret, const CrierOptions *options) {
        Crier *c = calloc(1, sizeof(*c));
        int r;

        if (!c)
                return -ENOMEM;
        c->n_slots = options->slots ? options->slots : SLOTS_DEFAULT;
        c->slot_bytes = options->slot_bytes ? options->slot_bytes : SLOT_BYTES_DEFAULT;
        c->to_stderr = options->to_stderr;
        thread_lock_init(&c->lock);
        pthread_cond_init(&c->wake, NULL);
        c->slots = calloc(c->n_slots, sizeof(*c->slots));
        c->memory = calloc(c->n_slots, c->slot_bytes);
        r = c->slots && c->memory ? thread_start(&c->thread, "reeve-crier", STACK_BYTES, crier_work, c) : -ENOMEM;
        if (r < 0) {
                (void) crier_destroy(c);
                return r;
        }
        *ret = c;
        return 0;
}

Crier *crier_free(Crier *c, uint64_t wait_usec) {
        struct timespec t;

        if (!c)
                return NULL;
        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        t.tv_sec += (time_t) (wait_usec / 1000000);
        t.tv_nsec += (long) (wait_usec % 1000000) * 1000;
        if (t.tv_nsec >= 1000000000) {
                t.tv_sec++;
                t.tv_nsec -= 1000000000;
        }
        pthread_mutex_lock(&c->lock);
        c->stop = true;
        pthread_cond_signal(&c->wake);
        pthread_mutex_unlock(&c->lock);
        if (pthread_clockjoin_np(c->thread, NULL, CLOCK_MONOTONIC, &t) != 0)
                return NULL;
        return crier_destroy(c);
}

static bool queue(Crier *c, const RecordMeta *meta, int priority, const char *text, size_t length) {
        Slot *s = NULL;

        pthread_mutex_lock(&c->lock);
        if (c->tail - c->head < c->n_slots && length < c->slot_bytes) {
                size_t i = c->tail % c->n_slots;

                s = &c->slots[i];
                s->text = c->memory + i * c->slot_bytes;
                s->priority = priority;
                s->length = length;
                if (meta)
                        s->meta = *meta;
                memcpy(s->text, text, length);
                s->text[length] = '\0';
                c->tail++;
                pthread_cond_signal(&c->wake);
        }
        pthread_mutex_unlock(&c->lock);
        if (!s)
                atomic_fetch_add(&c->dropped, 1);
        return s != NULL;
}

bool crier_tell(Crier *c, const RecordMeta *meta, const char *json, size_t length) {
        return queue(c, meta, -1, json, length);
}

bool crier_say(Crier *c, int priority, const char *text) {
        size_t length = strlen(text);

        return queue(c, NULL, priority, text, length < c->slot_bytes ? length : c->slot_bytes - 1);
}

uint64_t crier_dropped(const Crier *c) {
        return atomic_load(&c->dropped);
}
