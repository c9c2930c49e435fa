#include <stdio.h>
#include <stdlib.h>

#include "supervisor/ctl/print.h"
#include "supervisor/ctl/session.h"

/* reevectl pause. */
int ctl_pause(int argc, char **argv, const CtlContext *c) {
        static const OptionsHelp help = {
                .usage = "pause [--for TIME] [CGROUP]",
                .text = "Has the rules hold still: they judge and record, and act on nobody, until TIME is\n"
                        "over or 'reevectl resume'. With CGROUP only the rules that look at it or below it,\n"
                        "and no other rule acts on it. root may; of one cgroup also who owns its\n"
                        "cgroup.kill. It outlives a reload and a restart of reeved, not a boot.",
                .examples = "  reevectl pause --for 1h\n"
                            "  reevectl pause --for 30min web.service",
                .takes = OPTION_FOR,
                .most = 1,
        };
        _cleanup_reeve_ reeve *r = NULL;
        const char *cgroup, *until;
        char *text = NULL, cell[PRINT_CELL_SIZE], room[SESSION_NAME_SIZE];
        Options o;
        int e, error;

        if (options_parse(&o, &e, &help, argc, argv, c))
                return e;
        if ((e = session_open(&r, &o.context)) != CTL_DONE)
                return e;
        e = session_cgroup(r, o.n_arguments > 0 ? o.arguments[0] : NULL, SESSION_BY_ID, room, &cgroup);
        if (e != CTL_DONE)
                return e;
        error = reeve_pause(r, cgroup, o.for_usec, &text);
        if (error < 0)
                return session_call_fail(r, error, cgroup);

        json_auto_t *answer = session_json(text);

        if (o.context.json)
                return print_json(&o.context, answer);
        until = json_string_value(json_object_get(answer, "until"));
        (void) printf("Rules only judge now, ");
        if (until)
                (void) printf("until %s, or until 'reevectl resume'.\n", print_moment(&o.context, until, cell));
        else
                (void) printf("until 'reevectl resume'.\n");
        return CTL_DONE;
}
