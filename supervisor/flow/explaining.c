/* Why? The record or cgroup that is meant, in plain words. */
#include "supervisor/flow/explaining.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/fd.h"
#include "supervisor/flow/captures.h"
#include "supervisor/flow/groups.h"
#include "supervisor/flow/status.h"
#include "supervisor/host/proc.h"
#include "supervisor/text/explain.h"
#include "supervisor/text/join.h"

enum { EXPLAIN_TEXT_BYTES = 64 << 10, MATCHES_MAX = 16 };

typedef struct Explaining {
        Supervisor *s;
        ServerCall *call;
        char what[512], path[4352];
        uint64_t group;                 /* the living cgroup that is meant; 0: none */
        LedgerQuery query;              /* which records are meant: the newest, ... */
        uint64_t seq;                   /* ... or that one, ... */
        uint64_t back;                  /* ... or so many before the newest */
        bool last;                      /* "last", "last~2" */
        bool counted;                   /* what the ledger does not have yet is left out of back */
} Explaining;

/* What is published and not in the ledger yet (the disk is full, it is being written): of the @n that are meant one is taken, and
 * what was learned of it. */
typedef struct Waiting {
        const Explaining *e;
        const ClerkAnswer *answer;      /* what stands in it is no news */
        uint64_t above;                 /* only behind it */
        uint64_t n, seq;
        json_t *record, *mores;
} Waiting;

static bool is_meant(const Waiting *w, const LedgerRow *row) {
        return (w->e->seq ? row->meta.seq == w->e->seq : row->meta.seq > w->above) && ledger_query_matches(&w->e->query, row);
}

static void count_waiting(const LedgerRow *row, void *userdata) {
        Waiting *w = userdata;

        w->n += is_meant(w, row);
}

static void take_waiting(const LedgerRow *row, void *userdata) {
        Waiting *w = userdata;

        if (!is_meant(w, row) || --w->n != w->e->back)
                return;
        w->record = json_loadb(row->json, row->length, 0, NULL);
        w->seq = row->meta.seq;
}

static void take_more(const LedgerRow *row, void *userdata) {
        Waiting *w = userdata;

        if (row->meta.of_seq != w->seq)
                return;
        for (size_t i = w->answer->n_found; i < w->answer->n_rows; i++)
                if (w->answer->rows[i].meta.seq == row->meta.seq)
                        return;
        (void) json_array_append_new(w->mores, json_loadb(row->json, row->length, 0, NULL));
}

/* The record with all that was learned of it: an array of one. */
static json_t *join(const Waiting *w) {
        size_t n = json_array_size(w->mores);
        const json_t **mores = calloc(n + 1, sizeof(*mores));
        json_t *joined = json_array();

        for (size_t i = 0; mores && i < n; i++)
                mores[i] = json_array_get(w->mores, i);
        if (mores && w->record)
                (void) json_array_append_new(joined, join_records(w->record, mores, n));
        free(mores);
        return joined;
}

/* The answer's record, where it has one, with its part of what was learned. */
static void take_answer(Waiting *w) {
        const ClerkAnswer *a = w->answer;

        if (a->error < 0 || a->n_found == 0)
                return;
        w->record = json_loads(a->rows[a->n_found - 1].json, 0, NULL);
        w->seq = w->above = a->rows[a->n_found - 1].meta.seq;
        for (size_t i = a->n_found; i < a->n_rows; i++)
                (void) json_array_append_new(w->mores, json_loads(a->rows[i].json, 0, NULL));
}

/* The file of the black box that tells what came before; who may not read it is not told of it. */
static void say_black_box(const Supervisor *s, const ServerCall *call, const json_t *record, Strbuf *out) {
        const char *boot = json_string_value(json_object_get(record, "boot_id")), *type = json_string_value(json_object_get(record, "type"));
        json_int_t usec = json_integer_value(json_object_get(record, "boottime_usec"));
        char path[1200];

        if (!boot || !type || (strcmp(type, "kill") != 0 && strcmp(type, "verdict") != 0) || !server_call_peer(call)->reads_all)
                return;
        if (usec > 0 && captures_find(s, boot, (uint64_t) usec, path, sizeof(path)))
                strbuf_printf(out, "\nWhat was seen in the minutes before is kept:\n  reevectl replay %s --against\n", path);
}

