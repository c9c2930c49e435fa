#pragma once
/* Joining: a record and the `more` records that came later make the record a reader wants to see. */
#include <jansson.h>
#include <stddef.h>

/* Joins @more (any number, in the order of their seq; those whose `of` is not @base's id are passed over) into a copy of
 * @base. A `more` fills what is null, an empty list or absent, and merges objects member by member, victims by pid and
 * start; `sources` and `unlimited` are united; flags that say "complete" or a reading made whole may go from false to
 * true. A known value is never replaced by null or by another value. seq, id, type and the times stay the base's.
 * Returns a new reference, or NULL when memory is short. */
json_t *join_records(const json_t *base, const json_t *const more[], size_t n_more);
