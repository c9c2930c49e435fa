#include "check.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "supervisor/base/fd.h"
#include "supervisor/text/human.h"

static void test_sizes(void **state) {
        static const struct {
                int64_t bytes;
                const char *text;
        } rows[] = {
                { -1, "?" }, { 0, "0" }, { 1, "1B" }, { 1023, "1023B" }, { 1024, "1K" }, { 1536, "1.5K" }, { 536870912, "512M" },
                { 1073741824, "1G" }, { INT64_C(1475739525), "1.37G" }, { INT64_C(1048064000), "0.98G" }, { INT64_C(107374182400), "100G" },
                { INT64_MAX, "8E" }, { 10485760 - 1, "10M" },
        };
        char text[HUMAN_SIZE];

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                assert_string_equal(human_bytes(rows[i].bytes, text), rows[i].text);
}

static void test_counts_and_shares(void **state) {
        char text[HUMAN_SIZE];

        (void) state;
        assert_string_equal(human_count(0, text), "0");
        assert_string_equal(human_count(999, text), "999");
        assert_string_equal(human_count(1000, text), "1,000");
        assert_string_equal(human_count(-1234567, text), "-1,234,567");
        assert_string_equal(human_count(INT64_MIN, text), "-9,223,372,036,854,775,808");
        assert_string_equal(human_share(1, 2, text), "50 %");
        assert_string_equal(human_share(9999, 10000, text), "99.9 %");
        assert_string_equal(human_share(10000, 10000, text), "100 %");
        assert_string_equal(human_share(0, 10, text), "0 %");
        assert_string_equal(human_share(1, 1000, text), "under 1 %");
        assert_string_equal(human_share(1, 0, text), "?");
        assert_string_equal(human_span(250000, text), "250ms");
        assert_string_equal(human_span(UINT64_C(90061000000), text), "1d 1h");
        assert_string_equal(human_span(125000000, text), "2m 5s");
        assert_string_equal(human_span(3600000000, text), "1h");
}

/* Friday, 2026-11-20 12:00:00 UTC. */
#define NOW INT64_C(1795176000000000)
#define SEC INT64_C(1000000)

static void test_points_in_time(void **state) {
        static const struct {
                const char *text;
                int64_t usec;   /* -1: no point in time */
        } rows[] = {
                { "now", NOW }, { "today", NOW - 43200 * SEC }, { "yesterday", NOW - 129600 * SEC }, { "-1h", NOW - 3600 * SEC },
                { "-1h 30min", NOW - 5400 * SEC }, { "+5min", NOW + 300 * SEC }, { "2 days ago", NOW - 172800 * SEC },
                { "09:14", NOW - 9960 * SEC }, { "09:14:05", NOW - 9955 * SEC }, { "2026-11-20", NOW - 43200 * SEC },
                { "2026-11-20 12:00", NOW }, { "2026-11-20T12:00:00Z", NOW }, { "2026-11-20T13:00:00.500000+01:00", NOW + SEC / 2 },
                { "@1795176000", NOW }, { "", -1 }, { "sometime", -1 }, { "5", -1 }, { "-", -1 }, { "-1x", -1 }, { "@", -1 },
                { "Fri 2026-11-20", NOW - 43200 * SEC }, { "friday 2026-11-20 12:00", NOW }, { "Fri 2026-11-20 12:00:00 UTC", NOW },
                { "2026-11-20 12:00 UTC", NOW }, { "12:00 UTC", NOW }, { "2026-11-20 12:00:00.5", NOW + SEC / 2 },
                { "2026-11-20 UTC", NOW - 43200 * SEC }, { "-1M", NOW - 2629800 * SEC }, { "-1m", NOW - 60 * SEC },
                { "Sat 2026-11-20", -1 }, { "Fri 12:00", -1 }, { "Fri", -1 }, { "2026-11-31", -1 }, { "2026-11-20 12:00.5", -1 },
                { "2026-11-20 12:00 CEST", -1 }, { "UTC", -1 }, { "2026-11-20 12:00:00.", -1 },
                { "2026-11-20 12:00 x", -1 }, { "99999999999999999999h ago", -1 }, { "2026-11-20T12:00:00", -1 },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                int64_t usec = -1;
                int e = human_when_parse(rows[i].text, NOW, &usec);

                if (e != (rows[i].usec < 0 ? -22 : 0) || usec != rows[i].usec)
                        fail_msg("'%s': %d, %lld", rows[i].text, e, (long long) usec);
        }
}

/* A zone may be named, and need not be ours. */
static void test_zones(void **state) {
        static const struct {
                const char *text;
                int64_t usec;
        } rows[] = {
                { "2026-11-20 13:00", NOW }, { "2026-11-20 12:00 UTC", NOW }, { "2026-11-20 13:00 CET", NOW },
                { "12:00 UTC", NOW }, { "13:00", NOW }, { "2026-07-01 14:00 CEST", INT64_C(1782907200) * SEC },
                { "2026-07-01 14:00", INT64_C(1782907200) * SEC }, { "2026-11-20 13:00 EST", -1 },
        };

        (void) state;
        (void) setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
        tzset();
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                int64_t usec = -1;
                int e = human_when_parse(rows[i].text, NOW, &usec);

                if (e != (rows[i].usec < 0 ? -22 : 0) || usec != rows[i].usec)
                        fail_msg("'%s': %d, %lld", rows[i].text, e, (long long) usec);
        }
        (void) setenv("TZ", "UTC", 1);
        tzset();
}

static void test_moments(void **state) {
        char text[HUMAN_MOMENT_SIZE];
        int64_t usec;

        (void) state;
        assert_string_equal(human_moment(NOW - 9960 * SEC, NOW, text), "09:14");
        assert_string_equal(human_moment(NOW - 3 * 86400 * SEC - 9960 * SEC, NOW, text), "Tue 09:14");
        assert_string_equal(human_moment(NOW - 9 * 86400 * SEC, NOW, text), "2026-11-11 12:00");
        assert_string_equal(human_moment(NOW + 60 * SEC, NOW, text), "2026-11-20 12:01");
        assert_string_equal(human_rfc3339(NOW + 123456, text), "2026-11-20T12:00:00.123456Z");
        assert_int_equal(human_rfc3339_parse(text, &usec), 0);
        assert_int_equal(usec, NOW + 123456);
        assert_int_equal(human_rfc3339_parse("2026-11-20", &usec), -22);
        assert_int_equal(human_rfc3339_parse(NULL, &usec), -22);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_sizes),
                cmocka_unit_test(test_counts_and_shares),
                cmocka_unit_test(test_points_in_time),
                cmocka_unit_test(test_zones),
                cmocka_unit_test(test_moments),
        };

        (void) setenv("TZ", "UTC", 1);
        tzset();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
