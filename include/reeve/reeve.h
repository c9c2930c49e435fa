/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/* libreeve: ask reeved who was killed for memory, by whose limit and why. One `reeve` is one connection; it holds no
 * global state, prints nothing and never exits. A handle may be used by one thread at a time; two handles are
 * independent. Functions return 0 or more on success and a negative errno on failure; what went wrong in words is in
 * reeve_error_text(). Records, statuses and other objects are JSON texts, UTF-8, NUL-terminated; their schema 1 only gains
 * fields and words.
 *
 *   -ECONNREFUSED  no reeved listens there (nor is socket activated)
 *   -ECONNRESET    reeved went away in the middle of the call
 *   -EACCES        NotAllowed: the peer may not do or read that
 *   -ENOENT        NotFound: no such cgroup or record
 *   -EBADMSG       BadConfiguration: reeve_error_parameters() holds {"complaints":[...]}
 *   -EINVAL        an argument was refused, here or by reeved (a bad cursor, for example)
 *   -EUSERS        too many connections of this user
 *   -EOPNOTSUPP    this reeved does not know the method
 *   -EREMOTEIO     any other error of reeved: see reeve_error_name()
 *   -EPROTO        what came was no Varlink message
 *   -ETIMEDOUT     reeved did not answer within the handle's time (reeve_set_timeout) */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <reeve/words.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

#define REEVE_INTERFACE "io.reeve.Supervisor"

/* A connection to reeved. */
typedef struct reeve reeve;

/* A running capture, with a connection of its own. */
typedef struct reeve_capture reeve_capture;

/* A running list of records, with a connection of its own. */
typedef struct reeve_records reeve_records;

/* Connects to the socket at @path. NULL: $REEVE_SOCKET, else /run/reeve/reeve.sock, else (where that is not there)
 * $XDG_RUNTIME_DIR/reeve/reeve.sock. Never blocks longer than the timeout of 10 s. On failure *@ret is NULL. */
int reeve_connect(reeve **ret, const char *path);

/* Closes and frees @r; NULL is fine. Returns NULL. */
reeve *reeve_close(reeve *r);

/* How long a call may take, in milliseconds; -1: for ever; 30000 by default. */
void reeve_set_timeout(reeve *r, int timeout_msec);

/* The last failure of this handle in words ("not allowed: ..."); "" when the last call succeeded. The text belongs to
 * the handle and lives until its next call. */
const char *reeve_error_text(const reeve *r);

/* The name of the error reeved replied with ("io.reeve.Supervisor.NotFound"), or NULL when the failure was not its. */
const char *reeve_error_name(const reeve *r);

/* The parameters of that error as a JSON object text, or NULL. */
const char *reeve_error_parameters(const reeve *r);

/* The path of the socket this handle is connected to. */
const char *reeve_path(const reeve *r);

/* Calls any method, by its full name ("io.reeve.Supervisor.Status"), with @parameters (a JSON object text; NULL: {}).
 * *@ret_json is the reply's parameters, to be freed with free(). */
int reeve_call(reeve *r, const char *method, const char *parameters, char **ret_json);

/* The status of reeved, or of @cgroup (NULL: of reeved): a JSON object to be freed with free(). */
int reeve_status(reeve *r, const char *cgroup, char **ret_json);

/* Explains @what (a cgroup, a record, "pid:N"). *@ret_text is plain words, *@ret_records (may be NULL: not wanted) a
 * JSON array of the joined records it speaks of; both to be freed with free(). */
int reeve_explain(reeve *r, const char *what, char **ret_text, char **ret_records);

/* Sets limits of @cgroup. @values is a JSON object of budget keys, e.g. {"MemoryMax":"512M"}. @dry_run: tell only what
 * would be done; @risk: lower a limit even where usage cannot be brought down first. *@ret_records is a JSON array of
 * `limit` records, to be freed with free(). */
int reeve_set(reeve *r, const char *cgroup, const char *values, bool dry_run, bool risk, char **ret_records);

/* Reads the configuration again. *@ret_changes is a JSON array of what changed, to be freed with free(). */
int reeve_reload(reeve *r, char **ret_changes);

/* Has rules that look at @cgroup (NULL: all rules) only judge, for @for_usec (0: until reeve_resume()). *@ret_json is
 * {"until": time or null}, to be freed with free(). */
