#include "policies/predict.h"

#include <stdlib.h>

static int64_t known(int64_t value) {
        return value > 0 ? value : 0;
}

int64_t predict_total_pages(const PredictDomain *d) {
        int64_t ram = known(d->ram_bytes) / d->page_size, swap = known(d->swap_bytes) / d->page_size;

        if (d->max_bytes < 0 || d->max_bytes == INT64_MAX)
                return ram + swap;
        if (d->no_swap)
                swap = 0;
        else if (d->swap_max_bytes >= 0 && d->swap_max_bytes / d->page_size < swap)
                swap = d->swap_max_bytes / d->page_size;
        /* The kernel takes 1 for a limit of nothing. */
        return d->max_bytes / d->page_size + swap > 0 ? d->max_bytes / d->page_size + swap : 1;
}

int64_t predict_badness(int64_t pages, int adj, bool init, int64_t total_pages) {
        return adj == -1000 || init ? PREDICT_NEVER : pages + adj * (total_pages / 1000);
}

static int compare(const void *left, const void *right) {
        const PredictProcess *a = left, *b = right;

        if (a->points != b->points)
                return a->points > b->points ? -1 : 1;
        return a->order == b->order ? 0 : a->order > b->order ? -1 : 1;
}

size_t predict_sort(PredictProcess *processes, size_t n) {
        /* An empty list may be NULL, which qsort() does not take. */
        if (n > 0)
                qsort(processes, n, sizeof(*processes), compare);
        while (n > 0 && processes[n - 1].points == PREDICT_NEVER)
                n--;
        return n;
}

bool predict_close(const PredictProcess *processes, size_t n, unsigned cpus) {
        int64_t apart;

        if (n < 2 || processes[0].points == PREDICT_NEVER || processes[1].points == PREDICT_NEVER)
                return false;
        apart = processes[0].points - processes[1].points;
        return apart <= llabs(processes[0].points) / 100 || apart <= INT64_C(64) * cpus;
}

size_t predict_widen(const bool *groups, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (groups[i])
                        return i;
        return SIZE_MAX;
}
