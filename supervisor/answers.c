/* Who asks? Status, explain, set and reload for the peers on the socket. What needs a slow look is asked of the eyes, the
 * clerk or the slow hand, and answered when they have answered. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/fd.h"
#include "supervisor/host/proc.h"
#include "supervisor/supervisor.h"
#include "supervisor/text/escape.h"
#include "supervisor/text/explain.h"
#include "supervisor/text/human.h"
#include "supervisor/text/join.h"

enum { EXPLAIN_TEXT_BYTES = 64 << 10, SCAN_RECORDS = 5000, MATCHES_MAX = 16 };

typedef enum AskedKind { ASKED_STATUS, ASKED_STANDING, ASKED_SET } AskedKind;

/* A peer's question that waits for another thread. */
typedef struct Asked {
        struct Asked *next;
        uint64_t cookie;
        AskedKind kind;
        ServerCall *call;
        json_t *records;                /* SET: what was done so far */
} Asked;

static Asked *asked_new(Supervisor *s, AskedKind kind, ServerCall *call) {
        Asked *a = calloc(1, sizeof(*a));

        if (!a) {
                server_fail_text(call, "Failed", "no memory");
                return NULL;
        }
        /* Cookies of peers' questions have the top bit, seqs of records never reach it. */
        *a = (Asked) { .next = s->asked, .cookie = ++s->next_cookie | UINT64_C(1) << 63, .kind = kind, .call = call };
        s->asked = a;
        return a;
}

static Asked *asked_find(Supervisor *s, uint64_t cookie) {
        for (Asked *a = s->asked; a; a = a->next)
                if (a->cookie == cookie)
                        return a;
        return NULL;
}

static void asked_end(Supervisor *s, Asked *a) {
        for (Asked **p = &s->asked; *p; p = &(*p)->next)
                if (*p == a) {
                        *p = a->next;
                        break;
                }
        json_decref(a->records);
        free(a);
}

void answers_done(Supervisor *s) {
        while (s->asked) {
                server_fail_text(s->asked->call, "Failed", "reeved stops");
                asked_end(s, s->asked);
        }
}

/* Ends @call with @object, whose reference it takes. */
static void reply_json(ServerCall *call, json_t *object) {
        _cleanup_free_ char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;

        if (text)
                server_reply(call, text);
        else
                server_fail_text(call, "Failed", "no memory");
        json_decref(object);
}

/* ---- which cgroup is meant ---- */

/* The one living or dead cgroup that @word names. Returns its id; 0 with the call ended where there is none, or several. */
static uint64_t resolve_one(Supervisor *s, ServerCall *call, const char *word) {
        uint64_t ids[MATCHES_MAX];
        char text[4096];
        Strbuf out = STRBUF_INIT(text);
        size_t n;

        if (strncmp(word, "pid:", 4) == 0) {
                char path[4200];
                bool deleted;

                if (proc_cgroup(atoi(word + 4), path, sizeof(path), &deleted) < 0) {
                        server_fail_text(call, "NotFound", word);
                        return 0;
                }
                ids[0] = tree_find(s->tree, path);
                n = ids[0] ? 1 : 0;
        } else
                n = tree_resolve(s->tree, word, ids, MATCHES_MAX);
        if (n == 1)
                return ids[0];
        strbuf_puts(&out, word);
        for (size_t i = 0; i < n && i < MATCHES_MAX; i++)
                strbuf_printf(&out, "%s%s", i ? ", " : " may be any of: ", groups_path(s, ids[i]));
        server_fail_text(call, "NotFound", text);
        return 0;
}

static bool may_read(Supervisor *s, const ServerCall *call, uint64_t id) {
        const ServerPeer *peer = server_call_peer(call);

        return peer->reads_all || groups_owner_uid(s, id) == (int64_t) peer->uid;
}

static int resolve_path(const char *name, char *ret, size_t size, void *userdata) {
        Supervisor *s = userdata;
        Strbuf out = { .data = ret, .size = size };
        uint64_t ids[2];
        const char *path;

        if (tree_resolve(s->tree, name, ids, 2) == 1 && (path = groups_path(s, ids[0]))) {
                escape_text(&out, path);
                return out.truncated ? -EINVAL : 0;
        }
        if (name[0] != '/')
                return -ENOENT;
        strbuf_puts(&out, name);
        return out.truncated ? -EINVAL : 0;
}

/* ---- status ---- */

