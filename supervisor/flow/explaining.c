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

enum { EXPLAIN_TEXT_BYTES = 64 << 10, SCAN_RECORDS = 5000, MATCHES_MAX = 16 };

typedef struct Explaining {
        Supervisor *s;
        ServerCall *call;
        char what[512];
        uint64_t group;                 /* the living cgroup that is meant; 0: none */
} Explaining;

/* The records of @answer joined: an array. */
static json_t *join_answer(const ClerkAnswer *answer) {
        json_t *joined = json_array(), **mores = calloc(answer->n_rows + 1, sizeof(json_t *));
        size_t n_mores = 0;

        for (size_t i = answer->n_found; mores && i < answer->n_rows; i++) {
                json_t *more = json_loads(answer->rows[i].json, 0, NULL);

                if (more)
                        mores[n_mores++] = more;
        }
        for (size_t i = 0; i < answer->n_found; i++) {
                json_t *base = json_loads(answer->rows[i].json, 0, NULL);

                if (base)
                        (void) json_array_append_new(joined, join_records(base, (const json_t *const *) mores, n_mores));
                json_decref(base);
        }
        for (size_t i = 0; i < n_mores; i++)
                json_decref(mores[i]);
        free(mores);
        return joined;
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

static void on_joined(const ClerkAnswer *answer, void *userdata) {
        Explaining *e = userdata;

        if (answer->error == 0 && answer->n_found > 0)
                reply_explained(e->s, e->call, join_answer(answer));
        else if (e->group && asked_may_read(e->s, e->call, e->group))
                status_ask(e->s, e->call, e->group, ASKED_STANDING);
        else
                server_fail_text(e->call, "NotFound", e->what);
        free(e);
}

static void ask_clerk(Explaining *e, ClerkQuery *query, ClerkAnswered *answered) {
        server_call_restrict(e->call, &query->query);
        if (clerk_ask(e->s->clerk, query, answered, e) < 0) {
                server_fail_text(e->call, "Failed", "the ledger is busy");
                free(e);
        }
}

static void ask_record(Explaining *e, const char *word) {
        ClerkQuery query = { .question = CLERK_FIND, .word = word };

        ask_clerk(e, &query, on_joined);
}

/* Does the record speak of a victim with this pid, or of the unit, pod or container with this name? */
static bool concerns(const json_t *record, const char *what) {
        static const char *const names[] = { "unit", "container", "container_id", "pod" };
        const json_t *identity = json_object_get(record, "identity"), *victims = json_object_get(record, "victims"), *one;
        size_t i;

        if (strncmp(what, "pid:", 4) == 0) {
                json_int_t pid = strtoll(what + 4, NULL, 10);

                json_array_foreach(victims, i, one)
                        if (json_integer_value(json_object_get(one, "pid")) == pid)
                                return true;
                return json_integer_value(json_object_get(json_object_get(record, "victim"), "pid")) == pid;
        }
        for (i = 0; i < ELEMENTSOF(names); i++) {
                const char *name = json_string_value(json_object_get(identity, names[i]));

                if (name && strcmp(name, what) == 0)
                        return true;
        }
        return false;
}

/* What must stand in a record's text where it concerns @what, as far as that can be said without escapes. */
static void scan_needle(const char *what, char *needle, size_t size) {
        size_t plain = strcspn(what, "\\\"/");

        if (strncmp(what, "pid:", 4) == 0)
                (void) snprintf(needle, size, "\"pid\":%lld", strtoll(what + 4, NULL, 10));
        else
                (void) snprintf(needle, size, "%.*s", (int) (plain < size ? plain : size - 1), what);
}

/* Looks through what is kept, newest first, for what no column knows. */
static void on_scan(const ClerkAnswer *answer, void *userdata) {
        Explaining *e = userdata;
        uint64_t found = 0;
        char word[32], needle[64];

        scan_needle(e->what, needle, sizeof(needle));
        for (size_t i = answer->error < 0 ? 0 : answer->n_rows; i-- > 0 && !found;) {
                json_t *record;

                /* Parsing thousands of records would keep the event thread from the rings. */
                if (!strstr(answer->rows[i].json, needle))
                        continue;
                record = json_loads(answer->rows[i].json, 0, NULL);

                if (concerns(record, e->what))
                        found = answer->rows[i].meta.seq;
                json_decref(record);
        }
        if (!found) {
                on_joined(&(ClerkAnswer) { .error = -ENOENT }, e);
                return;
        }
        (void) snprintf(word, sizeof(word), "%" PRIu64, found);
        ask_record(e, word);
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

/* The cgroup of a process that lives, "pid:N"; 0 where there is none. */
static uint64_t living_cgroup(Supervisor *s, const char *what) {
        char path[4200];
        bool deleted;

        if (strncmp(what, "pid:", 4) != 0 || proc_cgroup(atoi(what + 4), path, sizeof(path), &deleted) < 0)
                return 0;
        return tree_find(s->tree, path);
}

void explaining_answer(ServerCall *call, const char *what, void *userdata) {
        Supervisor *s = userdata;
        Explaining *e = calloc(1, sizeof(*e));
        ClerkQuery query = {
                .question = CLERK_JOINED,
                .query = { .types = 1U << REEVE_RECORD_KILL | 1U << REEVE_RECORD_SIGKILL, .newest = true, .limit = 1 },
        };
        uint64_t ids[MATCHES_MAX];
        char path[4352];
        size_t n;

        if (!e) {
                server_fail_text(call, "Failed", "no memory");
                return;
        }
        e->s = s;
        e->call = call;
        (void) snprintf(e->what, sizeof(e->what), "%s", what);
        if (is_record_word(what)) {
                ask_record(e, what);
                return;
        }
        n = strncmp(what, "pid:", 4) == 0 ? 0 : tree_resolve(s->tree, what, ids, MATCHES_MAX);
        if (n > 1) {
                free(e);
                (void) asked_resolve(s, call, what);      /* says which they are */
                return;
        }
        e->group = n == 1 ? ids[0] : living_cgroup(s, what);
        if (strncmp(what, "pid:", 4) == 0 || (n == 0 && what[0] != '/')) {
                query.question = CLERK_LIST;
                query.query.limit = SCAN_RECORDS;
                ask_clerk(e, &query, on_scan);
                return;
        }
        if (n == 0)
                (void) snprintf(path, sizeof(path), "%s", what);
        else if (asked_path(what, path, sizeof(path), s) < 0)
                path[0] = '\0';
        query.query.cgroup = path;
        ask_clerk(e, &query, on_joined);
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
