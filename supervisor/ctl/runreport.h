#pragma once
/* Runreport: what `run` tells when its command has ended. */
#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include "supervisor/host/payload.h"
#include "supervisor/text/runoptions.h"

typedef struct RunReport {
        const char *command;
        pid_t pid;
        time_t begun;             /* since 1970, before the command started */
        int status;               /* as waitpid() tells it */
        bool emptied;             /* the payload is empty: the counters are exact */
        const Payload *payload;
        const RunOptions *limits;
        PayloadCounters counters;
        json_t *records;          /* kill records of the daemon about this payload, or NULL: no daemon was asked */
} RunReport;

/* Asks the daemon, if one answers at once, for the kills in this payload. Quietly leaves records NULL otherwise. */
void runreport_ask_daemon(RunReport *r, const char *socket_path);

/* Prints the report on stderr: a sentence or two, or one JSON object. With @quiet only where the OOM killer had a hand in it,
 * or where somebody would not die. */
void runreport_print(const RunReport *r, bool json, bool quiet);

/* Frees what the report holds. */
void runreport_clear(RunReport *r);
