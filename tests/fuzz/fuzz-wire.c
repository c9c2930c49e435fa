/* Bytes from a socket, cut at any place: framing, calls and replies must hold. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/text/facts.h"
#include "supervisor/text/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void message(const char *text, size_t length) {
        WireCall call = { 0 };
        WireReply reply = { 0 };
        Facts facts = { 0 };

        if (wire_call_parse(&call, text, length) == 0)
                wire_call_clear(&call);
        if (wire_reply_parse(&reply, text, length) == 0)
                wire_reply_clear(&reply);
        if (facts_parse(&facts, text, length) == 0) {
                (void) facts_concern(&facts, "/a");
                (void) facts_have_victim(&facts, 1, 2);
                facts_clear(&facts);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        WireBuffer b = WIRE_BUFFER_INIT(4096);
        size_t step = size > 0 ? data[0] % 64u + 1 : 1;

        for (size_t at = 1; at < size; at += step) {
                size_t n = size - at < step ? size - at : step, room, length;
                char *to = wire_buffer_room(&b, n, &room);
                const char *text;
                int r;

                if (!to || room < n)
                        abort();
                memcpy(to, data + at, n);
                wire_buffer_added(&b, n);
                while ((r = wire_buffer_next(&b, &text, &length)) > 0) {
                        if (strlen(text) != length)
                                abort();
                        message(text, length);
                }
                if (r < 0)
                        break;
        }
        wire_buffer_clear(&b);
        return 0;
}