static json_t *time_json(int64_t realtime_usec) {
        char text[HUMAN_MOMENT_SIZE];

        return json_string(human_rfc3339(realtime_usec, text));
}

static json_t *sources_json(const Supervisor *s) {
        const Sources *from = &s->from;

        return json_pack("[{s:s, s:s, s:s?}, {s:s, s:s, s:s?}]",
                         "name", "kprobe", "state", from->kprobe ? "on" : "off", "why", from->kprobe ? NULL : from->kprobe_why,
                         "name", "log", "state", from->log ? "on" : from->kprobe ? "standby" : "off", "why",
                         from->log ? NULL : from->log_why);
}

static void add_kprobe_counters(Supervisor *s, json_t *status) {
        json_t *probes = json_array(), *rings = json_array();
        KprobeCounters c;
        KprobeRing ring;

        if (s->from.kprobe && kprobe_counters(s->from.kprobe, &c) == 0) {
                for (uint32_t i = 0; i < c.n_probes; i++)
                        (void) json_array_append_new(probes, json_pack("{s:s, s:I, s:I}", "name", c.probes[i].name, "hits",
                                                                       (json_int_t) c.probes[i].hits, "read",
                                                                       (json_int_t) c.probes[i].read));
                for (uint32_t i = 0; kprobe_ring(s->from.kprobe, i, &ring) == 0; i++)
                        (void) json_array_append_new(rings, json_pack("{s:s, s:i, s:I, s:I, s:I}", "name", ring.name, "cpu",
                                                                      (int) ring.cpu, "size_bytes", (json_int_t) ring.size_bytes,
                                                                      "overruns", (json_int_t) ring.overruns, "drops",
                                                                      (json_int_t) ring.drops));
                (void) json_object_set_new(status, "kernel_bytes", json_integer((json_int_t) c.kernel_bytes));
        } else
                (void) json_object_set_new(status, "kernel_bytes", json_integer(0));
        (void) json_object_set_new(status, "probes", probes);
        (void) json_object_set_new(status, "rings", rings);
}

static void add_counters(Supervisor *s, json_t *status) {
        const ReconcileCounters *c = &s->from.reconciler.counters;
        json_t *causes = json_object();
        ClerkCounters clerk;
        EyesCounts eyes;
        TreeCounts tree;

        for (int i = 0; i < RECONCILE_CAUSES; i++)
                (void) json_object_set_new(causes, reeve_gap_cause_to_string(i), json_integer((json_int_t) c->unattributed[i]));
        (void) json_object_set_new(status, "attempts", json_integer((json_int_t) c->attempts));
        (void) json_object_set_new(status, "attributed", json_integer((json_int_t) c->attributed));
        (void) json_object_set_new(status, "unattributed", causes);
        (void) json_object_set_new(status, "outside", json_integer((json_int_t) c->outside));
        (void) json_object_set_new(status, "not_counted", json_integer((json_int_t) c->not_counted));
        add_kprobe_counters(s, status);
        clerk_counters(s->clerk, &clerk);
        eyes_counts(s->eyes, &eyes);
        tree_counts(s->tree, &tree);
        (void) json_object_set_new(status, "ledger",
                                   json_pack("{s:I, s:I, s:I, s:b}", "inserted", (json_int_t) clerk.inserted, "evicted",
                                             (json_int_t) clerk.evicted, "retries", (json_int_t) clerk.retries, "troubled",
                                             clerk.troubled));
        (void) json_object_set_new(status, "eyes", json_pack("{s:I, s:I, s:I}", "answered", (json_int_t) eyes.answered, "refused",
                                                             (json_int_t) eyes.refused, "stalled", (json_int_t) eyes.stalled));
        (void) json_object_set_new(status, "details_missed", json_integer((json_int_t) s->details_missed));
        (void) json_object_set_new(status, "signals_skipped", json_integer((json_int_t) s->signals_skipped));
        (void) json_object_set_new(status, "journal_dropped",
                                   json_integer(s->crier ? (json_int_t) crier_dropped(s->crier) : 0));
        (void) json_object_set_new(status, "cgroups_refused", json_integer((json_int_t) (tree.refused + tree.refused_owner)));
}

static json_t *complaints_json(const Supervisor *s) {
        json_t *list = json_array();
        char line[1024];

        for (size_t i = 0; i < s->complaints.count; i++)
                (void) json_array_append_new(list, json_string(complaint_format(&s->complaints.items[i], line, sizeof(line))));
        return list;
}

