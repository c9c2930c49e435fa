#include "supervisor/text/record.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "policies/limit.h"
#include "supervisor/text/escape.h"
#include "supervisor/text/recordpart.h"
#include "supervisor/text/sentence.h"

enum { SENTENCE_SIZE = 20480 };         /* a path of 4096 bytes, each escaped, and words */

int record_gap(Strbuf *out, const RecordContext *c, const RecordGap *g) {
        json_t *o = record_part_common(c, REEVE_RECORD_GAP, g->to_nsec), *between = json_object();
        char sentence[256];
        Strbuf s = STRBUF_INIT(sentence);

        record_say_gap(&s, g);
        json_object_set_new(between, "from_time", g->from_nsec ? record_part_time(c, g->from_nsec) : json_null());
        json_object_set_new(between, "to_time", record_part_time(c, g->to_nsec));
        json_object_set_new(o, "lost", json_integer((json_int_t) g->lost));
        json_object_set_new(o, "cause", record_part_word(reeve_gap_cause_to_string((int) g->cause)));
        json_object_set_new(o, "between", between);
        json_object_set_new(o, "text", json_string_nocheck(sentence));
        return record_part_finish(out, o);
}

int record_retention(Strbuf *out, const RecordContext *c, uint64_t now_nsec) {
        json_t *o = record_part_common(c, REEVE_RECORD_GAP, now_nsec);

        json_object_set_new(o, "seq", json_null());
        json_object_set_new(o, "id", json_null());
        json_object_set_new(o, "lost", json_null());
        json_object_set_new(o, "cause", record_part_word(reeve_gap_cause_to_string(REEVE_GAP_RETENTION)));
        json_object_set_new(o, "between", json_pack("{s:n, s:n}", "from_time", "to_time"));
        json_object_set_new(o, "text", json_string_nocheck("Records that this reader had not read yet were dropped to keep the ledger "
                                                           "within its bounds."));
        return record_part_finish(out, o);
}

int record_storm(Strbuf *out, const RecordContext *c, const RecordStorm *storm) {
        json_t *o = record_part_common(c, REEVE_RECORD_STORM, storm->time_nsec), *counts = json_array();
        char sentence[256];
        Strbuf s = STRBUF_INIT(sentence);

        for (size_t i = 0; i < storm->n_counts; i++) {
                json_t *one = json_object();

                json_object_set_new(one, "cgroup", record_part_cgroup(c, &storm->counts[i].cgroup));
                json_object_set_new(one, "kills", json_integer((json_int_t) storm->counts[i].kills));
                json_array_append_new(counts, one);
        }
        record_say_storm(&s, storm);
        json_object_set_new(o, "owner_uid", json_integer(storm->owner_uid));
        json_object_set_new(o, "second", json_integer(storm->second));
        json_object_set_new(o, "counts", counts);
        json_object_set_new(o, "text", json_string_nocheck(sentence));
        return record_part_finish(out, o);
}

static json_t *requested_by(const RecordLimit *l) {
        json_t *o;

        if (!l->requested)
                return json_null();
        o = json_object();
        json_object_set_new(o, "uid", record_part_number(l->requested_uid));
        json_object_set_new(o, "pid", record_part_number(l->requested_pid));
        json_object_set_new(o, "comm", record_part_text(l->requested_comm));
        json_object_set_new(o, "unit", record_part_text(l->requested_unit));
        return o;
}

/* A key's value, as record_part_limit(); an oom_score_adj may be below 0. */
static json_t *limit_value(const RecordLimit *l, int64_t value, json_t *unlimited, const char *name) {
        if (!l->key || limit_key_from_string(l->key) != LIMIT_OOM_SCORE_ADJUST)
                return record_part_limit(value, unlimited, name);
        return value == LIMIT_ADJ_UNKNOWN ? json_null() : json_integer(value);
}

/* null of what would have been done, as in a verdict. */
static json_t *limit_outcome(const RecordLimit *l) {
        json_t *o;

        if (l->dry_run && l->state == RECORD_LIMIT_APPLIED)
                return json_null();
        o = json_object();
        json_object_set_new(o, "result", record_part_word(reeve_outcome_to_string((int) l->outcome)));
        json_object_set_new(o, "error", record_part_text(l->error));
        return o;
}

