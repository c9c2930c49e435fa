#include "supervisor/ctl/runreport.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reeve/reeve.h"
#include "supervisor/base/strbuf.h"
#include "supervisor/text/escape.h"
#include "supervisor/text/size.h"

/* A kill is recorded within milliseconds; a daemon under pressure may need longer, and nobody waits for more. */
#define ASK_ROUNDS 10
#define ASK_PAUSE_USEC (100 * 1000)

/* The same name may have been killed before, in the same second: the id decides, or a path below ours. */
static bool concerns(const json_t *record, const Payload *p) {
        const json_t *cgroup = json_object_get(record, "cgroup");
        const char *path = json_string_value(json_object_get(cgroup, "path"));
        size_t length = strlen(p->path);

        return json_integer_value(json_object_get(cgroup, "id")) == (json_int_t) p->id ||
               (path && strncmp(path, p->path, length) == 0 && path[length] == '/');
}

/* One look. Returns the kills in @p, an empty array where there are none, NULL where the daemon does not answer. */
static json_t *ask_once(reeve *r, const Payload *p, time_t begun) {
        const char *const types[] = { "kill", NULL };
        char since[32];
        reeve_filter filter = { .size = sizeof(filter), .types = types, .cgroup = p->path, .since = since };
        reeve_records *list = NULL;
        const char *text;
        json_t *found;

        (void) snprintf(since, sizeof(since), "@%lld", (long long) begun);
        if (reeve_records_open(&list, r, &filter) < 0)
                return NULL;
        found = json_array();
        while (reeve_records_next(list, 1000, &text) > 0) {
                json_t *record = json_loads(text, 0, NULL);

                if (concerns(record, p))
                        (void) json_array_append(found, record);
                json_decref(record);
        }
        (void) reeve_records_close(list);
        return found;
}

void runreport_ask_daemon(RunReport *r, const char *socket_path) {
        reeve *connection = NULL;

        if (r->counters.oom_kill <= 0 || reeve_connect(&connection, socket_path) < 0)
                return;
        reeve_set_timeout(connection, 1000);
        for (int i = 0; i < ASK_ROUNDS; i++) {
                r->records = ask_once(connection, r->payload, r->begun);
                if (!r->records || json_array_size(r->records) > 0)
                        break;
                json_decref(r->records);
                r->records = NULL;
                (void) usleep(ASK_PAUSE_USEC);
        }
        (void) reeve_close(connection);
}

void runreport_clear(RunReport *r) {
        json_decref(r->records);
        r->records = NULL;
}

static void put_size(Strbuf *b, int64_t bytes) {
        char text[32];

        strbuf_puts(b, size_format(text, sizeof(text), (uint64_t) bytes));
}

static void put_end(Strbuf *b, const RunReport *r) {
        escape_terminal(b, r->command, strlen(r->command), /* escaped= */ false);
        if (WIFSIGNALED(r->status))
                strbuf_printf(b, " (pid %d) was killed by signal %d (%s)", (int) r->pid, WTERMSIG(r->status),
                              sigabbrev_np(WTERMSIG(r->status)));
        else
                strbuf_printf(b, " (pid %d) ended with status %d", (int) r->pid, WEXITSTATUS(r->status));
}

static bool killed_by_sigkill(const RunReport *r) {
        return WIFSIGNALED(r->status) && WTERMSIG(r->status) == SIGKILL;
}

/* Whose limit it was, by what the counters can tell. */
static void put_whose_limit(Strbuf *b, const RunReport *r) {
        const RunLimit *max = &r->limits->memory_max;

        if (r->counters.local_oom == 0) {
                strbuf_puts(b, " Its own limit was not the reason: an ancestor's was reached, or the host had no memory left.");
                return;
        }
        if (r->counters.local_oom < 0)
                return;
        strbuf_puts(b, " It was over its own limit");
        if (max->kind == RUN_LIMIT_BYTES) {
                strbuf_puts(b, ", memory.max=");
                put_size(b, (int64_t) max->value);
        }
        strbuf_printf(b, " (at the limit %" PRId64 " times).", r->counters.max);
}

