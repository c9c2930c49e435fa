#pragma once
/* Eyes: threads for reads that may stall (memory.stat, cmdline, whole subtrees). The event thread posts a request
 * without waiting and finds the answer in a ring. Two look at a time; one that is stuck for a second is counted and left
 * behind, and another takes its place, four times at most. What an eye could not read is null in its answer. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "supervisor/base/ring.h"
#include "supervisor/host/cgroupfs.h"

typedef struct Eyes Eyes;

enum { EYES_VICTIMS_MAX = 32, EYES_PATH_SIZE = 1024 };

typedef enum EyesKind {
        EYES_KILL_DETAILS,      /* what is left to see after a kill; answer: text, the fields of a `more` record */
        EYES_READ_AHEAD,        /* a cgroup near its limit: command lines, samples; kept for the records to come */
        EYES_OWNER,             /* a new cgroup: owner, invocation, parent; answer: owner ... path */
        EYES_STATUS,            /* one cgroup for `reevectl status CGROUP`; answer: text, one JSON object */
        EYES_PARTIES,           /* the processes in victims[0] and [1], at once, before they are reaped; answer: parties */
        EYES_NEAREST,           /* the five nearest their effective limit; answer: text, a JSON array */
        EYES_RIGHT,             /* who may end what is in a cgroup; answer: owner, of its cgroup.kill */
        EYES_BATCH,             /* all of a batch, for the rules; answer: the batch */
} EyesKind;

typedef struct EyesVictim {
        int32_t tgid;
        uint64_t start_nsec;    /* 0: not known, then the pid alone must do */
        bool elsewhere;         /* in another cgroup than the request's */
} EyesVictim;

/* A request; copied by eyes_post(). */
typedef struct EyesRequest {
        EyesKind kind;
        uint64_t cookie;        /* the caller's; comes back in the answer */
        uint64_t cgroup_id;     /* the victim's cgroup, or the one to look at */
        uint64_t limit_id;      /* KILL_DETAILS: the limit's cgroup; 0: the host's, or not known */
        bool host;              /* KILL_DETAILS: the host's memory it was about, where there is no limit_id */
        int32_t invoker_tid;    /* KILL_DETAILS: the thread that ran the OOM killer, ... */
        uint64_t invoked_nsec;  /* ... at this boot time; 0: not known */
        char path[EYES_PATH_SIZE];              /* of cgroup_id, used where handles may not be opened; may be empty */
        char limit_path[EYES_PATH_SIZE];
        struct Batch *batch;    /* BATCH: not copied; the eye's until the answer, and to be kept as long as there are eyes */
        size_t n_victims;
        EyesVictim victims[EYES_VICTIMS_MAX];
} EyesRequest;

/* A process as /proc shows it now; zombies too. */
typedef struct EyesParty {
        int32_t tgid;           /* 0: it is gone */
        uint64_t start_nsec;    /* as exact as ticks */
        int64_t uid;            /* -1: not known */
        char comm[64];
        uint64_t cgroup_id;     /* 0: not known, or removed meanwhile */
        char path[EYES_PATH_SIZE];      /* of its cgroup; "" where not known */
} EyesParty;

enum { EYES_PARTIES_MAX = 2 };

/* An answer; free with eyes_answer_free(). */
typedef struct EyesAnswer {
        EyesKind kind;
        uint64_t cookie, cgroup_id;
        int error;              /* 0; -ENODEV: the cgroup was gone; -errno */
        bool stalled;           /* it took over a second */
        char *text;             /* JSON, see the kinds; NULL where there is none. KILL_DETAILS: an object's text "{...}" with field
                                 * names of the kill record: contributors, processes, processes_complete, memory, limit_memory,
                                 * pressure, counters {after}, invoker {tgid, cgroup}, victims [{pid, cmdline, ppid, ns_pid}] */
        bool has_owner;         /* KILL_DETAILS, STATUS: whether the directory was there, and owner is its */
        uint32_t owner;         /* OWNER, RIGHT, and see above */
        uint64_t parent_id;     /* OWNER; 0: not known */
        uint32_t parent_owner;
        uint32_t level;
        bool has_invocation;
        uint8_t invocation[16];
        int32_t first_pid;      /* OWNER: the process that is in it longest; 0: none */
        uint64_t first_start_nsec;
        EyesParty parties[EYES_PARTIES_MAX];
        struct Batch *batch;
        bool has_path;
        char label[512];        /* OWNER: of a pod "NAMESPACE_POD_UID" or "NAMESPACE_POD_UID/CONTAINER", for tree_label(); "" */
        char path[4096];        /* OWNER: as found, "" where the cgroup was gone */
} EyesAnswer;

typedef struct EyesOptions {
        const Cgroupfs *fs;     /* must outlive the eyes */
        bool command_lines;     /* RecordCommandLine= */
        size_t ahead_max;       /* processes kept from reading ahead; 0: 512 */
} EyesOptions;

typedef struct EyesCounts {
        uint64_t posted, answered, refused, stalled;
        unsigned left_behind;   /* threads stuck just now, at most 4 */
} EyesCounts;

/* Starts the threads. Returns 0, -errno. */
int eyes_new(Eyes **ret, const EyesOptions *options);

/* Ends the threads; one that is stuck is abandoned with its memory, so that stopping never waits. Returns NULL. */
Eyes *eyes_free(Eyes *e);

/* RecordCommandLine= after a reload; false also forgets what was read. */
void eyes_command_lines(Eyes *e, bool on);

/* Queues a request. Returns true, false where the queue was full (counted). Never blocks, never allocates. */
bool eyes_post(Eyes *e, const EyesRequest *request);

/* Where answers arrive; ring_fd() to watch, ring_drain_fd(), eyes_take() until NULL. */
Ring *eyes_ring(Eyes *e);
EyesAnswer *eyes_take(Eyes *e);
EyesAnswer *eyes_answer_free(EyesAnswer *a);

/* A process as it was read ahead. */
typedef struct EyesProcess {
        int32_t tgid, ppid, ns_pid;     /* -1: not known */
        uint64_t start_nsec;            /* as exact as ticks */
        bool main;                      /* the oldest of its cgroup, or a container's init */
        char cmdline[513];              /* "" where not known */
} EyesProcess;

/* Looks up what was read ahead of that process. Returns true where it is known. Holds a lock for a moment only; from the
 * event thread. */
bool eyes_process(Eyes *e, int32_t tgid, uint64_t start_nsec, EyesProcess *ret);

/* Gives the counters since the start. */
void eyes_counts(Eyes *e, EyesCounts *ret);