/* watching: all is well. degraded: by a lesser source than the host has, or the ledger cannot be written, or the
 * configuration was refused. blind: no source at all. */
static const char *state_word(Supervisor *s) {
        ClerkCounters clerk;

        clerk_counters(s->clerk, &clerk);
        if (s->from.tier == REEVE_TIER_NONE)
                return "blind";
        return s->from.degraded || clerk.troubled || s->refused ? "degraded" : "watching";
}

static json_t *status_json(Supervisor *s) {
        TreeCounts tree;
        json_t *status;

        tree_counts(s->tree, &tree);
        status = json_pack("{s:s, s:s, s:s, s:o, s:o, s:I, s:I, s:I, s:I}", "state", state_word(s), "mode",
                           reeve_mode_to_string((int) settings_mode(s)), "tier", reeve_tier_to_string((int) s->from.tier),
                           "since", time_json(s->started_realtime_usec), "sources", sources_json(s), "cgroups",
                           (json_int_t) tree.alive, "budgets", (json_int_t) (s->budgets ? budgets_count(s->budgets) : 0),
                           "rules", (json_int_t) s->config->n_rules, "lost", (json_int_t) s->from.lost);
        if (!status)
                return NULL;
        (void) json_object_set_new(status, "version", json_string(REEVE_VERSION));
        (void) json_object_set_new(status, "ledger_id", json_string(clerk_ledger_id(s->clerk)));
        (void) json_object_set_new(status, "cgroup_root", json_string(s->fs.root));
        (void) json_object_set_new(status, "configuration", json_string(s->config->hash));
        if (s->refused)
                (void) json_object_set_new(status, "complaints", complaints_json(s));
        add_counters(s, status);
        return status;
}

static void on_watched(const ClerkAnswer *answer, void *userdata) {
        Asked *a = userdata;
        json_t *status = json_object_get(a->records, "status");

        if (answer->error == 0 && answer->number > 0)
                (void) json_object_set_new(status, "watched_since", time_json(answer->number));
        else
                (void) json_object_set_new(status, "watched_since", json_null());
        reply_json(a->call, json_incref(a->records));
        json_decref(a->records);
        free(a);
}

static void status_of_all(Supervisor *s, ServerCall *call) {
        ClerkQuery query = { .question = CLERK_WATCHED };
        Asked *a = calloc(1, sizeof(*a));

        if (!a) {
                server_fail_text(call, "Failed", "no memory");
                return;
        }
        *a = (Asked) { .call = call, .records = json_pack("{s:o}", "status", status_json(s)) };
        if (clerk_ask(s->clerk, &query, on_watched, a) < 0)
                on_watched(&(ClerkAnswer) { .error = -EAGAIN }, a);
}

static void ask_standing(Supervisor *s, ServerCall *call, uint64_t id, AskedKind kind) {
        EyesRequest request = { .kind = EYES_STATUS, .cgroup_id = id };
        const char *path = groups_path(s, id);
        Asked *a = asked_new(s, kind, call);

        if (!a)
                return;
        request.cookie = a->cookie;
        if (path)
                (void) snprintf(request.path, sizeof(request.path), "%s", path);
        if (!eyes_post(s->eyes, &request)) {
                server_fail_text(call, "Failed", "too many reads are under way");
                asked_end(s, a);
        }
}

static void op_status(ServerCall *call, const char *cgroup, void *userdata) {
        Supervisor *s = userdata;
        uint64_t id;

        if (!cgroup) {
                status_of_all(s, call);
                return;
        }
        id = resolve_one(s, call, cgroup);
        if (id == 0)
                return;
        if (may_read(s, call, id))
                ask_standing(s, call, id, ASKED_STATUS);
        else
                server_fail_text(call, "NotAllowed", "that cgroup is not yours");
}

/* ---- explain ---- */

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

static void reply_explained(ServerCall *call, json_t *records) {
        _cleanup_free_ char *buffer = malloc(EXPLAIN_TEXT_BYTES);
        _cleanup_free_ char *record = json_dumps(json_array_get(records, json_array_size(records) - 1), JSON_COMPACT);
        Strbuf out = { .data = buffer, .size = EXPLAIN_TEXT_BYTES };

        if (!buffer || !record || explain_record(&out, record) < 0) {
                json_decref(records);
                server_fail_text(call, "Failed", "that record cannot be explained");
                return;
        }
        reply_json(call, json_pack("{s:s, s:o}", "text", buffer, "records", records));
}

