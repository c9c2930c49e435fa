/* One line of a capture. */
#include <string.h>

#include "supervisor/text/capture-private.h"
#include "supervisor/text/capturereading.h"
#include "supervisor/text/escape.h"

bool capture_take_unsigned(Cursor *c, uint64_t *ret) {
        return cursor_word(c, " ") && capture_unsigned_take(c, ret);
}

bool capture_take_signed(Cursor *c, int64_t *ret) {
        return cursor_word(c, " ") && capture_number_take(c, ret);
}

bool capture_take_bool(Cursor *c, bool *ret) {
        *ret = cursor_word(c, " 1");
        return *ret || cursor_word(c, " 0");
}

bool capture_take_word(Cursor *c, char *ret, size_t size) {
        size_t n = 0;

        if (!cursor_word(c, " "))
                return false;
        while (c->p + n < c->end && c->p[n] != ' ')
                n++;
        if (n == 0 || n >= size || memchr(c->p, '\0', n))
                return false;
        memcpy(ret, c->p, n);
        ret[n] = '\0';
        c->p += n;
        return true;
}

bool capture_take_name(Cursor *c, char *ret, size_t size) {
        char text[4 * CAPTURE_PATH_SIZE];
        size_t n, length;

        if (!cursor_word(c, " "))
                return false;
        n = (size_t) (c->end - c->p);
        if (n >= sizeof(text) || memchr(c->p, '\0', n))
                return false;
        memcpy(text, c->p, n);
        text[n] = '\0';
        c->p = c->end;
        return escape_undo(ret, size, text, &length) == 0 && strlen(ret) == length;
}

static bool ends(const Cursor *c) {
        return c->p == c->end;
}

static bool extras_take(Cursor *c, CaptureLook *ret) {
        uint64_t n = 0;

        if (cursor_word(c, "M") && (!capture_unsigned_take(c, &n) || n > UINT8_MAX))
                return false;
        ret->marks = (uint8_t) n;
        n = 0;
        if (cursor_word(c, "O") && (!capture_unsigned_take(c, &n) || n > UINT32_MAX))
                return false;
        ret->owner = (uint32_t) n;
        ret->bounded = cursor_word(c, "B");
        if (ret->bounded && !capture_unsigned_take(c, &ret->bound_id))
                return false;
        n = 0;
        ret->named = cursor_word(c, "C");
        if (ret->named && (!capture_unsigned_take(c, &n) || n > UINT32_MAX))
                return false;
        ret->comms = (uint32_t) n;
        return true;
}

bool capture_line_flags(Cursor *c, CaptureLook *ret) {
        uint64_t points;

        ret->points = -1;
        if (!cursor_word(c, " "))
                return false;
        if (cursor_word(c, "-"))
                return true;
        ret->known = cursor_word(c, "k");
        ret->gone = cursor_word(c, "g");
        ret->quick = cursor_word(c, "q");
        ret->close = cursor_word(c, "b");
        ret->given = cursor_word(c, "n");
        ret->populated = cursor_word(c, "p");
        ret->oom_group = cursor_word(c, "o");
        ret->remembered = cursor_word(c, "r");
        ret->hot = cursor_word(c, "H");
        if (cursor_word(c, "S") && !capture_unsigned_take(c, &ret->stirred_usec))
                return false;
        if (cursor_word(c, "P")) {
                if (!capture_unsigned_take(c, &points))
                        return false;
                ret->points = (double) points;
        }
        return extras_take(c, ret);
}

static bool passed_take(Cursor *c, JudgeState *s) {
        uint64_t n;

        if (!capture_take_unsigned(c, &n) || n > UINT32_MAX || !capture_take_bool(c, &s->ended))
                return false;
        s->failures = (unsigned) n;
        if (!capture_take_unsigned(c, &n) || n > JUDGE_PASSED_MAX)
                return false;
        for (s->n_passed = 0; s->n_passed < n; s->n_passed++)
                if (!capture_take_unsigned(c, &s->passed[s->n_passed]))
                        return false;
        return true;
}

static bool conditions_take(Cursor *c, JudgeState *s) {
        uint64_t n;

        if (!capture_take_unsigned(c, &n) || n > JUDGE_WHEN_MAX)
                return false;
        for (uint64_t i = 0; i < n; i++) {
                ConditionState *one = &s->conditions[i];

                if (!capture_take_bool(c, &one->over) || !capture_take_unsigned(c, &one->since_usec) || !capture_take_bool(c, &one->holds))
                        return false;
        }
        return true;
}

