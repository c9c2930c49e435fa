#include "supervisor/observe/batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/array.h"
#include "supervisor/base/fd.h"

enum { LITTLE_BYTES = 1 << 20 };

static void guards_close(Batch *b) {
        for (size_t i = 0; i < b->n_guards; i++)
                fd_closep(&b->guards[i].fd);
        b->n_guards = 0;
}

void batch_clear(Batch *b) {
        guards_close(b);
        b->n = b->n_tallies = b->n_comms = b->n_marks = b->texts_length = 0;
        b->limits_fd = -1;
        b->hot = false;
        atomic_store(&b->read, false);
}

void batch_done(Batch *b) {
        guards_close(b);
        free(b->guards);
        b->guards = NULL;
        b->guards_size = 0;
        free(b->items);
        free(b->tallies);
        free(b->texts);
        free(b->marks);
        b->marks = NULL;
        b->n_marks = b->marks_size = 0;
        b->items = NULL;
        b->tallies = NULL;
        b->texts = NULL;
        b->n = b->size = b->n_tallies = b->tallies_size = b->texts_size = 0;
}

/* Keeps @path in the batch. Returns 0 and its offset, or -ENOMEM. */
static int text_add(Batch *b, const char *path, size_t *ret) {
        size_t length = strlen(path) + 1;

        if (b->texts_length + length > b->texts_size) {
                size_t size = (b->texts_length + length) * 2;
                char *texts = realloc(b->texts, size);

                if (!texts)
                        return -ENOMEM;
                b->texts = texts;
                b->texts_size = size;
        }
        memcpy(b->texts + b->texts_length, path, length);
        *ret = b->texts_length;
        b->texts_length += length;
        return 0;
}

int batch_add(Batch *b, uint64_t id, const char *path, bool points_wanted, BatchLook look, const Reading *before) {
        BatchItem *items = array_grow(b->items, b->n, &b->size, sizeof(*items));
        size_t at;

        if (!items)
                return -ENOMEM;
        b->items = items;
        if (text_add(b, path, &at) < 0)
                return -ENOMEM;
        b->items[b->n++] = (BatchItem) { .id = id, .path = at, .points_wanted = points_wanted, .points = -1,
                                         .quick = look == BATCH_QUICK, .close = look == BATCH_CLOSE, .given = look == BATCH_GIVEN,
                                         .reading = before ? *before : (Reading) { 0 } };
        return 0;
}

int batch_add_tally(Batch *b, uint64_t id, const char *path) {
        BatchTally *tallies = array_grow(b->tallies, b->n_tallies, &b->tallies_size, sizeof(*tallies));
        size_t at;

        if (!tallies)
                return -ENOMEM;
        b->tallies = tallies;
        if (text_add(b, path, &at) < 0)
                return -ENOMEM;
        b->tallies[b->n_tallies++] = (BatchTally) { .id = id, .path = at };
        return 0;
}

int batch_add_comm(Batch *b, const char *item) {
        if (text_add(b, item, &b->comms[b->n_comms]) < 0)
                return -ENOMEM;
        b->n_comms++;
        return 0;
}

void batch_comms(const Batch *b, const char *ret[static COMMS_MAX]) {
        for (size_t i = 0; i < b->n_comms; i++)
                ret[i] = b->texts + b->comms[i];
}

int batch_add_guard(Batch *b, uint64_t id, const char *path) {
        BatchGuard *guards = array_grow(b->guards, b->n_guards, &b->guards_size, sizeof(*guards));
        size_t at;

        if (!guards)
                return -ENOMEM;
        b->guards = guards;
        if (text_add(b, path, &at) < 0)
                return -ENOMEM;
        b->guards[b->n_guards++] = (BatchGuard) { .id = id, .path = at, .fd = -1 };
        return 0;
}

static int64_t not_less(int64_t value) {
        return value > 0 ? value : 0;
}

int64_t batch_events(const Reading *r) {
        return r->high < 0 ? READING_UNKNOWN : r->high + not_less(r->max) + not_less(r->oom) + not_less(r->oom_kill);
}

int64_t batch_little(const Reading *r) {
        return r->limit > 0 && r->limit / 16 < LITTLE_BYTES ? r->limit / 16 : LITTLE_BYTES;
}
