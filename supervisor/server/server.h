#pragma once
/* The server: the Varlink socket on the event loop. The peer decides what may be read; what may be written the ops
 * decide. A subscriber is a cursor into the ledger, not a queue: what he has not read yet is read again from there.
 * While nobody is connected nothing is allocated and nothing wakes. */
#include <stddef.h>
#include <stdint.h>

#include "supervisor/record/meta.h"
#include "supervisor/server/serverops.h"

typedef struct Server Server;

/* Begins to serve. A path where nobody listens any more is taken over. Returns 0, -EADDRINUSE, or -errno. */
int server_new(Server **ret, const ServerOptions *options);

/* Ends all connections and removes its own socket. Calls that still wait are answered by nobody, but must be ended by
 * server_reply() or server_fail() still, to be freed. Returns NULL. */
Server *server_free(Server *s);

/* A record was published (it is in the spool): followers at the head get it now. In the order of seqs. */
void server_publish(Server *s, const RecordMeta *meta, const char *json, size_t length);

/* The clerk's commit went on: those who read from the ledger go on. */
void server_committed(Server *s, uint64_t seq);

/* The sources are drained further: calls of Fate that wait look again. */
void server_drained(Server *s);

/* How many are connected, and how many were turned away. */
unsigned server_clients(const Server *s);
uint64_t server_refused(const Server *s);