static void reply_explained(const Supervisor *s, ServerCall *call, json_t *records) {
        const json_t *last = json_array_get(records, json_array_size(records) - 1);
        _cleanup_free_ char *buffer = malloc(EXPLAIN_TEXT_BYTES);
        _cleanup_free_ char *record = json_dumps(last, JSON_COMPACT);
        Strbuf out = { .data = buffer, .size = EXPLAIN_TEXT_BYTES };

        if (!buffer || !record || explain_record(&out, record) < 0) {
                json_decref(records);
                server_fail_text(call, "Failed", "that record cannot be explained");
                return;
        }
        say_black_box(s, call, last, &out);
        asked_reply(call, json_pack("{s:s, s:o}", "text", buffer, "records", records));
}

static void reply_none(const Explaining *e, int error) {
        char text[256];

        if (error < 0 && error != -ENOENT && error != -ESTALE && error != -EINVAL) {
                (void) snprintf(text, sizeof(text), "the ledger cannot be read: %s", strerror(-error));
                server_fail_text(e->call, "Failed", text);
        } else if (!e->group)
                server_fail_text(e->call, "NotFound", e->what);
        else if (asked_may_read(e->s, e->call, e->group))
                status_ask(e->s, e->call, e->group, ASKED_STANDING);
        else
                server_fail_text(e->call, "NotAllowed", "that cgroup is not yours");
}

static void on_joined(const ClerkAnswer *answer, void *userdata);

static void ask_clerk(Explaining *e, const char *word) {
        ClerkQuery query = { .question = word ? CLERK_FIND : CLERK_JOINED, .word = word };

        server_call_restrict(e->call, &e->query);
        query.query = e->query;
        if (clerk_ask(e->s->clerk, &query, on_joined, e) < 0) {
                server_fail_text(e->call, "Failed", "the ledger is busy");
                free(e);
        }
}

/* Looks through what the ledger does not have. What it has of "last" is all there is, unless it cannot be written. Returns false
 * where the ledger must be asked once more, for one nearer to its end. */
static bool look_among_waiting(Waiting *w, Explaining *e) {
        uint64_t committed = clerk_committed_seq(e->s->clerk), n;
        ClerkCounters counters;
        json_t *answered = w->record;

        clerk_counters(e->s->clerk, &counters);
        if (e->seq ? answered != NULL : e->last && (e->counted || (answered && !counters.troubled)))
                return true;
        if (e->last)
                w->above = 0;
        asked_pending(committed, count_waiting, w, e->s);
        n = w->n;
        if (n > e->back) {
                json_array_clear(w->mores);
                asked_pending(committed, take_waiting, w, e->s);
                json_decref(answered);
                return true;
        }
        e->back -= n;
        e->counted = true;
        return !e->last || n == 0;
}

static void on_joined(const ClerkAnswer *answer, void *userdata) {
        Explaining *e = userdata;
        Waiting w = { .e = e, .answer = answer, .mores = json_array() };
        char word[32];
        bool done;

        take_answer(&w);
        done = look_among_waiting(&w, e);
        if (!done) {
                (void) snprintf(word, sizeof(word), "last~%" PRIu64, e->back);
                ask_clerk(e, word);
        } else if (w.record) {
                asked_pending(clerk_committed_seq(e->s->clerk), take_more, &w, e->s);
                reply_explained(e->s, e->call, join(&w));
        } else
                reply_none(e, answer->error);
        json_decref(w.record);
        json_decref(w.mores);
        if (done)
                free(e);
}

