#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/attribute/logkill.h"
#include "supervisor/text/kmsg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(KmsgSlice s, const char *text, size_t length) {
        assert(s.length == 0 || (s.data >= text && s.data + s.length <= text + length));
}

static void see(const Kill *k, void *userdata) {
        (void) userdata;
        assert(k->n_victims > 0 && k->n_victims <= LOGKILL_VICTIMS_MAX);
        assert(k->confirmed >= 1);
}

static void feed(Logkill *l, const char *text, size_t length, KmsgTable *table, uint64_t usec, const LogkillSink *sink) {
        KmsgLine line;

        kmsg_recognise(&line, text, length, table);
        inside(line.comm, text, length);
        inside(line.names, text, length);
        inside(line.path, text, length);
        inside(line.limit_path, text, length);
        inside(line.gfp_text, text, length);
        logkill_feed(l, &line, usec, sink);
}

/* Lines of any content, as records of /dev/kmsg and as bare text, through recognition, joining and attribution. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static KmsgRecord record;
        static KmsgJoiner joiner;
        static Logkill l;
        LogkillSink sink = { .kill = see };
        KmsgTable table = { 0 };
        const char *p = (const char *) data, *end = p + size;
        uint64_t n = 0;

        joiner.pending = false;
        logkill_init(&l, REEVE_SOURCE_LOG, 4096, false);
        while (p < end) {
                const char *stop = memchr(p, '\n', (size_t) (end - p));
                size_t length = (size_t) ((stop ? stop : end) - p);
                /* A copy of its own size, so that reading past it is found. */
                char *line = malloc(length ? length : 1);
                KmsgSlice text;
                int64_t usec;

                memcpy(line, p, length);
                if (kmsg_parse(&record, line, length) == 0) {
                        assert(record.length < KMSG_TEXT_SIZE);
                        logkill_sequence(&l, record.seq, record.usec, &sink);
                        if (kmsg_join(&joiner, record.text, record.length, record.seq, record.usec, record.continuation) == KMSG_JOIN_WHOLE)
                                feed(&l, joiner.text, joiner.length, &table, n, &sink);
                        feed(&l, record.text, record.length, &table, n, &sink);
                }
                kmsg_strip(line, length, &usec, &text);
                if (kmsg_join(&joiner, text.data, text.length, n, n, false) == KMSG_JOIN_WHOLE)
                        feed(&l, joiner.text, joiner.length, &table, n, &sink);
                feed(&l, text.data, text.length, &table, n, &sink);
                free(line);
                n++;
                p = stop ? stop + 1 : end;
        }
        logkill_flush(&l, &sink);
        return 0;
}
