#include "check.h"
#include "configs.h"
#include "policies/comms.h"
#include "supervisor/host/conffiles.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/base/fd.h"

static void test_defaults(void **state) {
        Complaints complaints = COMPLAINTS_INIT;
        Config *c = NULL;

        (void) state;
        assert_int_equal(config_parse(NULL, 0, &c, &complaints), 0);
        assert_int_equal(c->reeve.mode, REEVE_MODE_ACT);
        assert_string_equal(c->reeve.watch, "/");
        assert_int_equal(c->reeve.managers.count, 4);
        assert_int_equal(c->reeve.max_retention_usec, UINT64_C(7776000000000));
        assert_int_equal(c->reeve.storm_after.count, 100000);
        assert_int_equal(c->reeve.kills_ring_bytes, 131072);
        assert_true(c->reeve.record_command_line);
        assert_int_equal(strlen(c->hash), 16);
        c = config_unref(c);
        complaints_done(&complaints);
}

static void test_sample_is_accepted(void **state) {
        Complaints complaints = COMPLAINTS_INIT;
        ConfFiles files = { 0 };
        Config *c = NULL;
        const RuleSection *rule;
        char all[4096];

        (void) state;
        assert_int_equal(conffiles_read_one(REEVE_SOURCE "/packaging/examples/reeve.conf", &files, &complaints), 0);
        assert_int_equal(config_parse(files.files, files.count, &c, &complaints), 0);
        joined(&complaints, all, sizeof(all));
        assert_string_equal(strrchr(strtok(all, "\n"), '/') + 1, "reeve.conf:16: budget web: this version of Reeve does not act on KillBudget=");
        assert_string_equal(strrchr(strtok(NULL, "\n"), '/') + 1, "reeve.conf:31: alert oncall: this version of Reeve does not act on alerts");
        assert_null(strtok(NULL, "\n"));
        assert_int_equal(complaints.errors, 0);
        assert_int_equal(c->n_budgets, 1);
        assert_int_equal(c->budgets[0].limits[LIMIT_MEMORY_HIGH].value, 400 << 20);
        assert_int_equal(c->budgets[0].limits[LIMIT_MEMORY_MAX].value, 512 << 20);
        assert_int_equal(c->budgets[0].limits[LIMIT_MEMORY_MAX].at.line, 15);
        assert_int_equal(c->budgets[0].kill_budget.count, 3);
        assert_string_equal(c->budgets[0].labels.items[0].text, "team=search");
        assert_int_equal(c->n_rules, 1);
        rule = &c->rules[0];
        assert_int_equal(rule->n_when, 2);
        assert_int_equal(rule->when[0].what, RULE_MEMORY_FULL);
        assert_int_equal(rule->when[0].over_usec, 10000000);
        assert_int_equal(rule->when[0].for_usec, 5000000);
        assert_true(rule->when[0].ratio > 0.199 && rule->when[0].ratio < 0.201);
        assert_int_equal(rule->when[1].what, RULE_UNRECLAIMABLE);
        assert_int_equal(rule->n_then, 3);
        assert_int_equal(rule->then[0].bytes, 64 << 20);
        assert_int_equal(rule->then[1].usec, 10000000);
        assert_int_equal(rule->then[2].action, RULE_KILL);
        assert_int_equal(rule->n_rank, 2);
        assert_int_equal(rule->settle_usec, 15000000);
        assert_int_equal(c->n_alerts, 1);
        assert_int_equal(c->alerts[0].on, ALERT_ON_KILL_BUDGET | ALERT_ON_TIME_TO_LIMIT | ALERT_ON_LIVELOCK |
                                          ALERT_ON_BLIND | ALERT_ON_KILL_LIMIT);
        assert_string_equal(c->alerts[0].sinks[0].path, "/etc/reeve/notify");
        assert_string_equal(c->reeve.never.items[0].text, "/system.slice/sshd.service");
        c = config_unref(c);
        conffiles_done(&files);
        complaints_done(&complaints);
}

