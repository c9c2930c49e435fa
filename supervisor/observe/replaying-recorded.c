/* What was decided when it was captured: read before anything is judged again. */
#include <errno.h>
#include <string.h>

#include "supervisor/base/array.h"
#include "supervisor/observe/replaying-private.h"

static int recorded_add(Replay *p, const CaptureEvent *e, uint64_t round) {
        ReplayRecorded *more = array_grow(p->recorded, p->n_recorded, &p->size_recorded, sizeof(*more));

        if (!more)
                return -ENOMEM;
        p->recorded = more;
        more[p->n_recorded] = (ReplayRecorded) { .verdict = e->verdict, .round = round };
        memcpy(more[p->n_recorded++].rule, e->rule, sizeof(e->rule));
        return 0;
}

/* Cookies are of one run of reeved: the newest with that number. */
static void recorded_done(Replay *p, const CaptureEvent *e) {
        for (size_t i = p->n_recorded; i-- > 0;)
                if (p->recorded[i].verdict.cookie == e->verdict.cookie && !p->recorded[i].done) {
                        p->recorded[i].done = true;
                        p->recorded[i].known = e->outcome_known;
                        p->recorded[i].outcome = e->outcome;
                        p->recorded[i].done_usec = e->verdict.time_usec;
                        return;
                }
}

/* Of which decision the processes that follow are; NULL: of one from before the capture. */
static ReplayRecorded *recorded_looked(Replay *p, const CaptureEvent *e) {
        for (size_t i = p->n_recorded; i-- > 0;) {
                ReplayRecorded *was = &p->recorded[i];

                if (was->verdict.cookie != e->verdict.cookie || was->done)
                        continue;
                was->members = e->verdict.members;
                was->members_length = e->verdict.members_length;
                was->total_pages = e->total_pages;
                was->open = e->open;
                was->n_processes = 0;
                return was;
        }
        return NULL;
}

static int process_add(ReplayRecorded *was, const PickProcess *process) {
        PickProcess *more = was ? array_grow(was->processes, was->n_processes, &was->size_processes, sizeof(*more)) : NULL;

        if (!more)
                return was ? -ENOMEM : 1;
        was->processes = more;
        more[was->n_processes++] = *process;
        return 1;
}

int replay_read_through(Replay *p, const char *text, size_t length, CaptureError *reterr) {
        ReplayRecorded *looked = NULL;
        CaptureReader *reader;
        CaptureEvent e;
        uint64_t round = 0;
        int r = capture_reader_new(&reader, text, length);

        while (r >= 0 && (r = capture_next(reader, &e, reterr)) > 0) {
                round += e.kind == CAPTURE_ROUND;
                if (e.kind == CAPTURE_VERDICT)
                        r = recorded_add(p, &e, round);
                else if (e.kind == CAPTURE_OUTCOME)
                        recorded_done(p, &e);
                else if (e.kind == CAPTURE_PROCESSES)
                        looked = recorded_looked(p, &e);
                else if (e.kind == CAPTURE_PROCESS)
                        r = process_add(looked, &e.process);
        }
        reader = capture_reader_free(reader);
        return r;
}
