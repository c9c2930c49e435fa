#include "check.h"

#include <stdio.h>
#include <string.h>

#include "supervisor/base/fd.h"
#include "supervisor/text/explain.h"

static char text[32768];

static void explain_fixture(const char *name) {
        char path[512], record[16384];
        Strbuf out = STRBUF_INIT(text);

        (void) snprintf(path, sizeof(path), "%s/records/%s.json", REEVE_FIXTURES, name);

        _cleanup_fclose_ FILE *f = fopen(path, "re");

        assert_non_null(f);
        record[fread(record, 1, sizeof(record) - 1, f)] = '\0';
        text[0] = '\0';
        assert_int_equal(explain_record(&out, record), 0);
        assert_false(out.truncated);
}

static void test_each_case_says_its_own(void **state) {
        (void) state;
        static const struct {
                const char *fixture;
                const char *says[8], *never[5];
        } rows[] = {
                { "self-java",
                  { "java (pid 4711) of web-1.service", "its own memory limit of 512M", "512M were in use (100 %)", "1,234 times",
                    "reevectl set web-1.service MemoryMax=768M", "MaxRAMPercentage", "no core dump, no heap dump" },
                  { "an ancestor", "invoked oom-killer", "How sure" } },
                { "ancestor",
                  { "that of /shop.slice, which lies above", "/shop.slice/batch.service held most, 1.66G", "That is not where the kernel killed",
                    "python3 (pid 800) was larger, but its oom_score_adj of -500 shielded it", "no memory.max of its own",
                    "reevectl set /shop.slice/batch.service MemoryMax=1G", "2G of 2G             100 %  /shop.slice  <- this limit" },
                  { "its own memory limit" } },
                { "host", { "the host ran out of memory", "/user.slice held most, 5G", "\"sshd invoked oom-killer\"", "-3M" },
                  { "its own memory limit", "Its memory.max" } },
                { "host-cpuset", { "NUMA nodes that the cpuset" }, { "host as a whole" } },
                { "sysrq", { "sysrq-f", "Nobody's limit" }, { "Who filled", "free -h" } },
                { "group", { "3 processes of web-1.service", "memory.oom.group set", "(with its group)", "(main process)", "OOMPolicy=continue",
                    "result 'oom-kill', and it was started again at 10:03:01 UTC", "By then: since it was made, it had met its memory.max 12 times",
                    "3M of page tables" },
                  { "may have been more" } },
                { "kubernetes", { "app in pod shop/cart-7d9f", "resources.limits.memory", "48M shared memory", "tmpfs, which no kill frees",
                                  "oom_score_adj of 968" }, { "reevectl set" } },
                { "docker", { "docker container ffffffffffff,", "docker update --memory 96M" }, { "reevectl set" } },
                { "bare", { "the cgroup with id 4444", "is not known", "may have been more victims", "a\\x0ab\\x1b[31m" },
                  { "give it more", "memory.max is", " -1", "?", "null" } },
                { "counted", { "counted, not seen", "could not be seen", "only counters told" }, { "Why this one", "Its memory.max" } },
                { "late-log", { "likely, not certain", "Reeve was not watching at that moment", "whoever made it can", "Match=/app\n  Own=adopt\n  MemoryMax=150M" },
                  { "reevectl set" } },
                { "run", { "reevectl run --memory-max=768M -- COMMAND" }, { "reevectl set", "systemctl edit" } },
                { "user-unit", { "systemctl --user set-property --runtime player.service MemoryMax=768M" }, { "reevectl set" } },
                { "delegated", { "Match=/system.slice/ci.service/job 7\n" }, { "reevectl set", "systemctl edit" } },
                { "oomd", { "Killed for memory", "systemd-oomd (pid 600, systemd-oomd.service)", "no part in it", "ManagedOOMPreference",
                            "called by its path" }, { "OOM kill:", "of app-code.scope" } },
                { "limit-write", { "a memory limit was written", "bash (pid 1300) wrote the limit", "reevectl set" }, { "invoked oom-killer" } },
                { "sigkill-shell", { "No OOM kill: java (pid 4712)", "bash (pid 1300) of session-3.scope", "a person or a script" },
                  { "What you can do", "\nOOM kill" } },
                { "sigkill-systemd", { "systemd (pid 1) in /init.scope", "whole cgroup at once", "TimeoutStopSec" }, { "\nOOM kill" } },
                { "sigkill-kernel", { "the kernel, but not for memory", "pid namespace" }, { "sender could" } },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                explain_fixture(rows[i].fixture);
                for (size_t k = 0; k < ELEMENTSOF(rows[i].says) && rows[i].says[k]; k++)
                        if (!strstr(text, rows[i].says[k]))
                                fail_msg("%s does not say '%s':\n%s", rows[i].fixture, rows[i].says[k], text);
                for (size_t k = 0; k < ELEMENTSOF(rows[i].never) && rows[i].never[k]; k++)
                        if (strstr(text, rows[i].never[k]))
                                fail_msg("%s says '%s':\n%s", rows[i].fixture, rows[i].never[k], text);
                if (strstr(text, "\n\n\n"))
                        fail_msg("%s has two empty lines together:\n%s", rows[i].fixture, text);
        }
}

