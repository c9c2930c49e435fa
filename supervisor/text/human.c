#include "supervisor/text/human.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "supervisor/base/fd.h"

#define USEC_PER_SEC INT64_C(1000000)
#define DAY_SEC INT64_C(86400)

const char *human_bytes(int64_t bytes, char text[static HUMAN_SIZE]) {
        static const char units[] = "BKMGTPE";
        size_t unit = 0;
        double value = (double) bytes;

        if (bytes < 0) {
                (void) snprintf(text, HUMAN_SIZE, "?");
                return text;
        }
        if (bytes == 0) {
                (void) snprintf(text, HUMAN_SIZE, "0");
                return text;
        }
        /* 999.5 and up would be printed as 1000 of this unit: the next one says it in fewer digits. */
        while (value >= (unit == 0 ? 1024 : 999.5) && units[unit + 1]) {
                value /= 1024;
                unit++;
        }

        int digits = unit == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
        int n = snprintf(text, HUMAN_SIZE - 1, "%.*f", digits, value);

        if (digits > 0) {
                while (n > 0 && text[n - 1] == '0')
                        n--;
                if (n > 0 && text[n - 1] == '.')
                        n--;
        }
        text[n] = units[unit];
        text[n + 1] = '\0';
        return text;
}

const char *human_count(int64_t n, char text[static HUMAN_SIZE]) {
        char plain[HUMAN_SIZE];
        int length = snprintf(plain, sizeof(plain), "%" PRIu64, n < 0 ? UINT64_C(0) - (uint64_t) n : (uint64_t) n);
        size_t at = 0;

        if (n < 0)
                text[at++] = '-';
        for (int i = 0; i < length; i++) {
                if (i > 0 && (length - i) % 3 == 0)
                        text[at++] = ',';
                text[at++] = plain[i];
        }
        text[at] = '\0';
        return text;
}

const char *human_times(int64_t n, char text[static HUMAN_SIZE]) {
        char count[HUMAN_SIZE];

        if (n < 0)
                (void) snprintf(text, HUMAN_SIZE, "? times");
        else if (n < 2)
                (void) snprintf(text, HUMAN_SIZE, n == 0 ? "never" : "once");
        else
                (void) snprintf(text, HUMAN_SIZE, "%.22s times", human_count(n, count));
        return text;
}

const char *human_share(int64_t part, int64_t whole, char text[static HUMAN_SIZE]) {
        if (whole <= 0 || part < 0) {
                (void) snprintf(text, HUMAN_SIZE, "?");
                return text;
        }

        double share = 100.0 * (double) part / (double) whole;

        if (share >= 99 && share < 100) {
                share = share > 99.9 ? 99.9 : share;
                (void) snprintf(text, HUMAN_SIZE, "%.1f %%", share);
        } else if (share > 0 && share < 1)
                (void) snprintf(text, HUMAN_SIZE, "under 1 %%");
        else
                (void) snprintf(text, HUMAN_SIZE, "%.0f %%", share);
        return text;
}

const char *human_span(uint64_t usec, char text[static HUMAN_SIZE]) {
        static const struct {
                const char *unit;
                uint64_t usec;
        } units[] = { { "d", UINT64_C(86400000000) }, { "h", UINT64_C(3600000000) }, { "m", 60000000 }, { "s", 1000000 } };

        for (size_t i = 0; i < ELEMENTSOF(units); i++) {
                if (usec < units[i].usec)
                        continue;

                uint64_t first = usec / units[i].usec, rest = usec % units[i].usec;

                if (i + 1 < ELEMENTSOF(units) && rest >= units[i + 1].usec)
                        (void) snprintf(text, HUMAN_SIZE, "%" PRIu64 "%s %" PRIu64 "%s", first, units[i].unit,
                                        rest / units[i + 1].usec, units[i + 1].unit);
                else
                        (void) snprintf(text, HUMAN_SIZE, "%" PRIu64 "%s", first, units[i].unit);
                return text;
        }
        (void) snprintf(text, HUMAN_SIZE, "%" PRIu64 "ms", usec / 1000);
        return text;
}

int human_rfc3339_parse(const char *text, int64_t *ret_usec) {
        struct tm tm = { 0 };
        int64_t usec = 0, offset = 0;
        char separator;
        int used = 0;

        if (!text || sscanf(text, "%4d-%2d-%2d%c%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &separator,
                            &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &used) != 7 ||
            (separator != 'T' && separator != 't'))
                return -EINVAL;
        text += used;
        if (*text == '.') {
                int64_t unit = USEC_PER_SEC / 10;

                for (text++; *text >= '0' && *text <= '9'; text++, unit /= 10)
                        usec += (*text - '0') * unit;
        }
        if (*text == '+' || *text == '-') {
                int hours, minutes;

                if (sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &used) != 2)
                        return -EINVAL;
                offset = (*text == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
                text += 1 + used;
        } else if (*text == 'Z' || *text == 'z')
                text++;
        else
                return -EINVAL;
        if (*text)
                return -EINVAL;
        tm.tm_year -= 1900;
        tm.tm_mon -= 1;
        *ret_usec = ((int64_t) timegm(&tm) - offset) * USEC_PER_SEC + usec;
        return 0;
}