static void on_joined(const ClerkAnswer *answer, void *userdata) {
        Explaining *e = userdata;

        if (answer->error == 0 && answer->n_found > 0)
                reply_explained(e->call, join_answer(answer));
        else if (e->group && may_read(e->s, e->call, e->group))
                ask_standing(e->s, e->call, e->group, ASKED_STANDING);
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

/* Looks through what is kept, newest first, for what no column knows. */
static void on_scan(const ClerkAnswer *answer, void *userdata) {
        Explaining *e = userdata;
        uint64_t found = 0;
        char word[32];

        for (size_t i = answer->error < 0 ? 0 : answer->n_rows; i-- > 0 && !found;) {
                json_t *record = json_loads(answer->rows[i].json, 0, NULL);

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

static void op_explain(ServerCall *call, const char *what, void *userdata) {
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
                (void) resolve_one(s, call, what);      /* says which they are */
                return;
        }
        e->group = n == 1 ? ids[0] : 0;
        if (strncmp(what, "pid:", 4) == 0 || (n == 0 && what[0] != '/')) {
                query.question = CLERK_LIST;
                query.query.limit = SCAN_RECORDS;
                ask_clerk(e, &query, on_scan);
                return;
        }
        if (n == 0)
                (void) snprintf(path, sizeof(path), "%s", what);
        else if (resolve_path(what, path, sizeof(path), s) < 0)
                path[0] = '\0';
        query.query.cgroup = path;
        ask_clerk(e, &query, on_joined);
}

/* ---- answers of the eyes ---- */

static void reply_standing(Supervisor *s, ServerCall *call, json_t *facts) {
        _cleanup_free_ char *buffer = malloc(EXPLAIN_TEXT_BYTES), *text = NULL;
        Strbuf out = { .data = buffer, .size = EXPLAIN_TEXT_BYTES };

        (void) json_object_set_new(facts, "watching_since", time_json(s->started_realtime_usec));
        (void) json_object_set_new(facts, "watched_without_gap", json_boolean(s->from.lost == 0));
        text = json_dumps(facts, JSON_COMPACT);
        if (!buffer || !text || explain_cgroup(&out, text) < 0)
                server_fail_text(call, "Failed", "that cgroup cannot be explained");
        else
                reply_json(call, json_pack("{s:s, s:[]}", "text", buffer, "records"));
}

void answers_eyes(Supervisor *s, const EyesAnswer *answer) {
        Asked *a = asked_find(s, answer->cookie);
        json_t *facts;

        if (!a)
                return;
        facts = answer->text ? json_loads(answer->text, 0, NULL) : NULL;
        if (!facts)
                server_fail_text(a->call, answer->error == -ENODEV ? "NotFound" : "Failed",
                                 answer->error == -ENODEV ? "that cgroup is gone" : "the cgroup could not be read");
        else if (a->kind == ASKED_STANDING)
                reply_standing(s, a->call, facts);
        else
                reply_json(a->call, json_pack("{s:O}", "status", facts));
        json_decref(facts);
        asked_end(s, a);
}

/* ---- set and reload ---- */

static int parse_values(const char *text, BudgetsSetValue values[LIMIT_KEYS], size_t *ret_n, char *why, size_t size) {
        json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, NULL), *one;
        const char *key;
        int r = 0;

        *ret_n = 0;
        if (!json_is_object(object) || json_object_size(object) == 0) {
                (void) snprintf(why, size, "values must be an object of budget keys");
                r = -EINVAL;
        }
        json_object_foreach(object, key, one) {
                int which = limit_key_from_string(key);
                char number[32];
                const char *value = json_string_value(one);

                if (json_is_integer(one)) {
                        (void) snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(one));
                        value = number;
                } else if (json_is_boolean(one))
                        value = json_is_true(one) ? "yes" : "no";
                if (which < 0 || !value) {
                        (void) snprintf(why, size, "%s: no budget key, or no value for one", key);
                        r = -EINVAL;
                        break;
                }
                values[*ret_n].key = (LimitKey) which;
                r = config_parse_limit((LimitKey) which, value, &values[*ret_n].value, why, size);
                if (r < 0)
                        break;
                (*ret_n)++;
        }
        json_decref(object);
        return r;
}