int record_limit(Strbuf *out, const RecordContext *c, const RecordLimit *l) {
        json_t *o = record_part_common(c, REEVE_RECORD_LIMIT, l->time_nsec), *unlimited = json_array();
        char sentence[SENTENCE_SIZE];
        Strbuf s = STRBUF_INIT(sentence);

        record_say_limit(&s, c, l);
        json_object_set_new(o, "cgroup", record_part_cgroup(c, &l->cgroup));
        json_object_set_new(o, "key", record_part_text(l->key));
        json_object_set_new(o, "wanted", limit_value(l, l->wanted, unlimited, "wanted"));
        json_object_set_new(o, "before", limit_value(l, l->before, unlimited, "before"));
        json_object_set_new(o, "after", limit_value(l, l->after, unlimited, "after"));
        json_object_set_new(o, "effective_bytes", record_part_limit(l->effective_bytes, unlimited, "effective_bytes"));
        json_object_set_new(o, "unlimited", unlimited);
        json_object_set_new(o, "by", record_part_text(l->by));
        json_object_set_new(o, "requested_by", requested_by(l));
        json_object_set_new(o, "dry_run", json_boolean(l->dry_run));
        json_object_set_new(o, "outcome", limit_outcome(l));
        json_object_set_new(o, "identity", record_part_identity(c, l->cgroup.id));
        json_object_set_new(o, "reason", record_part_word(reeve_reason_to_string((int) l->reason)));
        json_object_set_new(o, "text", json_string_nocheck(sentence));
        return record_part_finish(out, o);
}

/* Adds the members of the JSON object @text to @o, never over one that is there. */
static int add_members(json_t *o, const char *text, size_t length) {
        json_t *members = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);

        if (!json_is_object(members)) {
                json_decref(members);
                return -EBADMSG;
        }
        json_object_update_missing(o, members);
        json_decref(members);
        return 0;
}

/* An administrator's text of many lines stays as it is; JSON keeps its line ends. */
static json_t *whole_text(const char *s) {
        json_t *o = s ? json_string(s) : json_null();

        return o ? o : record_part_text(s);
}

static void supervisor_sentence(Strbuf *s, const RecordSupervisor *r) {
        const char *tier = reeve_tier_to_string((int) r->tier);

        if (r->text)
                escape_text(s, r->text);
        else if (strcmp(r->event, "started") == 0)
                strbuf_printf(s, "Reeve started and watches by tier %s.", tier);
        else if (strcmp(r->event, "stopped") == 0)
                strbuf_puts(s, "Reeve stopped.");
        else if (strcmp(r->event, "tier") == 0)
                strbuf_printf(s, "Reeve watches by tier %s now.", tier);
        else if (strcmp(r->event, "configuration_loaded") == 0)
                strbuf_puts(s, "A configuration was loaded.");
        else if (strcmp(r->event, "configuration_refused") == 0)
                strbuf_puts(s, "A configuration was refused; the one before it stays.");
        else if (strcmp(r->event, "watch_lost") == 0)
                strbuf_puts(s, "Reeve cannot watch all cgroups by name any more.");
        else
                strbuf_printf(s, "Reeve: %.64s.", r->event);
}

int record_supervisor(Strbuf *out, const RecordContext *c, const RecordSupervisor *s) {
        json_t *o = record_part_common(c, REEVE_RECORD_SUPERVISOR, s->time_nsec);
        char sentence[2048];
        Strbuf b = STRBUF_INIT(sentence);
        int r;

        supervisor_sentence(&b, s);
        json_object_set_new(o, "event", record_part_text(s->event));
        json_object_set_new(o, "tier", record_part_word(reeve_tier_to_string((int) s->tier)));
        json_object_set_new(o, "configuration_text", whole_text(s->configuration_text));
        json_object_set_new(o, "text", json_string_nocheck(sentence));
        if (s->details) {
                r = add_members(o, s->details, strlen(s->details));
                if (r < 0) {
                        json_decref(o);
                        return r;
                }
        }
        return record_part_finish(out, o);
}

int record_any(Strbuf *out, const RecordContext *c, ReeveRecordType type, uint64_t time_nsec, const char *members, size_t length) {
        json_t *o = record_part_common(c, type, time_nsec);
        int r = add_members(o, members, length);

        if (r < 0) {
                json_decref(o);
                return r;
        }
        return record_part_finish(out, o);
}

int record_more(Strbuf *out, const RecordContext *c, const char *of, uint64_t time_nsec, const char *fragment, size_t length) {
        json_t *o = record_part_common(c, REEVE_RECORD_MORE, time_nsec);
        int r;

        json_object_set_new(o, "of", record_part_text(of));
        r = add_members(o, fragment, length);
        if (r < 0) {
                json_decref(o);
                return r;
        }
        return record_part_finish(out, o);
}
