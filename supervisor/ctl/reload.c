#include <stdio.h>
#include <string.h>

#include "supervisor/ctl/print.h"
#include "supervisor/ctl/session.h"

static void count_print(const json_t *change, const char *what, const char *end) {
        json_int_t n = json_integer_value(json_object_get(change, what));

        /* "budgets", of one "budget". */
        (void) printf("%" JSON_INTEGER_FORMAT " %.*s%s", n, (int) (strlen(what) - (n == 1)), what, end);
}

static void change_print(const json_t *change) {
        const char *after = json_string_value(json_object_get(change, "after"));
        char cell[PRINT_CELL_SIZE];

        (void) printf("Loaded configuration %s: ", print_cell(after ? after : "?", cell));
        count_print(change, "budgets", ", ");
        count_print(change, "rules", ", ");
        count_print(change, "alerts", ".\n");
}

/* reevectl reload. */
int ctl_reload(int argc, char **argv, const CtlContext *c) {
        static const OptionsHelp help = {
                .usage = "reload",
                .text = "Has reeved read its configuration again, and says what changed. A configuration\n"
                        "with an error is refused whole, with all errors by file and line, and the one\n"
                        "before stays. 'reevectl check' looks without loading; 'reevectl diff' says what\n"
                        "would change.",
        };
        _cleanup_reeve_ reeve *r = NULL;
        char *text = NULL;
        const json_t *one;
        Options o;
        size_t i;
        int e, error;

        if (options_parse(&o, &e, &help, argc, argv, c))
                return e;
        if ((e = session_open(&r, &o.context)) != CTL_DONE)
                return e;
        error = reeve_reload(r, &text);
        if (error < 0)
                return session_call_fail(r, error, NULL);

        json_auto_t *changes = session_json(text);

        if (!o.context.json && json_array_size(changes) == 0)
                (void) puts("Loaded; nothing changed.");
        json_array_foreach(changes, i, one) {
                if (o.context.json)
                        e = print_json(&o.context, one);
                else
                        change_print(one);
        }
        return e;
}
