#include "supervisor/ctl/records.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/base/array.h"
#include "supervisor/base/fd.h"
#include "supervisor/ctl/session.h"
#include "supervisor/text/human.h"
#include "supervisor/text/join.h"

enum { FOLLOW_PAUSE_MSEC = 250, FOLLOW_PATIENCE_MSEC = 60000 };

void records_clear(Records *r) {
        for (size_t i = 0; i < r->n; i++)
                json_decref(r->items[i]);
        free(r->items);
        *r = (Records) RECORDS_INIT;
}

static int out_of_memory(void) {
        (void) fprintf(stderr, "reevectl: no memory left\n");
        return CTL_FAILED;
}

static int records_add(Records *r, const json_t *record) {
        json_t **items = array_grow(r->items, r->n, &r->capacity, sizeof(*items));

        if (!items)
                return out_of_memory();
        r->items = items;
        r->items[r->n++] = json_incref((json_t *) (uintptr_t) record);
        return CTL_DONE;
}

/* A list and how to begin it again where it ended. */
typedef struct Stream {
        reeve *r;               /* the connection it began on, or the one of now */
        bool own;               /* @r is ours to close */
        const RecordsQuery *q;
        char cursor[64];        /* empty: nothing was read yet */
        int64_t waited_msec;    /* since something came last */
} Stream;

static int stream_open(reeve_records **ret, Stream *s) {
        const RecordsQuery *q = s->q;
        char since[HUMAN_MOMENT_SIZE], until[HUMAN_MOMENT_SIZE];
        bool again = s->cursor[0] != '\0';
        const reeve_filter filter = {
                .size = sizeof(filter),
                .types = q->types,
                .cgroup = q->cgroup,
                .since = !again && q->since_usec >= 0 ? human_rfc3339(q->since_usec, since) : NULL,
                .until = q->until_usec >= 0 ? human_rfc3339(q->until_usec, until) : NULL,
                .after = again ? s->cursor : q->after,
                .limit = again ? 0 : q->limit,
                .follow = q->follow,
        };

        return reeve_records_open(ret, s->r, &filter);
}

/* Takes what comes until the list ends. Returns 0, or a negative errno of libreeve; @ret_exit is what @take said. */
static int stream_take(Stream *s, reeve_records *list, RecordsTake take, void *userdata, int *ret_exit) {
        const char *text;
        int error = 0;

        while (*ret_exit == CTL_DONE && (error = reeve_records_next(list, -1, &text)) > 0) {
                json_auto_t *record = json_loads(text, 0, NULL);
                const char *cursor = reeve_records_cursor(list);

                (void) snprintf(s->cursor, sizeof(s->cursor), "%s", cursor ? cursor : "");
                s->waited_msec = 0;
                /* What is no object came from no reeved that we know; the rest of the list is still worth reading. */
                if (json_is_object(record))
                        *ret_exit = take(record, userdata);
        }
        return *ret_exit == CTL_DONE ? error : 0;
}

/* Waits for a reeved that restarts: what is written meanwhile comes by the cursor. Returns whether to try again. */
static bool stream_again(Stream *s) {
        reeve *fresh = NULL;

        while (s->cursor[0] && s->waited_msec < FOLLOW_PATIENCE_MSEC) {
                (void) usleep(FOLLOW_PAUSE_MSEC * 1000);
                s->waited_msec += FOLLOW_PAUSE_MSEC;
                if (reeve_connect(&fresh, reeve_path(s->r)) < 0)
                        continue;
                if (s->own)
                        (void) reeve_close(s->r);
                s->r = fresh;
                s->own = true;
                return true;
        }
        return false;
}

int records_each(reeve *r, const RecordsQuery *q, RecordsTake take, void *userdata) {
        Stream s = { .r = r, .q = q };
        int e = CTL_DONE, error;

        do {
                reeve_records *list = NULL;
                char text[512];

                error = stream_open(&list, &s);
                (void) snprintf(text, sizeof(text), "%s", error < 0 ? reeve_error_text(s.r) : "");
                if (error == 0) {
                        error = stream_take(&s, list, take, userdata, &e);
                        (void) snprintf(text, sizeof(text), "%s", reeve_records_error_text(list));
                }
                (void) reeve_records_close(list);
                if (q->follow && (error == -ECONNRESET || error == -ECONNREFUSED) && stream_again(&s))
                        continue;
                if (error < 0)
                        e = session_fail(error, text, q->cgroup);
                break;
        } while (true);
        if (s.own)
                (void) reeve_close(s.r);
        return e;
}

static int take_one(const json_t *record, void *userdata) {
        return records_add(userdata, record);
}

int records_read(Records *ret, reeve *r, const RecordsQuery *q) {
        return records_each(r, q, take_one, ret);
}

static const char *id_of(const json_t *record) {
        const char *id = json_string_value(json_object_get(record, "id"));

        return id ? id : "";
}

/* Orders by what a record is about: a `more` by its base, then by its own seq. */
static int compare_of(const void *a, const void *b) {
        const json_t *x = *(json_t *const *) a, *y = *(json_t *const *) b;
        const char *p = json_string_value(json_object_get(x, "of")), *q = json_string_value(json_object_get(y, "of"));
        int order = strcmp(p ? p : "", q ? q : "");
        json_int_t s = json_integer_value(json_object_get(x, "seq")), t = json_integer_value(json_object_get(y, "seq"));

        return order ? order : (s > t) - (s < t);
}

static int compare_id(const void *key, const void *item) {
        const char *of = json_string_value(json_object_get(*(json_t *const *) item, "of"));

        return strcmp(key, of ? of : "");
}

