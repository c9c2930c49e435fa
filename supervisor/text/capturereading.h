#pragma once
/* A reading in a capture: what changed since the one before, "t+200113c-4096h*". */
#include "policies/observation.h"
#include "supervisor/base/strbuf.h"
#include "supervisor/text/cursor.h"

/* The reading before the first: nothing is known. */
extern const Reading capture_reading_none;

/* The letter of each ObservationField. */
extern const char capture_field_letters[OBSERVATION_FIELDS + 1];

/* Appends what changed from @before to @now; "-" where nothing did. */
void capture_reading_put(Strbuf *out, const Reading *now, const Reading *before);

/* Takes one off the beginning; *@ret may be @before. Returns false, with the cursor anywhere, where it is none. */
bool capture_reading_take(Cursor *c, const Reading *before, Reading *ret);

/* Takes a decimal number of up to 64 bits, of up to 63 bits, off the beginning. */
bool capture_unsigned_take(Cursor *c, uint64_t *ret);
bool capture_number_take(Cursor *c, int64_t *ret);
