#pragma once
/* Numbers and moments as people read them. Sizes are in the units that the configuration takes back (K M G T are powers
 * of 1024), so what is shown can be typed again. */
#include <stddef.h>
#include <stdint.h>

enum { HUMAN_SIZE = 32 };       /* room enough for any of the texts below but human_moment()'s */
enum { HUMAN_MOMENT_SIZE = 64 };

/* Writes @bytes as "512M", "1.37G" or "900B", "0" (three digits that count) into @text and returns it. Below 0: "?". */
const char *human_bytes(int64_t bytes, char text[static HUMAN_SIZE]);

/* Writes @n with its thousands apart: "1,234,567". Returns @text. */
const char *human_count(int64_t n, char text[static HUMAN_SIZE]);

/* Writes how often: "never", "once", "1,234 times"; below 0: "? times". Returns @text. */
const char *human_times(int64_t n, char text[static HUMAN_SIZE]);

/* Writes @part of @whole as "87 %"; "99.6 %" from 99 up to 100, so that nearly full does not look full; "?" where
 * @whole is not above 0. Returns @text. */
const char *human_share(int64_t part, int64_t whole, char text[static HUMAN_SIZE]);

/* Writes a span of @usec microseconds as its two largest units: "3d 4h", "2m 5s", "250ms". Returns @text. */
const char *human_span(uint64_t usec, char text[static HUMAN_SIZE]);

/* Reads RFC 3339 as records carry it ("2026-11-20T09:14:05.123456Z", also with an offset) into microseconds since 1970.
 * Returns 0, or -EINVAL. */
int human_rfc3339_parse(const char *text, int64_t *ret_usec);

/* Writes @usec since 1970 as RFC 3339 in UTC with microseconds, as records carry it. Returns @text. */
const char *human_rfc3339(int64_t usec, char text[static HUMAN_MOMENT_SIZE]);

/* Writes @usec since 1970 in the zone of the process for someone at @now_usec: "09:14" today, "Tue 09:14" within six
 * days, else "2026-11-20 09:14". Returns @text. */
const char *human_moment(int64_t usec, int64_t now_usec, char text[static HUMAN_MOMENT_SIZE]);

/* Reads a point in time as journalctl takes it: "2026-11-20 09:14[:05[.5]]", "Fri 2026-11-20", "2026-11-20 09:14 UTC", "09:14",
 * "now", "today", "yesterday", "-1h", "+5min", "2 days ago", "@1700000000", RFC 3339. Without a zone it is the process' own.
 * Returns 0, or -EINVAL. */
int human_when_parse(const char *text, int64_t now_usec, int64_t *ret_usec);
