/* ListRecords: a cursor that walks through the ledger, then through what is published but not committed yet, and then,
 * when it follows, takes each record as it is published. Whenever the reader is slow it goes back to the ledger. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "supervisor/base/fd.h"
#include "supervisor/base/strbuf.h"
#include "supervisor/server/session.h"
#include "supervisor/text/facts.h"
#include "supervisor/text/human.h"

typedef enum StreamState {
        STREAM_ASKING,          /* the clerk was asked */
        STREAM_FULL,            /* the reader must take what lies there first */
        STREAM_COMMIT,          /* the next one can only be judged from the ledger: it must be committed first */
        STREAM_HEAD,            /* all is told: waits for the next to be published */
} StreamState;

struct Stream {
        Session *session;       /* NULL: gone; freed when the answer comes */
        Server *server;
        StreamState state;
        bool asking, more, follow, oneway, single_sent;
        LedgerQuery filter;     /* its cgroup is ours */
        char *cgroup;
        uint64_t cursor;        /* all up to here is told, or does not match */
        bool from_cursor;       /* a cursor was given, or we have told something: what is gone behind it is a gap */
        uint64_t left;          /* how many may still be told; 0 with @bounded: none */
        bool bounded;
        uint64_t commit_seq;    /* STREAM_COMMIT: up to where */
        uint64_t skip;          /* how many of the newest are too many, since newer ones are not committed yet */
        uint64_t counted;
};

static void stream_ask(Stream *t);

static void stream_free(Stream *t) {
        free(t->cgroup);
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
        session_pump(c);
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
        reply_send(t, copy, /* continues= */ t->more);
        t->single_sent = !t->more;
}

static bool stream_done(const Stream *t) {
        return t->single_sent || t->session->dead || (!t->follow && t->bounded && t->left == 0);
}

