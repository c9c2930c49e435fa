#include "supervisor/text/explain.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "supervisor/text/explain-sections.h"

static const char *word(const json_t *record, const char *key) {
        const char *text = explain_string(record, key);

        return text ? text : "";
}

static void process_name(const json_t *victim, char name[static EXPLAIN_NAME_SIZE]) {
        const char *comm = explain_string(victim, "comm");
        int64_t pid = explain_number(victim, "pid");

        if (comm && pid > 0)
                (void) snprintf(name, EXPLAIN_NAME_SIZE, "%s (pid %" PRId64 ")", comm, pid);
        else if (comm)
                (void) snprintf(name, EXPLAIN_NAME_SIZE, "%s", comm);
        else if (pid > 0)
                (void) snprintf(name, EXPLAIN_NAME_SIZE, "pid %" PRId64, pid);
        else
                (void) snprintf(name, EXPLAIN_NAME_SIZE, "a process");
}

static void case_fill(ExplainCase *c, Strbuf *out, const json_t *record) {
        const json_t *cgroup = json_object_get(record, "cgroup"), *victims = json_object_get(record, "victims");
        const json_t *identity = json_object_get(record, "identity"), *victim = json_array_get(victims, 0);

        *c = (ExplainCase) { .out = out, .record = record };
        c->scope = word(record, "scope");
        c->killer = word(record, "killer");
        c->selection = word(record, "selection");
        c->victim = victim ? victim : json_object_get(record, "victim");
        /* What a user's own directory names pretend is no name to tell him who he is: only the path is. */
        if (json_is_object(identity) && strcmp(word(identity, "confidence"), "claimed") != 0)
                c->identity = identity;
        c->limit_bytes = explain_number(record, "limit_bytes");
        c->limit_shared = strcmp(c->scope, "ancestor") == 0;
        (void) explain_identity_name(c->identity, cgroup, c->name);
        (void) explain_cgroup_name(json_object_get(record, "limit_cgroup"), c->limit_name);
        process_name(c->victim, c->process);
}

/* "2026-11-20 09:14:05 UTC" of a record's time. */
static void time_put(Strbuf *out, const char *time) {
        if (time && strlen(time) > 19 && time[10] == 'T')
                strbuf_printf(out, "%.10s %.8s UTC", time, time + 11);
        else
                strbuf_puts(out, "at a time that is not known");
}

static void headline(const ExplainCase *c) {
        size_t victims = json_array_size(json_object_get(c->record, "victims"));
        const char *id = explain_string(c->record, "id");
        char size[HUMAN_SIZE];

        strbuf_puts(c->out, strcmp(c->killer, "oom_manager") == 0 ? "Killed for memory: " : "OOM kill: ");
        if (victims > 1)
                strbuf_printf(c->out, "%zu processes of %s, first %s, ", victims, c->name, c->process);
        else
                strbuf_printf(c->out, "%s of %s, ", c->process, c->name);
        time_put(c->out, explain_string(c->record, "time"));
        if (id)
                strbuf_printf(c->out, ", record %s", id);
        strbuf_puts(c->out, ".\n\n");

        if (strcmp(c->selection, "limit_write") == 0)
                strbuf_puts(c->out, "In short: a memory limit was written that was lower than the memory in use.");
        else if (strcmp(c->scope, "self") == 0)
                strbuf_printf(c->out, "In short: it reached its own memory limit%s%s.", c->limit_bytes >= 0 ? " of " : "",
                              c->limit_bytes >= 0 ? human_bytes(c->limit_bytes, size) : "");
        else if (c->limit_shared)
                strbuf_puts(c->out, "In short: not its own limit was reached, but one above it that it shares with others.");
        else if (strcmp(c->killer, "sysrq") == 0)
                strbuf_puts(c->out, "In short: somebody told the kernel to kill something (sysrq-f).");
        else if (strcmp(c->scope, "host") == 0)
                strbuf_puts(c->out, "In short: the host ran out of memory; no cgroup's limit was reached.");
        else if (strcmp(c->scope, "none") == 0)
                strbuf_puts(c->out, "In short: not the kernel killed it, but a program that watches over memory.");
        else
                strbuf_puts(c->out, "In short: the OOM killer took it; by whose limit is not known.");
        strbuf_puts(c->out, "\n");
}

static void kill_explain(const ExplainCase *c) {
        headline(c);
        explain_limit(c);
        explain_filling(c);
        explain_victims(c);
        explain_history(c);
        explain_advice(c);
}

