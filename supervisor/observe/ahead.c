#include "supervisor/observe/ahead.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/idmap.h"
#include "supervisor/host/proc.h"

enum { USAGES = 1024, TIMES = 6 };
#define SEC UINT64_C(1000000000)
#define TICK UINT64_C(10000000)

/* Usage of one cgroup, the newest reading at [last]. */
typedef struct Usage {
        uint64_t id, time_nsec[TIMES];
        int64_t bytes[TIMES];
        unsigned last;
} Usage;

struct Ahead {
        pthread_mutex_t lock;
        EyesProcess *processes;
        size_t n_processes, next_process;
        Idmap by_tgid, by_id;           /* to positions */
        Usage *usages;
        size_t next_usage;
};

int ahead_new(Ahead **ret, size_t processes) {
        Ahead *a = calloc(1, sizeof(*a));

        if (!a)
                return -ENOMEM;
        a->processes = calloc(processes, sizeof(*a->processes));
        a->usages = calloc(USAGES, sizeof(*a->usages));
        a->n_processes = processes;
        pthread_mutex_init(&a->lock, NULL);
        if (!a->processes || !a->usages) {
                ahead_free(a);
                return -ENOMEM;
        }
        *ret = a;
        return 0;
}

Ahead *ahead_free(Ahead *a) {
        if (!a)
                return NULL;
        pthread_mutex_destroy(&a->lock);
        idmap_clear(&a->by_tgid);
        idmap_clear(&a->by_id);
        free(a->processes);
        free(a->usages);
        free(a);
        return NULL;
}

void ahead_put(Ahead *a, const EyesProcess *p) {
        uint64_t i;

        pthread_mutex_lock(&a->lock);
        if (!idmap_get(&a->by_tgid, (uint64_t) p->tgid, &i)) {
                i = a->next_process;
                a->next_process = (i + 1) % a->n_processes;
                if (a->processes[i].tgid > 0)
                        idmap_remove(&a->by_tgid, (uint64_t) a->processes[i].tgid);
                a->processes[i].tgid = 0;
                if (idmap_set(&a->by_tgid, (uint64_t) p->tgid, i) < 0)
                        goto out;
        }
        a->processes[i] = *p;
out:
        pthread_mutex_unlock(&a->lock);
}

bool ahead_get(Ahead *a, int32_t tgid, uint64_t start_nsec, EyesProcess *ret) {
        uint64_t i;
        bool found = false;

        if (tgid <= 0)
                return false;
        pthread_mutex_lock(&a->lock);
        if (idmap_get(&a->by_tgid, (uint64_t) tgid, &i)) {
                const EyesProcess *p = &a->processes[i];

                found = start_nsec == 0 || proc_same_start(start_nsec, p->start_nsec / TICK) || start_nsec == p->start_nsec;
                if (found)
                        *ret = *p;
        }
        pthread_mutex_unlock(&a->lock);
        return found;
}

void ahead_forget(Ahead *a) {
        pthread_mutex_lock(&a->lock);
        idmap_clear(&a->by_tgid);
        memset(a->processes, 0, a->n_processes * sizeof(*a->processes));
        pthread_mutex_unlock(&a->lock);
}

void ahead_usage(Ahead *a, uint64_t id, uint64_t time_nsec, int64_t bytes) {
        uint64_t i;
        Usage *u;

        if (id == 0 || bytes < 0)
                return;
        pthread_mutex_lock(&a->lock);
        if (!idmap_get(&a->by_id, id, &i)) {
                i = a->next_usage;
                a->next_usage = (i + 1) % USAGES;
                if (a->usages[i].id)
                        idmap_remove(&a->by_id, a->usages[i].id);
                a->usages[i] = (Usage) { .id = 0 };
                if (idmap_set(&a->by_id, id, i) < 0)
                        goto out;
                a->usages[i].id = id;
        }
        u = &a->usages[i];
        if (u->time_nsec[u->last] && time_nsec - u->time_nsec[u->last] < 15 * SEC)
                goto out;
        u->last = (u->last + 1) % TIMES;
        u->time_nsec[u->last] = time_nsec;
        u->bytes[u->last] = bytes;
out:
        pthread_mutex_unlock(&a->lock);
}

bool ahead_growth(Ahead *a, uint64_t id, uint64_t now_nsec, int64_t bytes, int64_t *ret) {
        uint64_t i, best = UINT64_MAX;

        if (id == 0 || bytes < 0)
                return false;
        pthread_mutex_lock(&a->lock);
        if (idmap_get(&a->by_id, id, &i))
                for (unsigned k = 0; k < TIMES; k++) {
                        const Usage *u = &a->usages[i];
                        uint64_t age = now_nsec - u->time_nsec[k], off = age > 60 * SEC ? age - 60 * SEC : 60 * SEC - age;

                        if (u->time_nsec[k] == 0 || age < 45 * SEC || age > 90 * SEC || off >= best)
                                continue;
                        best = off;
                        *ret = bytes - u->bytes[k];
                }
        pthread_mutex_unlock(&a->lock);
        return best != UINT64_MAX;
}
