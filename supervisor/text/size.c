#include "supervisor/text/size.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

static bool is_space(char c) {
        return c == ' ' || c == '\t';
}

/* Reads "123" or "1.25" as a number of @unit, advancing *@s. The fraction is exact to a millionth of the unit. */
static int number_parse(const char **s, uint64_t *ret_whole, uint64_t *ret_millionths) {
        uint64_t whole = 0, fraction = 0, scale = 100000;
        const char *p = *s;

        if (!is_digit(*p))
                return -EINVAL;
        for (; is_digit(*p); p++)
                if (__builtin_mul_overflow(whole, 10, &whole) ||
                    __builtin_add_overflow(whole, (uint64_t) (*p - '0'), &whole))
                        return -ERANGE;
        if (*p == '.') {
                if (!is_digit(*++p))
                        return -EINVAL;
                for (; is_digit(*p); p++, scale /= 10)
                        fraction += (uint64_t) (*p - '0') * scale;
        }
        *ret_whole = whole;
        *ret_millionths = fraction;
        *s = p;
        return 0;
}

/* @whole and @millionths of @unit, at most @limit. */
static int number_scale(uint64_t whole, uint64_t millionths, uint64_t unit, uint64_t limit, uint64_t *ret) {
        uint64_t value, part;

        part = (uint64_t) ((unsigned __int128) millionths * unit / 1000000);
        if (__builtin_mul_overflow(whole, unit, &value) || __builtin_add_overflow(value, part, &value) || value > limit)
                return -ERANGE;
        *ret = value;
        return 0;
}

int size_parse(const char *s, uint64_t *ret) {
        static const char units[] = "BKMGTPE";
        uint64_t whole, millionths, unit = 1;
        const char *u;
        int r;

        r = number_parse(&s, &whole, &millionths);
        if (r < 0)
                return r;
        if (*s) {
                u = strchr(units, *s);
                if (!u || s[1])
                        return -EINVAL;
                unit = UINT64_C(1) << (10 * (u - units));
        }
        if (unit == 1 && millionths)
                return -EINVAL;
        return number_scale(whole, millionths, unit, INT64_MAX, ret);
}

int percent_parse_up_to(const char *s, uint32_t most, uint32_t *ret_permyriad) {
        uint64_t whole, millionths;
        int r;

        r = number_parse(&s, &whole, &millionths);
        if (r < 0)
                return r;
        if (strcmp(s, "%") != 0)
                return -EINVAL;
        if (whole > most || (whole == most && millionths))
                return -ERANGE;
        *ret_permyriad = (uint32_t) (whole * 100 + millionths / 10000);
        return 0;
}

int percent_parse(const char *s, uint32_t *ret_permyriad) {
        return percent_parse_up_to(s, 100, ret_permyriad);
}

static int unit_parse(const char *s, size_t length, uint64_t *ret_usec) {
        static const struct {
                const char *word;
                uint64_t usec;
        } units[] = {
                { "us", 1 },
                { "usec", 1 },
                { "\xc2\xb5s", 1 },     /* the micro sign */
                { "\xce\xbcs", 1 },     /* the letter mu */
                { "ms", 1000 },
                { "msec", 1000 },
                { "", 1000000 },
                { "s", 1000000 },
                { "sec", 1000000 },
                { "second", 1000000 },
                { "seconds", 1000000 },
                { "m", 60000000 },
                { "min", 60000000 },
                { "minute", 60000000 },
                { "minutes", 60000000 },
                { "h", UINT64_C(3600000000) },
                { "hr", UINT64_C(3600000000) },
                { "hour", UINT64_C(3600000000) },
                { "hours", UINT64_C(3600000000) },
                { "d", UINT64_C(86400000000) },
                { "day", UINT64_C(86400000000) },
                { "days", UINT64_C(86400000000) },
                { "w", UINT64_C(604800000000) },
                { "week", UINT64_C(604800000000) },
                { "weeks", UINT64_C(604800000000) },
                { "M", UINT64_C(2629800000000) },
                { "month", UINT64_C(2629800000000) },
                { "months", UINT64_C(2629800000000) },
                { "y", UINT64_C(31557600000000) },
                { "year", UINT64_C(31557600000000) },
                { "years", UINT64_C(31557600000000) },
        };

        for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
                if (strlen(units[i].word) == length && memcmp(units[i].word, s, length) == 0) {
                        *ret_usec = units[i].usec;
                        return 0;
                }
        return -EINVAL;
}

