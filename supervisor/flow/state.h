#pragma once
/* State: all that the event thread owns, and the three things every part of the flow needs of the loop. The parts, from
 * the lowest: emit, whose, capturesection, capturebox, captures, guards, groups, more, exits, units, storms, kills, late, intake, signals, history, counters; lookagain, bell, ringtier,
 * logtier, balance, sources; settings; pauses, levers, programs, verdicts, rules; asked, status, explaining, changes, answers. supervisor.c above them owns
 * the state and hands round what comes in. */
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "supervisor/act/budgets.h"
#include "supervisor/act/hand.h"
#include "supervisor/attribute/assemble.h"
#include "supervisor/attribute/managerkill.h"
#include "supervisor/attribute/reconcile.h"
#include "supervisor/base/idmap.h"
#include "supervisor/flow/emit.h"
#include "supervisor/host/cgroupfs.h"
#include "supervisor/host/conffiles.h"
#include "supervisor/host/kmsg.h"
#include "supervisor/host/kprobe.h"
#include "supervisor/host/mounts.h"
#include "supervisor/host/taskstats.h"
#include "supervisor/observe/aftermath.h"
#include "supervisor/observe/ended.h"
#include "supervisor/observe/eventswatch.h"
#include "supervisor/observe/eyes.h"
#include "supervisor/observe/judging.h"
#include "supervisor/observe/logsource.h"
#include "supervisor/observe/readback.h"
#include "supervisor/observe/unitwatch.h"
#include "supervisor/flow/options.h"
#include "supervisor/text/verdictrecord.h"
#include "supervisor/tree/dirwatch.h"
#include "supervisor/tree/tree.h"

/* Where facts come from, and why not from elsewhere. */
typedef struct Sources {
        ReeveTier tier;
        Kprobe *kprobe;
        char kprobe_why[256];           /* why there is no kprobe source; empty where there is */
        Logsource *log;
        char log_why[256];
        Kmsg *bell;                     /* beside kprobe: rings when the kernel writes into its log */
        sd_event_source *bell_io;
        void *assembler_memory;
        Assembler *assembler;
        Reconciler reconciler;
        uint64_t begun_nsec;            /* what happened before is in neither count */
        int vmstat_fd;
        sd_event_source *kills_io, *churn_io, *churn_timer, *expire_timer, *log_io, *settle_timer, *retry_timer, *again_timer;
        uint64_t known_nsec;            /* kills from before may be recorded already: when the rings were opened */
        unsigned failures;              /* drains that failed one after another */
        uint64_t log_nsec;              /* tier log: since when the log is read as it is written */
        uint64_t log_drained_nsec;      /* ... and up to when all that it told was handed on */
        uint64_t heard_log_nsec;        /* since when it was first read in this run; 0: never */
        uint64_t log_again_nsec;        /* one that could not be read is not opened again before this */
        uint64_t log_confirmed;         /* tier log: attempts seen in "Killed" lines */
        uint64_t outside;               /* confirmed attempts outside Watch= */
        uint64_t recorded;              /* confirmed attempts that stand in records */
        uint64_t kmsg_lost;
        uint64_t lost_churn;            /* as last read */
        uint64_t lost;                  /* sum of all gaps since start */
        bool unwatched;                 /* no probe was in place for a while before this run, and that is not accounted for yet */
        bool interrupted;               /* our rings were switched off, and were not opened since */
        bool degraded;                  /* a better source than the present one failed while it ran */
        bool checked_bad;               /* the rings were switched off when it was last looked for the sake of a signal, ... */
        uint64_t checked_nsec;          /* ... at this time */
        bool better_wanted;             /* the present one is not the best that is allowed: it is tried again, ... */
        uint64_t better_nsec;           /* ... not before this, ... */
        uint64_t better_wait_nsec;      /* ... and if in vain not again for as long */
} Sources;

/* taskstats, where it is in use. */
typedef struct Exits {
        Taskstats *taskstats;
        bool proved;                    /* its self-test was passed */
        char why[256];                  /* why it is not in use; empty where it is */
        Ended *ended;
        unsigned rounds;
        sd_event_source *io, *test_timer, *gather_timer;
} Exits;

enum { UNITS_ASKED = 32 };

/* What systemd is asked of kills in units. */
typedef struct Units {
        Unitwatch *watch;
        sd_event_source *io;
        uint64_t asked[UNITS_ASKED];    /* seqs of kills whose main process systemd tells; the oldest gives way */
        size_t next;
} Units;

typedef struct LateKill LateKill;
typedef struct Captures Captures;
typedef struct CaptureBox CaptureBox;

/* A signal that waits until an eye has looked at sender and target. */
typedef struct SignalAsked {
        uint64_t cookie;                /* 0: free */
        Sigkill signal;
} SignalAsked;

enum { SIGNALS_MAX = 64, YOUNG_MAX = 512 };
enum { RULES_BATCHES = 4, RULES_DOING_MAX = 16 };

/* A verdict that is being carried out. */
typedef struct Doing {
        uint64_t cookie;                /* 0: free */
        uint64_t match_id, victim_id;   /* cgroups */
        uint64_t process_key;           /* pick_key() of the process chosen in it; 0: none */
        uint64_t incident, time_nsec;   /* the incident's beginning; when it was decided */
        JudgeVerdict verdict;
        VerdictNote note;
        char rule_at[256];
} Doing;

/* Rules told to hold still. */
typedef struct Pause {
        bool used;
        int place;                      /* in the spool; below 0: none */
        SpoolKept kept;
} Pause;

