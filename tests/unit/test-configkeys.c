/* Each key of the configuration, and each way to get it wrong. */
#include "check.h"
#include "configs.h"

#include <errno.h>

/* Each line stands in a section of its kind, complete but for it. */
static void test_every_key(void **state) {
        static const struct {
                const char *section, *line;
                bool good;
        } table[] = {
                { "reeve", "Mode=watch", true },
                { "reeve", "Mode=dry-run", true },
                { "reeve", "Mode=", false },
                { "reeve", "Watch=/system.slice", true },
                { "reeve", "Watch=/system.slice/*", false },
                { "reeve", "Watch=here", false },
                { "reeve", "Source=kprobe", true },
                { "reeve", "Source=bpf", false },
                { "reeve", "Managers=a.service b.service", true },
                { "reeve", "Managers=a", false },
                { "reeve", "Managers=", true },
                { "reeve", "MaxRetentionSec=90d", true },
                { "reeve", "MaxRetentionSec=90 dogs", false },
                { "reeve", "MaxRetentionSec=", false },
                { "reeve", "MaxRetentionSec=0", true },
                { "reeve", "MaxRetentionSec=1month", true },
                { "reeve", "MaxRetentionSec=1y 2M", true },
                { "reeve", "MaxUse=", false },
                { "reeve", "MaxUse=0", true },
                { "reeve", "KeepRecords=", false },
                { "reeve", "KeepRecords=0", true },
                { "reeve", "MaxUse=1G", true },
                { "reeve", "MaxUse=lots", false },
                { "reeve", "KeepRecords=5", true },
                { "reeve", "KeepRecords=-5", false },
                { "reeve", "KeepSigkills=5", true },
                { "reeve", "KeepSigkills=5K", false },
                { "reeve", "StormAfter=1000 per 1h", true },
                { "reeve", "StormAfter=1000", false },
                { "reeve", "MaxGroups=10", true },
                { "reeve", "MaxGroups=0", false },
                { "reeve", "KillLimit=5 per 1h", true },
                { "reeve", "KillLimit=256 per 1d", true },
                { "reeve", "KillLimit=257 per 1d", false },
                { "reeve", "KillLimit=5 per", false },
                { "reeve", "KillLimit=", false },
                { "reeve", "Never=/a/**", true },
                { "reeve", "Never=comm:sshd", false },
                { "reeve", "RecordCommandLine=no", true },
                { "reeve", "RecordCommandLine=nope", false },
                { "reeve", "RecordCommandLine=Yes", true },
                { "reeve", "RecordCommandLine=n", true },
                { "reeve", "RecordCommandLine=T", true },
                { "reeve", "RecordCommandLine=OFF", true },
                { "reeve", "Taskstats=true", true },
                { "reeve", "Taskstats=Auto", false },
                { "reeve", "Taskstats=auto", true },
                { "reeve", "Taskstats=perhaps", false },
                { "reeve", "KillsRing=16K", true },
                { "reeve", "KillsRing=15K", false },
                { "reeve", "ChurnRing=64K", true },
                { "reeve", "ChurnRing=2G", false },
                { "budget", "MemoryMin=0", true },
                { "budget", "MemoryLow=10%", true },
                { "budget", "MemoryHigh=max", true },
                { "budget", "MemoryMax=110%", false },
                { "budget", "MemoryMax=", true },
                { "budget", "MemorySwapMax=0", true },
                { "budget", "MemorySwapMax=-1", false },
                { "budget", "OOMGroup=yes", true },
                { "budget", "OOMGroup=2", false },
                { "budget", "OOMScoreAdjust=-500", true },
                { "budget", "OOMScoreAdjust=-1001", false },
                { "budget", "OOMScoreAdjustOf=all", true },
                { "budget", "OOMScoreAdjustOf=some", false },
                { "budget", "Own=adopt", true },
                { "budget", "Own=yes", false },
                { "budget", "Own=off", true },
                { "budget", "Own=create", false },
                { "budget", "Risk=yes", true },
                { "budget", "Risk=high", false },
                { "budget", "KillBudget=3 per 30d", true },
                { "budget", "KillBudget=3", false },
                { "budget", "Label=team=search", true },
                { "budget", "Label=team", false },
                { "budget", "Label=a b=c", false },
                { "budget", "Documentation=https://wiki.example/x", true },
                { "budget", "Documentation=wiki", false },
                { "budget", "Enabled=no", true },
                { "budget", "Enabled=maybe", false },
                { "budget", "Match=/b", true },
                { "budget", "Match=b", false },
                { "budget", "Match=/b/", false },
                { "budget", "Match=/b /c", true },
                { "budget", "Match=/b c", true },
                { "budget", "Match=/b/../c", false },
                { "budget", "When=usage > 1", false },
                { "rule", "Candidates=/a/*", true },
                { "rule", "When=memory.some > 10%", true },
                { "rule", "When=memory.some > 10M", false },
                { "rule", "When=memory.full over 2s < 5% for 1min", true },
                { "rule", "When=memory.full over > 5%", false },
                { "rule", "When=usage > 512M", true },
                { "rule", "When=usage > 90%", true },
                { "rule", "When=usage>90%", true },
                { "rule", "When=usage >= 90%", false },
                { "rule", "When=usage over 3s > 90%", false },
                { "rule", "When=usage.local > 90%", false },
                { "rule", "When=swap > 90%", true },
                { "rule", "When=growth over 10s > 10M", true },
                { "rule", "When=growth > 10%", false },
                { "rule", "When=refault > 1M for 5s", true },
                { "rule", "When=high > 5 per 10s", true },
                { "rule", "When=high > 5", false },
                { "rule", "When=high < 5 per 10s", true },
                { "rule", "When=memory.some over 1min 30s < 5% for 1min 30s", true },
                { "rule", "When=memory.some over 1 min > 5% for 5 min", true },
                { "rule", "When=memory.some over 1min 30 > 5%", false },
                { "rule", "When=oom_kill > 0 per 1h 30min for 1h 5s", true },
                { "rule", "When=time_to_limit < 1min 30s for 1min 30s", true },
                { "rule", "When=livelock for 1min 30s", true },
                { "rule", "When=livelock for 1min 30s now", false },
                { "rule", "When=max.local > 5 per 1min", true },
                { "rule", "When=oom.local > 0 per 1min", true },
                { "rule", "When=oom_kill.local > 0 per 1min", false },
                { "rule", "When=oom_kill > 2 per 1h for 1s", true },
                { "rule", "When=time_to_limit < 30s", true },
                { "rule", "When=time_to_limit > 30s", false },
                { "rule", "When=livelock for 60s", true },
                { "rule", "When=livelock", true },
                { "rule", "When=livelock > 5", false },
                { "rule", "When=host.available < 5%", true },
                { "rule", "When=host.swap < 100M for 5s", true },
                { "rule", "When=host.swap < 100M for", false },
                { "rule", "When=host.swap < 100M for 0s", false },
                { "rule", "When=usage > 1 2 3", false },
                { "rule", "When=usage > 1M for 5s now", false },
                { "rule", "When=usage", false },
                { "rule", "Then=notify", true },
                { "rule", "Then=reclaim 64M", true },
                { "rule", "Then=reclaim", false },
                { "rule", "Then=reclaim 64M twice", false },
                { "rule", "Then=throttle 80%", true },
                { "rule", "Then=throttle 0%", false },
                { "rule", "Then=throttle 120%", true },
                { "rule", "Then=throttle 1001%", false },
                { "rule", "Then=raise 150% up to 1G", true },
                { "rule", "Then=term 1min 30s", true },
                { "rule", "Then=term 1min 30s kill", false },
                { "rule", "Then=freeze 20s 10s", true },
                { "rule", "Then=freeze 20s 11s", false },
                { "rule", "Then=relax", true },
                { "rule", "Then=raise 10% up to 1G", true },
                { "rule", "Then=raise 10%", false },
                { "rule", "Then=raise 10% up to", false },
                { "rule", "Then=freeze 30s", true },
                { "rule", "Then=freeze 31s", false },
                { "rule", "Then=term 10s", true },
                { "rule", "Then=term", false },
                { "rule", "Then=kill", true },
                { "rule", "Then=kill all", false },
                { "rule", "Then=restart", true },
                { "rule", "Then=exec /bin/true", true },
                { "rule", "Then=exec true", false },
                { "rule", "Then=pray", false },
                { "rule", "Victim=process", true },
                { "rule", "Victim=thread", false },
                { "rule", "Rank=size growth pressure swap refault oom_score", true },
                { "rule", "Rank=size size", false },
                { "rule", "Rank=age", false },
                { "rule", "Prefer=comm:cc1", true },
                { "rule", "Avoid=/a/b", true },
                { "rule", "Prefer=comm:", false },
                { "rule", "Never=comm:cc1", false },
                { "rule", "StepUp=2", true },
                { "rule", "StepUp=two", false },
                { "rule", "SettleSec=15s", true },
                { "rule", "SettleSec=soon", false },
                { "rule", "SettleSec=0", false },
                { "rule", "SettleSec=infinity", false },
                { "rule", "SettleSec=", true },
                { "rule", "DryRun=yes", true },
                { "rule", "DryRun=x", false },
                { "rule", "Own=adopt", true },
                { "rule", "Own=create", false },
                { "rule", "Enabled=yes", true },
                { "alert", "On=kill blind", true },
                { "alert", "On=death", false },
                { "alert", "Match=/a/*", true },
                { "alert", "Sink=journal", true },
                { "alert", "Sink=exec /a b", true },
                { "alert", "Sink=exec a", false },
                { "alert", "Sink=mail", false },
                { "alert", "Sink=datagram /run/x", true },
                { "alert", "Enabled=no", true },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
                const char *s = table[i].section;
                char text[512], all[4096];
                Complaints complaints;
                Config *c = NULL;

                (void) snprintf(text, sizeof(text), "[%s%s]\n%s%s\n", s, strcmp(s, "reeve") == 0 ? "" : " x",
                                strcmp(s, "budget") == 0  ? "Match=/a\nKillBudget=1 per 1h\n"
                                : strcmp(s, "rule") == 0  ? "Match=/a\nWhen=memory.full > 1%\nThen=notify\n"
                                : strcmp(s, "alert") == 0 ? "On=drift\n"
                                                          : "",
                                table[i].line);
                if (parse(text, &c, &complaints) != (table[i].good ? 0 : -EINVAL)) {
                        joined(&complaints, all, sizeof(all));
                        fail_msg("[%s] %s: %s", s, table[i].line, all);
                }
                c = config_unref(c);
                complaints_done(&complaints);
        }
}

