#pragma once
/* Attribution from the kernel's log: recognised lines in, kills out. For the log tier and for reading back what journal
 * and pstore kept. Pure: no clock, no allocation, no pointer kept but into memory the caller gave. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "supervisor/attribute/kill.h"
#include "supervisor/text/kmsg.h"

enum { LOGKILL_VICTIMS_MAX = 512, LOGKILL_ROWS_MAX = 256, LOGKILL_PATH_SIZE = 4352 };

/* A line's figures of a process, from the dump's table, kept until its "Killed process" line. */
typedef struct LogkillRow {
        int32_t pid, tgid;
        int64_t uid, rss_pages, swap_pages;
} LogkillRow;

typedef struct LogkillSink {
        void (*kill)(const Kill *k, void *userdata);            /* Kill lives until the callback returns */
        /* Does process @pid, just named, live in @group or below it? 1 yes, 0 no, -1 not known. May be NULL. */
        int (*member)(int64_t pid, const char *group, void *userdata);
        void (*gap)(uint64_t lost, uint64_t from_usec, uint64_t to_usec, void *userdata);       /* may be NULL */
        void *userdata;
} LogkillSink;

/* One source's reading. Zeroed by logkill_init(); large: keep it in static or mapped memory. */
typedef struct Logkill {
        uint32_t page_size;
        ReeveSource source;             /* REEVE_SOURCE_LOG, _JOURNAL or _PSTORE */
        bool late;
        bool begun;                     /* an OOM's lines are coming in */
        bool open;                      /* a victim is among them: logkill_flush() has something to hand over */
        bool header, oom_kill;          /* of which these came */
        bool group;                     /* "Tasks in ..." came */
        bool sequence_known;
        uint64_t next_seq, last_usec;
        Kill kill;
        KillVictim victims[LOGKILL_VICTIMS_MAX];
        size_t n_sure;                  /* so many of them are this OOM's; those behind may be others' */
        uint64_t stamps[LOGKILL_VICTIMS_MAX];           /* of their lines, microseconds */
        KmsgMessage messages[LOGKILL_VICTIMS_MAX];
        LogkillRow rows[LOGKILL_ROWS_MAX];
        size_t n_rows;
        int64_t chosen_pid;             /* of the oom-kill line; KILL_UNKNOWN */
        char chosen_comm[KILL_COMM_SIZE];
        char names[KMSG_JOINED_SIZE];   /* the oom-kill line's paths, until the comm is known */
        size_t names_length;
        bool global_oom;
        bool ambiguous;
        char limit_path[LOGKILL_PATH_SIZE], victim_path[LOGKILL_PATH_SIZE], group_path[LOGKILL_PATH_SIZE];
        uint64_t kills, lost;
} Logkill;

/* @page_size in bytes; @late: what is read is old. */
void logkill_init(Logkill *l, ReeveSource source, uint32_t page_size, bool late);

/* Takes one recognised line of the kernel's, @usec its stamp. Lines come in the log's order. */
void logkill_feed(Logkill *l, const KmsgLine *line, uint64_t usec, const LogkillSink *sink);

/* Tells the sequence number of each record read, the kernel's or not: where numbers are missing a gap is reported. */
void logkill_sequence(Logkill *l, uint64_t seq, uint64_t usec, const LogkillSink *sink);

/* Hands over what is open: at the source's end, or when nothing more came for a while (100 ms is ample). A dump without
 * its "Killed process" line stays: on a slow console it may take seconds to get there. */
void logkill_flush(Logkill *l, const LogkillSink *sink);