enum { RULES_LEVERS_MAX = 32, RULES_DECIDED_MAX = 64 };

/* Which incident a decision belongs to, for the kills that come of it. */
typedef struct Decided {
        uint64_t cookie, incident;
} Decided;

/* A step that is to be undone. */
typedef struct Lever {
        bool used, lifting;             /* it is being undone */
        bool over;                      /* nothing keeps it any more */
        int place;                      /* in the spool */
        SpoolKept kept;
        uint64_t match_id, incident;    /* for whose sake */
        uint64_t cookie;                /* of the last that was asked of a hand */
        uint64_t again_usec;            /* it could not be undone: not before then */
} Lever;

/* The rules at work. */
typedef struct Rules {
        Judging judging;
        sd_event_source *kick;          /* enabled where a rule matches something new */
        sd_event_source *timer, *kill_hand_io, *slow_hand_io, *unit_hand_io;
        Hand *kill_hand, *slow_hand, *unit_hand;        /* NULL before a rule matches anything */
        Limitwatch *limits;             /* NULL before a rule matches anything, or where there is no inotify */
        sd_event_source *limits_io, *limits_timer;
        Idmap guards;                   /* by cgroup; theirs, who keep them */
        uint64_t stirred_usec;          /* when the kernel told of something last, or all began */
        Batch batches[RULES_BATCHES];
        Doing doing[RULES_DOING_MAX];
        Decided decided[RULES_DECIDED_MAX];     /* the newest, in a ring */
        size_t n_decided;
        Pause pauses[JUDGING_PAUSES_MAX];
        sd_event_source *pause_timer;
        Lever levers[RULES_LEVERS_MAX];
        sd_event_source *lever_timer;
} Rules;

typedef struct Supervisor {
        Options options;
        sd_event *event;
        sd_event_source *sources_of_signals[4];
        sd_event_source *watchdog, *clock_io;
        uint64_t watchdog_usec;

        Config *config;                 /* never NULL: the defaults where the files are bad */
        Complaints complaints;          /* of the last load; errors mean that config is an older one or the defaults */
        bool refused;                   /* the files as they are now were refused */
        bool on_defaults;               /* and so were those of the start: none was ever loaded */

        CgroupMount mount;
        Cgroupfs fs;
        Tree *tree;
        Dirwatch *dirwatch;
        bool walked;                    /* the first walk is done */
        bool walk_due;                  /* births were missed since the last one */
        bool walking;                   /* one is under way */
        bool following;                 /* dirwatch watches directories: there are no births from the rings */
        uint64_t walk_nsec;
        uint64_t young[YOUNG_MAX];      /* born within the last second: their owner is looked at once more */
        size_t n_young;
        uint64_t above_id, above_nsec;  /* the directory that was looked at last because what was made in it is gone; when */
        sd_event_source *young_timer, *walk_timer;
        Eventswatch *eventswatch;
        Eyes *eyes;
        Budgets *budgets;
        Readback *readback;
        sd_event_source *dirwatch_io, *eventswatch_io, *eyes_io, *budgets_io, *readback_io, *clerk_io;

        Sources from;
        Exits exits;
        Units units;
        Rules rules;
        Captures *captures;
        CaptureBox *capturebox;
        Spool *spool;
        Clerk *clerk;
        LedgerOpening opening;
        uint64_t ledger_begun_nsec;     /* when it was made, by this run or one that did not read all back; 0: before */
        bool accounted_before;          /* what is read back was recorded by this run already, in a ledger that is gone */
        Crier *crier;
        Server *server;
        Emit emit;

        char boot_id[33], machine_id[33], hostname[65];
        char path[4352];                /* of the last whose_path() */
        uint64_t started_nsec;
        int64_t started_realtime_usec;
        LateKill *late;                 /* kills that wait for the ledger's word whether it has them, oldest first */
        size_t n_late;
        bool late_hurry;                /* they wait for the first walk no longer */
        sd_event_source *late_timer;
        struct Storms *storms;          /* NULL before a user who is not root had a kill */
        sd_event_source *storms_timer;
        uint64_t read_back_dropped;     /* kills that were read back and found no room */
        bool read_back;                 /* all that was read back has come in; the mark waits for the last of them */
        uint64_t next_cookie;
        struct Asked *asked;            /* questions to eyes and the slow hand that wait for an answer */
        Aftermaths aftermaths;
        uint64_t details_missed;        /* kills for which no eye was free */
        Managerkill managerkill;
        sd_event_source *managerkill_timer;
        SignalAsked signals[SIGNALS_MAX];
        uint64_t signals_skipped;       /* SIGKILLs that were no OOM and found no place to wait */
        const EyesParty *sender;        /* of the sigkill record being written */
        int32_t sender_tid;
        const Kill *recording;          /* of the kill record being written */
        bool stopping;
} Supervisor;

/* Adds an io source, or answers -errno. @priority: lower first. */
int state_io(Supervisor *s, sd_event_source **ret, int fd, uint32_t events, int64_t priority, sd_event_io_handler_t handler);

/* Arms a one-shot timer @usec from now on CLOCK_BOOTTIME, made at first use. One that is armed already stays. */
void state_timer(Supervisor *s, sd_event_source **timer, uint64_t usec, sd_event_time_handler_t handler);

/* A record of the supervisor itself: @event is its word, @text one sentence or NULL, @details a JSON object's text with
 * further fields or NULL. state_record() for one with more to it. */
void state_record(Supervisor *s, const RecordSupervisor *record);
void state_say(Supervisor *s, const char *event, const char *text, const char *details);