int explain_record(Strbuf *out, const char *record) {
        json_t *r = json_loads(record, 0, NULL);
        const char *type = explain_string(r, "type");
        ExplainCase c;
        int e = 0;

        if (type && (strcmp(type, "kill") == 0 || strcmp(type, "sigkill") == 0 || strcmp(type, "verdict") == 0)) {
                case_fill(&c, out, r);
                if (strcmp(type, "kill") == 0)
                        kill_explain(&c);
                else if (strcmp(type, "verdict") == 0)
                        explain_verdict(&c);
                else
                        explain_sigkill(&c);
        } else
                e = -EINVAL;
        json_decref(r);
        return e;
}

static void headroom_put(Strbuf *out, const json_t *facts) {
        int64_t current = explain_number(json_object_get(facts, "memory"), "current_bytes");
        int64_t unreclaimable = explain_number(json_object_get(facts, "memory"), "unreclaimable_bytes");
        int64_t limit = explain_number(facts, "effective_bytes");
        const json_t *owner = json_object_get(facts, "effective_cgroup");
        char a[HUMAN_SIZE], b[HUMAN_SIZE], s[HUMAN_SIZE], name[EXPLAIN_NAME_SIZE];
        bool other = explain_number(owner, "id") > 0 &&
                     explain_number(owner, "id") != explain_number(json_object_get(facts, "cgroup"), "id");

        if (current < 0) {
                const char *path = explain_string(json_object_get(facts, "cgroup"), "path");

                if (path && strcmp(path, "/") != 0)
                        strbuf_puts(out, "\nIt has no limit and no count of its own: its parent has not given it the memory controller, "
                                         "so what it uses is counted with what is above it.\n");
                return;
        }
        strbuf_printf(out, "\nIt uses %s", human_bytes(current, a));
        if (limit > 0) {
                strbuf_printf(out, ", %s of the %s that it may have", human_share(current, limit, s), human_bytes(limit, b));
                if (other)
                        strbuf_printf(out, " (the limit is that of %s, which others share)", explain_cgroup_name(owner, name));
        } else if (json_object_get(facts, "effective_bytes"))
                strbuf_puts(out, "; no limit is set on it or above it, so only the host's memory bounds it");
        strbuf_puts(out, ".");
        if (unreclaimable >= 0)
                strbuf_printf(out, " %s of that cannot be reclaimed: only this can bring an OOM kill, the rest is cache.",
                              human_bytes(unreclaimable, a));
        strbuf_puts(out, "\n");
}

int explain_cgroup(Strbuf *out, const char *facts) {
        json_t *f = json_loads(facts, 0, NULL);
        const char *since = explain_string(f, "watching_since");
        const json_t *counters = json_object_get(f, "counters"), *gap = json_object_get(f, "watched_without_gap");
        char name[EXPLAIN_NAME_SIZE], n[HUMAN_SIZE], m[HUMAN_SIZE];

        if (!json_is_object(f)) {
                json_decref(f);
                return -EINVAL;
        }
        strbuf_printf(out, "No OOM kill is on record for %s",
                      explain_identity_name(json_object_get(f, "identity"), json_object_get(f, "cgroup"), name));
        if (since) {
                strbuf_puts(out, " since ");
                time_put(out, since);
                if (json_is_boolean(gap))
                        strbuf_puts(out, json_is_true(gap) ? ", watched without a gap" : ", but the watch had gaps (reevectl status)");
        }
        strbuf_puts(out, ".\n");
        headroom_put(out, f);
        strbuf_puts(out, "\n");
        explain_ancestors(out, json_object_get(f, "ancestors"), json_object_get(f, "effective_cgroup"), /* limit_current= */ -1);
        if (explain_mix(out, json_object_get(f, "memory"), "With what: "))
                strbuf_puts(out, "\n\n");
        if (explain_number(counters, "max") == 0 && explain_number(counters, "high") == 0)
                strbuf_puts(out, "Since it was made it met neither its memory.max nor its memory.high.\n\n");
        else if (explain_number(counters, "max") >= 0 && explain_number(counters, "high") >= 0)
                strbuf_printf(out, "Since it was made it met its memory.max %s and its memory.high %s.\n\n",
                              human_times(explain_number(counters, "max"), n), human_times(explain_number(counters, "high"), m));
        strbuf_puts(out, "If a process of it ended with status 137 or by SIGKILL all the same, somebody sent that signal: "
                         "'reevectl kills --all' lists those that Reeve saw.\n");
        json_decref(f);
        return 0;
}
