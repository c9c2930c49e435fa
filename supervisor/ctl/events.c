#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/base/fd.h"
#include "supervisor/ctl/print.h"
#include "supervisor/ctl/records.h"
#include "supervisor/ctl/session.h"
#include "supervisor/ctl/watched.h"

enum { TYPES_MAX = 16 };

static const OptionsHelp help = {
        .usage = "events [-f] [--type TYPE,...] [OPTIONS]",
        .text = "Prints records as reeved wrote them, of every type, oldest first: kill, sigkill,\n"
                "more (what was learned of an earlier one), limit, gap, supervisor, alert, storm,\n"
                "verdict. Records are final: what --json prints here never changes.",
        .examples = "  reevectl events -f\n"
                    "  reevectl events --type limit --since today\n"
                    "  reevectl events -f --json --type kill | while read -r record; do ...; done",
        .takes = OPTION_SINCE | OPTION_LINES | OPTION_FOLLOW | OPTION_CGROUP | OPTION_TYPE,
};

typedef struct Printed {
        const CtlContext *context;
        size_t n;
} Printed;

static TableStyle type_style(const char *type) {
        if (strcmp(type, "kill") == 0 || strcmp(type, "storm") == 0)
                return TABLE_RED;
        if (strcmp(type, "gap") == 0 || strcmp(type, "alert") == 0)
                return TABLE_YELLOW;
        return strcmp(type, "more") == 0 || strcmp(type, "sigkill") == 0 ? TABLE_DIM : TABLE_PLAIN;
}

static int event_print(const json_t *record, void *userdata) {
        Printed *p = userdata;
        const CtlContext *c = p->context;
        const char *type = json_string_value(json_object_get(record, "type"));
        char when[PRINT_CELL_SIZE], cell[PRINT_CELL_SIZE];

        p->n++;
        if (c->json) {
                int e = print_json(c, record);

                return fflush(stdout) == 0 ? e : CTL_FAILED;
        }
        (void) printf("%s  %6" JSON_INTEGER_FORMAT "  ", print_stamp(c, json_string_value(json_object_get(record, "time")), when),
                      json_integer_value(json_object_get(record, "seq")));
        print_style(c, type_style(type ? type : ""));
        (void) printf("%-10s", print_cell(type, cell));
        print_style(c, TABLE_PLAIN);
        (void) fputs("  ", stdout);
        print_indented(c, print_sentence(record, cell), /* indent= */ 34);
        return fflush(stdout) == 0 ? CTL_DONE : CTL_FAILED;
}

/* Splits "kill,gap" in place. Returns how many, or -1: a type that is none. */
static int types_split(char *text, const char *types[static TYPES_MAX]) {
        int n = 0;

        for (char *save = NULL, *word = strtok_r(text, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
                if (n == TYPES_MAX - 1 || reeve_record_type_from_string(word) < 0)
                        return -1;
                types[n++] = word;
        }
        types[n] = NULL;
        return n;
}

/* reevectl events. */
int ctl_events(int argc, char **argv, const CtlContext *c) {
        _cleanup_reeve_ reeve *r = NULL;
        _cleanup_free_ char *type = NULL;
        const char *types[TYPES_MAX] = { NULL };
        char room[SESSION_NAME_SIZE];
        Options o;
        int e;

        if (options_parse(&o, &e, &help, argc, argv, c))
                return e;
        if (o.type) {
                type = strdup(o.type);
                if (!type || types_split(type, types) <= 0)
                        return options_complain("events", "--type: '%s' is no record type (kill, limit, gap ...)", o.type);
        }

        Printed printed = { .context = &o.context };
        RecordsQuery q = {
                .types = types[0] ? types : NULL,
                .since_usec = o.since_usec,
                .until_usec = o.until_usec,
                .limit = options_limit(&o),
                .follow = o.follow,
        };

        e = session_open(&r, &o.context);
        if (e == CTL_DONE)
                e = session_cgroup(r, o.cgroup, SESSION_BY_PATH, room, &q.cgroup);
        if (e == CTL_DONE && o.lines != 0)
                e = records_each(r, &q, event_print, &printed);
        if (e == CTL_DONE && printed.n == 0 && !o.follow && !o.context.json && o.lines != 0)
                e = watched_print_empty(r, &o, "records");
        return e;
}