static void test_all_errors_are_told_at_once_with_their_lines(void **state) {
        Complaints complaints;
        Config *c = NULL;
        char all[8192];

        (void) state;
        assert_int_equal(parse("early=1\n"
                               "[reeve]\n"
                               "Mode=maybe\n"
                               "mode=act\n"
                               "nonsense\n"
                               "MaxUse=1G # a comment\n"
                               "[budget web]\n"
                               "Match=/a\n"
                               "MemoryMax=80 percent\n"
                               "Color=red\n"
                               "[bucket web]\n"
                               "MemoryMax=1\n"
                               "[budget]\n"
                               "[rule r]\n"
                               "When=speed > 3\n"
                               "[broken\n"
                               "X=1\n",
                               &c, &complaints),
                         -EINVAL);
        assert_null(c);
        joined(&complaints, all, sizeof(all));
        assert_string_equal(all,
                            "t.conf:1: stands before the first section\n"
                            "t.conf:3: Mode: 'maybe' is none of watch, dry-run or act\n"
                            "t.conf:4: unknown key mode in [reeve]; it is spelled Mode\n"
                            "t.conf:5: Equal sign is missing.\n"
                            "t.conf:6: MaxUse: \" #\" does not begin a comment inside a value: put it on a line of its own\n"
                            "t.conf:9: MemoryMax: '80 percent' is no size (512M), share (50%) or max\n"
                            "t.conf:10: unknown key Color in [budget web]\n"
                            "t.conf:11: unknown section [bucket web]; there are [reeve], [budget NAME], [rule NAME] and [alert NAME]\n"
                            "t.conf:13: section [budget]: wants a name of letters, digits, _ . and -, as in [budget web]\n"
                            "t.conf:15: When: 'speed' is nothing that can be measured; there are memory.some, memory.full, usage, "
                            "unreclaimable, swap, growth, refault, high, max, oom, oom_kill, time_to_limit, livelock, host.available "
                            "and host.swap\n"
                            "t.conf:16: No closing bracket.\n"
                            "t.conf:14: rule r: wants a Match=\n"
                            "t.conf:14: rule r: wants a Then=\n");
        complaints_done(&complaints);
}

static void test_sections_add_up_over_files(void **state) {
        static const char first[] = "[budget a]\nMatch=/a\nMemoryMax=1M\nMemoryHigh=1M\n[reeve]\nNever=/x\n",
                          second[] = "[budget b]\nMatch=/a\nMemoryMax=2M\n[budget c]\nMatch=/q\nMemoryMax=9M\n",
                          third[] = "[budget a]\nMatch=/b\nMemoryHigh=\nMemoryLow=4K\n[reeve]\nNever=/y\n[budget c]\nMatch=\nMatch=/z\n";
        ConfigFile files[] = {
                { "/etc/reeve/reeve.conf", first, sizeof(first) - 1 },
                { "/etc/reeve/policies.d/1.conf", second, sizeof(second) - 1 },
                { "/etc/reeve/policies.d/2.conf", third, sizeof(third) - 1 },
        };
        Complaints complaints = COMPLAINTS_INIT;
        char where[32];
        Config *c = NULL;
        Budget b;

        (void) state;
        assert_int_equal(config_parse(files, 3, &c, &complaints), 0);
        assert_int_equal(c->n_budgets, 3);
        assert_int_equal(c->reeve.never.count, 2);
        budget_collect(c->budgets, c->n_budgets, "/a", &b);
        assert_true(b.any);
        assert_int_equal(b.limits[LIMIT_MEMORY_MAX].value, 2 << 20);
        assert_string_equal(origin_format(&b.limits[LIMIT_MEMORY_MAX].at, where, sizeof(where)), "1.conf:3");
        assert_int_equal(b.limits[LIMIT_MEMORY_HIGH].at.order, 0);
        assert_string_equal(origin_format(&b.limits[LIMIT_MEMORY_LOW].at, where, sizeof(where)), "2.conf:4");
        budget_collect(c->budgets, c->n_budgets, "/b", &b);
        assert_int_equal(b.limits[LIMIT_MEMORY_MAX].value, 1 << 20);
        assert_false(budget_any(c->budgets, c->n_budgets, "/q"));
        assert_true(budget_any(c->budgets, c->n_budgets, "/z"));
        c = config_unref(c);
        complaints_done(&complaints);
}

