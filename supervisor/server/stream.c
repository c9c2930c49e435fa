#include "supervisor/server/stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "supervisor/base/clock.h"
#include "supervisor/base/fd.h"
#include "supervisor/server/call-private.h"
#include "supervisor/server/stream-private.h"
#include "supervisor/text/record.h"

static void stream_ask(Stream *t);

static void stream_free(Stream *t) {
        free(t->cgroup);
        free(t->named);
        free(t);
}

void stream_detach(Stream *t) {
        t->server->n_streams--;
        t->session->stream = NULL;
        t->session = NULL;
        if (!t->asking)
                stream_free(t);
}

/* Ends the list: the session may go on with its next call. */
static void stream_end(Stream *t) {
        Session *c = t->session;

        stream_detach(t);
        session_ready(c);
}

/* One reply. @record NULL: none. */
static void reply_send(Stream *t, const char *record, bool continues) {
        const Clerk *clerk = t->server->options.clerk;
        char after[40], committed[40];
        const char *parts[] = { "{\"parameters\":{\"record\":", record ? record : "null", ",\"after\":\"", after,
                                "\",\"committed\":\"", committed, continues ? "\"},\"continues\":true}" : "\"}}", NULL };

        if (t->oneway)
                return;
        ledger_cursor_format(after, sizeof(after), clerk_ledger_id(clerk), t->cursor);
        ledger_cursor_format(committed, sizeof(committed), clerk_ledger_id(clerk), clerk_committed_seq(clerk));
        session_send_parts(t->session, parts);
}

/* Tells one record of @length bytes, which need not be NUL-terminated. */
static void record_send(Stream *t, const char *json, size_t length) {
        _cleanup_free_ char *copy = strndup(json, length);

        if (!copy) {
                session_kill(t->session);
                return;
        }
        if (t->bounded && t->left > 0)
                t->left--;
        t->told = true;
        reply_send(t, copy, /* continues= */ t->more);
        t->single_sent = !t->more;
}

static bool stream_done(const Stream *t) {
        return t->single_sent || t->session->dead || (!t->follow && t->bounded && t->left == 0);
}

/* What retention took between the cursor and the oldest that is left. How many of them would have matched nobody knows. */
static void gap_send(Stream *t, uint64_t evicted_seq) {
        RecordContext context = *t->server->options.context;
        uint64_t now_nsec = clock_boottime_nsec();
        char json[2048];
        Strbuf out = STRBUF_INIT(json);

        context.recorded_usec = (int64_t) (now_nsec / 1000) + context.realtime_offset_usec;
        t->cursor = t->gap_seq = evicted_seq;
        if (record_retention(&out, &context, now_nsec) == 0)
                reply_send(t, json, /* continues= */ t->more);
        t->single_sent = !t->more;
}

/* Whether a record that is not in the ledger yet is told: 1, 0, or -1: only the ledger can say (a `more` bears no names
 * of its own). */
static int stream_matches(const Stream *t, const LedgerRow *row) {
        const LedgerQuery *q = &t->filter, bare = { .types = q->types, .since_usec = q->since_usec, .until_usec = q->until_usec };

        if (ledger_query_matches(q, row))
                return 1;
        return row->meta.of_seq != 0 && ledger_query_matches(&bare, row) ? -1 : 0;
}

/* Counts those of the pending that match. */
static void pending_count(const LedgerRow *row, void *userdata) {
        Stream *t = userdata;

        t->counted += stream_matches(t, row) == 1;
}

/* Tells one record that comes next behind the cursor, or stops where it cannot. */
static void next_take(const LedgerRow *row, void *userdata) {
        Stream *t = userdata;
        int matches;

        if (!t->session || t->state != STREAM_HEAD || stream_done(t) || row->meta.seq <= t->cursor)
                return;
        if (session_unsent(t->session) > SESSION_HIGH_WATER) {
                t->state = STREAM_FULL;
                return;
        }
        matches = stream_matches(t, row);
        /* What is told to be committed the ledger has judged: it was asked after that. */
        if (matches < 0 && t->follow && row->meta.seq > clerk_committed_seq(t->server->options.clerk)) {
                t->state = STREAM_COMMIT;
                t->commit_seq = row->meta.seq;
                return;
        }
        t->cursor = row->meta.seq;
        if (matches > 0 && t->skip > 0)
                t->skip--;
        else if (matches > 0)
                record_send(t, row->json, row->length);
}

