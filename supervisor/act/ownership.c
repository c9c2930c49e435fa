#include "supervisor/act/ownership.h"

#include <stdio.h>
#include <string.h>

static bool is_below_groups(const char *path) {
        size_t n = strlen(OWNERSHIP_GROUPS_PATH);

        return strncmp(path, OWNERSHIP_GROUPS_PATH, n) == 0 && path[n] == '/';
}

void ownership_decide(const OwnershipFacts *f, Ownership *ret) {
        *ret = (Ownership) { .kind = OWNERSHIP_REFUSED };
        if (f->own == BUDGET_OWN_CREATE && is_below_groups(f->path)) {
                ret->kind = OWNERSHIP_OWNED;
                return;
        }
        /* It may be a unit's: nobody's word is no reason to write past systemd. */
        if (f->error < 0) {
                ret->reason = REEVE_REASON_FAILED;
                (void) snprintf(ret->text, sizeof(ret->text), "systemd could not be asked whose it is: %s", strerror(-f->error));
                return;
        }
        /* The unit comes before Own=adopt: what is written past systemd lasts until its next daemon-reload. */
        if (f->unit_known && f->exact) {
                ret->kind = OWNERSHIP_UNIT;
                return;
        }
        if (f->own == BUDGET_OWN_ADOPT || f->owner_asks) {
                ret->kind = OWNERSHIP_ADOPTED;
                return;
        }
        if (f->unit_known && f->delegate) {
                ret->reason = REEVE_REASON_DELEGATED;
                (void) snprintf(ret->text, sizeof(ret->text),
                                "it lies below %s, which manages its cgroups itself (Delegate=yes); Own=adopt would write it all the same",
                                f->unit);
                return;
        }
        ret->reason = REEVE_REASON_NOT_OWNED;
        if (!f->systemd)
                (void) snprintf(ret->text, sizeof(ret->text),
                                "without systemd nobody says whose it is; Own=adopt in a section that matches it makes it Reeve's to write");
        else if (f->unit_known)
                (void) snprintf(ret->text, sizeof(ret->text),
                                "it is no unit of systemd's (the nearest is %s); Own=adopt in a section that matches it makes it Reeve's to write", f->unit);
        else
                (void) snprintf(ret->text, sizeof(ret->text),
                                "it is no unit of systemd's; Own=adopt in a section that matches it makes it Reeve's to write");
}
