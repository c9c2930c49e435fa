#pragma once
/* taskstats: the kernel's account of each process that ended, of which a socket filter lets those pass that a SIGKILL
 * ended. Adds peak memory and run time to kills; who was killed by the OOM killer it cannot tell, and nothing depends on it.
 * Event thread only; receiving allocates nothing and never waits. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Taskstats Taskstats;

/* A process that ended by SIGKILL; before version 12 (Linux 6.0) each of its threads. */
typedef struct TaskstatsExit {
        int32_t tgid;                   /* before version 12 the thread's id: the leader's is the process' */
        uint32_t version;               /* of the kernel's structure */
        uint64_t runtime_nsec;          /* from its start to its end, not counting sleep of the host */
        uint64_t peak_rss_bytes;        /* 0: not known, it had no memory any more */
        uint32_t uid, ppid;
        char comm[33];                  /* its last thread's, bytes of a user */
} TaskstatsExit;

typedef struct TaskstatsCounts {
        uint64_t exits;                 /* given to @take */
        uint64_t overflows;             /* ENOBUFS: an unknown number was lost */
        uint64_t malformed;
} TaskstatsCounts;

/* Registers with the kernel. Needs CAP_NET_ADMIN in the first user namespace, and the first pid namespace. In another
 * network namespace it succeeds and nothing ever comes: hence taskstats_test_begin(). Returns 0, -errno with the reason in
 * words in @reterr. */
int taskstats_open(Taskstats **ret, char *reterr, size_t err_size);

/* Unregisters (NULL is fine). Returns NULL. */
Taskstats *taskstats_close(Taskstats *t);

/* The socket, to be watched for input. */
int taskstats_fd(const Taskstats *t);

/* Receives what waits, at most some hundred at once. Returns how many were given to @take (NULL: dropped), -errno where
 * the socket is broken. */
int taskstats_drain(Taskstats *t, void (*take)(const TaskstatsExit *, void *userdata), void *userdata);

/* Gives the counters since the opening. */
void taskstats_counts(const Taskstats *t, TaskstatsCounts *ret);

/* The self-test: starts a child that a SIGKILL ends at once, whose exit must arrive like all others, and returns without
 * waiting. Returns its pid, -errno. */
int taskstats_test_begin(Taskstats *t);

/* How the self-test stands: 1 it was seen, 0 the child still lives, -ENOMSG it ended unseen: nothing will ever come. Call
 * after taskstats_drain(), and again while it is 0; reaps the child. */
int taskstats_test_result(Taskstats *t);

/* The self-test's child, 0 before: its end is nobody's kill. */
int32_t taskstats_test_pid(const Taskstats *t);

/* Reads one netlink message (@length bytes, aligned to 8) of the family @family: what taskstats_drain() does with each. Pure.
 * Returns 0, -ENOMSG for something else, -EBADMSG for what is cut or malformed. */
int taskstats_parse(TaskstatsExit *ret, void *message, size_t length, int family);