const char *human_rfc3339(int64_t usec, char text[static HUMAN_MOMENT_SIZE]) {
        time_t seconds = (time_t) (usec / USEC_PER_SEC);
        struct tm tm;
        size_t n;

        if (!gmtime_r(&seconds, &tm)) {
                (void) snprintf(text, HUMAN_MOMENT_SIZE, "?");
                return text;
        }
        n = strftime(text, HUMAN_MOMENT_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
        (void) snprintf(text + n, HUMAN_MOMENT_SIZE - n, ".%06" PRId64 "Z", usec % USEC_PER_SEC);
        return text;
}

/* The midnight at or before @seconds, @days later, in the process' zone. */
static int64_t midnight(int64_t seconds, int days) {
        time_t t = (time_t) seconds;
        struct tm tm;

        if (!localtime_r(&t, &tm))
                return seconds;
        tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
        tm.tm_mday += days;
        tm.tm_isdst = -1;
        return (int64_t) mktime(&tm);
}

const char *human_moment(int64_t usec, int64_t now_usec, char text[static HUMAN_MOMENT_SIZE]) {
        int64_t now = now_usec / USEC_PER_SEC;
        time_t seconds = (time_t) (usec / USEC_PER_SEC);
        struct tm tm;
        size_t n;

        if (!localtime_r(&seconds, &tm)) {
                (void) snprintf(text, HUMAN_MOMENT_SIZE, "?");
                return text;
        }
        if (seconds <= now && seconds >= midnight(now, 0))
                n = strftime(text, HUMAN_MOMENT_SIZE, "%H:%M", &tm);
        else if (seconds <= now && seconds >= midnight(now, -5))
                n = strftime(text, HUMAN_MOMENT_SIZE, "%a %H:%M", &tm);
        else
                n = strftime(text, HUMAN_MOMENT_SIZE, "%Y-%m-%d %H:%M", &tm);
        if (n == 0)
                (void) snprintf(text, HUMAN_MOMENT_SIZE, "?");
        return text;
}

/* How many seconds the unit @word has ("h", "hours", "min" ...); 0 where it is none. An empty word is a second. */
static int64_t unit_seconds(const char *word, size_t length) {
        static const struct {
                const char *word;
                int64_t seconds;
        } units[] = {
                { "", 1 },        { "s", 1 },         { "sec", 1 },        { "secs", 1 },          { "second", 1 },
                { "seconds", 1 }, { "m", 60 },        { "min", 60 },       { "mins", 60 },         { "minute", 60 },
                { "minutes", 60 }, { "h", 3600 },     { "hr", 3600 },      { "hour", 3600 },       { "hours", 3600 },
                { "d", DAY_SEC }, { "day", DAY_SEC }, { "days", DAY_SEC }, { "w", 7 * DAY_SEC },   { "week", 7 * DAY_SEC },
                { "weeks", 7 * DAY_SEC },             { "month", 2629800 }, { "months", 2629800 }, { "y", 31557600 },
                { "year", 31557600 },                 { "years", 31557600 },
        };

        /* The one case that matters: 1m is a minute, 1M a month. */
        if (length == 1 && *word == 'M')
                return 2629800;
        for (size_t i = 0; i < ELEMENTSOF(units); i++)
                if (strlen(units[i].word) == length && strncasecmp(word, units[i].word, length) == 0)
                        return units[i].seconds;
        return 0;
}

/* "1h 30min" into seconds; @ret_rest is what follows. Returns false where there is no span. */
static bool span_parse(const char *text, int64_t *ret_seconds, const char **ret_rest) {
        int64_t sum = 0;
        bool any = false;

        for (;;) {
                const char *at = text + strspn(text, " ");
                char *end;

                if (*at < '0' || *at > '9')
                        break;

                errno = 0;
                int64_t n = strtoll(at, &end, 10);
                const char *word = end + strspn(end, " ");
                size_t length = strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
                int64_t unit = unit_seconds(word, length);

                if (errno || unit == 0 || n > INT64_C(4000000000) / unit)
                        return false;
                sum += n * unit;
                text = word + length;
                any = true;
        }
        *ret_seconds = sum;
        *ret_rest = text;
        return any;
}

/* "-1h", "+5min", "2 days ago". */
static bool relative_parse(const char *text, int64_t now_usec, int64_t *ret_usec) {
        bool back = *text == '-', forward = *text == '+';
        int64_t seconds;
        const char *rest;

        if (!span_parse(text + (back || forward), &seconds, &rest))
                return false;
        if (!back && !forward) {
                if (strcmp(rest + strspn(rest, " "), "ago") != 0)
                        return false;
                back = true;
        } else if (*rest)
                return false;
        *ret_usec = now_usec + (back ? -1 : 1) * seconds * USEC_PER_SEC;
        return true;
}

/* Whose day and hour are meant. */
typedef enum Zone { ZONE_ANY, ZONE_STANDARD, ZONE_SUMMER, ZONE_UTC } Zone;

/* Cuts " UTC", or the name of the process' own zone, off the end of @text. */
static Zone zone_cut(char *text) {
        char *name = strrchr(text, ' ');

        if (!name)
                return ZONE_ANY;
        for (int zone = ZONE_STANDARD; zone <= ZONE_UTC; zone++)
                if (strcmp(name + 1, zone == ZONE_UTC ? "UTC" : tzname[zone - ZONE_STANDARD]) == 0) {
                        *name = '\0';
                        return strcmp(name + 1, "UTC") == 0 ? ZONE_UTC : (Zone) zone;
                }
        return ZONE_ANY;
}

/* The weekday that *@text begins with ("Fri ", "Friday "), 0 is Sunday, and steps over it; -1: none. */
static int weekday_take(const char **text) {
        static const char *const names[] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday" };
        size_t length = strcspn(*text, " ");

        for (int i = 0; i < 7; i++)
                if ((*text)[length] && (length == 3 || length == strlen(names[i])) && strncasecmp(*text, names[i], length) == 0) {
                        *text += length + strspn(*text + length, " ");
                        return i;
                }
        return -1;
}

/* ".5" after seconds, in microseconds; -1 where @text is no such thing. What is finer is cut off. */
static int64_t fraction_parse(const char *text) {
        int64_t usec = 0, unit = USEC_PER_SEC / 10;

        if (!*text)
                return 0;
        if (*text++ != '.' || !*text || strspn(text, "0123456789") != strlen(text))
                return -1;
        for (; *text; text++, unit /= 10)
                usec += (*text - '0') * unit;
        return usec;
}

/* A date, a time of day, or both, perhaps after the weekday and with a zone's name at its end. */
static bool calendar_parse(const char *text, int64_t now_usec, int64_t *ret_usec) {
        static const char *const forms[] = { "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%H:%M:%S", "%H:%M" };
        enum { WITH_DATE = 3 };
        time_t now = (time_t) (now_usec / USEC_PER_SEC), then;
        char copy[64];
        int weekday;
        Zone zone;

        if (strlen(text) >= sizeof(copy))
                return false;
        text = strcpy(copy, text);
        zone = zone_cut(copy);
        weekday = weekday_take(&text);
        for (size_t i = 0; i < (weekday < 0 ? ELEMENTSOF(forms) : WITH_DATE); i++) {
                int64_t fraction;
                struct tm tm, wanted;
                const char *end;

                if (!(zone == ZONE_UTC ? gmtime_r(&now, &tm) : localtime_r(&now, &tm)))
                        return false;
                tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
                end = strptime(text, forms[i], &tm);
                fraction = !end ? -1 : strstr(forms[i], "%S") ? fraction_parse(end) : *end ? -1 : 0;
                if (fraction < 0)
                        continue;
                tm.tm_isdst = zone == ZONE_STANDARD ? 0 : zone == ZONE_SUMMER ? 1 : -1;
                wanted = tm;
                then = zone == ZONE_UTC ? timegm(&tm) : mktime(&tm);
                /* The 31st of a month that has 30 days is no day. */
                if (tm.tm_mday != wanted.tm_mday || (weekday >= 0 && tm.tm_wday != weekday))
                        return false;
                *ret_usec = then * USEC_PER_SEC + fraction;
                return true;
        }
        return false;
}

int human_when_parse(const char *text, int64_t now_usec, int64_t *ret_usec) {
        static const struct {
                const char *word;
                int days;
        } days[] = { { "today", 0 }, { "yesterday", -1 }, { "tomorrow", 1 } };

        if (strcmp(text, "now") == 0) {
                *ret_usec = now_usec;
                return 0;
        }
        for (size_t i = 0; i < ELEMENTSOF(days); i++)
                if (strcmp(text, days[i].word) == 0) {
                        *ret_usec = midnight(now_usec / USEC_PER_SEC, days[i].days) * USEC_PER_SEC;
                        return 0;
                }
        if (*text == '@') {
                char *end;
                long long seconds = strtoll(text + 1, &end, 10);

                if (end == text + 1 || *end || seconds < 0 || seconds > INT64_C(253402300799))
                        return -EINVAL;
                *ret_usec = seconds * USEC_PER_SEC;
                return 0;
        }
        if (relative_parse(text, now_usec, ret_usec) || calendar_parse(text, now_usec, ret_usec))
                return 0;
        return human_rfc3339_parse(text, ret_usec);
}
