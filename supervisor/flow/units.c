/* What became of the units in which somebody was killed? Asked of systemd by a thread of its own, told in `more` records. */
#include "supervisor/flow/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/fd.h"
#include "supervisor/flow/more.h"
#include "supervisor/flow/whose.h"
#include "supervisor/host/proc.h"
#include "supervisor/text/human.h"

/* ---- the answer ---- */

static json_t *victims_json(const UnitAfter *a) {
        json_t *list = json_array();

        for (size_t i = 0; i < a->n_victims; i++)
                if (a->main[i] >= 0)
                        (void) json_array_append_new(list, json_pack("{s:i, s:b}", "pid", (int) a->victims[i], "main", a->main[i]));
        return list;
}

static void tell(Supervisor *s, const UnitAfter *a) {
        json_t *victims = victims_json(a), *more;
        _cleanup_free_ char *text = NULL;
        char moment[HUMAN_MOMENT_SIZE];

        more = json_pack("{s:{s:s?, s:s?}}", "after", "unit_result", a->result[0] ? a->result : NULL, "restarted_time",
                         a->restarted_realtime_usec > 0 ? human_rfc3339(a->restarted_realtime_usec, moment) : NULL);
        if (json_array_size(victims) > 0)
                (void) json_object_set(more, "victims", victims);
        if (a->result[0] || a->restarted_realtime_usec > 0 || json_array_size(victims) > 0)
                text = json_dumps(more, JSON_COMPACT);
        if (text)
                more_record(s, a->seq, a->cgroup_id, text);
        json_decref(victims);
        json_decref(more);
}

static int on_answers(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Supervisor *s = userdata;
        UnitAfter *a;

        (void) source, (void) fd, (void) revents;
        ring_drain_fd(unitwatch_ring(s->units.watch));
        while ((a = unitwatch_take(s->units.watch))) {
                tell(s, a);
                free(a);
        }
        return 0;
}

/* ---- the question ---- */

static bool open_watch(Supervisor *s) {
        if (s->units.watch)
                return true;
        if (unitwatch_new(&s->units.watch) < 0)
                return false;
        if (state_io(s, &s->units.io, ring_fd(unitwatch_ring(s->units.watch)), EPOLLIN, 15, on_answers) >= 0)
                return true;
        units_close(s);
        return false;
}

void units_ask(Supervisor *s, uint64_t seq, const Kill *kill) {
        uint64_t group = kill->n_victims > 0 ? kill->victims[0].cgroup.id : 0;
        const Identity *identity = whose_system_unit(s, group);
        int64_t suspended = clock_suspended_nsec();
        bool service;
        UnitAfter q;

        if (!identity || !open_watch(s))
                return;
        service = whose_is_service(s, group);
        q = (UnitAfter) { .seq = seq, .cgroup_id = group, .kill_usec = (kill->time_nsec - (uint64_t) suspended) / 1000 };
        if (snprintf(q.unit, sizeof(q.unit), "%s", identity->unit) >= (int) sizeof(q.unit))
                return;
        for (size_t i = 0; service && i < kill->n_victims && q.n_victims < UNITWATCH_VICTIMS; i++)
                if (kill->victims[i].cgroup.id == group)
                        q.victims[q.n_victims++] = kill->victims[i].tgid;
        if (unitwatch_ask(s->units.watch, &q) && service)
                s->units.asked[s->units.next++ % UNITS_ASKED] = seq;
}

void units_correct(Supervisor *s, uint64_t seq, json_t *details) {
        bool asked = false;
        json_t *victim;
        size_t i;

        for (i = 0; i < UNITS_ASKED; i++)
                asked = asked || s->units.asked[i] == seq;
        if (!asked)
                return;
        json_array_foreach(json_object_get(details, "victims"), i, victim)
                (void) json_object_del(victim, "main");
}

void units_close(Supervisor *s) {
        s->units.io = sd_event_source_disable_unref(s->units.io);
        s->units.watch = unitwatch_free(s->units.watch);
}
