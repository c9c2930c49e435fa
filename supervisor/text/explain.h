#pragma once
/* Explain: a record in plain words, for the owner of a service who knows his service and not the kernel. Pure: what
 * is in the record is said, what is not known is said to be unknown or left out, nothing is guessed.
 *
 * The text is paragraphs apart by an empty line, each a line of its own however long; the caller wraps them
 * (text/wrap.h). A line that begins with two spaces is to stay as it is: a row of a list, or a command. */
#include "supervisor/base/strbuf.h"

/* Appends to @out what the joined kill or sigkill record @record (JSON text) says. Names in it are escaped as records
 * are. Returns 0; -EINVAL: no JSON object, or of no type that can be explained; -ENOMEM. */
int explain_record(Strbuf *out, const char *record);

/* Appends to @out how a cgroup stands that has no kill to explain. @facts is a JSON object; every field may be absent
 * or null: cgroup {path, id}, identity, memory and ancestors (as in a kill record), effective_bytes and
 * effective_cgroup {path, id} (the least memory.max on the way up and whose it is), counters {high, max, oom, oom_kill ...},
 * pressure, watching_since (RFC 3339), watched_without_gap (bool). Returns as explain_record() does. */
int explain_cgroup(Strbuf *out, const char *facts);