/* What is installed is taken without a word. */
static void test_shipped_configuration(void **state) {
        ConfigPlaces places = { .directory = REEVE_FIXTURES "/../../packaging/config" };
        Complaints complaints = COMPLAINTS_INIT;
        Config *c = NULL;

        (void) state;
        assert_int_equal(config_load(&places, &c, &complaints), 0);
        assert_int_equal(complaints.count, 0);
        assert_true(c->reeve.never.count > 10);
        c = config_unref(c);
}

static void test_hash_is_of_what_it_says(void **state) {
        Complaints complaints;
        Config *a = NULL, *b = NULL, *c = NULL;

        (void) state;
        assert_int_equal(parse("[reeve]\nMode=act\n", &a, &complaints), 0);
        assert_int_equal(parse("# hello\n\n[reeve]\n Mode = act \n", &b, &complaints), 0);
        assert_int_equal(parse("[reeve]\nMode=watch\n", &c, &complaints), 0);
        assert_string_equal(a->hash, b->hash);
        assert_string_not_equal(a->hash, c->hash);
        a = config_unref(a);
        b = config_unref(b);
        c = config_unref(c);
}

static void test_odd_files(void **state) {
        static const struct {
                const char *text;
                int r;
                const char *complaint;
        } table[] = {
                { "", 0, NULL },
                { "\n\n", 0, NULL },
                { "[reeve]\r\nMode=watch\r\n", 0, NULL },
                { "\xef\xbb\xbf[reeve]\nMode=watch", 0, NULL },
                { "[reeve]\n\xff=1\n", -EINVAL, "t.conf:2: byte 0xff is not UTF-8 text; write names of other bytes as \\xNN\n" },
                { "[]\n", -EINVAL, "t.conf:1: Section name is missing.\n" },
                { "   # indented\n\t; too\n  [reeve]\n  Mode=watch\n", 0, NULL },
                { "[reeve]\n  [budget a]\n   Match=/a\n  MemoryMax=1\n", 0, NULL },
                { "[reeve]\n  [budget a]\n   Match=/a\n  Colour=1\n", -EINVAL, "t.conf:4: unknown key Colour in [budget a]\n" },
                { "[reeve]\nNever=/a \\\n  /b \\\n  # not this one\n\n   ; nor this\n  /c\nMode=never\n", -EINVAL,
                  "t.conf:7: Equal sign is missing.\nt.conf:8: Mode: 'never' is none of watch, dry-run or act\n" },
                { "[reeve]\nNever=/a \\\r\n  /b \\\r\n  # not this one \\\n  /c\nMode=never\n", -EINVAL,
                  "t.conf:6: Mode: 'never' is none of watch, dry-run or act\n" },
                { "[reeve]\nMode=\\\nwatch \\", 0, NULL },
                { "[reeve]\nNever=/a\\\\\n/b\n", -EINVAL, "t.conf:3: Equal sign is missing.\n" },
                { "[reeve]\nNever=\\\nb\\\nc\nMode=never\n", -EINVAL,
                  "t.conf:2: Never: 'b c' does not begin with / (paths are below the cgroup root, as /system.slice/web.service)\n"
                  "t.conf:5: Mode: 'never' is none of watch, dry-run or act\n" },
                { "#\x01\n[reeve]\n#\x01 no header\nMode=watch\n", 0, NULL },
                { "[reeve\nMode=watch\nX=1\n", -EINVAL, "t.conf:1: No closing bracket.\n" },
                { "[budget Web]\nMatch=/a\nMemoryMax=1\n[budget web]\nMatch=/b\nMemoryMax=2\n", 0, NULL },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
                Complaints complaints;
                char all[1024];
                Config *c = NULL;

                assert_int_equal(parse(table[i].text, &c, &complaints), table[i].r);
                joined(&complaints, all, sizeof(all));
                assert_string_equal(all, table[i].complaint ? table[i].complaint : "");
                if (i + 1 == sizeof(table) / sizeof(*table)) {
                        assert_int_equal(c->n_budgets, 2);
                        assert_int_equal(c->budgets[1].limits[LIMIT_MEMORY_MAX].value, 2);
                }
                c = config_unref(c);
                complaints_done(&complaints);
        }
}

