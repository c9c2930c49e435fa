#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/text/escape.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What comes out is valid UTF-8 of one line without controls, and gives the bytes back exactly. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        char out[4096], back[4096];
        Strbuf b = STRBUF_INIT(out);
        size_t n;

        escape_bytes(&b, (const char *) data, size);
        for (size_t i = 0; i < b.length;) {
                unsigned code = 0;
                size_t step = escape_utf8_character(out + i, b.length - i, &code);

                assert(step > 0);
                assert(code >= 0x20 && !(code >= 0x7f && code <= 0x9f));
                i += step;
        }
        if (!b.truncated) {
                assert(escape_undo(back, sizeof(back), out, &n) == 0);
                assert(n == size && memcmp(back, data, n) == 0);
        }
        b = (Strbuf) STRBUF_INIT(back);
        escape_terminal(&b, (const char *) data, size, /* escaped= */ true);
        assert(memchr(back, 0x1b, b.length) == NULL);
        return 0;
}