static void op_set(ServerCall *call, const char *cgroup, const char *values_json, bool dry_run, bool risk, void *userdata) {
        Supervisor *s = userdata;
        const ServerPeer *peer = server_call_peer(call);
        BudgetsSetValue values[LIMIT_KEYS];
        char why[512] = "", comm[32] = "", path[4352];
        LimitRequester requester = { .known = true, .uid = peer->uid, .pid = peer->pid };
        uint64_t id;
        size_t n;
        Asked *a;

        if (parse_values(values_json, values, &n, why, sizeof(why)) < 0) {
                json_t *complaints = json_pack("{s:[s]}", "complaints", why);
                _cleanup_free_ char *text = complaints ? json_dumps(complaints, JSON_COMPACT) : NULL;

                json_decref(complaints);
                server_fail(call, "BadConfiguration", text);
                return;
        }
        id = resolve_one(s, call, cgroup);
        if (id == 0)
                return;
        if (!s->budgets || !groups_path(s, id)) {
                server_fail_text(call, "Failed", "reeved is still starting");
                return;
        }
        (void) snprintf(path, sizeof(path), "%s", s->path);
        if (proc_read(peer->pid, "comm", comm, sizeof(comm)) > 0) {
                comm[strcspn(comm, "\n")] = '\0';
                requester.comm = comm;
        }
        a = asked_new(s, ASKED_SET, call);
        if (!a)
                return;
        a->records = json_array();
        if (budgets_set(s->budgets, a->cookie, id, path, values, n, dry_run, risk, &requester) < 0) {
                server_fail_text(call, "Failed", "too many changes are under way");
                asked_end(s, a);
        } else
                (void) eventswatch_add(s->eventswatch, id, path, 0);
}

/* Where the peer had no right to any of it, that is the answer; the refusals are on record all the same. */
static void end_set(const Asked *a) {
        const json_t *one, *last = NULL;
        size_t i, refused = 0;

        json_array_foreach(a->records, i, one)
                if (strcmp(json_string_value(json_object_get(one, "reason")) ?: "",
                           reeve_reason_to_string(REEVE_REASON_NOT_PERMITTED)) == 0) {
                        refused++;
                        last = one;
                }
        if (refused > 0 && refused == json_array_size(a->records))
                server_fail_text(a->call, "NotAllowed", json_string_value(json_object_get(last, "text")) ?: "not permitted");
        else
                reply_json(a->call, json_pack("{s:O}", "records", a->records));
}

void answers_budgets(Supervisor *s, uint64_t cookie, const char *record_json, bool done) {
        Asked *a = asked_find(s, cookie);

        if (!a)
                return;
        if (record_json)
                (void) json_array_append_new(a->records, json_loads(record_json, 0, NULL));
        if (done) {
                end_set(a);
                asked_end(s, a);
        }
}

static void op_reload(ServerCall *call, void *userdata) {
        _cleanup_free_ char *text = NULL;

        if (settings_reload(userdata, &text) < 0)
                server_fail(call, "BadConfiguration", text);
        else
                server_reply(call, text ? text : "{\"changes\":[]}");
}

/* ---- what followers and Fate need ---- */

typedef struct Pending {
        uint64_t after;
        LedgerTake *take;
        void *userdata;
} Pending;

static int take_pending(const SpoolRecord *record, void *userdata) {
        const Pending *p = userdata;
        LedgerRow row = { .json = record->json, .length = record->json_size };

        if (record->seq <= p->after || record->meta_size != sizeof(row.meta))
                return 0;
        memcpy(&row.meta, record->meta, sizeof(row.meta));
        p->take(&row, p->userdata);
        return 0;
}

static void op_pending(uint64_t after_seq, LedgerTake *take, void *take_userdata, void *userdata) {
        Supervisor *s = userdata;
        Pending pending = { .after = after_seq, .take = take, .userdata = take_userdata };

        (void) spool_records_replay(s->spool, take_pending, &pending);
}

static uint64_t op_drained(void *userdata) {
        return sources_drained_usec(userdata);
}

static int op_alive(int64_t pid, uint64_t start_usec, void *userdata) {
        ProcStat stat;
        int r = proc_stat((int32_t) pid, &stat);

        (void) userdata;
        if (r == -ESRCH)
                return 0;
        if (r < 0)
                return r;
        return (start_usec == 0 || proc_same_start(start_usec * 1000, stat.start_ticks)) && stat.state != 'Z' && stat.state != 'X';
}

const ServerOps answers_ops = {
        .status = op_status,
        .explain = op_explain,
        .set = op_set,
        .reload = op_reload,
        .pending = op_pending,
        .drained_usec = op_drained,
        .process_alive = op_alive,
        .resolve = resolve_path,
};