bool capture_line_state(Cursor *c, CaptureEvent *e) {
        JudgeState *s = &e->state.judge;
        uint64_t step;
        int64_t told;

        if (!capture_take_unsigned(c, &e->state.id) || !capture_take_bool(c, &e->state.twice) || !capture_take_bool(c, &s->crossed) ||
            !capture_take_unsigned(c, &s->crossed_usec) || !capture_take_unsigned(c, &s->incident) || !capture_take_unsigned(c, &step) ||
            !capture_take_bool(c, &s->acting) || !capture_take_bool(c, &s->exhausted) || !capture_take_unsigned(c, &s->settle_until_usec) ||
            !capture_take_signed(c, &told) || told < 0 || told > INT32_MAX || !passed_take(c, s) || !conditions_take(c, s))
                return false;
        s->step = (size_t) step;
        s->told = (int) told;
        return capture_take_name(c, e->rule, sizeof(e->rule));
}

bool capture_line_track(Cursor *c, CaptureEvent *e) {
        const char *letter;
        char word[4];

        if (!capture_take_word(c, word, sizeof(word)) || !word[0] || word[1] || !(letter = strchr(capture_field_letters, word[0])))
                return false;
        e->track = (ObservationField) (letter - capture_field_letters);
        return capture_take_unsigned(c, &e->reach_usec) && ends(c);
}

bool capture_line_kills(Cursor *c, CaptureEvent *e) {
        for (e->n_kills = 0; !ends(c); e->n_kills++)
                if (e->n_kills == CAPTURE_KILLS_MAX || !capture_take_unsigned(c, &e->kills[e->n_kills]))
                        return false;
        return true;
}

bool capture_line_round(Cursor *c, CaptureEvent *e) {
        HostReading *h = &e->host;

        return capture_take_unsigned(c, &e->time_usec) && capture_take_signed(c, &h->total) && capture_take_signed(c, &h->available) &&
               capture_take_signed(c, &h->swap_total) && capture_take_signed(c, &h->swap_free) && ends(c);
}

static bool action_take(Cursor *c, int *ret) {
        char word[32];

        if (!capture_take_word(c, word, sizeof(word)))
                return false;
        *ret = -1;
        for (int i = 0; i < RULE_ACTIONS; i++)
                if (strcmp(word, rule_action_to_string(i)) == 0)
                        *ret = i;
        return *ret >= 0 || strcmp(word, "none") == 0;
}

bool capture_line_verdict(Cursor *c, CaptureEvent *e) {
        CaptureVerdict *v = &e->verdict;
        char reason[32];
        int known;

        if (!capture_take_unsigned(c, &v->cookie) || (e->kind == CAPTURE_VERDICT && !capture_take_unsigned(c, &v->time_usec)) ||
            !capture_take_unsigned(c, &v->match_id) || !capture_take_unsigned(c, &v->victim_id) || !action_take(c, &v->action) ||
            !capture_take_unsigned(c, &v->step) || !capture_take_bool(c, &v->dry_run) || !capture_take_word(c, reason, sizeof(reason)))
                return false;
        known = reeve_reason_from_string(reason);
        v->reason = known < 0 ? REEVE_REASON_UNKNOWN : (ReeveReason) known;
        return known >= 0 && capture_take_name(c, e->rule, sizeof(e->rule));
}

bool capture_line_processes(Cursor *c, CaptureEvent *e) {
        return capture_take_unsigned(c, &e->verdict.cookie) && capture_take_signed(c, &e->total_pages) && capture_take_unsigned(c, &e->open) &&
               ends(c);
}

bool capture_line_process(Cursor *c, CaptureEvent *e) {
        PickProcess *p = &e->process;
        int64_t pid, adj;

        if (!capture_take_signed(c, &pid) || pid <= 0 || pid > INT32_MAX || !capture_take_unsigned(c, &p->start_usec) ||
            !capture_take_signed(c, &p->pages) || p->pages < 0 || !capture_take_signed(c, &adj) || adj < -1000 || adj > 1000)
                return false;
        p->pid = (int32_t) pid;
        p->adj = (int) adj;
        return capture_take_name(c, p->comm, sizeof(p->comm));
}

bool capture_line_outcome(Cursor *c, CaptureEvent *e) {
        char word[32];
        int outcome;

        if (!capture_take_unsigned(c, &e->verdict.cookie) || !capture_take_unsigned(c, &e->verdict.time_usec) ||
            !capture_take_word(c, word, sizeof(word)) || !capture_take_bool(c, &e->outcome_known) ||
            !capture_take_unsigned(c, &e->verdict.victim_id) || !ends(c))
                return false;
        outcome = reeve_outcome_from_string(word);
        e->outcome = outcome < 0 ? REEVE_OUTCOME_FAILED : (ReeveOutcome) outcome;
        return outcome >= 0;
}
