#include "supervisor/act/budgets.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/act/apply.h"
#include "supervisor/act/applydrift.h"
#include "supervisor/act/applyentry.h"
#include "supervisor/act/applyset.h"
#include "supervisor/act/budgetsrequest.h"
#include "supervisor/act/deadline.h"
#include "supervisor/base/fd.h"
#include "supervisor/base/idmap.h"
#include "supervisor/base/ring.h"
#include "supervisor/base/thread.h"

enum {
        REQUESTS = 65536,                /* a first report of all cgroups fits */
        ANSWERS = 65536,
        STACK_SIZE = 512 * 1024,         /* a few paths and one JSON text at once; untouched pages cost nothing */
        RELOAD_AFTER_MSEC = 500,         /* one daemon-reload for all units that went meanwhile */
};

struct Budgets {
        Ring *requests, *answers;
        pthread_t thread;
        bool running;
        atomic_bool stop;
        Config *config;                  /* the event thread's */
        ReeveMode mode;
        Idmap ids;                       /* of cgroups handed to the slow hand: most that die were not; event thread only */
        atomic_size_t count;             /* of the cgroups in limits.json, for others than the slow hand */
        uint64_t cookie;                 /* of the request under way; slow hand only */
        Applier applier;                 /* slow hand only */
};

/* Takes @r over. */
static int request_post(Budgets *b, Request *r) {
        if (!r)
                return -ENOMEM;
        if (ring_push(b->requests, r))
                return 0;
        r = request_free(r);
        return -ENOBUFS;
}

static void answer_post(Budgets *b, BudgetsAnswer *a) {
        if (a && !ring_push(b->answers, a))
                (void) budgets_answer_free(a);
}

static void emit(const LimitResult *result, void *userdata) {
        Budgets *b = userdata;

        answer_post(b, budgets_answer_result(b->cookie, result));
}

static void answer_lever(Budgets *b, uint64_t cookie, const ApplyLeverTold *told) {
        BudgetsAnswer *a = budgets_answer_result(cookie, &(LimitResult) { .outcome = told->outcome, .reason = told->reason,
                                                                          .before = told->before, .after = told->after,
                                                                          .error = told->error });

        if (a)
                a->type = BUDGETS_LEVER;
        answer_post(b, a);
}

static void request_serve(Budgets *b, Request *r) {
        Applier *a = &b->applier;
        ApplyLeverTold told;

        b->cookie = r->cookie;
        switch (r->type) {
        case REQUEST_CONFIGURE:
                applier_configure(a, config_ref(r->config), r->mode);
                break;
        case REQUEST_BORN:
                applier_born(a, r->id, r->path);
                break;
        case REQUEST_DIED:
                if (applier_died(a, r->id))
                        answer_post(b, budgets_answer_new(BUDGETS_FORGET, r->id));
                break;
        case REQUEST_SET:
                applier_set(a, &(ApplySet) {
                                       .id = r->id,
                                       .path = r->path,
                                       .values = r->values,
                                       .dry_run = r->dry_run,
                                       .risk = r->risk,
                                       .requester = r->requester,
                               });
                break;
        case REQUEST_LEVER:
                applier_lever(a, &r->lever, &told);
                answer_lever(b, r->cookie, &told);
                break;
        case REQUEST_PROBE:
                applier_probe(a, &r->lever);
                break;
        case REQUEST_LIFT:
                applier_lift(a, r->id, r->key, &told);
                answer_lever(b, r->cookie, &told);
                break;
        }
        if (r->type == REQUEST_CONFIGURE || r->type == REQUEST_SET) {
                b->count = b->applier.state.count;
                answer_post(b, budgets_answer_new(BUDGETS_DONE, r->cookie));
        }
        b->cookie = 0;
}

static void *slow_hand(void *userdata) {
        Budgets *b = userdata;
        sigset_t all;

        (void) sigfillset(&all);
        (void) pthread_sigmask(SIG_BLOCK, &all, NULL);
        (void) deadline_thread_init();
        b->count = b->applier.state.count;
        while (!b->stop) {
                struct pollfd fds[2] = { { .fd = ring_fd(b->requests), .events = POLLIN },
                                         { .fd = b->applier.drift ? drift_fd(b->applier.drift) : -1, .events = POLLIN } };
                Request *r;
                int n = poll(fds, 2, b->applier.reload_wanted ? RELOAD_AFTER_MSEC : -1);

                if (n == 0)
                        applier_reload(&b->applier);
                if (fds[1].revents & POLLIN)
                        applier_drift(&b->applier);
                ring_drain_fd(b->requests);
                while (!b->stop && (r = ring_pop(b->requests))) {
                        request_serve(b, r);
                        r = request_free(r);
                }
                applier_settle(&b->applier);
                b->count = b->applier.state.count;
        }
        deadline_thread_done();
        return NULL;
}

int budgets_new(Budgets **ret, const BudgetsOptions *o) {
        Budgets *b = calloc(1, sizeof(*b));
        int r;

        if (!b)
                return -ENOMEM;
        b->mode = o->mode;
        r = applier_init(&b->applier, o->cgroup_root, o->state_directory, o->user, o->no_systemd);
        if (r < 0) {
                free(b);
                return r;
        }
        b->applier.emit = emit;
        b->applier.userdata = b;
        (void) drift_new(&b->applier.drift, &b->applier.fs);
        for (const LimitEntry *e = b->applier.state.entries; e && r == 0; e = e->next)
                r = idmap_set(&b->ids, e->id, 0);
        if (r == 0)
                r = ring_new(&b->requests, REQUESTS);
        if (r == 0)
                r = ring_new(&b->answers, ANSWERS);
        if (r == 0)
                r = thread_start(&b->thread, "slow-hand", STACK_SIZE, slow_hand, b);
        b->running = r == 0;
        if (r < 0) {
                (void) budgets_free(b);
                return r;
        }
        *ret = b;
        return 0;
}