/* Other words for the same. */
static void test_booleans_are_systemds(void **state) {
        static const struct {
                const char *line;
                bool command_line;
                ConfigTaskstats taskstats;
        } table[] = {
                { "RecordCommandLine=N\nTaskstats=true\n", false, CONFIG_TASKSTATS_YES },
                { "RecordCommandLine=Yes\nTaskstats=0\n", true, CONFIG_TASKSTATS_NO },
                { "RecordCommandLine=f\nTaskstats=auto\n", false, CONFIG_TASKSTATS_AUTO },
                { "RecordCommandLine=y\nTaskstats=oN\n", true, CONFIG_TASKSTATS_YES },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
                char text[128];
                Config *c;

                (void) snprintf(text, sizeof(text), "[reeve]\n%s", table[i].line);
                c = config_of(text);
                assert_int_equal(c->reeve.record_command_line, table[i].command_line);
                assert_int_equal(c->reeve.taskstats, table[i].taskstats);
                c = config_unref(c);
        }
}

/* The defaults give way to the first line; later ones add to it. */
static void test_managers_add_up(void **state) {
        static const struct {
                const char *text;
                size_t n;
                const char *last;
        } table[] = {
                { "[reeve]\nMode=act\n", 4, "nohang.service" },
                { "[reeve]\nManagers=a.service\n", 1, "a.service" },
                { "[reeve]\nManagers=a.service b.service\n[budget x]\nMatch=/x\nMemoryMax=1\n[reeve]\nManagers=c.service\n", 3, "c.service" },
                { "[reeve]\nManagers=a.service\nManagers=\n", 0, NULL },
                { "[reeve]\nManagers=a.service\nManagers=\nManagers=b.service\n", 1, "b.service" },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
                Config *c = config_of(table[i].text);

                assert_int_equal(c->reeve.managers.count, table[i].n);
                if (table[i].last)
                        assert_string_equal(c->reeve.managers.items[table[i].n - 1].text, table[i].last);
                c = config_unref(c);
        }
}

