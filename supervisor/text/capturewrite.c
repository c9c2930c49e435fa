/* Captures written. */
#include <inttypes.h>
#include <string.h>

#include "supervisor/text/capture.h"
#include "supervisor/text/capturereading.h"
#include "supervisor/text/escape.h"

static void line_put(Strbuf *out, const char *name, const char *raw) {
        strbuf_puts(out, name);
        escape_text(out, raw);
        strbuf_puts(out, "\n");
}

/* The text of a configuration has file after file, each under "# NAME": back to files and lines. */
static void files_put(Strbuf *out, const Config *config) {
        const char *text = config->text;
        size_t next = 0;

        while (*text) {
                size_t length = strcspn(text, "\n"), name = next < config->n_files ? strlen(config->files[next]) : 0;

                if (next < config->n_files && length == name + 2 && strncmp(text, "# ", 2) == 0 &&
                    strncmp(text + 2, config->files[next], name) == 0)
                        line_put(out, "file ", config->files[next++]);
                else {
                        strbuf_puts(out, "|");
                        escape_bytes(out, text, length);
                        strbuf_puts(out, "\n");
                }
                text += length + (text[length] == '\n');
        }
}

void capture_put_head(Strbuf *out, const CaptureHead *head, const Config *config) {
        strbuf_printf(out, CAPTURE_MAGIC "\nboot %s\noffset %" PRId64 "\npage %" PRId64 "\n", head->boot_id, head->offset_usec,
                      head->page_size);
        strbuf_printf(out, "ledger %s\nroot %" PRIu64 "\nmode %s\n", head->ledger_id, head->root_id, reeve_mode_to_string((int) head->mode));
        line_put(out, "init ", head->init_path);
        line_put(out, "own ", head->own_path);
        strbuf_printf(out, "config %s%s\n", config->hash, config->text_cut ? " cut" : "");
        if (!config->text_cut)
                files_put(out, config);
        strbuf_printf(out, "begin %" PRIu64 "\n", head->begin_usec);
}

void capture_put_group(Strbuf *out, uint64_t id, uint64_t parent_id, const char *path) {
        strbuf_printf(out, "g %" PRIu64 " %" PRIu64, id, parent_id);
        line_put(out, " ", path);
}

void capture_put_gone(Strbuf *out, uint64_t id) {
        strbuf_printf(out, "d %" PRIu64 "\n", id);
}

void capture_put_asleep(Strbuf *out, uint64_t id) {
        if (id)
                strbuf_printf(out, "z %" PRIu64 "\n", id);
        else
                strbuf_puts(out, "z\n");
}

static void flags_put(Strbuf *out, const CaptureLook *look) {
        size_t length = out->length;

        strbuf_printf(out, "%s%s%s%s%s%s%s%s%s", look->known ? "k" : "", look->gone ? "g" : "", look->quick ? "q" : "", look->close ? "b" : "", look->given ? "n" : "",
                      look->populated ? "p" : "", look->oom_group ? "o" : "", look->remembered ? "r" : "", look->hot ? "H" : "");
        if (look->stirred_usec)
                strbuf_printf(out, "S%" PRIu64, look->stirred_usec);
        if (look->points >= 0)
                strbuf_printf(out, "P%.0f", look->points);
        if (look->marks)
                strbuf_printf(out, "M%u", (unsigned) look->marks);
        if (look->owner)
                strbuf_printf(out, "O%" PRIu32, look->owner);
        if (look->bounded)
                strbuf_printf(out, "B%" PRIu64, look->bound_id);
        if (look->named)
                strbuf_printf(out, "C%" PRIu32, look->comms);
        if (out->length == length)
                strbuf_puts(out, "-");
}

void capture_put_look(Strbuf *out, CaptureKind kind, const CaptureLook *look, const Reading *before) {
        const char letter = kind == CAPTURE_LAST ? 'c' : kind == CAPTURE_BEFORE ? 'h' : kind == CAPTURE_SEEN ? 'm' : 'i';

        if (kind == CAPTURE_SEEN)
                strbuf_puts(out, "m ");
        else
                strbuf_printf(out, "%c %" PRIu64 " ", letter, look->id);
        if (kind == CAPTURE_LAST || kind == CAPTURE_LOOK) {
                flags_put(out, look);
                strbuf_puts(out, " ");
        }
        if (look->gone)
                strbuf_puts(out, "-");
        else
                capture_reading_put(out, &look->reading, before ? before : &capture_reading_none);
        strbuf_puts(out, "\n");
}

