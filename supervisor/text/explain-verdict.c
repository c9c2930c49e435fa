/* explain: what a rule decided, by which numbers, whom it could choose from, and how it went. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "supervisor/text/explain-parts.h"
#include "supervisor/text/explain-sections.h"

static void trigger_put(Strbuf *out, const json_t *record) {
        const json_t *list = json_object_get(record, "trigger"), *one;
        size_t i;

        if (json_array_size(list) == 0)
                return;
        strbuf_puts(out, "When: ");
        json_array_foreach(list, i, one) {
                const json_t *value = json_object_get(one, "value");
                double v = json_number_value(value), t = json_number_value(json_object_get(one, "threshold"));
                char a[HUMAN_SIZE], b[HUMAN_SIZE];
                const char *text = explain_string(one, "text");
                bool share = text && strchr(text, '%'), bytes = v >= 4096 || t >= 4096;

                strbuf_printf(out, "%s\"%s\" held: ", i ? "; " : "", text ? text : "a condition");
                if (!json_is_number(value))
                        strbuf_puts(out, "not known then");
                else if (share)
                        strbuf_printf(out, "it was %.1f %%", v * 100);
                else if (bytes)
                        strbuf_printf(out, "%s against %s", human_bytes((int64_t) v, a), human_bytes((int64_t) t, b));
                else
                        strbuf_printf(out, "%g against %g", v, t);
                if (explain_number(one, "for_usec") > 0)
                        strbuf_printf(out, ", since %s", human_span((uint64_t) explain_number(one, "for_usec"), a));
        }
        strbuf_puts(out, ".\n\n");
}

/* "size 40M, growth 10M/s": what is known of it. */
static void score_put(Strbuf *out, const json_t *score) {
        const char *between = "", *key;
        char size[HUMAN_SIZE];
        json_t *value;

        json_object_foreach((json_t *) (uintptr_t) score, key, value) {
                double v = json_number_value(value);

                if (!json_is_number(value))
                        continue;
                if (strcmp(key, "pressure") == 0)
                        strbuf_printf(out, "%sstalled %.0f %%", between, v * 100);
                else if (strcmp(key, "oom_score") == 0)
                        strbuf_printf(out, "%s%.0f points", between, v);
                else
                        strbuf_printf(out, "%s%s %s%s", between, key, human_bytes((int64_t) v, size),
                                      strcmp(key, "size") == 0 || strcmp(key, "swap") == 0 ? "" : "/s");
                between = ", ";
        }
}

static void candidates_put(Strbuf *out, const json_t *record) {
        const json_t *list = json_object_get(record, "candidates"), *one;
        size_t i;

        if (json_array_size(list) == 0)
                return;
        strbuf_puts(out, "Whom it could choose from:\n");
        json_array_foreach(list, i, one) {
                const char *shelter = explain_string(one, "protected_by");
                char name[EXPLAIN_NAME_SIZE];

                const json_t *process = json_object_get(one, "process");

                if (process)
                        (void) snprintf(name, sizeof(name), "process %" PRId64 " (%s)", explain_number(process, "pid"),
                                        explain_string(process, "comm") ? explain_string(process, "comm") : "?");
                else
                        (void) explain_cgroup_name(json_object_get(one, "cgroup"), name);
                if (shelter)
                        strbuf_printf(out, "  -  %s: not to be chosen (%s)", name, shelter);
                else
                        strbuf_printf(out, "  %" PRId64 ". %s: ", explain_number(one, "rank"), name);
                if (!shelter)
                        score_put(out, json_object_get(one, "score"));
                strbuf_puts(out, "\n");
        }
        if (explain_number(record, "candidates_count") > (int64_t) json_array_size(list))
                strbuf_printf(out, "  ... %" PRId64 " in all\n", explain_number(record, "candidates_count"));
        strbuf_puts(out, "\n");
}

static void steps_put(Strbuf *out, const json_t *record) {
        const json_t *list = json_object_get(record, "steps"), *one;
        size_t i;

        if (json_array_size(list) < 2)
                return;
        strbuf_puts(out, "The ladder: ");
        json_array_foreach(list, i, one) {
                const char *text = explain_string(one, "text"), *state = explain_string(one, "state");

                strbuf_printf(out, "%s%s%s", i ? ", " : "", text ? text : "?", state && strcmp(state, "now") == 0 ? " (this)" : "");
        }
        strbuf_puts(out, ".\n\n");
}

static void outcome_put(Strbuf *out, const json_t *record) {
        const json_t *outcome = json_object_get(record, "outcome");
        const char *result = explain_string(outcome, "result"), *error = explain_string(outcome, "error");
        int64_t freed = explain_number(outcome, "freed_bytes"), took = explain_number(outcome, "took_usec");
        char size[HUMAN_SIZE];

        if (!result)
                return;
        strbuf_printf(out, "How it went: %s", result);
        if (took >= 0)
                strbuf_printf(out, ", in %s", human_span((uint64_t) took, size));
        if (freed > 0)
                strbuf_printf(out, ", %s were freed", human_bytes(freed, size));
        strbuf_printf(out, "%s%s.\n", error ? ": " : "", error ? error : "");
}

/* "The program that it called ended by signal 9 (KILL) after 2 s; systemd says: signal." */
static void program_put(Strbuf *out, const json_t *record) {
        const json_t *program = json_object_get(record, "program");
        int64_t status = explain_number(program, "exit_status"), number = explain_number(program, "signal"), ran = explain_number(program, "ran_usec");
        const char *result = explain_string(program, "result"), *name = number > 0 ? sigabbrev_np((int) number) : NULL;
        char span[HUMAN_SIZE];

        if (!program)
                return;
        strbuf_puts(out, "The program that it called ended");
        if (status >= 0)
                strbuf_printf(out, " with exit status %" PRId64, status);
        else if (number > 0)
                strbuf_printf(out, " by signal %" PRId64 "%s%s%s", number, name ? " (" : "", name ? name : "", name ? ")" : "");
        else
                strbuf_puts(out, ", nobody could say how");
        if (ran >= 0)
                strbuf_printf(out, " after %s", human_span((uint64_t) ran, span));
        strbuf_printf(out, "%s%s.\n", result ? "; systemd says: " : "", result ? result : "");
}

void explain_verdict(const ExplainCase *c) {
        const json_t *configuration = json_object_get(c->record, "configuration");
        const char *text = explain_string(c->record, "text"), *at = explain_string(configuration, "rule_at");
        const char *time = explain_string(c->record, "time"), *id = explain_string(c->record, "id");

        strbuf_printf(c->out, "%s\n\n", text ? text : "A rule decided something.");
        if (time && strlen(time) > 19)
                strbuf_printf(c->out, "At %.10s %.8s UTC", time, time + 11);
        if (at)
                strbuf_printf(c->out, ", by the rule that begins at %s", at);
        if (id)
                strbuf_printf(c->out, ", record %s", id);
        strbuf_puts(c->out, ".\n\n");
        trigger_put(c->out, c->record);
        candidates_put(c->out, c->record);
        steps_put(c->out, c->record);
        outcome_put(c->out, c->record);
        program_put(c->out, c->record);
}
