#pragma once
/* The JSON that eyes give: pieces named as in the records. For this room only; objects belong to the caller. Memory may
 * run short: jansson then gives NULL, and a member that is NULL is left out. */
#include <jansson.h>
#include <stdbool.h>

#include "supervisor/host/cgroupfs.h"
#include "supervisor/observe/ahead.h"
#include "supervisor/observe/sample.h"

/* Bytes of a user as an escaped JSON string. */
json_t *facts_text(const char *bytes, size_t length);

/* A number; null where not known or unlimited. */
json_t *facts_number(int64_t value);

/* Sets @key of @object to a limit: null, and "PREFIX.KEY" in @unlimited (may be NULL), where there is none. */
void facts_limit(json_t *object, const char *key, int64_t value, const char *prefix, json_t *unlimited);

/* {path, id}; null path where it cannot be told. */
json_t *facts_cgroup(const Cgroupfs *fs, int dirfd, uint64_t id);

/* The fields of `memory`; what is unlimited is named in @unlimited (may be NULL) with @prefix before it. */
json_t *facts_memory(const Sample *s, const char *prefix, json_t *unlimited);

/* memory.events as a JSON object, the caller's; NULL without memory. */
json_t *facts_events(const MemoryEvents *e);

/* Of an open cgroup, or of the host where @dirfd < 0. null where the kernel keeps none. */
json_t *facts_pressure(int dirfd);

/* Each level from the top down to @path: [{cgroup, current_bytes, high_bytes, max_bytes}]. */
json_t *facts_ancestors(const Cgroupfs *fs, const char *path, const char *prefix, json_t *unlimited);

/* The ten largest children: [{cgroup, current_bytes, unreclaimable_bytes, growth_bytes}]. */
json_t *facts_contributors(const Cgroupfs *fs, int dirfd, Ahead *ahead);

/* The ten largest by points (measured against @total_pages, see predict_total_pages()) at and below an open cgroup, or of
 * the host where @dirfd < 0. *@ret_complete: false where
 * not all were looked at (too many, too slow). */
json_t *facts_processes(int dirfd, int64_t total_pages, bool *ret_complete);

/* Calls @each for the processes of one cgroup (not below). Returns 0, -errno; ends at a negative return. */
int facts_each_pid(int dirfd, int (*each)(void *userdata, int32_t pid), void *userdata);
