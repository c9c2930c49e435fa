#include "supervisor/act/applyowner.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "supervisor/base/fd.h"

/* Whether the last part of @path looks like a unit's name: then systemd may be about to know it. */
static bool looks_like_unit(const char *path) {
        static const char *const suffixes[] = { ".service", ".scope", ".slice", ".socket", ".mount", ".swap" };
        const char *dot = strrchr(path, '.');

        for (size_t i = 0; dot && i < ELEMENTSOF(suffixes); i++)
                if (strcmp(dot, suffixes[i]) == 0)
                        return true;
        return false;
}

/* systemd makes the cgroup first and answers for it 16 to 52 ms later. */
static int unit_find(Applier *a, const char *path, bool fresh, SystemdUnit *ret) {
        int r = systemd_unit_of(a->systemd, path, ret, NULL, 0);

        /* The connection ended while it was asked. */
        if (r == -ECONNRESET || r == -ENOTCONN || r == -EPIPE)
                r = systemd_unit_of(a->systemd, path, ret, NULL, 0);
        for (int i = 0; fresh && i < 25 && (r == -ENOENT || (r == 0 && !ret->exact)) && looks_like_unit(path); i++) {
                const struct timespec pause = { .tv_nsec = 20000000 };

                (void) nanosleep(&pause, NULL);
                r = systemd_unit_of(a->systemd, path, ret, NULL, 0);
        }
        return r;
}

static bool was_written(const LimitEntry *e) {
        for (int key = 0; key < LIMIT_KEYS; key++)
                if (e->values[key].changed)
                        return true;
        return false;
}

void apply_decide_owner(Job *j, BudgetOwn own, bool fresh, bool owner_asks) {
        Applier *a = j->a;
        OwnershipFacts facts = { .path = j->e->path, .own = own, .owner_asks = owner_asks };

        /* Values that were written past systemd return the same way, whatever the configuration says by now. */
        if (own == BUDGET_OWN_NO && j->e->created)
                facts.own = BUDGET_OWN_CREATE;
        else if (own == BUDGET_OWN_NO && !j->e->unit && was_written(j->e))
                facts.own = BUDGET_OWN_ADOPT;
        if (a->systemd) {
                int r = unit_find(a, j->e->path, fresh, &j->unit);

                facts.systemd = r != -EUNATCH;
                facts.error = r < 0 && r != -EUNATCH && r != -ENOENT ? r : 0;
                facts.unit_known = r == 0;
                facts.unit = j->unit.name;
                facts.exact = j->unit.exact;
                facts.delegate = j->unit.delegate;
        }
        ownership_decide(&facts, &j->own);
        if (j->own.kind == OWNERSHIP_UNIT && !j->e->unit)
                j->e->unit = strdup(j->unit.name);
}