/* Joins @record with its part of @more, which is sorted by compare_of(). */
static json_t *join_one(json_t *record, const Records *more) {
        const char *id = id_of(record);
        json_t **found = bsearch(id, more->items, more->n, sizeof(*more->items), compare_id);
        size_t first, last;

        if (!found)
                return json_incref(record);
        first = (size_t) (found - more->items);
        for (last = first + 1; first > 0 && compare_id(id, &more->items[first - 1]) == 0;)
                first--;
        while (last < more->n && compare_id(id, &more->items[last]) == 0)
                last++;
        return join_records(record, (const json_t *const *) more->items + first, last - first);
}

int records_join(Records *records, reeve *r) {
        static const char *const types[] = { "more", NULL };
        Records more = RECORDS_INIT;
        int e;

        if (records->n == 0)
                return CTL_DONE;
        /* What is learned of a record comes after it, so only what follows the first needs to be read. */
        e = records_read(&more, r, &(RecordsQuery) { .types = types, .since_usec = -1, .until_usec = -1, .after = id_of(records->items[0]) });
        if (e == CTL_DONE && more.n > 0)
                qsort(more.items, more.n, sizeof(*more.items), compare_of);
        for (size_t i = 0; e == CTL_DONE && more.n > 0 && i < records->n; i++) {
                json_t *joined = join_one(records->items[i], &more);

                if (!joined)
                        e = out_of_memory();
                else {
                        json_decref(records->items[i]);
                        records->items[i] = joined;
                }
        }
        records_clear(&more);
        return e;
}

static int compare_time(const void *a, const void *b) {
        const char *x = json_string_value(json_object_get(*(json_t *const *) a, "time"));
        const char *y = json_string_value(json_object_get(*(json_t *const *) b, "time"));

        return strcmp(x ? x : "", y ? y : "");
}

void records_sort(Records *records) {
        if (records->n > 1)
                qsort(records->items, records->n, sizeof(*records->items), compare_time);
}

static bool digits_only(const char *text) {
        return *text && strlen(text) < 12 && strspn(text, "0123456789") == strlen(text);
}

bool records_is_name(const char *word) {
        const char *dash = strrchr(word, '-');

        if (strcmp(word, "last") == 0 || (strncmp(word, "last~", 5) == 0 && digits_only(word + 5)) || digits_only(word))
                return true;
        return word[0] != '/' && dash && dash - word == 8 && digits_only(dash + 1) &&
               strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789") == 8;
}

static int not_found(const char *word) {
        (void) fprintf(stderr, "reevectl: %s: there is no such record\n", word);
        return CTL_NOT_FOUND;
}

/* The newest but @back of the OOM kills. */
static int find_last(Records *ret, reeve *r, uint64_t back) {
        static const char *const types[] = { "kill", NULL };
        int e = records_read(ret, r, &(RecordsQuery) { .types = types, .since_usec = -1, .until_usec = -1, .limit = back + 1 });

        /* Fewer than asked for: the oldest of them is not the one. */
        if (e == CTL_DONE && ret->n != back + 1)
                records_clear(ret);
        return e;
}

/* The record with id @id: the first behind the one before it, but for what is told of those that retention took. */
static int find_id(Records *ret, reeve *r, const char *id) {
        const char *dash = strrchr(id, '-');
        uint64_t seq = strtoull(dash + 1, NULL, 10);
        char before[64];
        int e;

        (void) snprintf(before, sizeof(before), "%.*s-%" PRIu64, (int) (dash - id), id, seq > 0 ? seq - 1 : 0);
        e = records_read(ret, r, &(RecordsQuery) { .since_usec = -1, .until_usec = -1, .after = before, .limit = 1 });
        for (size_t i = 0; e == CTL_DONE && i < ret->n; i++)
                if (strcmp(id_of(ret->items[i]), id) == 0) {
                        json_t *found = ret->items[i];

                        ret->items[i] = ret->items[0];
                        ret->items[0] = found;
                        return e;
                }
        records_clear(ret);
        return e;
}

/* The record with number @number, of the ledger that the newest record is of. */
static int find_number(Records *ret, reeve *r, const char *number) {
        Records newest = RECORDS_INIT;
        int e = records_read(&newest, r, &(RecordsQuery) { .since_usec = -1, .until_usec = -1, .limit = 1 });

        if (e == CTL_DONE && newest.n > 0) {
                const char *id = id_of(newest.items[0]), *dash = strrchr(id, '-');
                char wanted[64];

                if (dash) {
                        (void) snprintf(wanted, sizeof(wanted), "%.*s-%" PRIu64, (int) (dash - id), id, (uint64_t) strtoull(number, NULL, 10));
                        e = find_id(ret, r, wanted);
                }
        }
        records_clear(&newest);
        return e;
}

int records_find(json_t **ret, reeve *r, const char *word) {
        Records found = RECORDS_INIT;
        int e;

        if (strncmp(word, "last", 4) == 0 && records_is_name(word))
                e = find_last(&found, r, word[4] ? strtoull(word + 5, NULL, 10) : 0);
        else if (digits_only(word))
                e = find_number(&found, r, word);
        else if (records_is_name(word))
                e = find_id(&found, r, word);
        else
                e = CTL_DONE;
        if (e == CTL_DONE)
                e = found.n == 0 ? not_found(word) : records_join(&found, r);
        if (e == CTL_DONE)
                *ret = json_incref(found.items[0]);
        records_clear(&found);
        return e;
}
