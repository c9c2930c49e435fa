#pragma once
/* Storms: one who makes more kills than the ledger shall bear gets a count a second instead of a record a kill. */
#include "supervisor/flow/state.h"

/* Whether this kill, in a cgroup of @owner_uid, is only counted: its owner is not root and has more than StormAfter= behind
 * him. Its count stands in a `storm` record within two seconds. After a start owners begin anew. */
bool storms_take(Supervisor *s, const Kill *kill, int64_t owner_uid);

/* The evidence up to which ring pages may go: just before the oldest kill whose count is not on record. UINT64_MAX: none. */
uint64_t storms_releasable_nsec(const Supervisor *s);

/* Records what is counted, and frees. */
void storms_close(Supervisor *s);