static void test_a_cgroup_without_kills(void **state) {
        (void) state;
        Strbuf out = STRBUF_INIT(text);

        text[0] = '\0';
        assert_int_equal(explain_cgroup(&out, "{\"cgroup\":{\"path\":\"/a/b\",\"id\":7},\"memory\":{\"current_bytes\":104857600,"
                                              "\"unreclaimable_bytes\":52428800,\"anon_bytes\":52428800},\"effective_bytes\":209715200,"
                                              "\"effective_cgroup\":{\"path\":\"/a\",\"id\":6},\"counters\":{\"max\":3,\"high\":0},"
                                              "\"watching_since\":\"2026-11-20T09:14:05.0Z\",\"watched_without_gap\":true}"), 0);
        assert_non_null(strstr(text, "No OOM kill is on record for /a/b since 2026-11-20 09:14:05 UTC, watched without a gap."));
        assert_non_null(strstr(text, "It uses 100M, 50 % of the 200M that it may have (the limit is that of /a, which others share)."));
        assert_non_null(strstr(text, "memory.max 3 times"));
        assert_null(strstr(text, "How far"));
        out = (Strbuf) STRBUF_INIT(text);
        text[0] = '\0';
        assert_int_equal(explain_cgroup(&out, "{\"cgroup\":{\"path\":\"/a/b\",\"id\":7},\"memory\":{\"current_bytes\":null}}"), 0);
        assert_non_null(strstr(text, "not given it the memory controller"));
}

static void test_what_cannot_be_explained(void **state) {
        (void) state;
        static const char *const rows[] = { "", "{", "[]", "3", "{}", "{\"type\":\"gap\"}", "{\"type\":7}" };
        Strbuf out = STRBUF_INIT(text);

        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                assert_int_equal(explain_record(&out, rows[i]), -22);
        assert_int_equal(explain_cgroup(&out, "nothing"), -22);
        assert_int_equal(out.length, 0);
}

/* Every field may be missing or of another type than it should be; that must never crash. */
static void test_fields_of_any_type(void **state) {
        (void) state;
        static const char *const rows[] = {
                "{\"type\":\"kill\"}",
                "{\"type\":\"sigkill\"}",
                ("{\"type\":\"kill\",\"scope\":1,\"victims\":{},\"cgroup\":[],\"limit_cgroup\":\"x\",\"contributors\":3,\"processes\":[1,null],"
                "\"identity\":7,\"counters\":[],\"ancestors\":[null,{}],\"time\":\"x\",\"victims\":[null]}"),
                "{\"type\":\"kill\",\"scope\":\"self\",\"limit_bytes\":9223372036854775807,\"victims\":[{\"pid\":-5,\"oom_score_adj\":1.5}]}",
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                Strbuf out = STRBUF_INIT(text);

                assert_int_equal(explain_record(&out, rows[i]), 0);
                assert_true(out.length > 0);
        }
}

