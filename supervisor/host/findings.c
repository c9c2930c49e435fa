#include "supervisor/host/findings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "supervisor/base/array.h"
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
        Finding *items = array_grow(f->items, f->n, &f->capacity, sizeof(*items)), *slot;

        if (!items)
                return -ENOMEM;
        f->items = items;
        slot = &f->items[f->n++];
        *slot = (Finding) { .state = state };
        (void) snprintf(slot->name, sizeof(slot->name), "%s", name);
        (void) snprintf(slot->value, sizeof(slot->value), "%s", value);
        (void) snprintf(slot->meaning, sizeof(slot->meaning), "%s", meaning ? meaning : "");
        (void) snprintf(slot->change, sizeof(slot->change), "%s", change ? change : "");
        return 0;
}
