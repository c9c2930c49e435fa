/* Who was killed? From an attributed kill to its record, and to what is learned of it afterwards. */
#include "supervisor/flow/kills.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "supervisor/base/fd.h"
#include "supervisor/flow/captures.h"
#include "supervisor/flow/exits.h"
#include "supervisor/flow/more.h"
#include "supervisor/flow/storms.h"
#include "supervisor/flow/units.h"
#include "supervisor/flow/whose.h"

static int write_kill(Strbuf *out, const RecordContext *context, const void *what) {
        return record_kill(out, context, what);
}

/* Asks the eyes what is left to see: who else is there, who filled it. The answer's cookie is the record's seq. */
static void ask_details(Supervisor *s, const Kill *kill, uint64_t seq) {
        EyesRequest request = { .kind = EYES_KILL_DETAILS, .cookie = seq };
        const char *path;

        if (kill->n_victims > 0)
                request.cgroup_id = kill->victims[0].cgroup.id;
        /* Numbers and times of the log are not those of /proc. */
        if (kill->tier == REEVE_TIER_KPROBE && kill->killer != REEVE_KILLER_REEVE && kill->killer != REEVE_KILLER_OOM_MANAGER) {
                request.invoker_tid = kill->invoker_tid;
                request.invoked_nsec = kill->time_nsec;
        }
        /* A manager acts for the host too. Of a limit that is not known nothing can be read. */
        request.host = kill->scope == REEVE_SCOPE_HOST || kill->scope == REEVE_SCOPE_NONE;
        if (kill->scope != REEVE_SCOPE_HOST)
                request.limit_id = kill->limit.id;
        path = request.cgroup_id ? whose_path(s, request.cgroup_id) : NULL;
        if (path)
                (void) snprintf(request.path, sizeof(request.path), "%s", path);
        path = request.limit_id ? whose_path(s, request.limit_id) : NULL;
        if (path)
                (void) snprintf(request.limit_path, sizeof(request.limit_path), "%s", path);
        for (size_t i = 0; i < kill->n_victims && i < EYES_VICTIMS_MAX; i++)
                request.victims[request.n_victims++] =
                        (EyesVictim) { .tgid = kill->victims[i].tgid, .start_nsec = kill->victims[i].start_nsec,
                                       .elsewhere = kill->victims[i].cgroup.id != kill->victims[0].cgroup.id };
        if (!eyes_post(s->eyes, &request))
                s->details_missed++;
}

/* With the time it names a kill for ever. The log does not tell who ran the OOM killer, and its stamps may repeat: the
 * victim's thread stands in, below 0 so that it is nobody's. */
int32_t kills_origin_pid(const Kill *kill) {
        return kill->invoker_tid != 0 || kill->n_victims == 0 ? kill->invoker_tid : -kill->victims[0].tid;
}

/* A kill of Reeve's own belongs to the incident that was decided on, the kernel's to the one that was open where it killed, or where
 * the limit is. 0: none, or not known. */
static uint64_t incident_of(const Supervisor *s, const Kill *kill) {
        const Watchlist *w = s->rules.judging.watchlist;
        uint64_t usec = kill->time_nsec / 1000, incident = 0;

        for (size_t i = 0; kill->decision && i < RULES_DECIDED_MAX; i++)
                if (s->rules.decided[i].cookie == kill->decision)
                        return s->rules.decided[i].incident;
        if (kill->n_victims > 0)
                incident = watchlist_incident(w, s->tree, kill->victims[0].cgroup.id, usec);
        return incident ? incident : watchlist_incident(w, s->tree, kill->limit.id, usec);
}

void kills_record(Supervisor *s, const Kill *kill, const RecordContext *context, bool look) {
        const KillCgroup *group = kill->n_victims > 0 ? &kill->victims[0].cgroup : NULL;
        EmitHead head = {
                .type = REEVE_RECORD_KILL,
                .time_nsec = kill->time_nsec,
                .origin_nsec = kill->time_nsec,
                .origin_pid = kills_origin_pid(kill),
                .owner_uid = group && group->id ? whose_account_uid(s, group->id, group->path) : RECORD_OWNER_UNKNOWN,
                .context = context,
        };
        RecordContext own = s->emit.context;
        uint64_t seq, incident = incident_of(s, kill);
        char id[EMIT_ID_SIZE + 24];

        if (!context)
                captures_kernel(s, kill);
        if (!context && storms_take(s, kill, head.owner_uid))
                return;
        if (!context && incident) {
                own.incident = emit_incident(&s->emit, incident, id);
                head.context = &own;
        }
        /* The record's writer asks whose_process() for the victims. */
        s->recording = kill;
        seq = emit_record(&s->emit, &head, write_kill, kill);
        s->recording = NULL;

        if (seq > 0 && look) {
                MemoryEvents before;
                bool known = kill->limit.id && eventswatch_last(s->eventswatch, kill->limit.id, &before, NULL);

                aftermath_keep(&s->aftermaths, seq, kill, known ? &before : NULL);
                ask_details(s, kill, seq);
                exits_expect(s, seq, kill);
                units_ask(s, seq, kill);
        }
}

/* ---- what the eyes saw ---- */

void kills_details(Supervisor *s, const EyesAnswer *answer) {
        json_t *details = answer->text ? json_loads(answer->text, 0, NULL) : NULL;
        _cleanup_free_ char *text = NULL;

        int64_t owner = answer->cgroup_id ? whose_owner_uid(s, answer->cgroup_id) : RECORD_OWNER_UNKNOWN;

        if (json_is_object(details)) {
                /* Of a cgroup that was made just before, the record could not say. */
                if (owner >= 0)
                        json_object_set_new(details, "owner_uid", json_integer(owner));
                aftermath_complete(&s->aftermaths, answer->cookie, details, s->tree, whose_path, s);
                units_correct(s, answer->cookie, details);
                text = json_dumps(details, JSON_COMPACT);
        }
        if (text)
                more_record(s, answer->cookie, answer->cgroup_id, text);
        json_decref(details);
}
