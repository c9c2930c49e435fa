#pragma once
/* Who wants to know what the judge was given? The black box, which keeps the last minutes of what is hot and stores them with each
 * kill and verdict, and whoever captures over the socket. */
#include <jansson.h>

#include "supervisor/flow/state.h"

/* Prepares. Returns 0 or -ENOMEM. */
int captures_open(Supervisor *s);
void captures_close(Supervisor *s);

/* A round of looks, before the judge takes it; and when the judge has. */
void captures_round(Supervisor *s, const Batch *b, uint64_t now_usec);
void captures_round_done(Supervisor *s);

/* What was decided, whom it could mean of a cgroup's processes (as pick_rank() left them), and what came of it. */
void captures_decided(Supervisor *s, const Doing *d);
void captures_looked(Supervisor *s, const Doing *d, int64_t total_pages, const PickProcess *processes, size_t n, size_t open);
void captures_done(Supervisor *s, const Doing *d, ReeveOutcome outcome, bool known, uint64_t now_usec);

/* Other rules rule: all sections end. */
void captures_reset(Supervisor *s);

/* A cgroup was born, died. */
void captures_born(Supervisor *s, uint64_t id);
void captures_died(Supervisor *s, uint64_t id);

/* The kernel killed. */
void captures_kernel(Supervisor *s, const Kill *kill);

/* ServerOps.capture. */
void captures_answer(ServerCall *call, bool recent, void *userdata);

/* The file of the black box that tells of @usec of boot @boot_id; false: none. */
bool captures_find(const Supervisor *s, const char *boot_id, uint64_t usec, char *ret, size_t size);

/* {files, bytes, stored, dropped, lost} for the status; a new reference. */
json_t *captures_json(const Supervisor *s);
