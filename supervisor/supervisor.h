#pragma once
/* Supervisor: owns everything and lets the data flow. Its parts are the files beside this one, each with one question:
 * sources.c (what happens?), kills.c (who was killed?), groups.c (which cgroups are there?), settings.c (what is
 * wanted?), answers.c (who asks?). All of it is the event thread's. */
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "supervisor/act/budgets.h"
#include "supervisor/attribute/assemble.h"
#include "supervisor/attribute/managerkill.h"
#include "supervisor/attribute/reconcile.h"
#include "supervisor/emit.h"
#include "supervisor/host/cgroupfs.h"
#include "supervisor/host/conffiles.h"
#include "supervisor/host/kprobe.h"
#include "supervisor/host/mounts.h"
#include "supervisor/observe/aftermath.h"
#include "supervisor/observe/eventswatch.h"
#include "supervisor/observe/eyes.h"
#include "supervisor/observe/logsource.h"
#include "supervisor/observe/readback.h"
#include "supervisor/options.h"
#include "supervisor/tree/dirwatch.h"
#include "supervisor/tree/tree.h"

/* Where facts come from, and why not from elsewhere. */
typedef struct Sources {
        ReeveTier tier;
        Kprobe *kprobe;
        char kprobe_why[256];           /* why there is no kprobe source; empty where there is */
        Logsource *log;
        char log_why[256];
        void *assembler_memory;
        Assembler *assembler;
        Reconciler reconciler;
        int vmstat_fd;
        sd_event_source *kills_io, *churn_io, *churn_timer, *expire_timer, *log_io, *settle_timer, *retry_timer;
        uint64_t log_confirmed;         /* tier log: attempts seen in "Killed" lines */
        uint64_t outside;               /* confirmed attempts outside Watch= */
        uint64_t recorded;              /* confirmed attempts that stand in records */
        uint64_t kmsg_lost;
        uint64_t lost_churn;            /* as last read */
        uint64_t lost;                  /* sum of all gaps since start */
        bool degraded;                  /* a better source than the present one failed while it ran */
} Sources;

typedef struct LateKill LateKill;

/* A signal that waits until an eye has looked at sender and target. */
typedef struct SignalAsked {
        uint64_t cookie;                /* 0: free */
        Sigkill signal;
} SignalAsked;

enum { SIGNALS_MAX = 64, YOUNG_MAX = 512 };

typedef struct Supervisor {
        Options options;
        sd_event *event;
        sd_event_source *sources_of_signals[4];
        sd_event_source *watchdog, *clock_io;
        uint64_t watchdog_usec;

        Config *config;                 /* never NULL: the defaults where the files are bad */
        Complaints complaints;          /* of the last load; errors mean that config is an older one or the defaults */
        bool refused;                   /* the files as they are now were refused */

        CgroupMount mount;
        Cgroupfs fs;
        Tree *tree;
        Dirwatch *dirwatch;
        bool walked;                    /* the first walk is done */
        bool walk_due;                  /* births were missed since the last one */
        uint64_t walk_nsec;
        uint64_t young[YOUNG_MAX];      /* born within the last second: their owner is looked at once more */
        size_t n_young;
        sd_event_source *young_timer;
        Eventswatch *eventswatch;
        Eyes *eyes;
        Budgets *budgets;
        Readback *readback;
        sd_event_source *dirwatch_io, *eventswatch_io, *eyes_io, *budgets_io, *readback_io, *clerk_io;

        Sources from;
        Spool *spool;
        Clerk *clerk;
        LedgerOpening opening;
        Crier *crier;
        Server *server;
        Emit emit;

        char boot_id[33], boot_id_dashed[37], machine_id[33], hostname[65];
        char path[4352];                /* of the last path_of_id() */
        uint64_t started_nsec;
        int64_t started_realtime_usec;
        bool first_of_boot;             /* nothing of this boot was in the runtime directory */
        LateKill *late;                 /* kills that wait for the ledger's word whether it has them */
        uint64_t late_oldest_nsec;
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
        bool stopping;
} Supervisor;

/* Opens everything in order; what is missing but not vital is said in records and status. Returns 0, -errno with the reason
 * in @reterr. The caller frees with supervisor_done() in any case. */
int supervisor_init(Supervisor *s, const Options *options, char *reterr, size_t err_size);

/* Runs until told to stop. Returns 0 or -errno. */
int supervisor_run(Supervisor *s);

/* Closes everything; probes, rings, limits and the spool stay. */
void supervisor_done(Supervisor *s);