int reeve_pause(reeve *r, const char *cgroup, uint64_t for_usec, char **ret_json);

/* Ends that; with NULL all pauses, and KillLimit= counts anew. *@ret_json is {"ended": how many}, to be freed with free(). */
int reeve_resume(reeve *r, const char *cgroup, char **ret_json);

/* Whose fate is asked for, and how long to wait. Set @size to sizeof(struct); zero means: not given. */
typedef struct reeve_fate_query {
        size_t size;
        const char *cgroup;             /* path, unit or another name; or NULL */
        const char *container;          /* container id; or NULL */
        int64_t pid;                    /* thread group id, with its start; or 0 */
        uint64_t start_usec;            /* start on the boot clock, to the tick at least: field 22 of /proc/PID/stat * 10000; or 0 */
        uint64_t wait_usec;             /* 0: the default, 100 ms; 10 s at most */
} reeve_fate_query;

/* What became of a process or cgroup: *@ret_json is {"fate": oom_killed|killed|exited|alive|unknown, "until": time,
 * "record": object or null}, to be freed with free(). */
int reeve_fate(reeve *r, const reeve_fate_query *query, char **ret_json);

/* Begins to capture what reeved's rules are given to judge, as text for `reevectl replay`: from now on, or (@recent) of the last
 * minutes what was near a rule, and that is all. For root and the group reeve. A connection of its own, as a list of records
 * has. On failure the text is in @r. */
int reeve_capture_open(reeve_capture **ret, reeve *r, bool recent);

/* Takes the next piece, of whole lines. Returns 1 with *@ret_text (belongs to the capture, until the next call), 0 at the end,
 * -EAGAIN when nothing came within @timeout_msec (-1: wait for ever; 0: look only), or another -errno. */
int reeve_capture_next(reeve_capture *c, int timeout_msec, const char **ret_text);

/* A descriptor that polls readable when reeve_capture_next(c, 0, ...) may have something; call it until -EAGAIN first. */
int reeve_capture_fd(const reeve_capture *c);

/* The last failure of this capture in words; "" when there was none. */
const char *reeve_capture_error_text(const reeve_capture *c);

/* Ends the capture and frees it; NULL is fine. Returns NULL. */
reeve_capture *reeve_capture_close(reeve_capture *c);

/* Which records. Set @size to sizeof(struct); zero or NULL means: no such bound. */
typedef struct reeve_filter {
        size_t size;
        const char *const *types;       /* NULL-terminated list of record types ("kill"); NULL: all */
        const char *cgroup;             /* concerning this cgroup or one below it: a path */
        const char *since;              /* RFC 3339 time, or "@SECONDS" */
        const char *until;              /* the same */
        const char *after;              /* cursor: only what came after it */
        uint64_t limit;                 /* with @after: the first so many after it, else the newest so many */
        bool follow;                    /* go on with new records as they come */
} reeve_filter;

/* Begins a list, oldest record first. @filter may be NULL: all that is kept. Opens a connection of its own to the same
 * socket, so @r stays free for other calls and may be closed before the list. On failure the text is in @r. */
int reeve_records_open(reeve_records **ret, reeve *r, const reeve_filter *filter);

/* Takes the next record. Returns 1 with *@ret_json (belongs to the list, until the next call), 0 at the end of a list
 * without follow, -EAGAIN when nothing came within @timeout_msec (-1: wait for ever; 0: look only), or another -errno.
 * Heartbeats move the cursor and are not returned. */
int reeve_records_next(reeve_records *l, int timeout_msec, const char **ret_json);

/* The cursor behind the last record taken: give it as `after` to go on from here. NULL before the first reply. */
const char *reeve_records_cursor(const reeve_records *l);

/* The cursor up to which records are on disk, as of the last reply. NULL before the first reply. */
const char *reeve_records_committed(const reeve_records *l);

/* A descriptor that polls readable when reeve_records_next(l, 0, ...) may have something. A record may already lie
 * in the list's own buffer: call next with timeout 0 until -EAGAIN before polling. */
int reeve_records_fd(const reeve_records *l);

/* The last failure of this list in words; "" when there was none. */
const char *reeve_records_error_text(const reeve_records *l);

/* Ends the list and frees it; NULL is fine. Returns NULL. */
reeve_records *reeve_records_close(reeve_records *l);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif
