#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "supervisor/ctl/capturefile.h"
#include "supervisor/ctl/configs.h"
#include "supervisor/ctl/replayprint.h"

static const OptionsHelp help = {
        .usage = "replay FILE [--policies DIR] [--against]",
        .text = "Judges a capture, or a file of the black box, again: by the configuration that\n"
                "stands in it, or by that in DIR, and prints the verdicts. The code that judges is\n"
                "that of reeved; the same file and configuration print the same, byte for byte.\n"
                "With --against: how that differs from what was decided then, and what the kernel\n"
                "killed. What another configuration would have changed afterwards nobody knows: what\n"
                "was seen stays what was seen. Needs no daemon and touches nothing. FILE may be -.",
        .examples = "  reevectl replay /tmp/load.capture --against\n"
                    "  reevectl replay /tmp/load.capture --policies ./new-configuration --against --json",
        .takes = OPTION_POLICIES | OPTION_AGAINST,
        .least = 1,
        .most = 1,
};

/* The configuration in @path, or complaints. */
static int policies_load(Config **ret, const char *path) {
        Complaints complaints = COMPLAINTS_INIT;
        int e = configs_load(path, ret, &complaints);

        if (e < 0) {
                configs_complaints_print(stderr, &complaints);
                (void) fprintf(stderr, "reevectl replay: %s cannot be loaded\n", path);
        }
        complaints_done(&complaints);
        return e < 0 ? CTL_FAILED : CTL_DONE;
}

/* reevectl replay. */
int ctl_replay(int argc, char **argv, const CtlContext *c) {
        CaptureText text = CAPTURE_TEXT_INIT;
        Config *config = NULL;
        CaptureError why;
        ReplaySums sums;
        Options o;
        int e, r;

        if (options_parse(&o, &e, &help, argc, argv, c))
                return e;

        ReplayPrint print = { .context = &o.context, .against = o.against };
        ReplayOptions options = { .tell = replayprint_event, .userdata = &print };

        e = capturefile_read(&text, "replay", o.arguments[0]);
        if (e == CTL_DONE && o.policies)
                e = policies_load(&config, o.policies);
        if (e == CTL_DONE) {
                options.config = config;
                replayprint_begin(&print);
                r = replay_run(text.text, text.length, &options, &sums, &why);
                e = r < 0 ? capturefile_fail("replay", o.arguments[0], r, &why) : replayprint_end(&print, &sums);
                replayprint_clear(&print);
        }
        config = config_unref(config);
        capturefile_clear(&text);
        return e;
}
