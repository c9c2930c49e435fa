#include "supervisor/ctl/watched.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "supervisor/ctl/print.h"
#include "supervisor/ctl/records.h"
#include "supervisor/ctl/session.h"
#include "supervisor/text/human.h"

bool watched_well(const json_t *status) {
        const char *state = json_string_value(json_object_get(status, "state"));
        const json_t *lost = json_object_get(status, "lost");

        return state && (strcmp(state, "watching") == 0 || strcmp(state, "running") == 0) && json_is_integer(lost) &&
               json_integer_value(lost) == 0;
}

/* Adds up what gap records since @since_usec (-1: ever) lost; *@ret_gaps is how many there are. Returns an exit code. */
static int gaps_add(reeve *r, const Options *o, int64_t since_usec, int64_t *ret_lost, size_t *ret_gaps) {
        static const char *const types[] = { "gap", NULL };
        Records gaps = RECORDS_INIT;
        int e = records_read(&gaps, r, &(RecordsQuery) { .types = types, .since_usec = since_usec, .until_usec = o->until_usec });

        *ret_lost = 0;
        *ret_gaps = gaps.n;
        for (size_t i = 0; i < gaps.n; i++)
                *ret_lost += json_integer_value(json_object_get(gaps.items[i], "lost"));
        records_clear(&gaps);
        return e;
}

int watched_print_empty_status(reeve *r, const Options *o, const char *what, const json_t *status) {
        const char *since_text = json_string_value(json_object_get(status, "since"));
        int64_t since = -1, lost = 0;
        char moment[HUMAN_MOMENT_SIZE];
        size_t gaps = 0;
        int e;

        (void) human_rfc3339_parse(since_text, &since);
        if (o->since_usec > since)
                since = o->since_usec;
        e = gaps_add(r, o, since, &lost, &gaps);
        if (e != CTL_DONE)
                return e;
        (void) printf("No %s", what);
        if (o->cgroup) {
                (void) fputs(" of ", stdout);
                print_name(stdout, o->cgroup);
        }
        if (since >= 0)
                (void) printf(" since %s", print_usec(&o->context, since, moment));
        if (o->until_usec >= 0)
                (void) printf(" until %s", print_usec(&o->context, o->until_usec, moment));
        if (gaps > 0)
                (void) printf(", but the watch had %zu gap%s (%" PRId64 " lost): 'reevectl events --type gap' lists them", gaps,
                              gaps == 1 ? "" : "s", lost);
        else if (since >= 0)
                (void) fputs(", watched without a gap", stdout);
        (void) puts(".");
        return CTL_DONE;
}

int watched_print_empty(reeve *r, const Options *o, const char *what) {
        json_auto_t *status = NULL;
        int e = session_status(r, NULL, &status);

        return e == CTL_DONE ? watched_print_empty_status(r, o, what, status) : e;
}