static void test_warnings_do_not_refuse(void **state) {
        Complaints complaints;
        Config *c = NULL;
        char all[2048];

        (void) state;
        assert_int_equal(parse("[budget b]\nMatch=/a\nMemoryHigh=2M\nMemoryMax=1M\n"
                               "[rule r]\nMatch=/a\nWhen=usage > 90%\nThen=kill\n[budget n]\nMatch=/n\n",
                               &c, &complaints),
                         0);
        joined(&complaints, all, sizeof(all));
        assert_string_equal(all, "t.conf:3: budget b: MemoryHigh= is above MemoryMax=\n"
                                 "t.conf:9: budget n: asks for nothing\n"
                                 "t.conf:7: rule r: usage counts page cache and alone leads to kill; unreclaimable does not\n");
        assert_int_equal(complaints.errors, 0);
        c = config_unref(c);
        complaints_done(&complaints);
}

/* A value over several lines is that of one, and of the line where it begins. */
static void test_lines_go_on(void **state) {
        Config *c = config_of("[reeve]\nNever=/a \\\n  # between\n  /b \\\n\t/c\n[budget x]\n Match=/x\n  MemoryMax=1M\n");

        (void) state;
        assert_int_equal(c->reeve.never.count, 3);
        assert_string_equal(c->reeve.never.items[2].text, "/c");
        assert_int_equal(c->reeve.never.items[2].at.line, 2);
        assert_int_equal(c->budgets[0].limits[LIMIT_MEMORY_MAX].at.line, 8);
        c = config_unref(c);
}

/* What was given, and wrong, is not missing as well. */
static void test_one_fault_is_one_complaint(void **state) {
        static const struct {
                const char *text, *complaints;
        } table[] = {
                { "[rule  r]\nMatch=a\nWhen=usage\nThen=pray\n",
                  "t.conf:2: Match: 'a' does not begin with / (paths are below the cgroup root, as /system.slice/web.service)\n"
                  "t.conf:3: When: wants > or < after usage, then a value\n"
                  "t.conf:4: Then: 'pray' is no step; there are notify, reclaim SIZE, throttle N%, relax, raise N% up to SIZE, freeze T, "
                  "term T, kill, restart and exec PATH\n" },
                { "[rule r]\nmatch=/a\nThen=kill\n[rule s]\nMatch=/a\nThen=kill # x\n",
                  "t.conf:2: unknown key match in [rule r]; it is spelled Match\n"
                  "t.conf:6: Then: \" #\" does not begin a comment inside a value: put it on a line of its own\n"
                  "t.conf:1: rule r: wants a When=\n"
                  "t.conf:4: rule s: wants a When=\n" },
                { "[alert a]\nOn=death\n[alert b]\n",
                  "t.conf:2: On: 'death' is none of kill, kill_budget, time_to_limit, livelock, drift, blind or kill_limit\n"
                  "t.conf:3: alert b: wants an On=\n" },
                { "[reeve]\nMode=act\nMaxGroups=0\n", "t.conf:3: MaxGroups: cannot be below 1\n" },
                { "[reeve]\nMaxRetentionSec=\n", "t.conf:2: MaxRetentionSec: wants a time (as 90d; 0 is without bound)\n" },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
                Complaints complaints;
                char all[2048];
                Config *c = NULL;

                assert_int_equal(parse(table[i].text, &c, &complaints), -EINVAL);
                joined(&complaints, all, sizeof(all));
                assert_string_equal(all, table[i].complaints);
                complaints_done(&complaints);
        }
}

