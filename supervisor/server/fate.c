/* Fate: what became of a process or cgroup. The ledger is asked; when it has no OOM kill, and it is gone, the sources must
 * first be drained beyond the moment it was seen to be gone: until then, or until the time is up, the call waits. */
#include "supervisor/server/fate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "supervisor/base/clock.h"
#include "supervisor/base/fd.h"
#include "supervisor/server/call-private.h"
#include "supervisor/server/fate-private.h"
#include "supervisor/text/facts.h"
#include "supervisor/text/human.h"

#define WAIT_DEFAULT_USEC UINT64_C(100000)
#define WAIT_MAX_USEC UINT64_C(10000000)

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
static void fate_answer(Fate *f, const char *fate, const LedgerRow *record) {
        uint64_t offset = clock_usec(CLOCK_REALTIME) - clock_usec(CLOCK_BOOTTIME);
        char until[HUMAN_MOMENT_SIZE];
        _cleanup_free_ char *text = NULL;
        ServerCall *call = f->call;

        (void) human_rfc3339((int64_t) (drained_usec(f) + offset), until);
        if (asprintf(&text, "{\"fate\":\"%s\",\"until\":\"%s\",\"record\":%.*s}", fate, until, record ? (int) record->length : 4,
                     record ? record->json : "null") < 0)
                text = NULL;
        fate_unlink(f);
        fate_free(f);
        if (text)
                server_reply(call, text);
        else
                server_fail_text(call, "Failed", "no memory");
}

/* What is asked of the ledger and of what is not in it yet. Whose it is, is looked at afterwards: what a peer may not read was no
 * exit all the same. */
static LedgerQuery fate_query(const Fate *f) {
        LedgerQuery q = { .types = 1U << REEVE_RECORD_KILL | 1U << REEVE_RECORD_SIGKILL, .newest = true, .kills_first = true,
                          .limit = 1, .boot_id = f->server->boot_id };

        if (!f->process) {
                q.container = f->meant.id ? NULL : f->container;
                q.cgroup = f->cgroup;
                q.cgroup_from_id = f->meant.id;
                q.cgroup_unnamed = true;
                return q;
        }
        q.victim_pid = f->pid;
        q.victim_start_usec = f->start_usec;
        /* It died after it began; a clock set back by less than a minute does not hide it. */
        q.since_usec = clock_usec(CLOCK_REALTIME) - clock_usec(CLOCK_BOOTTIME) + f->start_usec - 60000000;
        return q;
}

/* Whether it tells of a time when the cgroup that is meant was there already: then a record without id is no earlier one's. */
static bool is_since(const Fate *f, const LedgerRow *row) {
        Facts facts;
        json_t *at;
        bool r;

        if (f->meant.since_usec == 0 || facts_parse(&facts, row->json, row->length) < 0)
                return false;
        at = json_object_get(facts.root, "boottime_usec");
        r = json_is_integer(at) && (uint64_t) json_integer_value(at) >= f->meant.since_usec;
        facts_clear(&facts);
        return r;
}

/* An OOM kill counts more than a SIGKILL: what is left over is cleared away by one. */
static void fate_take(const LedgerRow *row, void *userdata) {
        Fate *f = userdata;
        LedgerQuery sure = fate_query(f);
        bool kill = row->meta.type == REEVE_RECORD_KILL;
        char *copy;

        sure.cgroup_unnamed = f->removed || is_since(f, row);
        if (!ledger_query_matches(&sure, row)) {
                f->doubt = true;
                return;
        }
        if (f->found.json && f->found.meta.type == REEVE_RECORD_KILL && !kill)
                return;
        copy = strndup(row->json, row->length);
        if (!copy)
                return;
        free((void *) (uintptr_t) f->found.json);
        f->found = (LedgerRow) { .meta = row->meta, .json = copy, .length = row->length };
}

static void pending_take(const LedgerRow *row, void *userdata) {
        const Fate *f = userdata;
        LedgerQuery q = fate_query(f);

        if (ledger_query_matches(&q, row))
                fate_take(row, userdata);
}

