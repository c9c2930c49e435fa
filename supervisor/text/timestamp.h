#pragma once
/* Times as text. Inside, a time is microseconds since 1970 UTC (int64_t, *_usec). */
#include <stdint.h>

enum { TIMESTAMP_SIZE = 40 };

/* Writes RFC 3339, UTC, microseconds: "2026-11-20T09:14:03.000042Z". Years outside 0 to 9999 are held at the end. */
void timestamp_format(char out[static TIMESTAMP_SIZE], int64_t usec);

/* Reads RFC 3339 ("Z" or an offset, 0 to 9 digits of fraction; "t", "z" and a blank for "T" too). Returns 0 or -EINVAL. */
int timestamp_parse(const char *s, int64_t *ret_usec);

/* Reads what a person gives --since and --until, as journalctl does: "2026-11-20 09:14[:03[.5]]", "2026-11-20", "09:14",
 * "now", "today", "yesterday", "tomorrow", "-1h", "+5min", "1 hour ago", "2h 30min ago", "@1763629200", RFC 3339. A date
 * or clock without a zone is local time; " UTC" may follow. @now_usec is the moment of asking. Returns 0 or -EINVAL. */
int timestamp_parse_human(const char *s, int64_t now_usec, int64_t *ret_usec);

/* Reads a span of time, units as in systemd.time(7): "90s", "1h 30min", "2 days"; a bare number is seconds. Returns 0,
 * -EINVAL, or -ERANGE. */
int timestamp_parse_span(const char *s, int64_t *ret_usec);
