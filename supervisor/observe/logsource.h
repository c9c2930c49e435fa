#pragma once
/* The tier log: what the kernel log, zombies in /proc and memory.events tell of kills where no probe may be set. Each
 * kill is attributed as far as these go: `likely` with the log, `counted` by memory.events alone. Event thread only. */
#include <stdbool.h>
#include <stdint.h>

#include "supervisor/attribute/kill.h"
#include "supervisor/host/cgroupfs.h"

typedef struct Logsource Logsource;

typedef struct LogsourceSink {
        /* One OOM. Strings and victims live until it returns. */
        void (*kill)(void *userdata, const Kill *kill);
        /* @lost records of the kernel log were overwritten unread: kills among them are gone (a gap of cause kmsg). */
        void (*lost)(void *userdata, uint64_t lost);
        void *userdata;
} LogsourceSink;

typedef struct LogsourceCounts {
        uint64_t records, lost, kills;  /* of the kernel log */
        uint64_t processes;             /* victims still found in /proc */
        bool kmsg;                      /* the kernel log could be opened */
} LogsourceCounts;

/* Opens @device (NULL: /dev/kmsg) behind its newest record. Returns 0; -errno of the open: then the caller watches
 * memory.events alone (logsource_counted()). @fs must outlive it. */
int logsource_new(Logsource **ret, const Cgroupfs *fs, const char *device, const LogsourceSink *sink);
Logsource *logsource_free(Logsource *s);

/* The fd to wait on; it stays the source's. */
int logsource_fd(const Logsource *s);

/* Reads what there is, at most a few hundred records a call. Returns 1 where more is waiting, 0, -errno. */
int logsource_drain(Logsource *s);

/* Ends what is still open: a kill whose lines ended is handed on when the next begins or by this, some milliseconds after
 * the last drain. Returns true while something is open: arm a timer. */
bool logsource_settle(Logsource *s, uint64_t now_nsec);

/* Is a kill's end still to come? What is counted meanwhile is not lost yet. */
bool logsource_busy(const Logsource *s);

/* A kill known only by counting: memory.events.local of cgroup @id grew by @grown between two looks, the last at
 * @now_nsec. Fills @ret, without victims; @path must outlive it. Growth seen only in memory.events of an ancestor is no
 * kill record (whose would it be?) but a gap. */
void logsource_counted(Kill *ret, uint64_t id, const char *path, uint32_t grown, uint64_t now_nsec);

/* Gives the counters since the start. */
void logsource_counts(const Logsource *s, LogsourceCounts *ret);
