#include "supervisor/flow/more.h"

#include <string.h>

#include "supervisor/flow/whose.h"
#include "supervisor/host/proc.h"

typedef struct More {
        const char *of, *text;
        size_t length;
        uint64_t time_nsec;
} More;

static int write_more(Strbuf *out, const RecordContext *context, const void *what) {
        const More *m = what;

        return record_more(out, context, m->of, m->time_nsec, m->text, m->length);
}

void more_record(Supervisor *s, uint64_t of_seq, uint64_t group, const char *text) {
        char of[EMIT_ID_SIZE];
        More more = { .of = emit_id(&s->emit, of_seq, of), .text = text, .length = strlen(text),
                      .time_nsec = clock_boottime_nsec() };
        EmitHead head = {
                .type = REEVE_RECORD_MORE,
                .time_nsec = more.time_nsec,
                .of_seq = of_seq,
                .owner_uid = group ? whose_account_uid(s, group, /* path= */ NULL) : RECORD_OWNER_UNKNOWN,
        };

        (void) emit_record(&s->emit, &head, write_more, &more);
}