/* Alerts and kill budgets are read, and nobody shall wait for what they do. */
static void test_what_this_version_lacks(void **state) {
        Complaints complaints;
        Config *c = NULL;
        char all[2048];

        (void) state;
        assert_int_equal(parse("[alert a]\nOn=kill\n[alert off]\nOn=kill\nEnabled=no\n[budget b]\nMatch=/b\nKillBudget=3 per 30d\n"
                               "[budget off]\nMatch=/b\nKillBudget=3 per 30d\nEnabled=no\n",
                               &c, &complaints),
                         0);
        joined(&complaints, all, sizeof(all));
        assert_string_equal(all, "t.conf:8: budget b: this version of Reeve does not act on KillBudget=\n"
                                 "t.conf:1: alert a: this version of Reeve does not act on alerts\n");
        assert_int_equal(complaints.errors, 0);
        c = config_unref(c);
        complaints_done(&complaints);
}

/* What is read and has no effect is said at load. */
static void test_what_is_void_is_told(void **state) {
        Complaints complaints;
        Config *c = NULL;
        char all[2048];

        (void) state;
        assert_int_equal(parse("[rule r]\nMatch=/a\nWhen=livelock for 60s\nThen=restart\nThen=term 5s\nPrefer=comm:java /a/b\n"
                               "[rule off]\nMatch=/a\nWhen=livelock\nThen=exec /x\nEnabled=no\n",
                               &c, &complaints),
                         0);
        joined(&complaints, all, sizeof(all));
        assert_null(strstr(all, "comm:java"));
        assert_null(strstr(all, "exec"));
        assert_null(strstr(all, "term is not"));
        assert_int_equal(complaints.errors, 0);
        c = config_unref(c);
        complaints_done(&complaints);
}

/* Of names that are looked for in cgroups there is room for so many. */
static void test_too_many_names(void **state) {
        char text[2048] = "[rule r]\nMatch=/a\nWhen=livelock\nThen=kill\n", all[2048];
        Complaints complaints;
        Config *c = NULL;

        (void) state;
        for (int i = 0; i < COMMS_MAX; i++)
                (void) snprintf(text + strlen(text), sizeof(text) - strlen(text), "Avoid=comm:n%d\n", i);
        assert_int_equal(parse(text, &c, &complaints), 0);
        assert_int_equal(complaints.count, 0);
        c = config_unref(c);
        complaints_done(&complaints);
        strcat(text, "Prefer=comm:n1 comm:more\n");
        assert_true(parse(text, &c, &complaints) < 0);
        joined(&complaints, all, sizeof(all));
        assert_non_null(strstr(all, "t.conf:35: comm:n30: so many different names can be looked for in cgroups: 31"));
        complaints_done(&complaints);
}

static void test_the_text_that_was_read_is_kept(void **state) {
        ConfigFile files[] = { { .name = "/etc/reeve/reeve.conf", .text = "[reeve]\nMode=watch", .length = 18 },
                               { .name = "b.conf", .text = "[budget b]\nMatch=/b\n", .length = 20 } };
        Complaints complaints = COMPLAINTS_INIT;
        Config *c = NULL;

        (void) state;
        assert_int_equal(config_parse(files, 2, &c, &complaints), 0);
        assert_string_equal(c->text, "# /etc/reeve/reeve.conf\n[reeve]\nMode=watch\n# b.conf\n[budget b]\nMatch=/b\n");
        c = config_unref(c);
        complaints_done(&complaints);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_defaults),
                cmocka_unit_test(test_sample_is_accepted),
                cmocka_unit_test(test_what_is_void_is_told),
                cmocka_unit_test(test_too_many_names),
                cmocka_unit_test(test_all_errors_are_told_at_once_with_their_lines),
                cmocka_unit_test(test_sections_add_up_over_files),
                cmocka_unit_test(test_shipped_configuration),
                cmocka_unit_test(test_hash_is_of_what_it_says),
                cmocka_unit_test(test_odd_files),
                cmocka_unit_test(test_one_fault_is_one_complaint),
                cmocka_unit_test(test_what_this_version_lacks),
                cmocka_unit_test(test_lines_go_on),
                cmocka_unit_test(test_warnings_do_not_refuse),
                cmocka_unit_test(test_the_text_that_was_read_is_kept),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