/* Whether it lives: 1, 0, -errno. */
static int fate_lives(Fate *f) {
        const ServerOptions *o = &f->server->options;
        int lives = -EOPNOTSUPP;

        if (f->process && o->ops->process_alive)
                lives = o->ops->process_alive(f->pid, f->start_usec, o->userdata);
        else if (!f->process && f->meant.id && o->ops->cgroup_populated)
                lives = o->ops->cgroup_populated(f->meant.id, o->userdata);
        f->removed = !f->process && lives == -ENODEV;
        if (f->removed)
                lives = 0;
        if (lives == 0 && !f->gone) {
                f->gone = true;
                f->drained_usec = clock_usec(CLOCK_BOOTTIME);
        }
        return lives;
}

static void answer_found(Fate *f) {
        LedgerQuery his = { 0 };

        server_call_restrict(f->call, &his);
        if (!ledger_query_matches(&his, &f->found))
                fate_answer(f, "unknown", NULL);
        else
                fate_answer(f, f->found.meta.type == REEVE_RECORD_KILL ? "oom_killed" : "killed", &f->found);
}

/* All is drained, and there is no record. */
static void answer_gone(Fate *f, int lives) {
        const ServerOptions *o = &f->server->options;
        int sigkilled = 0;

        if (lives == 0 && f->process && o->ops->process_sigkilled)
                sigkilled = o->ops->process_sigkilled(f->pid, f->start_usec, o->userdata);
        fate_answer(f, lives < 0 || sigkilled < 0 || f->doubt ? "unknown" : sigkilled > 0 ? "killed" : "exited", NULL);
}

static void fate_ask(Fate *f);

/* What is known by now: is it enough? */
static void fate_judge(Fate *f, int lives) {
        if (f->found.json && f->found.meta.type == REEVE_RECORD_KILL)
                answer_found(f);
        else if (lives > 0 && !(f->process && f->found.json))
                fate_answer(f, "alive", NULL);
        else if (f->found.json && (f->last || f->timed_out))
                answer_found(f);
        else if (f->last)
                answer_gone(f, lives);
        else if (drained_usec(f) >= f->drained_usec) {
                /* What was drained up to now is published: this answer of the ledger is the last word. */
                f->last = true;
                fate_ask(f);
        } else if (f->timed_out)
                fate_answer(f, "unknown", NULL);
}

static void fate_answered(const ClerkAnswer *a, void *userdata) {
        Fate *f = userdata;
        const ServerOptions *o;
        int lives;

        if (!f->server) {
                fate_free(f);
                return;
        }
        o = &f->server->options;
        lives = fate_lives(f);
        /* What the ledger cannot say may be there all the same. */
        f->doubt = a->error < 0;
        if (a->n_rows > 0)
                fate_take(&a->rows[a->n_rows - 1], f);
        if (o->ops->pending)
                o->ops->pending(clerk_committed_seq(o->clerk), pending_take, f, o->userdata);
        /* What lives needs no waiting; nothing else would read the sources while nothing happens. */
        if (lives <= 0 && !f->drained && o->ops->drain) {
                f->drained = true;
                o->ops->drain(o->userdata);
        }
        f->asking = false;
        fate_judge(f, lives);
}

static void fate_ask(Fate *f) {
        ClerkQuery q = { .question = CLERK_LIST, .query = fate_query(f) };

        f->asking = true;
        if (clerk_ask(f->server->options.clerk, &q, fate_answered, f) < 0) {
                f->asking = false;
                fate_answer(f, "unknown", NULL);
        }
}

void fates_drained(Server *s) {
        Fate *next;

        for (Fate *f = s->fates; f; f = next) {
                next = f->next;
                if (!f->asking && drained_usec(f) >= f->drained_usec)
                        fate_judge(f, fate_lives(f));
        }
}

static int time_up(sd_event_source *source, uint64_t usec, void *userdata) {
        Fate *f = userdata;

        (void) source;
        (void) usec;
        f->timed_out = true;
        if (!f->asking)
                fate_judge(f, fate_lives(f));
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

void fate_begin(ServerCall *call, json_t *parameters) {
        Server *s = call->session->server;
        Fate *f = calloc(1, sizeof(*f));
        uint64_t wait = 0;
        const char *bad;

        if (!f) {
                server_fail_text(call, "Failed", "no memory");
                return;
        }
        *f = (Fate) { .server = s, .call = call, .drained_usec = clock_usec(CLOCK_BOOTTIME) };
        bad = fate_parse(f, parameters, &wait);
        if (bad)
                call_refuse(call, bad);
        if (bad || !fate_locate(f)) {
                fate_free(f);
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
