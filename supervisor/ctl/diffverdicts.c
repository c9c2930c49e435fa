#include "supervisor/ctl/diffverdicts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "supervisor/ctl/capturefile.h"
#include "supervisor/ctl/print.h"
#include "supervisor/ctl/replayprint.h"
#include "supervisor/ctl/session.h"

static int without(const char *why) {
        (void) fprintf(stderr, "Verdicts are not compared: %s.\n", why);
        return CTL_DONE;
}

static int compare(const CtlContext *c, const CaptureText *recent, Config *after) {
        ReplayPrint print = { .context = c, .against = true, .changes = true };
        ReplayOptions options = { .config = after, .tell = replayprint_event, .userdata = &print };
        char span[HUMAN_SIZE];
        ReplaySums sums;
        CaptureError why;
        int e;

        replayprint_begin(&print);
        if (replay_run(recent->text, recent->length, &options, &sums, &why) < 0)
                e = without("what reeved holds cannot be judged");
        else {
                if (!c->json)
                        (void) printf("\n%s%" PRIu64 " verdict%s of the last %s would change%s\n", print.n == 0 ? "None of " : "",
                                      print.n == 0 ? sums.verdicts : print.n, (print.n == 0 ? sums.verdicts : print.n) == 1 ? "" : "s",
                                      human_span(sums.to_usec - sums.from_usec, span), print.n == 0 ? "." : " (+ new, - missing):");
                e = replayprint_changes_end(&print, &sums);
        }
        replayprint_clear(&print);
        return e;
}

int diffverdicts_print(const CtlContext *c, Config *after) {
        CaptureText recent = CAPTURE_TEXT_INIT;
        _cleanup_reeve_ reeve *r = NULL;
        int e = reeve_connect(&r, c->socket_path);

        if (e < 0)
                return without("reeved does not answer");
        e = capturefile_recent(&recent, r);
        if (e == -EACCES)
                e = without("only root and the group reeve may see what rules looked at");
        else if (e < 0)
                e = without(strerror(-e));
        else if (recent.length == 0)
                e = without("nothing was near a rule in the last minutes");
        else
                e = compare(c, &recent, after);
        capturefile_clear(&recent);
        return e;
}
