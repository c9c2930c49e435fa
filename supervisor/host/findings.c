#include "supervisor/host/findings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "supervisor/base/fd.h"

const char *finding_state_to_string(FindingState state) {
        static const char *const words[] = { "ok", "note", "warning", "problem" };

        return (size_t) state < ELEMENTSOF(words) ? words[state] : "problem";
}

void findings_clear(Findings *f) {
        free(f->items);
        *f = (Findings) FINDINGS_INIT;
}

int findings_add(Findings *f, const char *name, FindingState state, const char *value, const char *meaning, const char *change) {
        Finding *slot;

        if (f->n == f->capacity) {
                size_t capacity = f->capacity ? 2 * f->capacity : 32;
                Finding *grown = reallocarray(f->items, capacity, sizeof(*grown));

                if (!grown)
                        return -ENOMEM;
                f->items = grown;
                f->capacity = capacity;
        }
        slot = &f->items[f->n++];
        *slot = (Finding) { .state = state };
        (void) snprintf(slot->name, sizeof(slot->name), "%s", name);
        (void) snprintf(slot->value, sizeof(slot->value), "%s", value);
        (void) snprintf(slot->meaning, sizeof(slot->meaning), "%s", meaning ? meaning : "");
        (void) snprintf(slot->change, sizeof(slot->change), "%s", change ? change : "");
        return 0;
}
