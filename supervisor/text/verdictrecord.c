#include "supervisor/text/verdictrecord.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/text/escape.h"
#include "supervisor/text/human.h"
#include "supervisor/text/recordpart.h"

enum { SHOWN = 10 };

/* ---- the decision ---- */

static json_t *real(double value, bool known) {
        if (!known || !isfinite(value))
                return json_null();
        return value == (double) (json_int_t) value ? json_integer((json_int_t) value) : json_real(value);
}

static json_t *trigger_json(const VerdictDecision *d) {
        json_t *list = json_array();

        for (size_t i = 0; i < d->rule->n_when && i < JUDGE_WHEN_MAX; i++) {
                const RuleCondition *c = &d->rule->when[i];
                const ConditionState *s = &d->state->conditions[i];
                json_t *o = json_object();

                json_object_set_new(o, "what", record_part_word(rule_what_to_string((int) c->what)));
                json_object_set_new(o, "value", real(s->last.value, s->last.known));
                json_object_set_new(o, "threshold", real(s->last.threshold, true));
                json_object_set_new(o, "for_usec", json_integer(s->over ? (json_int_t) (d->now_usec - s->since_usec) : 0));
                json_object_set_new(o, "text", record_part_text(c->text));
                json_array_append_new(list, o);
        }
        return list;
}

static json_t *cgroup_json(uint64_t id, const char *path) {
        json_t *o = json_object();

        json_object_set_new(o, "path", record_part_text(path));
        json_object_set_new(o, "id", record_part_id(id));
        return o;
}

/* "never /system.slice/sshd.service" */
static json_t *shelter_json(const JudgeCandidate *c) {
        const char *word = judge_shelter_to_string((int) c->shelter);
        char text[VERDICT_NAME_SIZE];

        if (!word)
                return json_null();
        (void) snprintf(text, sizeof(text), "%s%s%s", word, c->never ? " " : "", c->never ? c->never : "");
        return record_part_text(text);
}

static json_t *candidate_json(const JudgeCandidate *c) {
        json_t *o = json_object(), *score = json_object();

        for (int i = 0; i < RANKS; i++)
                json_object_set_new(score, rule_rank_to_string(i), real(c->parts[i], c->parts[i] >= 0));
        json_object_set_new(o, "cgroup", cgroup_json(c->id, c->path));
        json_object_set_new(o, "rank", c->rank ? json_integer(c->rank) : json_null());
        json_object_set_new(o, "score", score);
        json_object_set_new(o, "preference", record_part_word(c->preference > 0 ? "prefer" : c->preference < 0 ? "avoid" : NULL));
        json_object_set_new(o, "protected_by", shelter_json(c));
        return o;
}

static json_t *candidates_json(const VerdictDecision *d) {
        json_t *list = json_array();

        for (size_t i = 0; i < d->n; i++)
                if (i < SHOWN || (i >= d->open && i < d->open + SHOWN))
                        json_array_append_new(list, candidate_json(&d->candidates[i]));
        return list;
}

static json_t *steps_json(const VerdictDecision *d) {
        json_t *list = json_array();

        for (size_t i = 0; i < d->rule->n_then; i++) {
                json_t *o = json_object();

                json_object_set_new(o, "text", record_part_text(d->rule->then[i].text));
                json_object_set_new(o, "state", record_part_word(i < d->verdict->step ? "before" : i > d->verdict->step ? "after" : "now"));
                json_array_append_new(list, o);
        }
        return list;
}

static const JudgeCandidate *victim_of(const VerdictDecision *d) {
        return d->verdict->victim < d->n ? &d->candidates[d->verdict->victim] : NULL;
}

static json_t *decision_json(const VerdictDecision *d) {
        const JudgeCandidate *victim = victim_of(d);
        json_t *o = json_object();

        json_object_set_new(o, "rule", record_part_text(d->rule->name));
        json_object_set_new(o, "cgroup", cgroup_json(d->cgroup_id, d->path));
        json_object_set_new(o, "action", record_part_word(d->verdict->action < 0 ? "none" : rule_action_to_string(d->verdict->action)));
        json_object_set_new(o, "dry_run", json_boolean(d->verdict->dry_run));
        json_object_set_new(o, "reason", record_part_word(reeve_reason_to_string((int) d->verdict->reason)));
        json_object_set_new(o, "victim", victim ? cgroup_json(victim->id, victim->path) : json_null());
        json_object_set_new(o, "trigger", trigger_json(d));
        json_object_set_new(o, "candidates", candidates_json(d));
        json_object_set_new(o, "candidates_count", json_integer((json_int_t) d->n));
        json_object_set_new(o, "steps", steps_json(d));
        return o;
}