void capture_put_state(Strbuf *out, const CaptureState *state, size_t n_conditions, const char *rule) {
        const JudgeState *s = &state->judge;

        strbuf_printf(out, "j %" PRIu64 " %d %d %" PRIu64 " %" PRIu64 " %zu %d %d %" PRIu64 " %d", state->id, state->twice, s->crossed,
                      s->crossed_usec, s->incident, s->step, s->acting, s->exhausted, s->settle_until_usec, s->told);
        strbuf_printf(out, " %u %d %zu", s->failures, s->ended, s->n_passed);
        for (size_t i = 0; i < s->n_passed; i++)
                strbuf_printf(out, " %" PRIu64, s->passed[i]);
        n_conditions = n_conditions < JUDGE_WHEN_MAX ? n_conditions : JUDGE_WHEN_MAX;
        strbuf_printf(out, " %zu", n_conditions);
        for (size_t i = 0; i < n_conditions; i++)
                strbuf_printf(out, " %d %" PRIu64 " %d", s->conditions[i].over, s->conditions[i].since_usec, s->conditions[i].holds);
        line_put(out, " ", rule);
}

void capture_put_track(Strbuf *out, ObservationField field, uint64_t reach_usec) {
        strbuf_printf(out, "t %c %" PRIu64 "\n", capture_field_letters[field], reach_usec);
}

void capture_put_kills(Strbuf *out, const uint64_t *usec, size_t n) {
        strbuf_puts(out, "l");
        for (size_t i = 0; i < n; i++)
                strbuf_printf(out, " %" PRIu64, usec[i]);
        strbuf_puts(out, "\n");
}

void capture_put_recent(Strbuf *out, uint64_t usec, uint64_t match_id, uint64_t bound_id) {
        strbuf_printf(out, "y %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", usec, match_id, bound_id);
}

void capture_put_resumed(Strbuf *out) {
        strbuf_puts(out, "u\n");
}

void capture_put_paused(Strbuf *out, uint64_t id, const char *path) {
        strbuf_printf(out, "u %" PRIu64, id);
        line_put(out, path ? " " : "", path ? path : "");
}

void capture_put_round(Strbuf *out, uint64_t now_usec, const HostReading *host) {
        strbuf_printf(out, "r %" PRIu64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 "\n", now_usec, host->total, host->available,
                      host->swap_total, host->swap_free);
}

void capture_put_verdict(Strbuf *out, CaptureKind kind, const CaptureVerdict *v, const char *rule) {
        strbuf_printf(out, "%c %" PRIu64, kind == CAPTURE_PENDING ? 'p' : 'v', v->cookie);
        if (kind != CAPTURE_PENDING)
                strbuf_printf(out, " %" PRIu64, v->time_usec);
        strbuf_printf(out, " %" PRIu64 " %" PRIu64 " %s %" PRIu64 " %d %s", v->match_id, v->victim_id,
                      v->action < 0 ? "none" : rule_action_to_string(v->action), v->step, v->dry_run, reeve_reason_to_string((int) v->reason));
        line_put(out, " ", rule);
        if (kind != CAPTURE_PENDING) {
                strbuf_puts(out, "w ");
                strbuf_append(out, v->members, v->members_length);
                strbuf_puts(out, "\n");
        }
}

void capture_put_processes(Strbuf *out, uint64_t cookie, int64_t total_pages, const PickProcess *processes, size_t n, size_t open,
                           const char *members) {
        strbuf_printf(out, "k %" PRIu64 " %" PRId64 " %zu\nw %s\n", cookie, total_pages, open, members);
        for (size_t i = 0; i < n; i++) {
                const PickProcess *p = &processes[i];

                strbuf_printf(out, "a %" PRId32 " %" PRIu64 " %" PRId64 " %d", p->pid, p->start_usec, p->pages, p->adj);
                line_put(out, " ", p->comm);
        }
}

void capture_put_outcome(Strbuf *out, uint64_t cookie, uint64_t time_usec, ReeveOutcome outcome, bool known, uint64_t victim) {
        strbuf_printf(out, "o %" PRIu64 " %" PRIu64 " %s %d %" PRIu64 "\n", cookie, time_usec, reeve_outcome_to_string((int) outcome), known, victim);
}

void capture_put_kernel(Strbuf *out, uint64_t time_usec, uint64_t cgroup_id, uint64_t limit_id, const char *path) {
        strbuf_printf(out, "x %" PRIu64 " %" PRIu64 " %" PRIu64, time_usec, cgroup_id, limit_id);
        line_put(out, " ", path);
}

void capture_put_lost(Strbuf *out, uint64_t rounds) {
        strbuf_printf(out, "L %" PRIu64 "\n", rounds);
}

void capture_put_end(Strbuf *out, uint64_t time_usec, const char *word) {
        strbuf_printf(out, "E %" PRIu64 " %s\n", time_usec, word);
}
