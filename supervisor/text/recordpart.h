#pragma once
/* The parts records are made of; for the files that write records alone. All json_t returned are new references, NULL
 * when memory is short; jansson's *_new() setters take NULL as an error, so it is looked at once, at the end. */
#include <jansson.h>

#include "supervisor/text/recordtypes.h"

/* The members all records have. @boottime_nsec: when it happened. */
json_t *record_part_common(const RecordContext *c, ReeveRecordType type, uint64_t boottime_nsec);

/* Appends @o to @out and drops the reference. 0, -ENOMEM (also when @o is NULL), -ENOBUFS. */
int record_part_finish(Strbuf *out, json_t *o);

/* null below 0 (or at 0, for ids). */
json_t *record_part_number(int64_t value);
json_t *record_part_id(uint64_t id);

/* A word of words.h; null out of range. */
json_t *record_part_word(const char *word);

/* Bytes in the escape form; null for NULL, and for "" with record_part_name(). */
json_t *record_part_text(const char *s);
json_t *record_part_name(const char *s);
json_t *record_part_bytes(const char *s, size_t length);

/* {path, id}; null where neither is known. */
json_t *record_part_cgroup(const RecordContext *c, const KillCgroup *cgroup);

/* The cgroup's path: what the evidence said, else what the sources know, else NULL. */
const char *record_part_path(const RecordContext *c, const KillCgroup *cgroup);

/* {kind, unit, ...} of a cgroup; null where not known. */
json_t *record_part_identity(const RecordContext *c, uint64_t cgroup_id);

/* A time of CLOCK_BOOTTIME as RFC 3339. */
json_t *record_part_time(const RecordContext *c, uint64_t boottime_nsec);

/* A limit: null for not known and for none; then @path ("limit_memory.max_bytes") goes into the list @unlimited. */
json_t *record_part_limit(int64_t bytes, json_t *unlimited, const char *path);
