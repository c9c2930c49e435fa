#include <stdio.h>

#include "supervisor/ctl/options.h"

/* reevectl version: which Reeve this is. */
int ctl_version(int argc, char **argv, const CtlContext *c) {
        static const OptionsHelp help = {
                .usage = "version",
                .text = "Prints the version of reevectl.",
        };
        Options o;
        int e;

        if (options_parse(&o, &e, &help, argc, argv, c))
                return e;
        if (o.context.json)
                (void) printf("{\"name\":\"reevectl\",\"version\":\"%s\",\"schema\":1}\n", REEVE_VERSION);
        else
                (void) printf("reevectl %s\n", REEVE_VERSION);
        return CTL_DONE;
}