/* Times of several words, and shares above all there is. */
static void test_values_of_rules(void **state) {
        Config *c = config_of("[rule r]\nMatch=/a\nWhen=memory.some over 1min 30s < 5% for 2 min 1s\nWhen=high < 5 per 1min 10s\n"
                              "Then=throttle 120%\nThen=raise 150% up to 1G\nThen=term 1min 30s\n");
        const RuleSection *r = &c->rules[0];

        (void) state;
        assert_int_equal(r->when[0].over_usec, 90000000);
        assert_int_equal(r->when[0].for_usec, 121000000);
        assert_true(r->when[1].below);
        assert_int_equal(r->when[1].per_usec, 70000000);
        assert_true(r->then[0].ratio > 1.199 && r->then[0].ratio < 1.201);
        assert_true(r->then[1].ratio > 1.499 && r->then[1].ratio < 1.501);
        assert_int_equal(r->then[2].usec, 90000000);
        c = config_unref(c);
}

static void test_several_globs_on_a_line(void **state) {
        Complaints complaints;
        Config *c = NULL;

        (void) state;
        assert_int_equal(parse("[rule r]\nMatch=/a b /c  **/d\nWhen=livelock\nThen=notify\nPrefer=comm:a b comm:c /x\n", &c, &complaints), 0);
        assert_int_equal(c->rules[0].match.count, 3);
        assert_string_equal(c->rules[0].match.items[0].text, "/a b");
        assert_string_equal(c->rules[0].match.items[2].text, "**/d");
        assert_int_equal(c->rules[0].prefer.count, 3);
        assert_string_equal(c->rules[0].prefer.items[0].text, "comm:a b");
        c = config_unref(c);
        complaints_done(&complaints);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_key),
                cmocka_unit_test(test_booleans_are_systemds),
                cmocka_unit_test(test_managers_add_up),
                cmocka_unit_test(test_values_of_rules),
                cmocka_unit_test(test_several_globs_on_a_line),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