static void say_amount(Strbuf *out, const RuleCondition *c, double value) {
        char text[HUMAN_SIZE];

        if (c->unit == RULE_SHARE)
                strbuf_printf(out, "%.1f %%", value * 100);
        else if (c->unit == RULE_BYTES)
                strbuf_printf(out, "%s%s", human_bytes((int64_t) value, text), c->what == RULE_GROWTH || c->what == RULE_REFAULT ? "/s" : "");
        else if (c->unit == RULE_TIME && isfinite(value))
                strbuf_puts(out, human_span((uint64_t) value, text));
        else if (c->unit == RULE_COUNT)
                strbuf_printf(out, "%.0f", value);
        else
                strbuf_puts(out, "never");
}

void verdict_say_conditions(Strbuf *out, const RuleSection *rule, const JudgeState *state) {
        for (size_t i = 0; i < rule->n_when && i < JUDGE_WHEN_MAX; i++) {
                const RuleCondition *c = &rule->when[i];
                const ConditionValue *v = &state->conditions[i].last;

                strbuf_printf(out, "%s%s", i ? ", " : "", rule_what_to_string((int) c->what));
                if (!v->known) {
                        strbuf_puts(out, " not known");
                        continue;
                }
                if (c->unit == RULE_TRUTH)
                        continue;
                strbuf_puts(out, " ");
                say_amount(out, c, v->value);
                strbuf_puts(out, c->below ? " < " : " > ");
                say_amount(out, c, v->threshold);
        }
}

static void escaped(const char *raw, char *ret, size_t size) {
        Strbuf b = { .data = ret, .size = size };

        ret[0] = '\0';
        escape_text(&b, raw);
}

int verdict_note(VerdictNote *ret, const VerdictDecision *d) {
        const JudgeCandidate *victim = victim_of(d);
        json_t *o = decision_json(d);
        Strbuf why = STRBUF_INIT(ret->why);

        *ret = (VerdictNote) { .action = d->verdict->action, .dry_run = d->verdict->dry_run, .reason = d->verdict->reason };
        ret->members = o ? json_dumps(o, JSON_COMPACT) : NULL;
        json_decref(o);
        if (!ret->members)
                return -ENOMEM;
        escaped(d->rule->name, ret->rule, sizeof(ret->rule));
        escaped(victim ? victim->path : d->path, ret->target, sizeof(ret->target));
        escaped(d->rule->then[d->verdict->step].text ?: "", ret->step, sizeof(ret->step));
        verdict_say_conditions(&why, d->rule, d->state);
        return 0;
}

static json_t *process_json(const PickProcess *p) {
        return json_pack("{s:i, s:I, s:o}", "pid", (int) p->pid, "start_usec", (json_int_t) p->start_usec, "comm", record_part_text(p->comm));
}

static const char *process_shelter(const PickProcess *p) {
        if (p->passed)
                return "passed";
        return p->points != PREDICT_NEVER ? NULL : p->pid == 1 ? "init" : "oom_score_adj";
}

/* "hog (pid 123) in /bed" */
static void target_process(VerdictNote *note, const PickProcess *p) {
        char whole[VERDICT_TARGET_SIZE];
        Strbuf b = STRBUF_INIT(whole);

        whole[0] = '\0';
        escape_text(&b, p->comm);
        strbuf_printf(&b, " (pid %d) in %s", (int) p->pid, note->target);
        memcpy(note->target, whole, sizeof(whole));
}

static void processes_put(json_t *members, const PickProcess *processes, size_t n, size_t open) {
        json_t *list = json_object_get(members, "candidates"), *cgroup = json_object_get(members, "victim");

        for (size_t i = 0; i < n; i++) {
                const PickProcess *p = &processes[i];
                json_t *o;

                if (i >= SHOWN && (i < open || i >= open + SHOWN))
                        continue;
                o = json_pack("{s:O?, s:o, s:o, s:{s:o}, s:o, s:o}", "cgroup", cgroup, "process", process_json(p), "rank",
                              p->rank ? json_integer(p->rank) : json_null(), "score", "oom_score",
                              p->points == PREDICT_NEVER ? json_null() : json_integer(p->points), "preference",
                              record_part_word(p->preference > 0 ? "prefer" : p->preference < 0 ? "avoid" : NULL), "protected_by",
                              record_part_word(process_shelter(p)));
                json_array_append_new(list, o);
        }
        /* The candidates' is the same object without it. */
        if (open > 0) {
                json_t *victim = json_copy(cgroup);

                json_object_set_new(victim, "process", process_json(&processes[0]));
                json_object_set_new(members, "victim", victim);
        }
        json_object_set_new(members, "processes_count", json_integer((json_int_t) n));
}

