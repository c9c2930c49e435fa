#pragma once
/* What the server is given: the supervisor's answers, and the bounds of its own. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "supervisor/ledger/clerk.h"
#include "supervisor/server/call.h"
#include "supervisor/text/recordtypes.h"

typedef struct sd_event sd_event;

/* Which cgroup a name means. */
typedef struct ServerCgroup {
        uint64_t id;                    /* 0: nobody knows it any more */
        uint64_t since_usec;            /* it lived then (CLOCK_BOOTTIME), so what happened since under its name is its; 0: not known */
} ServerCgroup;

/* What the supervisor does for the server. Each begins the work and answers through the call; a NULL op is answered with
 * MethodNotImplemented. Strings live during the op only. */
typedef struct ServerOps {
        /* -> {"status": {...}} of the supervisor, or of @cgroup (not NULL). */
        void (*status)(ServerCall *call, const char *cgroup, void *userdata);
        /* -> {"text": "...", "records": [...]} of @what. Ask the clerk with server_call_restrict(). */
        void (*explain)(ServerCall *call, const char *what, void *userdata);
        /* -> {"records": [...]}. @values_json is an object of budget keys. The op checks the peer's right. */
        void (*set)(ServerCall *call, const char *cgroup, const char *values_json, bool dry_run, bool risk,
                    void *userdata);
        /* -> {"changes": [...]}. Called for privileged peers only. */
        void (*reload)(ServerCall *call, void *userdata);
        /* -> {"until": time or null}. @cgroup NULL: all rules, and then called for privileged peers only; else the op checks
         * the peer's right. @for_usec 0: no end. */
        void (*pause)(ServerCall *call, const char *cgroup, uint64_t for_usec, void *userdata);
        /* -> {"ended": how many}. Rights as of pause. */
        void (*resume)(ServerCall *call, const char *cgroup, void *userdata);
        /* -> {"data": "..."} many times, of what the judge is given from now on, or (@recent) of the last minutes. Called for peers
         * who read all only. */
        void (*capture)(ServerCall *call, bool recent, void *userdata);
        /* Hands every record that is published but may not be in the ledger yet, with a seq above @after_seq, to @take, in
         * the order of seqs. */
        void (*pending)(uint64_t after_seq, LedgerTake *take, void *take_userdata, void *userdata);
        /* Takes in what the sources have by now; what is published by that is pending at once. */
        void (*drain)(void *userdata);
        /* Up to when (CLOCK_BOOTTIME, usec) the sources are drained and all that they told is published. */
        uint64_t (*drained_usec)(void *userdata);
        /* Whether that process lives (1, 0), for Fate; -errno: cannot tell. */
        int (*process_alive)(int64_t pid, uint64_t start_usec, void *userdata);
        /* Of one that is gone, and of which no record tells: whether a SIGKILL ended it (1, 0); -errno: cannot tell. NULL: had it
         * been so, there would be a record. */
        int (*process_sigkilled)(int64_t pid, uint64_t start_usec, void *userdata);
        /* Whether there are processes in that cgroup or below it (1, 0), for Fate; -ENODEV: it is gone; -errno: cannot tell. */
        int (*cgroup_populated)(uint64_t id, void *userdata);
        /* As resolve, for Fate: with the cgroup that bears the name now, or bore it last. */
        int (*locate)(const char *name, char *ret, size_t size, ServerCgroup *ret_cgroup, void *userdata);
        /* The path of a cgroup as a client named it, spelled as in records, to @ret of @size. 0; -ENOENT (none that
         * is known now) or -ENOTUNIQ (several) with what to say of it in @ret; -EINVAL. NULL: the name is a path and taken as it is. */
        int (*resolve)(const char *name, char *ret, size_t size, void *userdata);
} ServerOps;

/* For server_new(). */
typedef struct ServerOptions {
        sd_event *event;
        Clerk *clerk;
        int activated_fd;               /* a listening socket from the service manager, taken over; -1: none */
        const char *path;               /* own socket where there is none: made with mode 0666 */
        const char *boot_id;            /* of this boot, as in records: for Fate */
        const char *version;            /* of reeved, for GetInfo */
        const RecordContext *context;   /* what all records share, as it is at each moment; stays the caller's */
        gid_t reader_gid;               /* group reeve; (gid_t) -1: there is none */
        unsigned max_clients;           /* connections in all; 0: 256 */
        unsigned max_per_uid;           /* connections of an unprivileged uid; 0: 4 */
        uint64_t heartbeat_usec;        /* 0: 30 s */
        const ServerOps *ops;
        void *userdata;
} ServerOptions;