/* The records of the supervisor itself. */
void supervisor_say(Supervisor *s, const char *event, const char *text, const char *details);

/* Adds an io source, or answers -errno. @priority: lower first. */
int supervisor_io(Supervisor *s, sd_event_source **ret, int fd, uint32_t events, int64_t priority,
                  sd_event_io_handler_t handler);

/* Arms a one-shot timer @usec from now on CLOCK_BOOTTIME, made at first use. */
void supervisor_timer(Supervisor *s, sd_event_source **timer, uint64_t usec, sd_event_time_handler_t handler);

/* ---- sources.c ---- */

/* Opens the best source that Source= allows, says which and why no better one. */
void sources_open(Supervisor *s);
void sources_close(Supervisor *s);

/* Source= is another now. */
void sources_reopen(Supervisor *s);

/* Is all well, and do the numbers agree? At each watchdog tick and after each kill. */
void sources_check(Supervisor *s);

/* Up to when (CLOCK_BOOTTIME, usec) the sources are drained. */
uint64_t sources_drained_usec(Supervisor *s);

/* ---- kills.c ---- */

/* A kill, live or late: becomes a record, unless the ledger has it. */
void kills_take(Supervisor *s, const Kill *kill);

/* A signal that was no OOM: a record where it is a SIGKILL, a kill where a manager sent it. */
void kills_take_signal(Supervisor *s, const Sigkill *signal);

/* Who sent a signal and who got it. */
void kills_parties(Supervisor *s, const EyesAnswer *answer);

/* What the eyes saw after the kill with seq @cookie. */
void kills_details(Supervisor *s, const EyesAnswer *answer);

/* Begins to read back what was killed before; once per ledger and boot. */
void kills_readback(Supervisor *s);
int kills_on_readback(sd_event_source *source, int fd, uint32_t revents, void *userdata);

/* The evidence up to which ring pages may go: just before the oldest kill that still waits for the ledger's word. */
uint64_t kills_releasable_nsec(const Supervisor *s);
void kills_done(Supervisor *s);

/* ---- groups.c ---- */

/* Opens tree, walk and watch. Returns 0 or -errno. */
int groups_open(Supervisor *s);
/* Begins the walk over all cgroups; in tier log it goes on watching. After sources_open(). Returns 0 or -errno. */
int groups_walk(Supervisor *s);

/* Births or deaths were missed: once more. */
void groups_walk_again(Supervisor *s);

/* At each watchdog tick: room ahead, old tombstones away. */
void groups_tick(Supervisor *s);
void groups_close(Supervisor *s);
void groups_born(Supervisor *s, const EvidenceChurn *churn);

/* @path where the source told it, else NULL. */
void groups_died(Supervisor *s, uint64_t id, const char *path);
void groups_owner(Supervisor *s, const EyesAnswer *answer);

/* Reports all cgroups to the budgets (again, after a reload). */
void groups_report(Supervisor *s);

/* The path of a cgroup, living or dead a short while; NULL. Lives until the next call. */
const char *groups_path(void *supervisor, uint64_t id);
const Identity *groups_identity(void *supervisor, uint64_t id);
int64_t groups_owner_uid(void *supervisor, uint64_t id);
bool groups_process(void *supervisor, int32_t tgid, uint64_t start_nsec, RecordProcess *ret);

/* Whether a cgroup lies at or below Watch=. Unknown ones do: better a record too many. */
bool groups_watched(Supervisor *s, uint64_t id);

/* ---- settings.c ---- */

/* Reads the configuration at start: the defaults where it is bad. */
void settings_load(Supervisor *s);

/* Reads it again. Returns 0 with the changes as a JSON object text {"changes": [...]}, or -EBADMSG with
 * {"complaints": [...]}: the old one stays. The caller frees. */
int settings_reload(Supervisor *s, char **ret_text);
ReeveMode settings_mode(const Supervisor *s);

/* Begins to apply budgets (after the first walk). */
void settings_apply(Supervisor *s);
int settings_on_budgets(sd_event_source *source, int fd, uint32_t revents, void *userdata);

/* ---- answers.c ---- */

/* What the server asks of the supervisor. */
extern const ServerOps answers_ops;

/* An eye's or the slow hand's answer to a question of a peer. */
void answers_eyes(Supervisor *s, const EyesAnswer *answer);
void answers_budgets(Supervisor *s, uint64_t cookie, const char *record_json, bool done);
void answers_done(Supervisor *s);
