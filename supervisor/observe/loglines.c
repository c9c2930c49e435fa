#include "supervisor/observe/loglines.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void loglines_init(Loglines *l, ReeveSource source, bool late) {
        long page = sysconf(_SC_PAGESIZE);

        memset(l, 0, sizeof(*l));
        logkill_init(&l->kills, source, (uint32_t) (page > 0 ? page : 4096), late);
}

static void take(Loglines *l, const char *text, size_t length, uint64_t usec, LoglinesMet met, const LogkillSink *sink) {
        kmsg_recognise(&l->line, text, length, &l->table);
        if (l->line.kind == KMSG_OTHER)
                return;
        if (met)
                met(sink->userdata, &l->line);
        logkill_feed(&l->kills, &l->line, usec, sink);
}

static void join(Loglines *l, const char *text, size_t length, uint64_t seq, uint64_t usec, bool continuation,
                 LoglinesMet met, const LogkillSink *sink) {
        switch (kmsg_join(&l->joiner, text, length, seq, usec, continuation)) {
        case KMSG_JOIN_ALONE:
                take(l, text, length, usec, met, sink);
                break;
        case KMSG_JOIN_WHOLE:
                take(l, l->joiner.text, l->joiner.length, l->joiner.usec, met, sink);
                break;
        case KMSG_JOIN_KEPT:
                break;
        }
}

void loglines_record(Loglines *l, const char *data, size_t length, LoglinesMet met, const LogkillSink *sink) {
        KmsgRecord *r = &l->record;
        int e = kmsg_parse(r, data, length);

        if (e < 0 && e != -ENOBUFS)
                return;
        logkill_sequence(&l->kills, r->seq, r->usec, sink);
        if (r->kernel)
                join(l, r->text, r->length, r->seq, r->usec, r->continuation, met, sink);
}

void loglines_text(Loglines *l, const char *text, size_t length, uint64_t usec, const LogkillSink *sink) {
        join(l, text, length, 0, usec, false, NULL, sink);
}
