#include <stdio.h>
#include <stdlib.h>

#include "supervisor/ctl/print.h"
#include "supervisor/ctl/session.h"

/* reevectl resume. */
int ctl_resume(int argc, char **argv, const CtlContext *c) {
        static const OptionsHelp help = {
                .usage = "resume [CGROUP]",
                .text = "Has the rules act again: ends the pause of CGROUP, or all pauses; then also\n"
                        "KillLimit= begins to count anew. 'reevectl status' lists what is paused.",
                .examples = "  reevectl resume\n"
                            "  reevectl resume web.service",
                .most = 1,
        };
        _cleanup_reeve_ reeve *r = NULL;
        const char *cgroup;
        char *text = NULL, room[SESSION_NAME_SIZE];
        Options o;
        int e, error;

        if (options_parse(&o, &e, &help, argc, argv, c))
                return e;
        if ((e = session_open(&r, &o.context)) != CTL_DONE)
                return e;
        e = session_cgroup(r, o.n_arguments > 0 ? o.arguments[0] : NULL, SESSION_BY_ID, room, &cgroup);
        if (e != CTL_DONE)
                return e;
        error = reeve_resume(r, cgroup, &text);
        if (error < 0)
                return session_call_fail(r, error, cgroup);

        json_auto_t *answer = session_json(text);

        if (o.context.json)
                return print_json(&o.context, answer);
        if (json_integer_value(json_object_get(answer, "ended")) > 0)
                (void) puts("Rules act again.");
        else
                (void) puts(cgroup ? "It was not paused itself; 'reevectl status' lists what is." : "Nothing was paused; KillLimit= counts anew.");
        return CTL_DONE;
}
