/* Fate: what became of a process or cgroup. The ledger is asked; when it has nothing, and the process is gone, the
 * sources must first be drained beyond the moment of the question: until then, or until the time is up, the call waits. */
#include "supervisor/server/fate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "supervisor/base/clock.h"
#include "supervisor/base/fd.h"
#include "supervisor/server/call-private.h"
#include "supervisor/server/parameters.h"
#include "supervisor/text/facts.h"
#include "supervisor/text/human.h"

#define WAIT_DEFAULT_USEC UINT64_C(100000)
#define WAIT_MAX_USEC UINT64_C(10000000)

typedef struct Fate Fate;
struct Fate {
        Fate *next;
        Server *server;         /* NULL: the server has gone */
        ServerCall *call;
        char *cgroup, *container;
        bool process;           /* asked for a process by pid and start */
        int64_t pid;
        uint64_t start_usec;
        uint64_t asked_usec;    /* CLOCK_BOOTTIME: the sources must be drained up to here */
        bool asking, last;      /* last: the time is up, or all is drained: what the ledger says now is the answer */
        bool timed_out;
        sd_event_source *timer;
        LedgerRow found;        /* in the pending ones; its json is ours */
};

static void fate_free(Fate *f) {
        (void) sd_event_source_disable_unref(f->timer);
        free((void *) (uintptr_t) f->found.json);
        free(f->cgroup);
        free(f->container);
        free(f);
}

static void fate_unlink(Fate *f) {
        Fate **at = &f->server->fates;

        while (*at && *at != f)
                at = &(*at)->next;
        if (*at)
                *at = f->next;
}

static uint64_t drained_usec(const Fate *f) {
        const ServerOptions *o = &f->server->options;

        return o->ops->drained_usec ? o->ops->drained_usec(o->userdata) : 0;
}

/* Answers, and is gone. @record NULL: null. */
static void fate_answer(Fate *f, const char *fate, const char *record, size_t length) {
        uint64_t offset = clock_usec(CLOCK_REALTIME) - clock_usec(CLOCK_BOOTTIME);
        char until[HUMAN_MOMENT_SIZE];
        _cleanup_free_ char *text = NULL;
        ServerCall *call = f->call;

        (void) human_rfc3339((int64_t) (drained_usec(f) + offset), until);
        if (asprintf(&text, "{\"fate\":\"%s\",\"until\":\"%s\",\"record\":%.*s}", fate, until, record ? (int) length : 4,
                     record ? record : "null") < 0)
                text = NULL;
        fate_unlink(f);
        fate_free(f);
        if (text)
                server_reply(call, text);
        else
                server_fail_text(call, "Failed", "no memory");
}

static const char *fate_of(const RecordMeta *meta) {
        return meta->type == REEVE_RECORD_KILL ? "oom_killed" : "killed";
}

/* The newest of the pending records that speaks of it. */
static void pending_take(const LedgerRow *row, void *userdata) {
        Fate *f = userdata;
        Facts facts;
        bool match = false;
        const char *id;
        char *copy;

        if ((row->meta.type != REEVE_RECORD_KILL && row->meta.type != REEVE_RECORD_SIGKILL) ||
            facts_parse(&facts, row->json, row->length) < 0)
                return;
        id = json_string_value(json_object_get(json_object_get(facts.root, "identity"), "container_id"));
        if (f->process)
                match = facts_have_victim(&facts, f->pid, f->start_usec) && facts.boot_id &&
                        strcmp(facts.boot_id, f->server->boot_id) == 0;
        else if (f->container)
                match = id && strncmp(id, f->container, strlen(f->container)) == 0;
        else if (f->cgroup)
                match = facts_concern(&facts, f->cgroup);
        if (match && !f->call->peer.reads_all)
                match = row->meta.owner_uid == (int64_t) f->call->peer.uid ||
                        facts_have_uid(&facts, (uint32_t) f->call->peer.uid);
        facts_clear(&facts);
        copy = match ? strndup(row->json, row->length) : NULL;
        if (!copy)
                return;
        free((void *) (uintptr_t) f->found.json);
        f->found = (LedgerRow) { .meta = row->meta, .json = copy, .length = row->length };
}

static void fate_ask(Fate *f);

/* The ledger has nothing. Alive, gone for sure, or wait. */
static void nothing_found(Fate *f) {
        const ServerOptions *o = &f->server->options;
        int alive = f->process && o->ops->process_alive ? o->ops->process_alive(f->pid, f->start_usec, o->userdata)
                                                        : -EOPNOTSUPP;

        if (alive > 0)
                fate_answer(f, "alive", NULL, 0);
        else if (f->last && f->process && alive == 0)
                fate_answer(f, "exited", NULL, 0);
        else if (f->last || f->timed_out)
                fate_answer(f, "unknown", NULL, 0);
        else if (drained_usec(f) >= f->asked_usec) {
                /* What was drained up to now is posted: this answer of the ledger is the last word. */
                f->last = true;
                fate_ask(f);
        }
}

