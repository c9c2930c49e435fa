/* A running list of records: one ListRecords call with `more` on a connection of its own. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/fd.h"
#include "supervisor/client/handle.h"

struct reeve_records {
        Connection connection;
        char *path;
        ClientError error;
        bool follow, ended;
        int failed;                     /* the error that ended it: told again at each further call */
        char *record;                   /* the one handed out last */
        char cursor[64], committed[64];
};

static json_t *filter_pack(const reeve_filter *f) {
        json_t *p = json_pack("{s:s*, s:s*, s:s*, s:s*, s:b}", "cgroup", f->cgroup, "since", f->since, "until", f->until,
                              "after", f->after, "follow", f->follow);

        if (f->types) {
                json_t *types = json_array();

                for (size_t i = 0; f->types[i]; i++)
                        json_array_append_new(types, json_string(f->types[i]));
                json_object_set_new(p, "types", types);
        }
        if (f->limit)
                json_object_set_new(p, "limit", json_integer((json_int_t) f->limit));
        return p;
}

static int list_start(reeve_records *l, const reeve_filter *f, int timeout_msec) {
        json_t *packed = filter_pack(f);
        _cleanup_free_ char *parameters = packed ? json_dumps(packed, JSON_COMPACT) : NULL;
        int error;

        json_decref(packed);
        if (!parameters)
                return -EINVAL;
        error = connection_open(&l->connection, l->path);
        if (error < 0)
                return error;
        error = connection_send(&l->connection, WIRE_INTERFACE ".ListRecords", parameters, /* more= */ true,
                                timeout_msec);
        /* Turned away: why lies ready to be read. */
        return error == -ECONNRESET ? 0 : error;
}

int reeve_records_open(reeve_records **ret, reeve *r, const reeve_filter *filter) {
        static const reeve_filter all = { .size = sizeof(all) };
        reeve_records *l;
        int error;

        if (!ret || (filter && filter->size < sizeof(*filter)))
                return client_error_set(&r->error, -EINVAL, "a filter with its size set is needed");
        *ret = NULL;
        l = calloc(1, sizeof(*l));
        if (!l)
                return -ENOMEM;
        l->connection = (Connection) CONNECTION_INIT;
        l->follow = filter && filter->follow;
        l->path = strdup(r->path);
        error = l->path ? list_start(l, filter ? filter : &all, r->timeout_msec) : -ENOMEM;
        if (error < 0) {
                reeve_records_close(l);
                return client_failed(&r->error, r->path, error);
        }
        client_error_clear(&r->error);
        *ret = l;
        return 0;
}

static void cursor_take(char *to, size_t size, json_t *parameters, const char *key) {
        const char *s = json_string_value(json_object_get(parameters, key));

        if (s)
                (void) snprintf(to, size, "%s", s);
}

/* Takes what one reply holds. Returns 1 with a record, 0 without. */
static int reply_take(reeve_records *l, WireReply *reply) {
        json_t *record = json_object_get(reply->parameters, "record");

        cursor_take(l->cursor, sizeof(l->cursor), reply->parameters, "after");
        cursor_take(l->committed, sizeof(l->committed), reply->parameters, "committed");
        if (!reply->continues)
                l->ended = true;
        if (!json_is_object(record))
                return 0;
        free(l->record);
        l->record = json_dumps(record, JSON_COMPACT);
        return l->record ? 1 : -ENOMEM;
}

static int list_fail(reeve_records *l, int error) {
        l->failed = client_failed(&l->error, l->path, error);
        return l->failed;
}

int reeve_records_next(reeve_records *l, int timeout_msec, const char **ret_json) {
        int64_t deadline = connection_deadline(timeout_msec);

        for (;;) {
                WireReply reply = { 0 };
                int r;

                if (l->failed < 0)
                        return l->failed;
                if (l->ended)
                        return 0;
                r = connection_receive(&l->connection, &reply, connection_left_msec(deadline));
                if (r == -EAGAIN)
                        return r;
                if (r < 0)
                        return list_fail(l, r);
                r = reply.error ? client_error_of_reply(&l->error, &reply) : reply_take(l, &reply);
                wire_reply_clear(&reply);
                if (r < 0) {
                        l->failed = r;
                        return r;
                }
                if (r > 0) {
                        *ret_json = l->record;
                        return 1;
                }
        }
}

const char *reeve_records_cursor(const reeve_records *l) {
        return l->cursor[0] ? l->cursor : NULL;
}

const char *reeve_records_committed(const reeve_records *l) {
        return l->committed[0] ? l->committed : NULL;
}

int reeve_records_fd(const reeve_records *l) {
        return l->connection.fd;
}

const char *reeve_records_error_text(const reeve_records *l) {
        return l->error.text;
}

reeve_records *reeve_records_close(reeve_records *l) {
        if (!l)
                return NULL;
        connection_close(&l->connection);
        client_error_clear(&l->error);
        free(l->record);
        free(l->path);
        free(l);
        return NULL;
}