static bool is_record_word(const char *what) {
        size_t digits = strspn(what, "0123456789");
        const char *dash = strchr(what, '-');

        if (strncmp(what, "last", 4) == 0 && (what[4] == '\0' || what[4] == '~'))
                return true;
        if (digits > 0 && what[digits] == '\0')
                return true;
        return dash && dash - what == LEDGER_ID_SIZE - 1 && dash[1] && dash[1 + strspn(dash + 1, "0123456789")] == '\0';
}

static void ask_record(Explaining *e) {
        e->last = strncmp(e->what, "last", 4) == 0;
        if (e->last)
                e->query.types = 1U << REEVE_RECORD_KILL;
        if (e->last && e->what[4])
                e->back = strtoull(e->what + 5, NULL, 10);
        /* Of another ledger there is none. */
        if (!e->last && ledger_cursor_parse(e->what, clerk_ledger_id(e->s->clerk), &e->seq) < 0)
                e->seq = strchr(e->what, '-') ? 0 : strtoull(e->what, NULL, 10);
        if (!e->last && e->seq == 0)
                e->seq = UINT64_MAX;
        ask_clerk(e, e->what);
}

/* The cgroup of a process that lives, "pid:N"; 0 where there is none. */
static uint64_t living_cgroup(Supervisor *s, const char *what) {
        char path[4200];
        bool deleted;

        int32_t pid = strncmp(what, "pid:", 4) == 0 ? proc_pid_parse(what + 4) : 0;

        if (pid == 0 || proc_cgroup(pid, path, sizeof(path), &deleted) < 0)
                return 0;
        return tree_find(s->tree, path);
}

void explaining_answer(ServerCall *call, const char *what, void *userdata) {
        Supervisor *s = userdata;
        Explaining *e = calloc(1, sizeof(*e));
        bool process = strncmp(what, "pid:", 4) == 0;
        uint64_t ids[MATCHES_MAX];
        size_t n;

        if (!e) {
                server_fail_text(call, "Failed", "no memory");
                return;
        }
        e->s = s;
        e->call = call;
        (void) snprintf(e->what, sizeof(e->what), "%s", what);
        if (is_record_word(what)) {
                ask_record(e);
                return;
        }
        n = process ? 0 : asked_lookup(s, what, ids, MATCHES_MAX);
        if (n > 1) {
                free(e);
                (void) asked_resolve(s, call, what);      /* says which they are */
                return;
        }
        e->group = n == 1 ? ids[0] : living_cgroup(s, what);
        e->query = (LedgerQuery) { .types = 1U << REEVE_RECORD_KILL | 1U << REEVE_RECORD_SIGKILL, .newest = true, .limit = 1 };
        if (process)
                e->query.victim_pid = proc_pid_parse(what + 4) ?: -1;
        else if (n == 0 && what[0] != '/')
                e->query.named = e->what;
        else {
                if (asked_path(what, e->path, sizeof(e->path), s) < 0)
                        e->path[0] = '\0';
                e->query.cgroup = e->path;
        }
        ask_clerk(e, NULL);
}

void explaining_standing(Supervisor *s, ServerCall *call, json_t *facts) {
        _cleanup_free_ char *buffer = malloc(EXPLAIN_TEXT_BYTES), *text = NULL;
        Strbuf out = { .data = buffer, .size = EXPLAIN_TEXT_BYTES };

        (void) json_object_set_new(facts, "watching_since", status_time(s->started_realtime_usec));
        (void) json_object_set_new(facts, "watched_without_gap", json_boolean(s->from.lost + s->emit.kills_lost == 0));
        text = json_dumps(facts, JSON_COMPACT);
        if (!buffer || !text || explain_cgroup(&out, text) < 0)
                server_fail_text(call, "Failed", "that cgroup cannot be explained");
        else
                asked_reply(call, json_pack("{s:s, s:[]}", "text", buffer, "records"));
}
