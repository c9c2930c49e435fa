#pragma once
/* Sizes, shares and times between text and number, as systemd writes them: 512M, 20%, 1h 30min. */
#include <stddef.h>
#include <stdint.h>

#define DURATION_INFINITY UINT64_MAX

/* Parses a size: digits, perhaps with a fraction, then nothing, B, K, M, G, T, P or E (powers of 1024). Returns 0 with
 * the bytes in *@ret, -EINVAL where it is no size, -ERANGE where it exceeds INT64_MAX. */
int size_parse(const char *s, uint64_t *ret);

/* Parses a share "20%" or "12.5%". Returns 0 with hundredths of a percent in *@ret (20% is 2000), -EINVAL, or -ERANGE
 * above 100 %. */
int percent_parse(const char *s, uint32_t *ret_permyriad);

/* As percent_parse(), up to @most percent. */
int percent_parse_up_to(const char *s, uint32_t most, uint32_t *ret_permyriad);

/* Parses a time: one or more of a number with us, ms, s, sec, min, m, h, hr, d, w, M, y or the long words (a month is 30.44
 * days, a year 365.25, as in systemd.time(7)); a bare number is seconds; "infinity" is DURATION_INFINITY. Returns 0 with microseconds in *@ret, -EINVAL or -ERANGE. */
int duration_parse(const char *s, uint64_t *ret_usec);

/* Writes @bytes for people into @buf: exact where a unit divides it ("512M"), else with one digit ("1.5G"); INT64_MAX and
 * above is "max". Returns @buf. 16 bytes are enough. */
const char *size_format(char *buf, size_t size, uint64_t bytes);

/* Writes @usec for people into @buf, two units at most: "90d", "1h 30min", "1.500s". Returns @buf. 32 bytes are enough. */
const char *duration_format(char *buf, size_t size, uint64_t usec);
