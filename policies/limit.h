#pragma once
/* A limit applied, refused, or found changed by someone else: what becomes a `limit` record. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reeve/words.h"

#define LIMIT_UNKNOWN INT64_C(-1)        /* not known; for LIMIT_OOM_SCORE_ADJUST see LIMIT_ADJ_UNKNOWN */
#define LIMIT_MAX INT64_MAX              /* of a size: no limit ("max") */
#define LIMIT_ADJ_UNKNOWN INT64_C(-32768)

/* The values of a budget that are written to a cgroup or its processes, named as in the configuration. The memory limits
 * come first: LIMIT_MEMORY_COUNT of them, each a file of the cgroup and a property of a unit. */
typedef enum LimitKey {
        LIMIT_MEMORY_MIN,
        LIMIT_MEMORY_LOW,
        LIMIT_MEMORY_HIGH,
        LIMIT_MEMORY_MAX,
        LIMIT_MEMORY_SWAP_MAX,
        LIMIT_OOM_GROUP,                 /* 0 or 1 */
        LIMIT_OOM_SCORE_ADJUST,          /* -1000 to 1000 */
        LIMIT_KEYS,
        LIMIT_MEMORY_COUNT = LIMIT_OOM_GROUP
} LimitKey;

/* "MemoryMax": the key of the configuration, of systemd's property and of the record. NULL out of range. */
const char *limit_key_to_string(int key);

/* The LimitKey named @word, or -1. */
int limit_key_from_string(const char *word);

/* "memory.max": the file in the cgroup's directory; NULL for LIMIT_OOM_SCORE_ADJUST. */
const char *limit_key_file(int key);

/* Who asked for a change: the peer on the socket; all zero and NULL where the configuration did. */
typedef struct LimitRequester {
        bool known;
        uint32_t uid;
        int32_t pid;
        const char *comm, *unit;         /* raw bytes; NULL: not known */
} LimitRequester;

/* Values are bytes (LIMIT_MAX: no limit), 0 or 1, or an oom_score_adj, by the key; LIMIT_UNKNOWN (LIMIT_ADJ_UNKNOWN for
 * LIMIT_OOM_SCORE_ADJUST) where not known. Texts belong to whoever owns the struct. */
typedef struct LimitResult {
        uint64_t time_nsec;              /* CLOCK_BOOTTIME of the write, refusal or discovery */
        uint64_t cgroup_id;              /* 0: not known (the cgroup does not exist yet) */
        uint64_t incident;               /* the beginning of that for which a rule's step did or undid it; 0: of none */
        const char *path;                /* raw bytes, below the cgroup root */
        const char *unit;                /* the unit it was told to; NULL where none */
        LimitKey key;
        int64_t wanted;                  /* drift: what Reeve had applied */
        int64_t before, after;           /* as read from the kernel */
        int64_t effective_bytes;         /* least over the cgroup and its ancestors; LIMIT_UNKNOWN for other keys */
        ReeveLimitBy by;
        LimitRequester requested_by;
        ReeveReason reason;
        ReeveOutcome outcome;
        bool dry_run;
        bool forced;                     /* Risk=yes took it below usage */
        const char *origin;              /* "web.conf:12"; NULL for drift and Set */
        const char *error;               /* one sentence for people; NULL where all went well */
} LimitResult;
