#pragma once
/* Captures: all that the judge was given, as text of one event a line, so that it can be judged again. One or more sections, each
 * whole in itself:
 *
 *   reeve-capture 1                         a section begins; then its head, in this order:
 *   boot ID, offset USEC, page BYTES,       boot, CLOCK_REALTIME - CLOCK_BOOTTIME, page size,
 *   ledger ID, root ID, mode WORD,          ledger (incidents are named after it), the root cgroup's id, act or dry-run,
 *   init PATH, own PATH                     cgroups of the first process and of reeved,
 *   config HASH [cut]                       the configuration: its hash, and unless it was too long its files,
 *   file NAME, then |LINE ...               each with its lines
 *   begin USEC
 *   g ID PARENT PATH                        a cgroup; of what follows each is told first
 *   d ID                                    it is gone
 *   z [ID]                                  no more is told of it (of all) until it is told anew (c): its rules sleep
 *   c ID FLAGS READING                      what was last seen of it; k known, p populated, o memory.oom.group, r its history is kept,
 *                                           H it is hot, Sn it moved last at n, Pn points, Mn its marks, On its owner (not 0), Bn what
 *                                           bounds it, Cn which names that rules ask for were found in it
 *   h ID READING                            one before, oldest first
 *   j ID NUMBERS RULE, then m READING ...   how a rule stands on it, and what it has seen of it
 *   t FIELD REACH, then m READING ...       of one field alone for a window of REACH; without such a line all that stands behind j counts
 *   l USEC ...                              kills that count for KillLimit=
 *   y USEC MATCH BOUND                      one that may still show its effect; USEC 0: it is not done; MATCH 0: it was not to be done
 *   p COOKIE MATCH VICTIM ACTION STEP DRY REASON RULE       decided before, not done yet
 *   u                                       nothing is paused any more, but for what follows
 *   u ID [PATH]                             rules that look at ID or below it; and it is sheltered from others too
 *   r USEC TOTAL AVAILABLE SWAP FREE        a round of looks, with the host's numbers
 *   i ID FLAGS READING                      one look of it; also g gone, q quick (M, O, B and C where they were read), b limits as before, n nobody looked: so it stood
 *   v COOKIE USEC MATCH VICTIM ACTION STEP DRY REASON RULE, then w JSON     what was decided on it, and the record's members
 *   k COOKIE TOTAL OPEN, then w JSON        its cgroup's processes were looked at, of whom OPEN might be chosen, TOTAL pages being all there
 *                                           are; w: the record's members, now with whom was chosen
 *   a PID START PAGES ADJ NAME              behind k, as they were ranked
 *   o COOKIE USEC OUTCOME KNOWN WHOM        what came of it; whom, as far as the judge passes over
 *   x USEC CGROUP LIMIT PATH                the kernel killed there
 *   L N                                     so many rounds were left out here
 *   E USEC WORD                             the end, and whose it was
 *
 * A READING is told as what changed since the one before, letter by letter: t time, s some, f full, c current, u unreclaimable, w
 * swap, p protection, l limit, x swap limit, h memory.high, r refault, and of memory.events H M O K and locally m o; + and - a change,
 * = a value, ? not known, * no limit. Names have the form of text/escape. */
#include "policies/judge.h"
#include "policies/pick.h"
#include "supervisor/base/strbuf.h"
#include "supervisor/text/config.h"

#define CAPTURE_MAGIC "reeve-capture 1"

enum { CAPTURE_PATH_SIZE = 4096, CAPTURE_NAME_SIZE = 256, CAPTURE_KILLS_MAX = JUDGE_KILLS_MAX };

/* ---- the head of a section ---- */

typedef struct CaptureHead {
        char boot_id[40], ledger_id[16], hash[17];
        int64_t offset_usec, page_size;
        uint64_t root_id, begin_usec;
        ReeveMode mode;
        char init_path[CAPTURE_PATH_SIZE], own_path[CAPTURE_PATH_SIZE];
        bool cut;                        /* the configuration is not here */
        ConfigFile *files;
        size_t n_files;
} CaptureHead;

/* ---- what stands in a line ---- */

typedef enum CaptureKind {
        CAPTURE_SECTION,                 /* a whole head: capture_head() */
        CAPTURE_GROUP,
        CAPTURE_GONE,
        CAPTURE_ASLEEP,
        CAPTURE_LAST,
        CAPTURE_BEFORE,
        CAPTURE_STATE,
        CAPTURE_SEEN,                    /* what the rule of the last CAPTURE_STATE has seen */
        CAPTURE_TRACK,                   /* the next CAPTURE_SEEN are of this one alone */
        CAPTURE_KILLS,
        CAPTURE_RECENT,
        CAPTURE_PENDING,
        CAPTURE_RESUMED,
        CAPTURE_PAUSED,
        CAPTURE_ROUND,
        CAPTURE_LOOK,
        CAPTURE_VERDICT,
        CAPTURE_PROCESSES,               /* of a verdict's cgroup: these are the next ... */
        CAPTURE_PROCESS,
        CAPTURE_OUTCOME,
        CAPTURE_KERNEL,
        CAPTURE_LOST,
        CAPTURE_END,
} CaptureKind;