Budgets *budgets_free(Budgets *b) {
        void *item;

        if (!b)
                return NULL;
        b->stop = true;
        if (b->running) {
                ring_wake(b->requests);
                (void) pthread_join(b->thread, NULL);
        }
        while (b->requests && (item = ring_pop(b->requests)))
                (void) request_free(item);
        while (b->answers && (item = ring_pop(b->answers)))
                free(item);
        b->requests = ring_free(b->requests);
        b->answers = ring_free(b->answers);
        applier_done(&b->applier);
        b->config = config_unref(b->config);
        idmap_clear(&b->ids);
        free(b);
        return NULL;
}

int budgets_configure(Budgets *b, Config *config, ReeveMode mode, uint64_t cookie) {
        Request *r = request_new(REQUEST_CONFIGURE, cookie, 0, NULL);
        int error;

        if (!r)
                return -ENOMEM;
        r->config = config_ref(config);
        r->mode = mode;
        error = request_post(b, r);
        if (error < 0)
                return error;
        b->config = config_unref(b->config);
        b->config = config_ref(config);
        b->mode = mode;
        return 0;
}

bool budgets_wants(const Budgets *b, const char *path) {
        return b->mode != REEVE_MODE_WATCH && b->config && budget_any(b->config->budgets, b->config->n_budgets, path);
}

void budgets_cgroup_born(Budgets *b, uint64_t id, const char *path) {
        if (!budgets_wants(b, path) || idmap_set(&b->ids, id, 0) < 0)
                return;
        (void) request_post(b, request_new(REQUEST_BORN, 0, id, path));
}

void budgets_cgroup_died(Budgets *b, uint64_t id) {
        uint64_t unused;

        if (!idmap_get(&b->ids, id, &unused))
                return;
        (void) request_post(b, request_new(REQUEST_DIED, 0, id, NULL));
}

int budgets_set(Budgets *b, uint64_t cookie, uint64_t id, const char *path, const BudgetsSetValue *values, size_t n,
                bool dry_run, bool risk, const LimitRequester *requester) {
        Request *r = request_new(REQUEST_SET, cookie, id, path);

        if (!r)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                r->values[values[i].key] = values[i].value;
                r->values[values[i].key].at = (Origin) { .order = 1 };
        }
        r->dry_run = dry_run;
        r->risk = risk;
        r->requester = *requester;
        r->comm = requester->comm ? strdup(requester->comm) : NULL;
        r->unit = requester->unit ? strdup(requester->unit) : NULL;
        r->requester.comm = r->comm;
        r->requester.unit = r->unit;
        if (!dry_run && idmap_set(&b->ids, id, 0) < 0) {
                r = request_free(r);
                return -ENOMEM;
        }
        return request_post(b, r);
}

static Request *lever_request(RequestType type, uint64_t cookie, const ApplyLever *lever) {
        Request *r = request_new(type, cookie, lever->id, lever->path);

        if (!r)
                return NULL;
        r->unit = lever->origin ? strdup(lever->origin) : NULL;
        r->lever = *lever;
        r->lever.path = r->path;
        r->lever.origin = r->unit;
        return r;
}

int budgets_lever(Budgets *b, uint64_t cookie, const ApplyLever *lever) {
        return idmap_set(&b->ids, lever->id, 0) < 0 ? -ENOMEM : request_post(b, lever_request(REQUEST_LEVER, cookie, lever));
}

int budgets_probe(Budgets *b, const ApplyLever *lever) {
        return request_post(b, lever_request(REQUEST_PROBE, 0, lever));
}

int budgets_lift(Budgets *b, uint64_t cookie, uint64_t id, LimitKey key) {
        Request *r = request_new(REQUEST_LIFT, cookie, id, NULL);

        if (!r)
                return -ENOMEM;
        r->key = key;
        return request_post(b, r);
}

int budgets_fd(const Budgets *b) {
        return ring_fd(b->answers);
}

static BudgetsAnswer *answer_take(Budgets *b) {
        BudgetsAnswer *a = ring_pop(b->answers);

        if (!a) {
                ring_drain_fd(b->answers);
                a = ring_pop(b->answers);
        }
        return a;
}

BudgetsAnswer *budgets_pop(Budgets *b) {
        BudgetsAnswer *a;

        while ((a = answer_take(b)) && a->type == BUDGETS_FORGET) {
                idmap_remove(&b->ids, a->cookie);
                a = budgets_answer_free(a);
        }
        return a;
}

size_t budgets_count(const Budgets *b) {
        return b->count;
}

uint64_t budgets_lost(Budgets *b) {
        return ring_lost(b->requests) + ring_lost(b->answers);
}

int budgets_uninstall(const BudgetsOptions *o, void (*told)(const LimitResult *result, void *userdata), void *userdata) {
        Applier a;
        int r = applier_init(&a, o->cgroup_root, o->state_directory, o->user, o->no_systemd);

        if (r < 0)
                return r;
        a.emit = told;
        a.userdata = userdata;
        (void) deadline_thread_init();
        r = applier_uninstall(&a);
        deadline_thread_done();
        applier_done(&a);
        return r;
}
