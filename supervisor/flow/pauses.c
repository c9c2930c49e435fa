#include "supervisor/flow/pauses.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/clock.h"
#include "supervisor/base/fd.h"
#include "supervisor/base/strbuf.h"
#include "supervisor/host/proc.h"
#include "supervisor/text/escape.h"
#include "supervisor/text/human.h"
#include "supervisor/text/recordpart.h"

enum { WHOLE = 1 };

static uint64_t now_usec(void) {
        return clock_boottime_nsec() / 1000;
}

/* RFC 3339, or null for no end. */
static json_t *moment(uint64_t boot_usec) {
        char text[HUMAN_MOMENT_SIZE];

        return boot_usec == 0 ? json_null() : json_string(human_rfc3339((int64_t) boot_usec + clock_offset_nsec() / 1000, text));
}

static json_t *pause_json(const SpoolKept *p) {
        json_t *cgroup = json_null();

        if (p->cgroup_id) {
                cgroup = json_object();
                json_object_set_new(cgroup, "path", record_part_text(p->path));
                json_object_set_new(cgroup, "id", record_part_id(p->cgroup_id));
        }
        return json_pack("{s:o, s:o, s:I}", "cgroup", cgroup, "until", moment(p->until_usec), "uid", (json_int_t) p->uid);
}

/* ---- on record ---- */

static void say(Supervisor *s, const char *event, const char *before, const SpoolKept *p, const LimitRequester *by) {
        json_t *details = pause_json(p);
        char text[4096], *members;
        Strbuf out = STRBUF_INIT(text);

        text[0] = '\0';
        strbuf_puts(&out, before);
        if (p->cgroup_id)
                escape_text(&out, p->path);
        strbuf_puts(&out, p->cgroup_id ? "." : "this host.");
        json_object_del(details, "uid");
        if (by)
                json_object_set_new(details, "requested_by",
                                    json_pack("{s:I, s:i, s:o, s:o}", "uid", (json_int_t) by->uid, "pid", (int) by->pid, "comm",
                                              record_part_text(by->comm), "unit", record_part_text(by->unit)));
        members = json_dumps(details, JSON_COMPACT);
        state_say(s, event, text, members);
        free(members);
        json_decref(details);
}

/* ---- what is paused ---- */

static void forget(Supervisor *s, Pause *p) {
        spool_drop(s->spool, p->place);
        p->used = false;
}

static int on_over(sd_event_source *source, uint64_t usec, void *userdata);

/* Tells the judge, and arms the timer for the pause that ends first. */
static void tell(Supervisor *s) {
        Judging *j = &s->rules.judging;
        uint64_t next = 0, now = now_usec();

        j->n_pauses = 0;

        for (size_t i = 0; i < JUDGING_PAUSES_MAX; i++) {
                const Pause *p = &s->rules.pauses[i];
                bool whole = p->kept.cgroup_id && p->kept.path[0] && (p->kept.flags & WHOLE);

                if (!p->used)
                        continue;
                j->pauses[j->n_pauses++] = (JudgingPause) { .cgroup_id = p->kept.cgroup_id, .path = whole ? p->kept.path : NULL };
                if (p->kept.until_usec && (next == 0 || p->kept.until_usec < next))
                        next = p->kept.until_usec;
        }
        if (s->rules.pause_timer)
                (void) sd_event_source_set_enabled(s->rules.pause_timer, SD_EVENT_OFF);
        if (next)
                state_timer(s, &s->rules.pause_timer, next > now ? next - now : 1000, on_over);
}

/* What is over by its time, or with its cgroup. */
static void sweep(Supervisor *s) {
        uint64_t now = now_usec();
        TreeGroup g;

        for (size_t i = 0; i < JUDGING_PAUSES_MAX; i++) {
                Pause *p = &s->rules.pauses[i];

                if (!p->used)
                        continue;
                if (s->walked && p->kept.cgroup_id && (!tree_get(s->tree, p->kept.cgroup_id, &g) || !g.alive))
                        forget(s, p);
                else if (p->kept.until_usec && p->kept.until_usec <= now) {
                        forget(s, p);
                        say(s, "resumed", "The pause is over of rules on ", &p->kept, NULL);
                }
        }
        tell(s);
}

static int on_over(sd_event_source *source, uint64_t usec, void *userdata) {
        (void) source, (void) usec;
        sweep(userdata);
        return 0;
}

void pauses_load(Supervisor *s) {
        SpoolKept kept;
        size_t n = 0;

        for (int i = 0; i < SPOOL_KEPT_MAX; i++)
                if (spool_kept(s->spool, i, &kept) && kept.kind == SPOOL_PAUSE && n < JUDGING_PAUSES_MAX)
                        s->rules.pauses[n++] = (Pause) { .used = true, .place = i, .kept = kept };
        tell(s);
}

static Pause *pause_of(Supervisor *s, uint64_t cgroup_id) {
        for (size_t i = 0; i < JUDGING_PAUSES_MAX; i++)
                if (s->rules.pauses[i].used && s->rules.pauses[i].kept.cgroup_id == cgroup_id)
                        return &s->rules.pauses[i];
        return NULL;
}

int pauses_begin(Supervisor *s, uint64_t cgroup_id, const char *path, uint64_t for_usec, bool whole, const LimitRequester *by) {
        Pause *p;

        sweep(s);
        p = pause_of(s, cgroup_id);
        if (p && (p->kept.flags & WHOLE) && !whole)
                return -EPERM;
        if (p)
                forget(s, p);
        for (size_t i = 0; i < JUDGING_PAUSES_MAX && !p; i++)
                if (!s->rules.pauses[i].used)
                        p = &s->rules.pauses[i];
        if (!p)
                return -ENOBUFS;
        *p = (Pause) { .used = true,
                       .kept = { .kind = SPOOL_PAUSE, .cgroup_id = cgroup_id, .uid = by->uid, .flags = whole ? WHOLE : 0,
                                 .until_usec = for_usec ? now_usec() + for_usec : 0 } };
        (void) snprintf(p->kept.path, sizeof(p->kept.path), "%s", path ? path : "");
        p->place = spool_keep(s->spool, &p->kept);
        say(s, "paused", "Rules only judge from now on, on ", &p->kept, by);
        tell(s);
        return 0;
}

size_t pauses_end(Supervisor *s, uint64_t cgroup_id, bool whole, const LimitRequester *by) {
        size_t n = 0;

        sweep(s);
        for (size_t i = 0; i < JUDGING_PAUSES_MAX; i++) {
                Pause *p = &s->rules.pauses[i];

                if (!p->used || (cgroup_id && p->kept.cgroup_id != cgroup_id) || ((p->kept.flags & WHOLE) && !whole))
                        continue;
                forget(s, p);
                say(s, "resumed", "Rules act again, on ", &p->kept, by);
                n++;
        }
        if (cgroup_id == 0)
                s->rules.judging.memory->n_kills = 0;
        tell(s);
        return n;
}

json_t *pauses_json(Supervisor *s) {
        json_t *list = json_array();

        sweep(s);
        for (size_t i = 0; i < JUDGING_PAUSES_MAX; i++)
                if (s->rules.pauses[i].used)
                        json_array_append_new(list, pause_json(&s->rules.pauses[i].kept));
        return list;
}
