/* Questions and answers: copied in, copied out, so that neither thread sees the other's memory. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/array.h"
#include "supervisor/base/fd.h"
#include "supervisor/ledger/clerk-private.h"

static bool text_copy(const char **text) {
        if (*text)
                *text = strdup(*text);
        return *text;
}

static void text_free(const char *text) {
        free((void *) (uintptr_t) text);
}

static const char **strings_of(ClerkQuery *q, size_t i) {
        const char **all[] = { &q->word, &q->boot_id, &q->query.cgroup, &q->query.key, &q->query.container,
                                &q->query.boot_id, &q->query.named };

        return i < ELEMENTSOF(all) ? all[i] : NULL;
}

Ask *ask_new(const ClerkQuery *q) {
        Ask *a = calloc(1, sizeof(*a));
        bool failed = false;
        const char **s;

        if (!a)
                return NULL;
        a->query = *q;
        for (size_t i = 0; (s = strings_of(&a->query, i)); i++)
                failed |= *s && !text_copy(s);
        if (failed) {
                ask_free(a);
                return NULL;
        }
        if (a->query.query.max_bytes == 0 || a->query.query.max_bytes > ANSWER_BYTES_MAX)
                a->query.query.max_bytes = ANSWER_BYTES_MAX;
        return a;
}

void ask_free(Ask *a) {
        const char **s;

        for (size_t i = 0; (s = strings_of(&a->query, i)); i++)
                text_free(*s);
        for (size_t i = 0; i < a->answer.n_rows; i++)
                text_free(a->rows[i].json);
        for (size_t i = 0; i < a->answer.n_counts; i++)
                text_free(a->counts[i].name);
        free(a->rows);
        free(a->counts);
        free(a);
}

/* Room for one more of @size each; false: no memory. */
static bool room_make(Ask *a, void *array, size_t used, size_t size) {
        void **p = array, *grown = array_grow(*p, used, &a->room, size);

        if (!grown) {
                a->no_memory = true;
                return false;
        }
        *p = grown;
        return true;
}

static void row_keep(const LedgerRow *row, void *userdata) {
        Ask *a = userdata;
        char *json;

        if (!room_make(a, &a->rows, a->answer.n_rows, sizeof(*a->rows)))
                return;
        json = malloc(row->length + 1);
        if (!json) {
                a->no_memory = true;
                return;
        }
        memcpy(json, row->json, row->length);
        json[row->length] = '\0';
        a->rows[a->answer.n_rows++] = (LedgerRow) { .meta = row->meta, .json = json, .length = row->length };
}

static void count_keep(const LedgerCount *count, void *userdata) {
        Ask *a = userdata;
        char *name;

        if (!room_make(a, &a->counts, a->answer.n_counts, sizeof(*a->counts)))
                return;
        name = strdup(count->name);
        if (!name) {
                a->no_memory = true;
                return;
        }
        a->counts[a->answer.n_counts++] = (LedgerCount) { .name = name, .n = count->n };
}

static int list(Clerk *c, Ask *a) {
        int64_t n = ledger_list(c->ledger, &a->query.query, row_keep, a, &a->answer.more);

        a->answer.n_found = a->answer.n_rows;
        return n < 0 ? (int) n : 0;
}

static int join(Clerk *c, Ask *a) {
        size_t found = a->answer.n_rows;

        for (size_t i = 0; i < found; i++) {
                LedgerQuery of = { .types = UINT32_C(1) << REEVE_RECORD_MORE, .of_seq = a->rows[i].meta.seq };
                int64_t n = ledger_list(c->ledger, &of, row_keep, a, NULL);

                if (n < 0)
                        return (int) n;
        }
        return 0;
}

static int find(Clerk *c, Ask *a) {
        LedgerQuery one = { .limit = 1, .for_reader = a->query.query.for_reader,
                            .reader_uid = a->query.query.reader_uid };
        uint64_t seq;
        int64_t n;
        int r = ledger_find(c->ledger, &a->query.query, a->query.word, &seq);

        if (r < 0)
                return r;
        one.after_seq = seq - 1;
        if (seq == 0)
                return -ENOENT;
        n = ledger_list(c->ledger, &one, row_keep, a, NULL);
        if (n < 0)
                return (int) n;
        if (n == 0 || a->rows[0].meta.seq != seq)
                return -ENOENT;
        a->answer.n_found = a->answer.n_rows;
        return join(c, a);
}

static int number(int64_t n, Ask *a) {
        if (n < 0)
                return (int) n;
        a->answer.number = n;
        return 0;
}

static int answer(Clerk *c, Ask *a) {
        const ClerkQuery *q = &a->query;
        int64_t n;
        int r;

        switch (q->question) {
        case CLERK_LIST:
                return list(c, a);
        case CLERK_JOINED:
                r = list(c, a);
                return r < 0 ? r : join(c, a);
        case CLERK_FIND:
                return q->word ? find(c, a) : -EINVAL;
        case CLERK_EXISTS:
                return number(ledger_exists(c->ledger, q->boot_id, q->origin_nsec, q->origin_pid, q->query.key), a);
        case CLERK_COUNTS:
                n = ledger_counts(c->ledger, &q->query, q->by, count_keep, a);
                return n < 0 ? (int) n : 0;
        case CLERK_WATCHED:
                return number(ledger_watched_since(c->ledger), a);
        }
        return -EINVAL;
}

int clerk_answer(Clerk *c, Ask *a) {
        int r = c->ledger ? answer(c, a) : -EBUSY;

        if (r == 0 && a->no_memory)
                r = -ENOMEM;
        a->answer.error = r;
        a->answer.rows = a->rows;
        a->answer.counts = a->counts;
        a->answer.evicted_seq = c->ledger ? ledger_evicted_seq(c->ledger, a->query.query.types) : 0;
        return 0;
}
