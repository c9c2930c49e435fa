#pragma once
/* The spool: one locked, shared mapping in the runtime directory that outlives the process. Three things stand in it: raw
 * ring pages, from the read that consumed them until their records are finished, and finished records, from the moment
 * they get their number until the ledger has them; and what is temporary, until it is undone. A SIGKILL at any instruction loses neither. One thread uses it. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "supervisor/host/pagestore.h"

typedef struct Spool Spool;

typedef struct SpoolOptions {
        const char *boot_id;            /* of /proc/sys/kernel/random/boot_id; required. Another boot's spool is set aside */
        uint32_t page_slots;            /* 0: 256, i.e. 1 MiB */
        uint32_t record_bytes;          /* 0: 1 MiB */
} SpoolOptions;

typedef struct SpoolRecord {
        uint64_t seq;
        uint64_t origin_nsec;           /* what this record is about: time (CLOCK_BOOTTIME) and thread of the evidence that ... */
        int32_t origin_pid;             /* ... opened it; by it a replay knows what is recorded already. 0: none */
        uint32_t type;                  /* ReeveRecordType */
        const void *meta;               /* anything the emitter wants back with it; NULL */
        uint32_t meta_size;
        const char *json;               /* not NUL-terminated */
        uint32_t json_size;
} SpoolRecord;

/* Opens or makes the spool @path (mode 0600). Returns 0, -EBUSY when another process holds it, other -errno. What could
 * not be taken over (another boot, another version, damage) is renamed to PATH.old, and @ret_note says so in words;
 * else it is empty. The caller frees with spool_close(). */
int spool_open(Spool **ret, const char *path, const SpoolOptions *options, char *ret_note, size_t note_size);

/* Unmaps and unlocks; the content stays. Returns NULL. */
Spool *spool_close(Spool *s);

/* The page half, for KprobeOptions.pages; valid until spool_close(). */
const PageStore *spool_pages(Spool *s);

/* Puts a finished record behind the others; seq must rise (any number is good while none is waiting). It stands safely when this returns 0. -ENOBUFS when there is
 * no room (counted: spool_lost()), -EINVAL when seq does not rise. */
int spool_record_put(Spool *s, const SpoolRecord *record);

/* The ledger has everything up to and including @seq: its room is free again. */
void spool_records_committed(Spool *s, uint64_t seq);

/* Hands over all records not yet committed, oldest first; the pointers live until spool_records_committed() passes them.
 * Stops early when @take returns nonzero, and returns that; else 0. */
int spool_records_replay(Spool *s, int (*take)(const SpoolRecord *, void *userdata), void *userdata);

/* Looks a record up that is not yet committed: 0 or -ENOENT. */
int spool_record_find(Spool *s, uint64_t seq, SpoolRecord *ret);

/* The highest seq ever put; 0: none. */
uint64_t spool_last_seq(const Spool *s);

/* Records that found no room, since the spool was made. */
uint64_t spool_lost(const Spool *s);

/* Bytes of records not yet committed, and room in all. */
void spool_usage(const Spool *s, uint64_t *ret_used_bytes, uint64_t *ret_size_bytes);

/* The kernel's count of kills against ours, over restarts: of all kills since base_nsec, accounted - base_accounted stand in
 * records. A spool of a new boot has none. */
typedef struct SpoolAccount {
        uint64_t accounted;             /* attempts that stand in records or lie outside Watch=, in this boot */
        uint64_t base_nsec;             /* when the two agreed last (CLOCK_BOOTTIME); 0: never */
        uint64_t base_vmstat, base_accounted;
} SpoolAccount;

/* Belongs to the spool and lives as long; written in place. */
SpoolAccount *spool_account(Spool *s);

/* Room for what the next life must know, zeroed at first; it belongs to the spool and lives as long. Written in place. */
enum { SPOOL_ROOM = 3072 };
void *spool_room(Spool *s);

enum { SPOOL_KEPT_MAX = 64, SPOOL_PATH_SIZE = 1024 };

/* What is kept. */
typedef enum SpoolKeptKind {
        SPOOL_PAUSE = 1,                /* rules were told to hold still */
        SPOOL_FREEZE,                   /* a cgroup stands still */
        SPOOL_LIMIT,                    /* a limit of it is not what it was */
} SpoolKeptKind;

/* Something temporary that the next life must know of: it stands here before it is done, until it is undone. */
typedef struct SpoolKept {
        uint32_t kind;                  /* SpoolKeptKind */
        uint32_t key;                   /* LIMIT: a LimitKey */
        uint64_t cgroup_id;             /* 0: of none */
        uint64_t until_usec;            /* CLOCK_BOOTTIME; 0: no end */
        uint32_t uid;                   /* who asked */
        uint32_t flags;                 /* the keeper's */
        char path[SPOOL_PATH_SIZE];     /* of the cgroup, a hint */
} SpoolKept;

/* Keeps a copy. Returns its place, or -ENOBUFS: then it must not be done. */
int spool_keep(Spool *s, const SpoolKept *kept);

/* It was undone: the place is free. A negative place is none. */
void spool_drop(Spool *s, int place);

/* What is kept at @place (0 to SPOOL_KEPT_MAX - 1). Returns false where nothing is. */
bool spool_kept(const Spool *s, int place, SpoolKept *ret);

/* Hands over the raw pages an earlier run left, for tools; the kprobe source takes them by itself. */
int spool_pages_replay(Spool *s, int (*take)(const PageInfo *, const void *data, void *userdata), void *userdata);
