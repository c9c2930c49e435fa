#include "supervisor/attribute/killcopy.h"

#include <string.h>

static size_t text_size(const char *text) {
        return text ? strlen(text) + 1 : 0;
}

static const char *text_into(char **room, const char *text) {
        char *to = *room;

        if (!text)
                return NULL;
        *room = stpcpy(to, text) + 1;
        return to;
}

size_t killcopy_size(const Kill *k) {
        size_t size = k->n_victims * sizeof(KillVictim) + text_size(k->limit.path) + text_size(k->kill_cgroup.path) +
                      text_size(k->counted.path);

        for (size_t i = 0; i < k->n_victims; i++)
                size += text_size(k->victims[i].cgroup.path);
        return size;
}

void killcopy_into(Kill *ret, void *room, const Kill *k) {
        KillVictim *victims = room;
        char *texts = (char *) (victims + k->n_victims);

        *ret = *k;
        ret->victims = victims;
        ret->max_victims = k->n_victims;
        ret->limit.path = text_into(&texts, k->limit.path);
        ret->kill_cgroup.path = text_into(&texts, k->kill_cgroup.path);
        ret->counted.path = text_into(&texts, k->counted.path);
        for (size_t i = 0; i < k->n_victims; i++) {
                victims[i] = k->victims[i];
                victims[i].cgroup.path = text_into(&texts, k->victims[i].cgroup.path);
        }
}