static void fate_answered(const ClerkAnswer *a, void *userdata) {
        Fate *f = userdata;
        const ServerOptions *o;

        f->asking = false;
        if (!f->server) {
                fate_free(f);
                return;
        }
        o = &f->server->options;
        if (o->ops->pending)
                o->ops->pending(clerk_committed_seq(o->clerk), pending_take, f, o->userdata);
        if (f->found.json) {
                _cleanup_free_ char *json = strdup(f->found.json);

                fate_answer(f, fate_of(&f->found.meta), json ? json : "null", f->found.length);
        } else if (a->n_rows > 0) {
                const LedgerRow *row = &a->rows[a->n_rows - 1];

                fate_answer(f, fate_of(&row->meta), row->json, row->length);
        } else
                nothing_found(f);
}

static void fate_ask(Fate *f) {
        ClerkQuery q = { .question = CLERK_LIST,
                         .query = { .types = 1U << REEVE_RECORD_KILL | 1U << REEVE_RECORD_SIGKILL, .newest = true,
                                    .limit = 1, .container = f->container, .cgroup = f->cgroup } };

        if (f->process) {
                q.query.boot_id = f->server->boot_id;
                q.query.victim_pid = f->pid;
                q.query.victim_start_usec = f->start_usec;
                /* It died after it began; a clock set back by less than a minute does not hide it. */
                q.query.since_usec = clock_usec(CLOCK_REALTIME) - clock_usec(CLOCK_BOOTTIME) + f->start_usec - 60000000;
        }
        server_call_restrict(f->call, &q.query);
        f->asking = true;
        if (clerk_ask(f->server->options.clerk, &q, fate_answered, f) < 0) {
                f->asking = false;
                fate_answer(f, "unknown", NULL, 0);
        }
}

void fates_drained(Server *s) {
        Fate *next;

        for (Fate *f = s->fates; f; f = next) {
                next = f->next;
                if (!f->asking && drained_usec(f) >= f->asked_usec)
                        nothing_found(f);
        }
}

static int time_up(sd_event_source *source, uint64_t usec, void *userdata) {
        Fate *f = userdata;

        (void) source;
        (void) usec;
        f->timed_out = true;
        if (!f->asking)
                nothing_found(f);
        return 0;
}

void fates_drop(Server *s) {
        while (s->fates) {
                Fate *f = s->fates;
                ServerCall *call = f->call;

                s->fates = f->next;
                f->server = NULL;
                f->timer = sd_event_source_disable_unref(f->timer);
                if (!f->asking)
                        fate_free(f);
                server_fail_text(call, "Failed", "reeved stops");
        }
}

/* Reads what is asked for. Returns NULL or the parameter that is wrong. */
static const char *fate_parse(Fate *f, json_t *p, uint64_t *ret_wait) {
        const char *cgroup, *container;
        uint64_t pid, start;

        if (!parameter_text(p, "cgroup", &cgroup) || (cgroup && cgroup[0] != '/'))
                return "cgroup";
        if (!parameter_text(p, "container", &container) || (container && strlen(container) < 12))
                return "container";
        if (!parameter_number(p, "pid", &pid) || pid > INT32_MAX)
                return "pid";
        if (!parameter_number(p, "start_usec", &start) || (pid && !start))
                return "start_usec";
        if (!parameter_number(p, "wait_usec", ret_wait))
                return "wait_usec";
        if (!cgroup && !container && !pid)
                return "cgroup";
        f->process = pid != 0;
        f->pid = (int64_t) pid;
        f->start_usec = start;
        f->cgroup = cgroup ? strdup(cgroup) : NULL;
        f->container = container ? strdup(container) : NULL;
        return NULL;
}

void fate_begin(ServerCall *call, json_t *parameters) {
        Server *s = call->session->server;
        Fate *f = calloc(1, sizeof(*f));
        uint64_t wait = 0;
        const char *bad;

        if (!f) {
                server_fail_text(call, "Failed", "no memory");
                return;
        }
        *f = (Fate) { .server = s, .call = call, .asked_usec = clock_usec(CLOCK_BOOTTIME) };
        bad = fate_parse(f, parameters, &wait);
        if (bad) {
                fate_free(f);
                call_refuse(call, bad);
                return;
        }
        if (wait == 0)
                wait = WAIT_DEFAULT_USEC;
        if (wait > WAIT_MAX_USEC)
                wait = WAIT_MAX_USEC;
        f->next = s->fates;
        s->fates = f;
        if (sd_event_add_time_relative(s->options.event, &f->timer, CLOCK_BOOTTIME, wait, 1000, time_up, f) < 0)
                f->timed_out = true;
        fate_ask(f);
}
