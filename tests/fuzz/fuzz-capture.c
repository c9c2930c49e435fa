/* A capture: whatever the bytes, reading ends; what it gives is bounded and can be written and read again, the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/text/capture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_again(const CaptureLook *look) {
        static char text[1024];
        Strbuf out = STRBUF_INIT(text);

        capture_put_look(&out, CAPTURE_LAST, look, NULL);
        if (out.truncated)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        CaptureError error = { .line = 0 };
        CaptureReader *r = NULL;
        CaptureEvent e;
        int n;

        if (capture_reader_new(&r, (const char *) data, size) < 0)
                return 0;
        while ((n = capture_next(r, &e, &error)) > 0) {
                if (!capture_head(r) || e.state.judge.n_passed > JUDGE_PASSED_MAX || e.n_kills > CAPTURE_KILLS_MAX ||
                    strnlen(e.path, sizeof(e.path)) == sizeof(e.path) || strnlen(e.rule, sizeof(e.rule)) == sizeof(e.rule))
                        abort();
                if (e.kind == CAPTURE_LOOK || e.kind == CAPTURE_LAST)
                        look_again(&e.look);
        }
        if (n < 0 && (error.line == 0 || !error.text[0]))
                abort();
        r = capture_reader_free(r);
        return 0;
}
