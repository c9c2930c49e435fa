#pragma once
/* Asked: questions of peers that wait for an answer of another thread. */
#include <jansson.h>

#include "supervisor/flow/state.h"

typedef enum AskedKind { ASKED_STATUS, ASKED_STANDING, ASKED_SET, ASKED_PID, ASKED_PAUSE, ASKED_RESUME } AskedKind;

/* One of them. */
typedef struct Asked {
        struct Asked *next;
        uint64_t cookie;
        AskedKind kind;
        ServerCall *call;
        json_t *records;                /* SET: what was done so far */
        char *values;                   /* PID: of a Set; NULL: a Status */
        bool dry_run, risk;
        uint64_t for_usec;              /* PAUSE */
} Asked;

/* Notes a question; NULL with @call ended where there is no memory. */
Asked *asked_new(Supervisor *s, AskedKind kind, ServerCall *call);

/* The question with that cookie, or NULL. */
Asked *asked_find(Supervisor *s, uint64_t cookie);

/* Forgets it; its call was ended. */
void asked_end(Supervisor *s, Asked *a);

/* Ends all of them: reeved stops. */
void asked_done(Supervisor *s);

/* Ends @call with @object, whose reference it takes. */
void asked_reply(ServerCall *call, json_t *object);

/* Whether @word is a "pid:N": then an eye looks where it is (the kernel answers that under the mutex of all cgroups), and the
 * call goes on as Set with @values, or as Status where that is NULL, with the cgroup's id. */
bool asked_pid(Supervisor *s, ServerCall *call, const char *word, const char *values, bool dry_run, bool risk);

/* As tree_resolve(), once more where the word means nothing that lives: after what the sources have by now, and with its \xNN
 * taken back (a name is looked for as it was typed first). */
size_t asked_lookup(Supervisor *s, const char *word, uint64_t *ret, size_t max);

/* The one living or dead cgroup that @word names. Returns its id; 0 with the call ended where there is none, or several. */
uint64_t asked_resolve(Supervisor *s, ServerCall *call, const char *word);

/* Whether the peer may read what concerns that cgroup. */
bool asked_may_read(Supervisor *s, const ServerCall *call, uint64_t id);

/* ServerOps.resolve: the path of @name, spelled as in records. */
int asked_path(const char *name, char *ret, size_t size, void *userdata);

/* ServerOps.locate: as asked_path(), with the cgroup. */
int asked_locate(const char *name, char *ret, size_t size, ServerCgroup *ret_cgroup, void *userdata);

/* ServerOps.pending: what is published and may not be in the ledger yet. */
void asked_pending(uint64_t after_seq, LedgerTake *take, void *take_userdata, void *userdata);

/* Who asks, as far as /proc tells before the process may be gone: its name, and the unit in which it is. */
typedef struct Asker {
        char comm[32], path[4096], unit[IDENTITY_NAME_SIZE];
} Asker;

/* Fills @room, in which the answer's texts live. */
LimitRequester asked_requester(Supervisor *s, const ServerPeer *peer, Asker *room);