/* Ends the list with an error; @text may be the stream's. */
static void stream_fail(Stream *t, const char *error, const char *text) {
        ServerCall *call = call_new(t->session, t->more, t->oneway);
        _cleanup_free_ char *copy = strdup(text);

        stream_detach(t);
        if (call)
                server_fail_text(call, error, copy ? copy : "no memory");
}

static void answer_failed(Stream *t, int error) {
        stream_fail(t, "Failed", strerror(-error));
}

/* The ledger is at its end: what is published behind it, then the end or the head. */
static void ledger_ended(Stream *t) {
        const ServerOptions *o = &t->server->options;

        t->state = STREAM_HEAD;
        /* The clerk tells commits after the answers made before them: all up to here was seen by this answer. */
        if (!stream_done(t) && t->cursor < clerk_committed_seq(o->clerk))
                t->cursor = clerk_committed_seq(o->clerk);
        if (o->ops->pending)
                o->ops->pending(t->cursor, next_take, t, o->userdata);
        if (t->session->dead)
                return;
        if (t->single_sent) {
                stream_end(t);
                return;
        }
        if (t->named && !t->told && t->state == STREAM_HEAD) {
                stream_fail(t, "NotFound", t->named);
                return;
        }
        if (!t->follow) {
                if (t->state == STREAM_FULL && !stream_done(t))
                        return;
                reply_send(t, NULL, /* continues= */ false);
                stream_end(t);
                return;
        }
        if (t->state == STREAM_HEAD) {
                t->from_cursor = true;
                /* Followers with a limit wanted the last so many, and then all that comes. */
                t->bounded = false;
                reply_send(t, NULL, /* continues= */ true);
        }
}

/* Of "the newest N" those that are not committed yet count too: as many of the oldest are left out, the ledger's first. */
static void newest_trim(Stream *t, size_t n_rows, uint64_t newest_seq) {
        const ServerOptions *o = &t->server->options;
        uint64_t committed = clerk_committed_seq(o->clerk);

        t->reserved = t->counted = t->skip = 0;
        if (o->ops->pending)
                o->ops->pending(newest_seq > committed ? newest_seq : committed, pending_count, t, o->userdata);
        if (n_rows + t->counted > t->left)
                t->skip = n_rows + t->counted - t->left;
}

/* The first of several pages of the newest: how many there are in all is not known, so what waits gets its places beforehand, and
 * the ledger is asked for so many less. */
static bool newest_reserve(Stream *t, const ClerkAnswer *a) {
        if (!t->filter.newest || !a->more || t->reserved > 0 || t->left < 2)
                return false;
        newest_trim(t, 0, 0);
        t->reserved = t->counted < t->left ? t->counted : t->left - 1;
        return t->reserved > 0;
}

static void rows_take(Stream *t, const ClerkAnswer *a) {
        if (t->filter.newest)
                newest_trim(t, a->n_rows, a->n_rows ? a->rows[a->n_rows - 1].meta.seq : 0);
        t->filter.newest = false;
        for (size_t i = 0; i < a->n_rows && !stream_done(t); i++) {
                t->cursor = a->rows[i].meta.seq;
                if (t->skip > 0)
                        t->skip--;
                else
                        record_send(t, a->rows[i].json, a->rows[i].length);
        }
        if (a->n_rows > 0)
                t->from_cursor = true;
}