int verdict_note_processes(VerdictNote *note, const PickProcess *processes, size_t n, size_t open) {
        json_t *members = json_loads(note->members, 0, NULL);
        char *text = NULL;

        if (members) {
                processes_put(members, processes, n, open);
                text = json_dumps(members, JSON_COMPACT);
        }
        json_decref(members);
        if (!text)
                return -ENOMEM;
        free(note->members);
        note->members = text;
        if (open > 0)
                target_process(note, &processes[0]);
        return 0;
}

void verdict_note_clear(VerdictNote *n) {
        free(n->members);
        n->members = NULL;
}

/* ---- how it went ---- */

static const char *held_back(ReeveReason reason) {
        switch (reason) {
        case REEVE_REASON_NO_CANDIDATE: return "there is nobody to act on";
        case REEVE_REASON_PROTECTED: return "all that are there are protected";
        case REEVE_REASON_KILL_LIMIT: return "KillLimit= is reached";
        case REEVE_REASON_PAUSED: return "Reeve is paused";
        case REEVE_REASON_RECOVERED: return "it had recovered at the second look";
        default: return "something held it back";
        }
}

/* Infinitive and past of what the steps do. */
static const char *verb(int action, bool past) {
        switch (action) {
        case RULE_NOTIFY: return past ? "tells of" : "tell of";
        case RULE_RECLAIM: return past ? "reclaimed memory of" : "reclaim memory of";
        case RULE_TERM: return past ? "ended" : "end";
        case RULE_KILL: return past ? "killed" : "kill";
        case RULE_FREEZE: return past ? "froze" : "freeze";
        case RULE_THROTTLE: return past ? "throttled" : "throttle";
        case RULE_RELAX: return past ? "lifted memory.high of" : "lift memory.high of";
        case RULE_RAISE: return past ? "raised memory.max of" : "raise memory.max of";
        case RULE_RESTART: return past ? "restarted" : "restart";
        case RULE_EXEC: return past ? "called a program about" : "call a program about";
        default: return "act on";
        }
}

static void say(Strbuf *s, const VerdictOutcome *o) {
        const VerdictNote *n = o->note;
        char size[HUMAN_SIZE];

        if (n->action < 0)
                strbuf_printf(s, "Rule %s left %s alone: %s (%s).", n->rule, n->target, held_back(n->reason), n->why);
        else if (n->dry_run)
                strbuf_printf(s, "Rule %s would %s %s: %s (dry run).", n->rule, verb(n->action, false), n->target, n->why);
        else if (!o->known)
                strbuf_printf(s, "Rule %s %s %s (%s): %s.", n->rule, verb(n->action, true), n->target, n->step, n->why);
        else if (o->result == REEVE_OUTCOME_DONE) {
                strbuf_printf(s, "Rule %s %s %s: %s", n->rule, verb(n->action, true), n->target, n->why);
                if (o->freed_bytes > 0)
                        strbuf_printf(s, "; %s are free again", human_bytes(o->freed_bytes, size));
                strbuf_puts(s, ".");
        } else {
                strbuf_printf(s, "Rule %s could not %s %s (%s): ", n->rule, verb(n->action, false), n->target, n->step);
                escape_text(s, o->error && o->error[0] ? o->error : reeve_outcome_to_string((int) o->result) ?: "failed");
                strbuf_printf(s, "; %s.", n->why);
        }
}

static json_t *outcome_json(const VerdictOutcome *o) {
        json_t *object;

        if (!o->known)
                return json_null();
        object = json_object();
        json_object_set_new(object, "result", record_part_word(reeve_outcome_to_string((int) o->result)));
        json_object_set_new(object, "freed_bytes", record_part_number(o->freed_bytes));
        json_object_set_new(object, "took_usec", record_part_number(o->took_usec));
        json_object_set_new(object, "error", o->error && o->error[0] ? record_part_text(o->error) : json_null());
        return object;
}

int record_verdict(Strbuf *out, const RecordContext *c, const VerdictOutcome *o) {
        json_t *record = record_part_common(c, REEVE_RECORD_VERDICT, o->time_nsec), *pids = json_array(),
               *members = json_loads(o->note->members, 0, NULL);
        char sentence[4096];
        Strbuf s = STRBUF_INIT(sentence);

        say(&s, o);
        for (size_t i = 0; i < o->n_pids; i++)
                json_array_append_new(pids, json_integer(o->pids[i]));
        if (!members || json_object_update(record, members) < 0) {
                json_decref(members);
                json_decref(pids);
                json_decref(record);
                return -ENOMEM;
        }
        json_decref(members);
        json_object_set_new(record, "pids", pids);
        json_object_set_new(record, "outcome", outcome_json(o));
        json_object_set_new(record, "text", json_string_nocheck(sentence));
        return record_part_finish(out, record);
}
