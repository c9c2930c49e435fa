#include "check.h"
#include "supervisor/text/size.h"

#include <errno.h>

static void test_sizes(void **state) {
        static const struct {
                const char *text;
                int r;
                uint64_t bytes;
        } table[] = {
                { "0", 0, 0 },
                { "512", 0, 512 },
                { "512B", 0, 512 },
                { "4K", 0, 4096 },
                { "400M", 0, UINT64_C(400) << 20 },
                { "1.5G", 0, UINT64_C(1536) << 20 },
                { "1T", 0, UINT64_C(1) << 40 },
                { "7E", 0, UINT64_C(7) << 60 },
                { "8E", -ERANGE, 0 },
                { "99999999999999999999", -ERANGE, 0 },
                { "1.5", -EINVAL, 0 },
                { "", -EINVAL, 0 },
                { "M", -EINVAL, 0 },
                { "-1", -EINVAL, 0 },
                { "+1", -EINVAL, 0 },
                { " 1", -EINVAL, 0 },
                { "1 M", -EINVAL, 0 },
                { "1MB", -EINVAL, 0 },
                { "1m", -EINVAL, 0 },
                { "1.M", -EINVAL, 0 },
                { "0x10", -EINVAL, 0 },
                { "80 percent", -EINVAL, 0 },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
                uint64_t bytes = 77;

                assert_int_equal(size_parse(table[i].text, &bytes), table[i].r);
                assert_int_equal(bytes, table[i].r == 0 ? table[i].bytes : 77);
        }
}

static void test_percents(void **state) {
        uint32_t p = 7;

        (void) state;
        assert_int_equal(percent_parse("20%", &p), 0);
        assert_int_equal(p, 2000);
        assert_int_equal(percent_parse("12.5%", &p), 0);
        assert_int_equal(p, 1250);
        assert_int_equal(percent_parse("100%", &p), 0);
        assert_int_equal(p, 10000);
        assert_int_equal(percent_parse("100.01%", &p), -ERANGE);
        assert_int_equal(percent_parse_up_to("150%", 1000, &p), 0);
        assert_int_equal(p, 15000);
        assert_int_equal(percent_parse_up_to("1000.1%", 1000, &p), -ERANGE);
        assert_int_equal(percent_parse("100%", &p), 0);
        assert_int_equal(percent_parse("20", &p), -EINVAL);
        assert_int_equal(percent_parse("20 %", &p), -EINVAL);
        assert_int_equal(percent_parse("%", &p), -EINVAL);
        assert_int_equal(p, 10000);
}

static void test_durations(void **state) {
        static const struct {
                const char *text;
                int r;
                uint64_t usec;
        } table[] = {
                { "10s", 0, 10000000 },
                { "10", 0, 10000000 },
                { "100ms", 0, 100000 },
                { "7us", 0, 7 },
                { "5min", 0, 300000000 },
                { "1h", 0, UINT64_C(3600000000) },
                { "90d", 0, UINT64_C(90) * 86400000000 },
                { "1h 30min", 0, UINT64_C(5400000000) },
                { "1h30min", 0, UINT64_C(5400000000) },
                { "1.5s", 0, 1500000 },
                { "1month", 0, UINT64_C(2629800000000) },
                { "2M", 0, UINT64_C(5259600000000) },
                { "1y", 0, UINT64_C(31557600000000) },
                { "1 year 2 months", 0, UINT64_C(36817200000000) },
                { "5\xc2\xb5s", 0, 5 },
                { "5\xce\xbcs", 0, 5 },
                { "1Y", -EINVAL, 0 },
                { "1Month", -EINVAL, 0 },
                { "2 weeks", 0, UINT64_C(14) * 86400000000 },
                { "infinity", 0, DURATION_INFINITY },
                { "0", 0, 0 },
                { "", -EINVAL, 0 },
                { "s", -EINVAL, 0 },
                { "10 parsecs", -EINVAL, 0 },
                { "1 30", -EINVAL, 0 },
                { "1h 30", -EINVAL, 0 },
                { "-1s", -EINVAL, 0 },
                { "300000000d", -ERANGE, 0 },
                { "99999999999999999999999s", -ERANGE, 0 },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
                uint64_t usec = 77;

                assert_int_equal(duration_parse(table[i].text, &usec), table[i].r);
                assert_int_equal(usec, table[i].r == 0 ? table[i].usec : 77);
        }
}

static void test_what_is_shown_can_be_read(void **state) {
        char text[32];

        (void) state;
        assert_string_equal(size_format(text, sizeof(text), 512 << 20), "512M");
        assert_string_equal(size_format(text, sizeof(text), UINT64_C(1536) << 20), "1536M");
        assert_string_equal(size_format(text, sizeof(text), 0), "0B");
        assert_string_equal(size_format(text, sizeof(text), 1000), "1000B");
        assert_string_equal(size_format(text, sizeof(text), 99999744), "95.4M");
        assert_string_equal(size_format(text, sizeof(text), INT64_MAX), "max");
        assert_string_equal(duration_format(text, sizeof(text), 10000000), "10s");
        assert_string_equal(duration_format(text, sizeof(text), 1500000), "1.500s");
        assert_string_equal(duration_format(text, sizeof(text), 100000), "100ms");
        assert_string_equal(duration_format(text, sizeof(text), UINT64_C(5400000000)), "1h 30min");
        assert_string_equal(duration_format(text, sizeof(text), UINT64_C(90) * 86400000000), "90d");
        assert_string_equal(duration_format(text, sizeof(text), DURATION_INFINITY), "infinity");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_sizes),
                cmocka_unit_test(test_percents),
                cmocka_unit_test(test_durations),
                cmocka_unit_test(test_what_is_shown_can_be_read),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