/* A look at a cgroup, as a round has it. */
typedef struct CaptureLook {
        uint64_t id;
        bool known, gone, quick, close, given, populated, oom_group, remembered, hot;
        uint64_t stirred_usec;           /* when it moved last; 0: not known */
        bool bounded;                    /* bound_id is told */
        uint64_t bound_id;
        bool named;                      /* comms is told */
        uint32_t comms;
        uint32_t owner;
        uint8_t marks;
        double points;                   /* -1: not known */
        Reading reading;
} CaptureLook;

/* How a rule stands. */
typedef struct CaptureState {
        uint64_t id;                     /* the cgroup's */
        bool twice;
        JudgeState judge;                /* of conditions what lasts from look to look */
} CaptureState;

/* A decision. */
typedef struct CaptureVerdict {
        uint64_t cookie, time_usec, match_id, victim_id;        /* victim 0: nobody */
        int action;                      /* RuleAction; -1: none */
        uint64_t step;
        bool dry_run;
        ReeveReason reason;
        const char *members;             /* the record's, JSON; not NUL-terminated, NULL but of VERDICT and PROCESSES */
        size_t members_length;
} CaptureVerdict;

typedef struct CaptureEvent {
        CaptureKind kind;
        uint64_t id, parent_id, time_usec;       /* GROUP, GONE, ASLEEP (0: all), PAUSED, KERNEL: the cgroup; parent: also the limit's. Of END the time */
        char path[CAPTURE_PATH_SIZE];    /* GROUP, KERNEL; PAUSED: "" where others may act on it */
        char rule[CAPTURE_NAME_SIZE];    /* STATE, PENDING, VERDICT: raw bytes */
        CaptureLook look;                /* LAST, BEFORE, SEEN (of the last two the reading only), LOOK */
        CaptureState state;
        ObservationField track;          /* TRACK */
        uint64_t reach_usec;
        HostReading host;                /* ROUND */
        CaptureVerdict verdict;          /* VERDICT, PENDING; of OUTCOME the cookie, time and victim, of PROCESSES cookie and members */
        int64_t total_pages;             /* PROCESSES */
        uint64_t open;
        PickProcess process;             /* PROCESS: what it is ranked by */
        ReeveOutcome outcome;
        bool outcome_known;
        uint64_t kills[CAPTURE_KILLS_MAX];      /* KILLS: the times */
        size_t n_kills;
        uint64_t recent_usec, bound_id;  /* RECENT: of the match id */
        uint64_t lost_rounds;
        char word[32];                   /* END */
} CaptureEvent;

/* ---- reading ---- */

typedef struct CaptureReader CaptureReader;

/* Where and why a text is no capture. */
typedef struct CaptureError {
        uint64_t line;                   /* from 1 */
        char text[160];
} CaptureError;

/* Begins to read @text, which stays the caller's and unchanged meanwhile. Returns 0 or -ENOMEM. */
int capture_reader_new(CaptureReader **ret, const char *text, size_t length);
CaptureReader *capture_reader_free(CaptureReader *r);

/* Takes the next event. Returns 1; 0 at the end of the text; -EINVAL where it is no capture, with @reterr; -ENOMEM. After an error
 * or the end it stays there. */
int capture_next(CaptureReader *r, CaptureEvent *ret, CaptureError *reterr);

/* The head of the section that was begun last; NULL before the first. The reader's, until the next CAPTURE_SECTION. */
const CaptureHead *capture_head(const CaptureReader *r);

/* ---- writing: each appends whole lines, or cut ones where @out is too small ---- */

/* The head, of @config (its files and hash are taken from there). */
void capture_put_head(Strbuf *out, const CaptureHead *head, const Config *config);
void capture_put_group(Strbuf *out, uint64_t id, uint64_t parent_id, const char *path);
void capture_put_gone(Strbuf *out, uint64_t id);
void capture_put_asleep(Strbuf *out, uint64_t id);

/* 'c', 'h', 'i' and 'm' lines: @before is the reading told before of the same (NULL: none). */
void capture_put_look(Strbuf *out, CaptureKind kind, const CaptureLook *look, const Reading *before);
void capture_put_state(Strbuf *out, const CaptureState *state, size_t n_conditions, const char *rule);
void capture_put_track(Strbuf *out, ObservationField field, uint64_t reach_usec);
void capture_put_kills(Strbuf *out, const uint64_t *usec, size_t n);
void capture_put_recent(Strbuf *out, uint64_t usec, uint64_t match_id, uint64_t bound_id);
void capture_put_resumed(Strbuf *out);
void capture_put_paused(Strbuf *out, uint64_t id, const char *path);
void capture_put_round(Strbuf *out, uint64_t now_usec, const HostReading *host);
void capture_put_verdict(Strbuf *out, CaptureKind kind, const CaptureVerdict *verdict, const char *rule);

/* @processes as pick_rank() left them, with @members that it made. */
void capture_put_processes(Strbuf *out, uint64_t cookie, int64_t total_pages, const PickProcess *processes, size_t n, size_t open,
                           const char *members);
void capture_put_outcome(Strbuf *out, uint64_t cookie, uint64_t time_usec, ReeveOutcome outcome, bool known, uint64_t victim);
void capture_put_kernel(Strbuf *out, uint64_t time_usec, uint64_t cgroup_id, uint64_t limit_id, const char *path);
void capture_put_lost(Strbuf *out, uint64_t rounds);
void capture_put_end(Strbuf *out, uint64_t time_usec, const char *word);