int duration_parse(const char *s, uint64_t *ret_usec) {
        uint64_t sum = 0;
        bool bare = false, any = false;

        if (strcmp(s, "infinity") == 0) {
                *ret_usec = DURATION_INFINITY;
                return 0;
        }
        for (;;) {
                uint64_t whole, millionths, unit, part;
                size_t length = 0;
                int r;

                while (is_space(*s))
                        s++;
                if (!*s)
                        break;
                if (bare)
                        return -EINVAL; /* "1 30": which of them are seconds? */
                r = number_parse(&s, &whole, &millionths);
                if (r < 0)
                        return r;
                while (is_space(*s))
                        s++;
                while (s[length] && !is_space(s[length]) && !is_digit(s[length]))
                        length++;
                r = unit_parse(s, length, &unit);
                if (r < 0)
                        return r;
                bare = length == 0;
                if (bare && any)
                        return -EINVAL;
                s += length;
                r = number_scale(whole, millionths, unit, INT64_MAX, &part);
                if (r < 0)
                        return r;
                if (__builtin_add_overflow(sum, part, &sum) || sum > INT64_MAX)
                        return -ERANGE;
                any = true;
        }
        if (!any)
                return -EINVAL;
        *ret_usec = sum;
        return 0;
}

const char *size_format(char *buf, size_t size, uint64_t bytes) {
        static const char units[] = "BKMGTPE";
        unsigned exact = 0, fit = 0;

        if (bytes >= INT64_MAX) {
                (void) snprintf(buf, size, "max");
                return buf;
        }
        while (fit < 6 && bytes >> (10 * (fit + 1)))
                fit++;
        while (exact < 6 && bytes && !(bytes & ((UINT64_C(1) << (10 * (exact + 1))) - 1)))
                exact++;
        /* 1536M is exact and short; 97656K would be exact and hard to read. */
        if (exact == 0 && fit == 0)
                (void) snprintf(buf, size, "%" PRIu64 "B", bytes);
        else if (exact > 0 && bytes >> (10 * exact) < 10000)
                (void) snprintf(buf, size, "%" PRIu64 "%c", bytes >> (10 * exact), units[exact]);
        else
                (void) snprintf(buf, size, "%.1f%c", (double) bytes / (double) (UINT64_C(1) << (10 * fit)), units[fit]);
        return buf;
}

const char *duration_format(char *buf, size_t size, uint64_t usec) {
        static const struct {
                const char *word;
                uint64_t usec;
        } units[] = { { "d", UINT64_C(86400000000) }, { "h", UINT64_C(3600000000) }, { "min", 60000000 }, { "s", 1000000 } };

        if (usec == DURATION_INFINITY)
                (void) snprintf(buf, size, "infinity");
        else if (usec < 1000)
                (void) snprintf(buf, size, "%" PRIu64 "us", usec);
        else if (usec < 1000000)
                (void) snprintf(buf, size, usec % 1000 ? "%.3fms" : "%.0fms", (double) usec / 1000);
        else if (usec < 60000000)
                (void) snprintf(buf, size, usec % 1000000 ? "%.3fs" : "%.0fs", (double) usec / 1000000);
        else
                for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
                        uint64_t n = usec / units[i].usec, rest = usec % units[i].usec;

                        if (n == 0)
                                continue;
                        if (i + 1 < sizeof(units) / sizeof(*units) && rest >= units[i + 1].usec)
                                (void) snprintf(buf, size, "%" PRIu64 "%s %" PRIu64 "%s", n, units[i].word,
                                                rest / units[i + 1].usec, units[i + 1].word);
                        else
                                (void) snprintf(buf, size, "%" PRIu64 "%s", n, units[i].word);
                        break;
                }
        return buf;
}