/* A verdict: the numbers, the candidates in their order, the protected, and how it went. */
static void test_a_verdict(void **state) {
        static const char record[] =
                "{\"type\":\"verdict\",\"id\":\"r7k2m9x4-9\",\"time\":\"2026-11-20T09:14:05.000000Z\","
                "\"configuration\":{\"hash\":\"9\",\"rule_at\":\"web.conf:12\"},\"rule\":\"web\",\"cgroup\":{\"path\":\"/a\",\"id\":2},"
                "\"action\":\"kill\",\"dry_run\":false,\"reason\":\"rule\",\"text\":\"Rule web killed /a/one.\","
                "\"trigger\":[{\"what\":\"unreclaimable\",\"value\":0.912,\"threshold\":0.9,\"for_usec\":5000000,\"text\":\"unreclaimable > 90%\"}],"
                "\"candidates\":[{\"cgroup\":{\"path\":\"/a/one\",\"id\":3},\"rank\":1,\"score\":{\"size\":67108864,\"growth\":10485760,\"pressure\":null},"
                "\"protected_by\":null},{\"cgroup\":{\"path\":\"/a/two\",\"id\":4},\"rank\":null,\"score\":{},\"protected_by\":\"never /a/t*\"}],"
                "\"candidates_count\":7,\"steps\":[{\"text\":\"notify\",\"state\":\"before\"},{\"text\":\"kill\",\"state\":\"now\"}],"
                "\"outcome\":{\"result\":\"done\",\"freed_bytes\":67108864,\"took_usec\":4200,\"error\":null}}";
        static const char *const says[] = { "Rule web killed /a/one.", "web.conf:12", "it was 91.2 %, since 5s", "1. /a/one: size 64M, growth 10M/s",
                                            "/a/two: not to be chosen (never /a/t*)", "7 in all", "notify, kill (this)", "done, in 4ms, 64M were freed" };
        Strbuf out = STRBUF_INIT(text);

        (void) state;
        text[0] = '\0';
        assert_int_equal(explain_record(&out, record), 0);
        for (size_t i = 0; i < sizeof(says) / sizeof(*says); i++)
                if (!strstr(text, says[i]))
                        fail_msg("'%s' is not in:\n%s", says[i], text);
}

/* How a program that was called ended, as far as anybody could say. */
static void test_a_called_program(void **state) {
        static const struct { const char *program, *says; } rows[] = {
                { "{'result':'success','exit_status':0,'signal':null,'ran_usec':2000000}", "ended with exit status 0 after 2s; systemd says: success.\n" },
                { "{'result':'timeout','exit_status':null,'signal':15,'ran_usec':null}", "ended by signal 15 (TERM); systemd says: timeout.\n" },
                { "{'result':null,'exit_status':null,'signal':null,'ran_usec':null}", "ended, nobody could say how.\n" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                char record[300];
                Strbuf out = STRBUF_INIT(text);

                (void) snprintf(record, sizeof(record), "{'type':'verdict','action':'exec','program':%s}", rows[i].program);
                for (char *p = record; *p; p++)
                        *p = *p == '\'' ? '"' : *p;
                text[0] = '\0';
                assert_int_equal(explain_record(&out, record), 0);
                if (!strstr(text, rows[i].says))
                        fail_msg("'%s' is not in:\n%s", rows[i].says, text);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_each_case_says_its_own),
                cmocka_unit_test(test_a_cgroup_without_kills),
                cmocka_unit_test(test_a_verdict),
                cmocka_unit_test(test_a_called_program),
                cmocka_unit_test(test_what_cannot_be_explained),
                cmocka_unit_test(test_fields_of_any_type),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
