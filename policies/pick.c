#include "policies/pick.h"

#include <stdlib.h>

#include "policies/comms.h"

uint64_t pick_key(const PickProcess *p) {
        return UINT64_C(1) << 63 | ((p->start_usec << 23) ^ (uint32_t) p->pid);
}

static bool open(const PickProcess *p) {
        return !p->passed && p->points != PREDICT_NEVER;
}

static int compare(const void *left, const void *right) {
        const PickProcess *a = left, *b = right;

        if (open(a) != open(b))
                return open(a) ? -1 : 1;
        if (a->preference != b->preference)
                return a->preference > b->preference ? -1 : 1;
        if (a->points != b->points)
                return a->points > b->points ? -1 : 1;
        /* Of equals the younger: less is lost. */
        if (a->start_usec != b->start_usec)
                return a->start_usec > b->start_usec ? -1 : 1;
        return a->pid > b->pid ? -1 : a->pid < b->pid;
}

size_t pick_rank(const RuleSection *rule, const JudgeState *state, int64_t total_pages, PickProcess *processes, size_t n) {
        size_t n_open = 0;

        for (size_t i = 0; i < n; i++) {
                PickProcess *p = &processes[i];

                p->points = predict_badness(p->pages, p->adj, p->pid == 1, total_pages);
                p->preference = comms_preference(rule, p->comm);
                p->passed = false;
                for (size_t k = 0; k < state->n_passed; k++)
                        p->passed = p->passed || state->passed[k] == pick_key(p);
        }
        if (n > 0)
                qsort(processes, n, sizeof(*processes), compare);
        for (size_t i = 0; i < n; i++) {
                n_open += open(&processes[i]);
                processes[i].rank = open(&processes[i]) ? (unsigned) n_open : 0;
        }
        return n_open;
}
