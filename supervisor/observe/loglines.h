#pragma once
/* From lines of a kernel log to kills: what the log tier and reading back have in common. Large: on the heap. */
#include <stdint.h>
#include <sys/types.h>

#include "supervisor/attribute/logkill.h"
#include "supervisor/text/kmsg.h"

typedef struct Loglines {
        Logkill kills;
        KmsgJoiner joiner;
        KmsgTable table;
        KmsgRecord record;
        KmsgLine line;                  /* the last one recognised */
} Loglines;

/* Begins anew, as for another boot. */
void loglines_init(Loglines *l, ReeveSource source, bool late);

/* One raw record of /dev/kmsg. Records of user space are passed over but for their number. @met (may be NULL) is told
 * each line of the kernel that was recognised, before its kill can be handed on. */
typedef void (*LoglinesMet)(void *userdata, const KmsgLine *line);
void loglines_record(Loglines *l, const char *data, size_t length, LoglinesMet met, const LogkillSink *sink);

/* One line of a kernel log without its prefix, @usec its stamp. */
void loglines_text(Loglines *l, const char *text, size_t length, uint64_t usec, const LogkillSink *sink);
