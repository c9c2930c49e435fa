#pragma once
/* What a replay says, as a table or as JSON. */
#include "supervisor/ctl/ctl.h"
#include "supervisor/observe/replaying.h"
#include "supervisor/text/table.h"

/* Zeroed but for what the caller fills in. */
typedef struct ReplayPrint {
        const CtlContext *context;
        bool against;                   /* also how it stands to what was decided then */
        bool changes;                   /* of that only what differs */
        Table table;
        uint64_t n;
        int error;                      /* CTL_DONE, or why JSON could not be written */
} ReplayPrint;

/* Begins; ReplayTell with the ReplayPrint as userdata; writes the table and what it comes to, and returns an exit code; frees. */
void replayprint_begin(ReplayPrint *p);
void replayprint_event(const ReplayEvent *event, void *userdata);
int replayprint_end(ReplayPrint *p, const ReplaySums *sums);

/* As replayprint_end(), of a print with @changes: the table alone, and what is not known. */
int replayprint_changes_end(ReplayPrint *p, const ReplaySums *sums);
void replayprint_clear(ReplayPrint *p);
