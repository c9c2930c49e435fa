#pragma once
/* What the reader's files share: taking a line apart, word by word. */
#include "supervisor/text/capture.h"
#include "supervisor/text/cursor.h"

/* Each takes a blank and what follows it off the beginning; false where it is not there. A name is the rest of the line, without
 * escapes, with no NUL in it. */
bool capture_take_unsigned(Cursor *c, uint64_t *ret);
bool capture_take_signed(Cursor *c, int64_t *ret);
bool capture_take_bool(Cursor *c, bool *ret);
bool capture_take_word(Cursor *c, char *ret, size_t size);
bool capture_take_name(Cursor *c, char *ret, size_t size);

/* What stands behind the letter of a line of that kind, up to its end. What readings are told against is the caller's. */
bool capture_line_flags(Cursor *c, CaptureLook *ret);
bool capture_line_state(Cursor *c, CaptureEvent *e);
bool capture_line_track(Cursor *c, CaptureEvent *e);
bool capture_line_kills(Cursor *c, CaptureEvent *e);
bool capture_line_round(Cursor *c, CaptureEvent *e);
bool capture_line_verdict(Cursor *c, CaptureEvent *e);
bool capture_line_processes(Cursor *c, CaptureEvent *e);
bool capture_line_process(Cursor *c, CaptureEvent *e);
bool capture_line_outcome(Cursor *c, CaptureEvent *e);