static void put_victims(Strbuf *b, const RunReport *r) {
        size_t i, k;
        json_t *record, *victim;

        json_array_foreach(r->records, i, record)
                json_array_foreach(json_object_get(record, "victims"), k, victim) {
                        const char *comm = json_string_value(json_object_get(victim, "comm"));

                        strbuf_printf(b, "%s%" JSON_INTEGER_FORMAT " (", i + k ? ", " : " It took pid ",
                                      json_integer_value(json_object_get(victim, "pid")));
                        escape_terminal(b, comm ? comm : "?", strlen(comm ? comm : "?"), /* escaped= */ true);
                        strbuf_puts(b, ")");
                }
        if (json_array_size(r->records) > 0) {
                const char *id = json_string_value(json_object_get(json_array_get(r->records, 0), "id"));

                strbuf_printf(b, ". More: reevectl explain %s.", id ? id : "last");
        }
}

static void put_oom(Strbuf *b, const RunReport *r) {
        int64_t kills = r->counters.oom_kill;

        if (kills < 0) {
                strbuf_puts(b, "; whether the OOM killer had a hand in it is not known: this kernel counts no oom_kill.");
                return;
        }
        if (kills == 0) {
                strbuf_puts(b, killed_by_sigkill(r) ? ", but not by the kernel's OOM killer: it took nobody here." :
                                                      "; the kernel's OOM killer took nobody.");
                if (r->counters.oom > 0)
                        strbuf_printf(b, " It ran out of room %" PRId64 " times, and allocations failed.", r->counters.oom);
                return;
        }
        /* A group kill counts one more than there were processes: the chosen one twice. */
        strbuf_puts(b, "; the kernel's OOM killer had a hand in it: it took ");
        if (r->counters.oom_group_kill > 0 || (r->counters.oom_group_kill < 0 && r->limits->oom_group))
                strbuf_puts(b, "the whole group (memory.oom.group).");
        else
                strbuf_printf(b, "%" PRId64 " process%s of this run.", kills, kills == 1 ? "" : "es");
        put_whose_limit(b, r);
        put_victims(b, r);
}

static void put_peak(Strbuf *b, const RunReport *r) {
        if (r->counters.peak_bytes < 0)
                return;
        strbuf_puts(b, " Peak ");
        put_size(b, r->counters.peak_bytes);
        if (r->counters.swap_peak_bytes > 0) {
                strbuf_puts(b, ", of swap ");
                put_size(b, r->counters.swap_peak_bytes);
        }
        strbuf_puts(b, ".");
}

static json_t *number(int64_t value) {
        return value < 0 ? json_null() : json_integer(value);
}

static json_t *report_json(const RunReport *r) {
        const PayloadCounters *c = &r->counters;
        char path[8192];
        Strbuf b = STRBUF_INIT(path);

        escape_text(&b, r->payload->path);
        return json_pack("{s:{s:s, s:I}, s:i, s:o, s:o, s:b, s:{s:o, s:o, s:o, s:o, s:o, s:o}, s:{s:o, s:o}, s:o, s:O?}",
                         "cgroup", "path", path, "id", (json_int_t) r->payload->id, "pid", (int) r->pid,
                         "status", WIFEXITED(r->status) ? json_integer(WEXITSTATUS(r->status)) : json_null(),
                         "signal", WIFSIGNALED(r->status) ? json_integer(WTERMSIG(r->status)) : json_null(),
                         "exact", (int) r->emptied,
                         "counters", "low", number(c->low), "high", number(c->high), "max", number(c->max),
                         "oom", number(c->oom), "oom_kill", number(c->oom_kill), "oom_group_kill", number(c->oom_group_kill),
                         "memory", "peak_bytes", number(c->peak_bytes), "swap_peak_bytes", number(c->swap_peak_bytes),
                         "oom_killed", c->oom_kill < 0 ? json_null() : json_boolean(c->oom_kill > 0),
                         "records", r->records);
}

void runreport_print(const RunReport *r, bool json, bool quiet) {
        char text[4096];
        Strbuf b = STRBUF_INIT(text);

        if (json) {
                json_t *object = report_json(r);

                if (object)
                        (void) json_dumpf(object, stderr, JSON_COMPACT);
                (void) fputc('\n', stderr);
                json_decref(object);
                return;
        }
        if (!r->emptied)
                (void) fprintf(stderr, "reevectl run: some of its processes did not die; the counts may still grow\n");
        if (quiet && r->counters.oom_kill <= 0)
                return;
        put_end(&b, r);
        put_oom(&b, r);
        put_peak(&b, r);
        (void) fprintf(stderr, "reevectl run: %s\n", text);
}
