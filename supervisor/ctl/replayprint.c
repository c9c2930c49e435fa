#include "supervisor/ctl/replayprint.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "supervisor/ctl/print.h"
#include "supervisor/text/escape.h"

static const TableColumn columns[] = {
        { .title = "" },
        { .title = "TIME" },
        { .title = "RULE", .shrink = 4, .least = 8 },
        { .title = "CGROUP", .shrink = 3, .least = 12, .keep_end = true },
        { .title = "STEP" },
        { .title = "WHOM", .shrink = 3, .least = 12, .keep_end = true },
        { .title = "OUTCOME" },
        { .title = "WHY", .shrink = 5, .least = 10 },
};

void replayprint_begin(ReplayPrint *p) {
        p->table = (Table) TABLE_INIT(columns);
        p->error = CTL_DONE;
}

static const char *stand_word(ReplayStand stand) {
        static const char *const words[] = { [REPLAY_SAME] = "same", [REPLAY_NEW] = "new", [REPLAY_MISSING] = "missing", [REPLAY_KERNEL] = "kernel" };

        return words[stand];
}

static json_t *text_of(const char *raw) {
        char text[PRINT_CELL_SIZE] = "";
        Strbuf b = STRBUF_INIT(text);

        if (raw)
                escape_text(&b, raw);
        return raw ? json_string(text) : json_null();
}

/* As the record has it, as far as the judge makes it. */
static json_t *verdict_json(const ReplayEvent *e) {
        json_t *o = json_loadb(e->members, e->members_length, 0, NULL);
        char incident[64];

        if (!o)
                return NULL;
        (void) json_object_set_new(o, "type", json_string("verdict"));
        if (e->incident_usec) {
                (void) snprintf(incident, sizeof(incident), "%.15s-i%" PRIu64, e->ledger_id, e->incident_usec);
                (void) json_object_set_new(o, "incident", json_string(incident));
        }
        (void) json_object_set_new(o, "rule_at", text_of(e->rule_at));
        (void) json_object_set_new(o, "text", e->why[0] ? json_string(e->why) : json_null());
        return o;
}

static json_t *event_json(const ReplayEvent *e, bool against) {
        json_t *o = e->stand == REPLAY_KERNEL ? json_pack("{s:s, s:{s:o}}", "type", "kill", "cgroup", "path", text_of(e->cgroup)) : verdict_json(e);
        char time[HUMAN_MOMENT_SIZE];

        if (!o)
                return NULL;
        (void) json_object_set_new(o, "time", json_string(human_rfc3339((int64_t) e->time_usec + e->offset_usec, time)));
        (void) json_object_set_new(o, "boottime_usec", json_integer((json_int_t) e->time_usec));
        if (!against)
                return o;
        (void) json_object_set_new(o, "replay", json_string(stand_word(e->stand)));
        if (e->stand == REPLAY_SAME)
                (void) json_object_set_new(o, "exact", json_boolean(e->exact));
        if (e->stand == REPLAY_SAME || e->stand == REPLAY_MISSING)
                (void) json_object_set_new(o, "outcome", e->outcome_known ? json_string(reeve_outcome_to_string((int) e->outcome)) : json_null());
        return o;
}

static const char *raw_cell(const char *raw, char cell[static PRINT_CELL_SIZE]) {
        Strbuf b = { .data = cell, .size = PRINT_CELL_SIZE };

        cell[0] = '\0';
        escape_terminal(&b, raw ? raw : "", strlen(raw ? raw : ""), /* escaped= */ false);
        return cell;
}

/* "09:14:05.123" of that day: who reads a replay compares moments. */
static void time_cell(Table *t, const ReplayEvent *e) {
        char text[HUMAN_MOMENT_SIZE];
        const char *time = human_rfc3339((int64_t) e->time_usec + e->offset_usec, text), *day = strchr(time, 'T');

        table_addf(t, TABLE_DIM, "%.12s", day ? day + 1 : time);
}

static const char *outcome_cell(const ReplayEvent *e) {
        if (e->stand == REPLAY_NEW)
                return "?";
        return e->outcome_known ? reeve_outcome_to_string((int) e->outcome) : "";
}

