#include <stdio.h>

#include "supervisor/ctl/options.h"

/* reevectl help [TOPIC]. */
int ctl_help(int argc, char **argv, const CtlContext *c) {
        static const OptionsHelp help = {
                .usage = "help [TOPIC]",
                .text = "Explains what people ask about the OOM killer.",
                .most = 1,
        };
        Options o;
        int e;

        if (options_parse(&o, &e, &help, argc, argv, c))
                return e;
        return CTL_DONE;
}
