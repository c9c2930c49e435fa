#include <stdio.h>

#include "supervisor/ctl/print.h"
#include "supervisor/ctl/records.h"
#include "supervisor/ctl/session.h"

/* reevectl show RECORD. */
int ctl_show(int argc, char **argv, const CtlContext *c) {
        static const OptionsHelp help = {
                .usage = "show RECORD",
                .text = "Prints all that one record says, with what was learned of it later. RECORD is an\n"
                        "id (r7k2m9x4-1042), its number (1042), 'last' for the newest OOM kill or\n"
                        "'last~2' for the second before it.",
                .examples = "  reevectl show last\n"
                            "  reevectl show 1042 --json | jq .victims",
                .least = 1,
                .most = 1,
        };
        _cleanup_reeve_ reeve *r = NULL;
        json_auto_t *record = NULL;
        Options o;
        int e;

        if (options_parse(&o, &e, &help, argc, argv, c))
                return e;
        if (!records_is_name(o.arguments[0]))
                return options_complain("show", "'%s' names no record (an id, its number, last, last~2)", o.arguments[0]);
        e = session_open(&r, &o.context);
        if (e == CTL_DONE)
                e = records_find(&record, r, o.arguments[0]);
        if (e != CTL_DONE)
                return e;
        if (o.context.json)
                return print_json(&o.context, record);
        print_tree(&o.context, record);
        return CTL_DONE;
}
