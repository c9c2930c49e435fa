#pragma once
/* A session's coming and going, and its calls in their order. */
#include "supervisor/server/session.h"

/* Takes an accepted connection over. Returns 0 or -errno (then @fd is closed). */
int connection_new(Server *s, int fd, const ServerPeer *peer);

/* Frees it and all that hangs on it. */
void connection_free(Session *c);

/* Takes the calls that lie in the buffer, until one waits for its answer. */
void connection_pump(Session *c);
