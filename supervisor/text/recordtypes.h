#pragma once
/* What records tell, as structs, and what is known around them. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reeve/words.h"
#include "supervisor/attribute/kill.h"
#include "supervisor/base/strbuf.h"

#define RECORD_UNKNOWN INT64_C(-1)      /* of any number below: not known */

/* What is known of a process besides the evidence. Texts are raw bytes and live until the callback's next call. */
typedef struct RecordProcess {
        const char *comm;               /* NULL: not known; so of the other texts */
        const char *cmdline;            /* arguments, NULs between them */
        size_t cmdline_length;
        const char *unit;
        int64_t ppid, ns_pid, uid;
        uint64_t cgroup_id;             /* 0: not known */
        int main;                       /* 1: its unit's main process, 0: not, -1: not known */
} RecordProcess;

/* Who answers questions about ids. Each may be NULL, and may answer "not known". */
typedef struct RecordSources {
        const char *(*path)(void *userdata, uint64_t cgroup_id);                /* NULL: not known */
        const Identity *(*identity)(void *userdata, uint64_t cgroup_id);        /* NULL: not known */
        int64_t (*owner_uid)(void *userdata, uint64_t cgroup_id);               /* RECORD_UNKNOWN */
        /* @tgid is a thread group's (or, where @start_nsec is 0, perhaps a thread's) id. false: nothing known. */
        bool (*process)(void *userdata, int32_t tgid, uint64_t start_nsec, RecordProcess *ret);
        void *userdata;
} RecordSources;

/* What all records of this daemon share. Texts are the caller's; NULL: not known. */
typedef struct RecordContext {
        const char *boot_id;            /* 32 hex digits or with dashes, as it shall stand in the record */
        const char *machine_id;
        const char *hostname;
        const char *ledger_id;          /* "r7k2m9x4" */
        uint64_t seq;                   /* of the record to be written */
        int64_t realtime_offset_usec;   /* CLOCK_REALTIME - CLOCK_BOOTTIME, of the boot in which it happened */
        int64_t recorded_usec;          /* CLOCK_REALTIME, becomes recorded_time: of now, also where it happened in another boot */
        const char *incident;
        const char *configuration_hash;
        const char *rule_at;            /* "web.conf:12" */
        bool command_line;              /* RecordCommandLine= */
        RecordSources sources;
} RecordContext;

/* Kills that nobody could attribute. */
typedef struct RecordGap {
        uint64_t lost;
        ReeveGapCause cause;
        uint64_t from_nsec, to_nsec;    /* when the lost happened: after from, up to to */
} RecordGap;

/* What became of a limit. */
typedef enum RecordLimitState {
        RECORD_LIMIT_APPLIED,
        RECORD_LIMIT_REFUSED,
        RECORD_LIMIT_CHANGED,           /* found changed by someone else */
} RecordLimitState;

/* A limit's value: bytes, KILL_UNLIMITED ("max"), RECORD_UNKNOWN. Keys that are no sizes (memory.oom.group, 0 and 1; an
 * oom_score_adj, which may be below 0 and is KILL_ADJ_UNKNOWN where not known) have their number there. */
typedef struct RecordLimit {
        uint64_t time_nsec;
        KillCgroup cgroup;
        const char *key;                /* "MemoryMax" */
        RecordLimitState state;
        bool dry_run;                   /* nothing was written: APPLIED means that it would have been */
        int64_t wanted, before, after, effective_bytes;
        const char *by;                 /* "reeve", "systemd", "other" */
        ReeveReason reason;
        ReeveOutcome outcome;
        const char *error;              /* words for a human; NULL: none */
        bool requested;                 /* by a peer, who is: */
        int64_t requested_uid, requested_pid;
        const char *requested_comm, *requested_unit;
} RecordLimit;

/* How often the kernel killed in one cgroup. */
typedef struct RecordStormCount {
        KillCgroup cgroup;
        uint64_t kills;                 /* as vmstat oom_kill counts */
} RecordStormCount;

/* One second of an owner's kills that have no records of their own. */
typedef struct RecordStorm {
        uint64_t time_nsec;             /* of the first of them */
        int64_t owner_uid;
        int64_t second;                 /* since 1970 */
        const RecordStormCount *counts;
        size_t n_counts;
} RecordStorm;

/* What Reeve tells of itself. */
typedef struct RecordSupervisor {
        uint64_t time_nsec;
        const char *event;              /* started | stopped | tier | configuration_loaded | configuration_refused | watch_lost |
                                         * paused | resumed */
        ReeveTier tier;
        const char *text;               /* one sentence; NULL: made from the rest */
        const char *configuration_text; /* the whole configuration, of configuration_loaded */
        const char *details;            /* a JSON object as text with further fields, or NULL */
} RecordSupervisor;