static void ledger_answered(const ClerkAnswer *a, void *userdata) {
        Stream *t = userdata;

        t->asking = false;
        if (!t->session) {
                stream_free(t);
                return;
        }
        if (t->session->dead)
                return;
        /* -EBUSY: the ledger cannot be opened now. What is in the spool is told all the same. */
        if (a->error < 0 && a->error != -EBUSY) {
                answer_failed(t, a->error);
                return;
        }
        /* What was kept may lie before what went (the oldest goes, not the first written), and comes in several pages. */
        if (t->from_cursor && a->evicted_seq > t->cursor && a->evicted_seq > t->gap_seq)
                gap_send(t, a->evicted_seq);
        if (newest_reserve(t, a)) {
                stream_ask(t);
                return;
        }
        rows_take(t, a);
        if (t->session->dead)
                return;
        if (!a->more || stream_done(t))
                ledger_ended(t);
        else if (session_unsent(t->session) > SESSION_HIGH_WATER)
                t->state = STREAM_FULL;
        else
                stream_ask(t);
}

static void stream_ask(Stream *t) {
        ClerkQuery q = { .question = CLERK_LIST, .query = t->filter };
        int r;

        q.query.after_seq = t->cursor;
        q.query.limit = t->bounded ? t->left - t->reserved : 0;
        q.query.max_bytes = LIST_PAGE_BYTES;
        t->state = STREAM_ASKING;
        t->asking = true;
        r = clerk_ask(t->server->options.clerk, &q, ledger_answered, t);
        if (r < 0) {
                t->asking = false;
                answer_failed(t, r);
        }
}

void stream_writable(Stream *t) {
        if (t->state == STREAM_FULL)
                stream_ask(t);
}

void stream_publish(Stream *t, const RecordMeta *meta, const char *json, size_t length) {
        LedgerRow row = { .meta = *meta, .json = json, .length = length };

        next_take(&row, t);
}

void stream_committed(Stream *t, uint64_t seq) {
        if (t->state == STREAM_COMMIT && seq >= t->commit_seq)
                stream_ask(t);
}

void stream_heartbeat(Stream *t) {
        if (t->follow && t->state == STREAM_HEAD && session_unsent(t->session) == 0)
                reply_send(t, NULL, /* continues= */ true);
}

/* Answers a call that cannot begin. @not_found: what to say of a cgroup; NULL: nothing is known. */
static void begin_refuse(ServerCall *call, const char *name, int error, json_t *parameters, const char *not_found) {
        const char *given = not_found && *not_found ? not_found : json_string_value(json_object_get(parameters, name));
        char text[256];

        if (error == -ESTALE) {
                (void) snprintf(text, sizeof(text), "cursor %.64s: it is of another ledger", given);
                server_fail_text(call, "NotFound", text);
        } else if (error == -ENOENT || error == -ENOTUNIQ)
                server_fail_text(call, "NotFound", given ? given : name);
        else
                call_refuse(call, name);
}

/* One timer beats for all followers; it stops by itself when there is no list any more. */
static void heartbeat_arm(Server *s) {
        if (sd_event_source_get_enabled(s->heartbeat, NULL) > 0)
                return;
        (void) sd_event_source_set_time_relative(s->heartbeat, s->options.heartbeat_usec);
        (void) sd_event_source_set_enabled(s->heartbeat, SD_EVENT_ONESHOT);
}

void stream_begin(Session *c, json_t *parameters, bool more, bool oneway) {
        Stream *t = calloc(1, sizeof(*t));
        ServerCall *call = call_new(c, more, oneway);
        const char *bad;
        int error = 0;

        if (!t || !call) {
                free(t);
                session_kill(c);
                return;
        }
        *t = (Stream) { .session = c, .server = c->server, .more = more, .oneway = oneway };
        server_call_restrict(call, &t->filter);
        bad = stream_parameters(t, parameters, &error);
        if (bad || (t->follow && !more)) {
                if (bad)
                        begin_refuse(call, bad, error, parameters, t->cgroup);
                else
                        server_fail(call, WIRE_SERVICE ".ExpectedMore", NULL);
                stream_free(t);
                return;
        }
        c->call = NULL;
        free(call);
        if (!more) {
                t->bounded = true;
                t->left = 1;
        }
        c->stream = t;
        c->server->n_streams++;
        if (t->follow)
                heartbeat_arm(c->server);
        stream_ask(t);
}