static void event_row(ReplayPrint *p, const ReplayEvent *e) {
        static const char *const marks[] = { [REPLAY_SAME] = "=", [REPLAY_NEW] = "+", [REPLAY_MISSING] = "-", [REPLAY_KERNEL] = "!" };
        static const TableStyle styles[] = { [REPLAY_SAME] = TABLE_PLAIN, [REPLAY_NEW] = TABLE_GREEN, [REPLAY_MISSING] = TABLE_YELLOW,
                                             [REPLAY_KERNEL] = TABLE_RED };
        const char *action = e->stand == REPLAY_KERNEL ? "kernel kill" : e->action < 0 ? "none" : rule_action_to_string(e->action);
        TableStyle style = p->against ? styles[e->stand] : TABLE_PLAIN;
        char cell[PRINT_CELL_SIZE];
        Table *t = &p->table;

        table_add(t, style, !p->against ? "" : e->stand == REPLAY_SAME && !e->exact ? "~" : marks[e->stand]);
        time_cell(t, e);
        table_add(t, TABLE_BOLD, raw_cell(e->rule, cell));
        table_add(t, TABLE_PLAIN, raw_cell(e->cgroup, cell));
        table_addf(t, style, "%s%s", action, e->dry_run ? " (dry)" : "");
        table_add(t, style, e->stand == REPLAY_KERNEL ? "" : e->action < 0 ? reeve_reason_to_string((int) e->reason) : raw_cell(e->target, cell));
        table_add(t, TABLE_PLAIN, p->against ? outcome_cell(e) : "");
        table_add(t, TABLE_PLAIN, raw_cell(e->why, cell));
}

void replayprint_event(const ReplayEvent *e, void *userdata) {
        ReplayPrint *p = userdata;

        if (!p->against && (e->stand == REPLAY_MISSING || e->stand == REPLAY_KERNEL))
                return;
        if (p->changes && e->stand != REPLAY_NEW && e->stand != REPLAY_MISSING)
                return;
        p->n++;
        if (p->context->json) {
                json_auto_t *o = event_json(e, p->against);
                int r = o ? print_json(p->context, o) : CTL_FAILED;

                p->error = p->error == CTL_DONE ? r : p->error;
        } else
                event_row(p, e);
}

static void sums_print(const ReplayPrint *p, const ReplaySums *s) {
        char span[HUMAN_SIZE];

        (void) printf("%s%" PRIu64 " verdict%s in %s (%" PRIu64 " rounds of looks at %" PRIu64 " cgroups), judged by %s configuration",
                      p->n ? "\n" : "", s->verdicts, s->verdicts == 1 ? "" : "s", human_span(s->to_usec - s->from_usec, span), s->rounds,
                      s->cgroups, s->own_config ? "its own" : "another");
        if (p->against)
                (void) printf(": %" PRIu64 " as decided then (%" PRIu64 " byte for byte), %" PRIu64 " new (+), %" PRIu64 " missing (-); kills by the kernel: %"
                              PRIu64, s->same, s->exact, s->new_ones, s->missing, s->kernel);
        (void) printf(".\n");
}

/* What a reader must know before he trusts the list. */
static void doubts_print(const ReplayPrint *p, const ReplaySums *s) {
        const CtlContext *c = p->context;

        if (s->mode == REEVE_MODE_WATCH)
                print_hint(c, "In Mode=watch no rule is judged.");
        if (s->unseen > 0)
                print_hint(c, "Of %" PRIu64 " cgroups that rules match %" PRIu64 " were not looked at then: of those nothing is known.", s->matched, s->unseen);
        if (s->lost_rounds > 0)
                print_hint(c, "%" PRIu64 " rounds are missing in it: its reader was too slow.", s->lost_rounds);
        if (!s->ended)
                print_hint(c, "It has no end: it was cut.");
        if (p->against && s->new_ones > 0 && !s->own_config)
                print_hint(c, "What would have followed from what is new is not known; each is taken to have worked at once.");
}

int replayprint_changes_end(ReplayPrint *p, const ReplaySums *sums) {
        if (p->context->json)
                return p->error;
        if (p->n > 0 && table_write(&p->table, stdout, p->context->width, p->context->color) < 0)
                return CTL_FAILED;
        doubts_print(p, sums);
        return CTL_DONE;
}

int replayprint_end(ReplayPrint *p, const ReplaySums *sums) {
        if (p->context->json)
                return p->error;
        if (p->n > 0 && table_write(&p->table, stdout, p->context->width, p->context->color) < 0)
                return CTL_FAILED;
        sums_print(p, sums);
        doubts_print(p, sums);
        return CTL_DONE;
}

void replayprint_clear(ReplayPrint *p) {
        table_clear(&p->table);
}
