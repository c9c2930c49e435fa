#include "policies/comms.h"

#include <string.h>

#include "policies/match.h"

static const char prefix[] = "comm:";

bool comms_is(const char *item) {
        return strncmp(item, prefix, sizeof(prefix) - 1) == 0;
}

/* A name has no levels: a slash in it ("worker/3") is a byte like others. */
static void flatten(char *ret, size_t size, const char *text) {
        size_t n = strnlen(text, size - 1);

        for (size_t i = 0; i < n; i++)
                ret[i] = text[i] == '/' ? '\1' : text[i];
        ret[n] = '\0';
}

bool comms_names(const char *item, const char *comm) {
        char glob[256], name[64];

        if (!comms_is(item))
                return false;
        flatten(glob, sizeof(glob), item + sizeof(prefix) - 1);
        flatten(name, sizeof(name), comm);
        return match_glob(glob, name);
}

static bool any_names(const ConfigList *list, const char *comm) {
        for (size_t i = 0; i < list->count; i++)
                if (comms_names(list->items[i].text, comm))
                        return true;
        return false;
}

int comms_preference(const RuleSection *rule, const char *comm) {
        if (any_names(&rule->prefer, comm))
                return 1;
        return any_names(&rule->avoid, comm) ? -1 : 0;
}

static bool any(const ConfigList *list) {
        for (size_t i = 0; i < list->count; i++)
                if (comms_is(list->items[i].text))
                        return true;
        return false;
}

bool comms_wanted(const RuleSection *rule) {
        return rule->enabled.value && rule->victim.value == RULE_VICTIM_CGROUP && (any(&rule->prefer) || any(&rule->avoid));
}

/* ---- those of a configuration ---- */

typedef struct Collected {
        const char **items;
        size_t n;
        const ConfigItem *over;
} Collected;

static size_t place_of(const char *const *items, size_t n, const char *text) {
        size_t i = 0;

        while (i < n && strcmp(items[i], text) != 0)
                i++;
        return i;
}

static void collect(Collected *c, const ConfigList *list) {
        for (size_t i = 0; i < list->count; i++) {
                const char *text = list->items[i].text;
                size_t kept = c->n < COMMS_MAX ? c->n : COMMS_MAX;

                if (!comms_is(text) || place_of(c->items, kept, text) < kept)
                        continue;
                if (kept < COMMS_MAX)
                        c->items[kept] = text;
                else if (!c->over)
                        c->over = &list->items[i];
                c->n++;
        }
}

size_t comms_collect(const RuleSection *rules, size_t n, const char *ret[static COMMS_MAX], const ConfigItem **ret_over) {
        Collected c = { .items = ret };

        for (size_t i = 0; i < n; i++)
                if (comms_wanted(&rules[i])) {
                        collect(&c, &rules[i].prefer);
                        collect(&c, &rules[i].avoid);
                }
        if (ret_over)
                *ret_over = c.over;
        return c.n;
}

uint32_t comms_find(const char *const *items, size_t n, const char *comm) {
        uint32_t found = 0;

        for (size_t i = 0; i < n && i < COMMS_MAX; i++)
                if (comms_names(items[i], comm))
                        found |= UINT32_C(1) << i;
        return found;
}

static bool any_found(const ConfigList *list, const char *const *items, size_t n, uint32_t found) {
        for (size_t i = 0; i < list->count; i++) {
                size_t place = comms_is(list->items[i].text) ? place_of(items, n, list->items[i].text) : n;

                if (place < n && found & UINT32_C(1) << place)
                        return true;
        }
        return false;
}

int comms_preference_of(const RuleSection *rule, const char *const *items, size_t n, uint32_t found) {
        if (!comms_wanted(rule))
                return 0;
        if (any_found(&rule->prefer, items, n, found))
                return 1;
        return any_found(&rule->avoid, items, n, found) ? -1 : 0;
}
