#pragma once
/* Hands: threads that do what a rule decided, one thing after another, and tell what came of it. The kill hand ends
 * processes and does nothing that could wait for memory; the slow hand reclaims, the unit hand asks systemd. All through a directory descriptor had
 * from the cgroup's id, so that another of the same name is never meant. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policies/pick.h"
#include "reeve/words.h"
#include "supervisor/base/ring.h"
#include "supervisor/host/cgroupfs.h"

typedef struct Hand Hand;

enum { HAND_PATH_SIZE = 1024, HAND_PIDS_MAX = 64, HAND_ERROR_SIZE = 160 };

typedef enum HandWork {
        HAND_KILL,                      /* the whole cgroup or @pid, and wait up to wait_usec until nobody is left */
        HAND_TERM,                      /* SIGTERM to each process or @pid, and wait likewise */
        HAND_FREEZE,                    /* all of the cgroup stands still, until ... */
        HAND_THAW,                      /* ... this */
        HAND_RESTART,                   /* the service whose cgroup it is, by systemd */
        HAND_EXEC,                      /* the program @path as a unit of its own, with @text on its input; not waited for */
        HAND_ENDED,                     /* never posted: how the program of the record of_seq ended, whenever it does */
        HAND_LOOK,                      /* at the processes there: who of them would be ended */
        HAND_RECLAIM,                   /* @bytes, for wait_usec at most */
} HandWork;

typedef struct HandTask {
        HandWork work;
        uint64_t cookie;                /* the caller's */
        uint64_t cgroup_id;
        uint64_t bytes, wait_usec;
        char *text;                     /* EXEC: JSON; the hand's to free */
        uint64_t of_seq;                /* EXEC, ENDED: the record that it is */
        bool user;                      /* RESTART, EXEC: the user's systemd */
        int32_t pid;                    /* KILL, TERM: this process alone, if ... */
        uint64_t start_usec;            /* ... it began then; 0: all */
        char path[HAND_PATH_SIZE];      /* EXEC: the program; else a hint, for where handles may not be opened; may be empty */

        /* What came of it. */
        ReeveOutcome outcome;           /* done, ineffective (somebody is left; nothing reclaimed), gone, refused, failed */
        bool lacking;                   /* refused: this kernel cannot */
        int64_t freed_bytes;            /* memory.current before less after; -1: not known */
        uint64_t took_usec;
        int32_t pids[HAND_PIDS_MAX];    /* that were there, the first of them */
        size_t n_pids;
        PickProcess *processes;         /* LOOK: pid, start_usec, comm, pages and adj of each; until hand_return() */
        size_t n_processes;
        char unit_result[32];           /* ENDED: systemd's word; "": nobody could say */
        int32_t exit_status, exit_signal;       /* ENDED: -1 where it did not end so */
        int64_t ran_usec;               /* ENDED: -1: not known */
        char error[HAND_ERROR_SIZE];    /* one clause for people; "" where all went well */
} HandTask;

/* Starts a hand. @fs must outlive it. Returns 0, -errno. */
int hand_new(Hand **ret, const Cgroupfs *fs);

/* Breaks off what waits and ends it; a thread stuck in the kernel for a second is left behind with its memory. Returns NULL. */
Hand *hand_free(Hand *h);

/* Queues a copy of @task. Returns false where too many wait. Never blocks, never allocates. */
bool hand_post(Hand *h, const HandTask *task);

/* Where tasks come back: ring_fd() to watch, ring_drain_fd(), hand_take() until NULL. */
Ring *hand_ring(Hand *h);

/* The next task that is done, or NULL; hand_return() it. */
HandTask *hand_take(Hand *h);
void hand_return(Hand *h, HandTask *task);

/* The cookie of the task that was under way at @nsec (CLOCK_BOOTTIME): the last that was begun by then, also when it is done by
 * now; one of the newest 64. 0: none. From the thread that posts. */
uint64_t hand_task_at(const Hand *h, uint64_t nsec);

/* Does @task on this thread, but for what systemd does. For the hand itself, and tests. */
void hand_do(const Cgroupfs *fs, HandTask *task);
