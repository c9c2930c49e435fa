#include "supervisor/flow/capturesection.h"

#include <stdio.h>
#include <unistd.h>

CaptureHead capturesection_head(const Supervisor *s) {
        CaptureHead head = { .page_size = sysconf(_SC_PAGESIZE), .root_id = s->fs.root_id };

        (void) snprintf(head.boot_id, sizeof(head.boot_id), "%s", s->boot_id);
        (void) snprintf(head.ledger_id, sizeof(head.ledger_id), "%s", clerk_ledger_id(s->clerk));
        return head;
}

void capturesection_begin(Supervisor *s, Capturing *c, uint64_t now_usec) {
        capturing_begin(c, now_usec, s->emit.context.realtime_offset_usec);
        for (size_t i = 0; i < RULES_DOING_MAX; i++) {
                const Doing *d = &s->rules.doing[i];
                CaptureVerdict v = { .cookie = d->cookie, .match_id = d->match_id, .victim_id = d->victim_id, .action = d->verdict.action,
                                     .step = d->verdict.step, .dry_run = d->verdict.dry_run, .reason = d->verdict.reason };

                if (d->cookie)
                        capturing_pending(c, &v, d->note.rule);
        }
}
