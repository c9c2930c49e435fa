#pragma once
/* Talking to reeved, by libreeve alone, with one set of complaints and exit codes. */
#include <jansson.h>
#include <reeve/reeve.h>

#include "supervisor/ctl/options.h"

/* Connects. Returns CTL_DONE; or complains on stderr and returns what to exit with. */
int session_open(reeve **ret, const CtlContext *c);

/* Says on stderr why the call about @what (NULL: nothing in particular) failed with @error (negative errno) and @text, and
 * returns what to exit with. */
int session_fail(int error, const char *text, const char *what);

/* As session_fail(), of the last call of @r; complaints about a configuration are told one a line. */
int session_call_fail(const reeve *r, int error, const char *what);

/* The status of reeved, or of @cgroup, as an object to be json_decref()ed. Returns as session_open(). */
int session_status(reeve *r, const char *cgroup, json_t **ret);

/* What calls that know no pid:N take for @word (NULL: nothing): itself, or the cgroup that reeved says the process is in, written to
 * @room. SESSION_BY_ID: to act on that very cgroup. SESSION_BY_PATH: to list records, which outlive it. Returns as
 * session_open(). */
typedef enum SessionBy { SESSION_BY_ID, SESSION_BY_PATH } SessionBy;
enum { SESSION_NAME_SIZE = 8192 };
int session_cgroup(reeve *r, const char *word, SessionBy by, char room[static SESSION_NAME_SIZE], const char **ret);

/* Parses a reply of libreeve, freeing @text. NULL where it is no JSON. */
json_t *session_json(char *text);

/* For _cleanup_: closes a connection. */
static inline void reeve_closep(reeve **r) {
        (void) reeve_close(*r);
}

#define _cleanup_reeve_ __attribute__((cleanup(reeve_closep)))