/* What retention took between the cursor and the oldest that is left. How many of them would have matched nobody knows. */
static void gap_send(Stream *t, uint64_t evicted_seq) {
        char now[HUMAN_MOMENT_SIZE], json[512];
        struct timespec ts;
        int n;

        (void) clock_gettime(CLOCK_REALTIME, &ts);
        (void) human_rfc3339((int64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000, now);
        n = snprintf(json, sizeof(json),
                     "{\"schema\":1,\"seq\":null,\"id\":null,\"type\":\"gap\",\"time\":\"%s\",\"recorded_time\":\"%s\","
                     "\"lost\":null,\"cause\":\"retention\",\"between\":{\"from_time\":null,\"to_time\":null},"
                     "\"text\":\"Records that this reader had not read yet were dropped to keep the ledger within its "
                     "bounds.\"}", now, now);
        t->cursor = evicted_seq;
        if (n > 0 && (size_t) n < sizeof(json))
                reply_send(t, json, /* continues= */ t->more);
        t->single_sent = !t->more;
}

/* Whether a record that is not in the ledger yet is told: 1, 0, or -1: only the ledger can say (a `more` bears no names
 * of its own). */
static int stream_matches(const Stream *t, const LedgerRow *row) {
        const LedgerQuery *q = &t->filter;
        bool reader, cgroup, bare;
        Facts f = { 0 };

        if (q->types && !(q->types & UINT32_C(1) << row->meta.type))
                return 0;
        if ((q->since_usec && row->meta.time_usec < q->since_usec) ||
            (q->until_usec && row->meta.time_usec >= q->until_usec))
                return 0;
        if (!q->for_reader && !q->cgroup)
                return 1;
        if (facts_parse(&f, row->json, row->length) < 0)
                return 0;
        reader = !q->for_reader || row->meta.owner_uid == q->reader_uid || facts_have_uid(&f, q->reader_uid);
        cgroup = !q->cgroup || facts_concern(&f, q->cgroup);
        bare = row->meta.of_seq != 0;
        facts_clear(&f);
        if (reader && cgroup)
                return 1;
        return bare ? -1 : 0;
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
        if (matches > 0)
                record_send(t, row->json, row->length);
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

/* Of "the newest N" those that are not committed yet count too: as many of the ledger's oldest are left out. */
static void newest_trim(Stream *t, size_t n_rows, uint64_t newest_seq) {
        const ServerOptions *o = &t->server->options;
        uint64_t committed = clerk_committed_seq(o->clerk);

        t->counted = t->skip = 0;
        if (o->ops->pending)
                o->ops->pending(newest_seq > committed ? newest_seq : committed, pending_count, t, o->userdata);
        if (n_rows + t->counted > t->left)
                t->skip = n_rows + t->counted - t->left;
        if (t->skip > n_rows)
                t->skip = n_rows;
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

static void answer_failed(Stream *t, int error) {
        Session *c = t->session;
        ServerCall *call = call_new(c, t->more, t->oneway);

        stream_detach(t);
        if (call)
                server_fail_text(call, "Failed", strerror(-error));
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
        if (t->from_cursor && a->evicted_seq > t->cursor)
                gap_send(t, a->evicted_seq);
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
        q.query.limit = t->bounded ? t->left : 0;
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

/* Words to bits. false: no list of known words. */
static bool types_parse(json_t *types, uint32_t *ret) {
        *ret = 0;
        if (!types || json_is_null(types))
                return true;
        if (!json_is_array(types))
                return false;
        for (size_t i = 0; i < json_array_size(types); i++) {
                const char *word = json_string_value(json_array_get(types, i));
                int type = word ? reeve_record_type_from_string(word) : -1;

                if (type < 0)
                        return false;
                *ret |= UINT32_C(1) << type;
        }
        return true;
}

/* "@SECONDS" or RFC 3339, to usec since 1970; 0 where it is absent. */
static bool time_parameter(json_t *parameters, const char *name, uint64_t *ret) {
        const char *text;
        char *end;
        double seconds;
        int64_t usec;

        *ret = 0;
        if (!parameter_text(parameters, name, &text))
                return false;
        if (!text)
                return true;
        if (text[0] == '@') {
                seconds = strtod(text + 1, &end);
                if (end == text + 1 || *end || !(seconds >= 0 && seconds < 1e11))
                        return false;
                *ret = (uint64_t) (seconds * 1e6);
                return true;
        }
        if (human_rfc3339_parse(text, &usec) < 0 || usec < 0)
                return false;
        *ret = (uint64_t) usec;
        return true;
}

/* The cgroup as records spell it. Returns 0, -EINVAL, -ENOENT, -ENOMEM. */
static int cgroup_parse(Stream *t, const char *name) {
        const ServerOptions *o = &t->server->options;
        char path[8192];
        int r;

        if (!name)
                return 0;
        if (o->ops->resolve && name[0] != '/') {
                r = o->ops->resolve(name, path, sizeof(path), o->userdata);
                if (r < 0)
                        return r;
                name = path;
        }
        if (name[0] != '/')
                return -EINVAL;
        /* All concern the root: no filter says the same, and shows what has no path too. */
        if (strspn(name, "/") == strlen(name))
                return 0;
        t->cgroup = strdup(name);
        t->filter.cgroup = t->cgroup;
        return t->cgroup ? 0 : -ENOMEM;
}

/* Reads the parameters. NULL: all is well, else the name of the one that is not. *@ret_error: 0 or -errno of it. */
static const char *parameters_parse(Stream *t, json_t *p, int *ret_error) {
        const char *after, *cgroup;
        uint64_t limit;

        *ret_error = -EINVAL;
        if (!types_parse(json_object_get(p, "types"), &t->filter.types))
                return "types";
        if (!time_parameter(p, "since", &t->filter.since_usec))
                return "since";
        if (!time_parameter(p, "until", &t->filter.until_usec))
                return "until";
        if (!parameter_number(p, "limit", &limit))
                return "limit";
        if (!parameter_bool(p, "follow", &t->follow))
                return "follow";
        if (!parameter_text(p, "cgroup", &cgroup))
                return "cgroup";
        if (!parameter_text(p, "after", &after))
                return "after";
        *ret_error = cgroup_parse(t, cgroup);
        if (*ret_error < 0)
                return "cgroup";
        *ret_error = after ? ledger_cursor_parse(after, clerk_ledger_id(t->server->options.clerk), &t->cursor) : 0;
        if (*ret_error < 0)
                return "after";
        t->from_cursor = after != NULL;
        t->filter.newest = limit > 0 && !after;
        /* A follower's limit is of what was before; with a cursor he wants all behind it. */
        t->bounded = limit > 0 && !(t->follow && after);
        t->left = limit;
        return NULL;
}

/* Answers a call that cannot begin. */
static void begin_refuse(ServerCall *call, const char *name, int error, json_t *parameters) {
        const char *given = json_string_value(json_object_get(parameters, name));
        char text[256];

        if (error == -ESTALE) {
                (void) snprintf(text, sizeof(text), "cursor %.64s: it is of another ledger", given);
                server_fail_text(call, "NotFound", text);
        } else if (error == -ENOENT)
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
        bad = parameters_parse(t, parameters, &error);
        if (bad || (t->follow && !more)) {
                if (bad)
                        begin_refuse(call, bad, error, parameters);
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
