#include "check.h"

#include <string.h>

#include "policies/recommend.h"
#include "supervisor/text/jvmoptions.h"

#define HOUR (UINT64_C(3600) * 1000000)
enum { MB = 1 << 20 };

static void test_what_is_seen_longer_is_trusted_more(void **state) {
        static const struct { const char *why; RecommendSeen seen; bool want; int64_t max; RecommendRisk risk; unsigned doubts; } rows[] = {
                { "nothing was seen", { .median = -1, .most = -1, .peak = -1, .available = -1 }, false, 0, 0, 0 },
                { "only a peak, with page cache", { .peak = 100 * MB, .available = -1 }, true, 150 * MB, RECOMMEND_HIGH, RECOMMEND_FEW | RECOMMEND_HOUR },
                { "a few minutes", { 100, HOUR / 10, 90 * MB, 95 * MB, 100 * MB, 300 * MB, .available = -1 }, true, 150 * MB, RECOMMEND_MEDIUM, RECOMMEND_HOUR },
                { "some hours", { 100, 5 * HOUR, 90 * MB, 95 * MB, 100 * MB, 300 * MB, .available = -1 }, true, 130 * MB, RECOMMEND_MEDIUM, RECOMMEND_DAY },
                { "some days", { 100, 50 * HOUR, 90 * MB, 95 * MB, 100 * MB, 300 * MB, .available = -1 }, true, 120 * MB, RECOMMEND_LOW, 0 },
                { "and unsteady", { 100, 50 * HOUR, 9 * MB, 40 * MB, 100 * MB, 300 * MB, .available = -1 }, true, 130 * MB, RECOMMEND_MEDIUM, RECOMMEND_SPREAD },
                { "killed at 200M: it wanted more", { 100, 50 * HOUR, 90 * MB, 190 * MB, 200 * MB, 200 * MB, 2, 200 * MB, .available = -1 }, true, 300 * MB,
                  RECOMMEND_HIGH, RECOMMEND_KILLED },
                { "its JVMs may take more", { 100, 50 * HOUR, 90 * MB, 95 * MB, 100 * MB, 300 * MB, .heap = 512 * MB, .available = -1 }, true, 120 * MB,
                  RECOMMEND_HIGH, RECOMMEND_HEAP },
                { "less is there above it", { 100, 50 * HOUR, 90 * MB, 95 * MB, 100 * MB, 300 * MB, .available = 110 * MB }, true, 120 * MB, RECOMMEND_HIGH,
                  RECOMMEND_ABOVE },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                Recommendation r = { 0 };
                bool good = recommend_budget(&rows[i].seen, &r);

                if (good != rows[i].want || (good && (r.max != rows[i].max || r.risk != rows[i].risk || r.doubts != rows[i].doubts)))
                        fail_msg("%s: %d, %lld MB, risk %d, doubts %x", rows[i].why, good, (long long) (r.max / MB), (int) r.risk, r.doubts);
                if (good)
                        assert_true(r.low <= r.high && r.high < r.max && r.max > r.need);
        }
}

static void test_heaps_of_jvms(void **state) {
        static const struct { const char *cmdline; bool jvm; int64_t heap; } rows[] = {
                { "/usr/bin/java -Xmx512m -jar app.jar", true, 512 * MB },
                { "java -Xmx1g -Xmx256M Main", true, 256 * MB },
                { "java -XX:MaxHeapSize=104857600 Main", true, 100 * MB },
                { "java -XX:MaxRAMPercentage=75.0 Main", true, 750 * MB },
                { "java -XX:MaxRAMPercentage=50 -XX:MaxRAM=500m Main", true, 250 * MB },
                { "java Main", true, 250 * MB },
                { "java -jar app.jar -Xmx1m", true, 250 * MB },
                { "java -Xmx Main", true, 250 * MB },
                { "/opt/javac -Xmx512m", false, 0 },
                { "", false, 0 },
                { "   ", false, 0 },
        };
        JvmOptions o;

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                bool jvm = jvmoptions_parse(&o, rows[i].cmdline, strlen(rows[i].cmdline));

                if (jvm != rows[i].jvm || (jvm && jvmoptions_heap(&o, 1000 * MB) != rows[i].heap))
                        fail_msg("%s: %d, %lld", rows[i].cmdline, jvm, (long long) jvmoptions_heap(&o, 1000 * MB));
        }
        assert_true(jvmoptions_parse(&o, "java\0-Xmx1m\0X", 12));
        assert_int_equal(o.xmx_bytes, MB);
        assert_true(jvmoptions_parse(&o, "java\0X", 6));
        assert_int_equal(jvmoptions_heap(&o, -1), -1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_is_seen_longer_is_trusted_more),
                cmocka_unit_test(test_heaps_of_jvms),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
