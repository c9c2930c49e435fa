#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "configs.h"
#include "supervisor/text/capture.h"
#include "supervisor/text/capturereading.h"

enum { MB = 1 << 20 };

#define HEAD \
        CAPTURE_MAGIC "\nboot 0123456789abcdef0123456789abcdef\noffset 1700000000000000\npage 4096\nledger r7k2m9x4\nroot 1\nmode act\n" \
        "init /init.scope\nown /reeve.slice/reeved.service\nconfig 0123456789abcdef\nfile /etc/reeve/a.conf\n|[rule r]\n|When=usage > 1M\nbegin 5\n"
enum { HEAD_LINES = 14 };

/* ---- what is no capture, and where ---- */

static void test_bad_input_is_told_with_its_place(void **state) {
        static const struct { const char *text; uint64_t line; const char *says; } rows[] = {
                { "", 1, "this is no capture" },
                { "hello\n", 1, "this is no capture" },
                { "reeve-capture 2\n", 1, "another version" },
                { "reeve-capture 1", 1, "this is no capture" },
                { CAPTURE_MAGIC "\n", 1, "head of a section" },
                { CAPTURE_MAGIC "\nboot a b\n", 2, "head of a section" },
                { CAPTURE_MAGIC "\nboot a\noffset x\n", 3, "head of a section" },
                { CAPTURE_MAGIC "\nboot a\noffset 1\npage 0\nledger l\nroot 1\nmode act\ninit /\nown /\nconfig h\nbegin 1\n", 11, "head" },
                { CAPTURE_MAGIC "\nboot a\noffset 1\npage 1\nledger l\nroot 1\nmode nap\ninit /\nown /\nconfig h\nbegin 1\n", 11, "head" },
                { HEAD "?\n", 15, "no line begins" },
                { HEAD "\n", 15, "no line begins" },
                { HEAD "g 0 0 /\n", 15, "a cgroup is" },
                { HEAD "g 2 1\n", 15, "a cgroup is" },
                { HEAD "g 2 1 a\n", 15, "a cgroup is" },
                { HEAD "g 2 1 /a\\x00b\n", 15, "a cgroup is" },
                { HEAD "g 99999999999999999999 1 /a\n", 15, "a cgroup is" },
                { HEAD "i 2 - t=1\n", 15, "was not told of" },
                { HEAD "g 2 1 /a\ni 2 z t=1\n", 16, "this is no reading" },
                { HEAD "g 2 1 /a\ni 2 P t=1\n", 16, "flags" },
                { HEAD "g 2 1 /a\ni 2 p t-1\n", 16, "this is no reading" },
                { HEAD "g 2 1 /a\ni 2 p c+1\n", 16, "this is no reading" },
                { HEAD "g 2 1 /a\ni 2 p t=1c=5\ni 2 p c-6\n", 17, "this is no reading" },
                { HEAD "g 2 1 /a\ni 2 p t=1c=9223372036854775806\ni 2 p c+9223372036854775807\n", 17, "this is no reading" },
                { HEAD "g 2 1 /a\ni 2 p t=1y=5\n", 16, "this is no reading" },
                { HEAD "g 2 1 /a\ni 2 p t=1c=5 \n", 16, "this is no reading" },
                { HEAD "m t=1\n", 15, "follows how it stands" },
                { HEAD "j 2 0 0 0 0 0 0 0 0 0 0 0 0 0 r\n", 15, "was not told of" },
                { HEAD "g 2 1 /a\nj 2 0 0 0 0 0 0 0 0 0 0 0 9 0 r\n", 16, "'j' that is not whole" },
                { HEAD "g 2 1 /a\nj 2 0 0 0 0 0 0 0 0 0 0 0 0 17 r\n", 16, "'j' that is not whole" },
                { HEAD "t s 5\n", 15, "'t' that is not whole" },
                { HEAD "g 2 1 /a\nj 2 0 0 0 0 0 0 0 0 0 0 0 0 0 r\nt x 5\n", 17, "'t' that is not whole" },
                { HEAD "g 2 1 /a\nj 2 0 0 0 0 0 0 0 0 0 0 0 0 0 r\nt ss 5\n", 17, "'t' that is not whole" },
                { HEAD "g 2 1 /a\nj 2 0 0 0 0 0 0 0 0 0 0 0 0 0 r\nt s 5\nm t=1s=2\nt s\n", 19, "'t' that is not whole" },
                { HEAD "r 1 2 3\n", 15, "'r' that is not whole" },
                { HEAD "r 1 2 3 4 5 6\n", 15, "'r' that is not whole" },
                { HEAD "u x\n", 15, "'u' that is not whole" },
                { HEAD "v 1 2 3 4 dance 0 0 rule r\nw {}\n", 15, "a decision is" },
                { HEAD "v 1 2 3 4 kill 0 0 whim r\nw {}\n", 15, "a decision is" },
                { HEAD "v 1 2 3 4 kill 0 0 rule r\nr 1 1 1 1 1\n", 16, "behind a decision" },
                { HEAD "k 1 2\nw {}\n", 15, "the look at processes" },
                { HEAD "k 1 2 0\na 1 1 1 0 x\n", 16, "behind a decision" },
                { HEAD "a 1 1 1 0 x\n", 15, "a process is" },
                { HEAD "k 1 2 0\nw {}\na 0 1 1 0 x\n", 17, "a process is" },
                { HEAD "k 1 2 0\nw {}\na 1 1 1 1001 x\n", 17, "a process is" },
                { HEAD "k 1 2 0\nw {}\na 1 1 1 0 x\nu\na 1 1 1 0 x\n", 19, "a process is" },
                { HEAD "o 1 2 maybe 1 0\n", 15, "'o' that is not whole" },
                { HEAD "E 1 two words\n", 15, "'E' that is not whole" },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                CaptureError error = { .line = 0 };
                CaptureReader *r;
                CaptureEvent e;
                int n;

                assert_int_equal(capture_reader_new(&r, rows[i].text, strlen(rows[i].text)), 0);
                while ((n = capture_next(r, &e, &error)) > 0)
                        ;
                if (n != -22 || error.line != rows[i].line || !strstr(error.text, rows[i].says))
                        fail_msg("row %zu: %d, line %u: %s", i, n, (unsigned) error.line, n < 0 ? error.text : "");
                assert_int_equal(capture_next(r, &e, &error), -22);
                r = capture_reader_free(r);
        }
}

/* What was cut in the middle of a line is read up to there. */
static void test_a_cut_capture_is_read_as_far_as_it_goes(void **state) {
        static const char text[] = HEAD "g 2 1 /a\nr 7 1 1 1 1\ni 2 p t=";
        CaptureError error;
        CaptureReader *r;
        CaptureEvent e;

        (void) state;
        assert_int_equal(capture_reader_new(&r, text, strlen(text)), 0);
        assert_int_equal(capture_next(r, &e, &error), 1);
        assert_int_equal(e.kind, CAPTURE_SECTION);
        assert_int_equal(capture_next(r, &e, &error), 1);
        assert_string_equal(e.path, "/a");
        assert_int_equal(capture_next(r, &e, &error), 1);
        assert_int_equal(e.kind, CAPTURE_ROUND);
        assert_int_equal(capture_next(r, &e, &error), 0);
        r = capture_reader_free(r);
}

/* ---- what is written is read ---- */

static int64_t any_value(void) {
        switch (random() % 8) {
        case 0: return READING_UNKNOWN;
        case 1: return READING_UNLIMITED;
        case 2: return 0;
        case 3: return INT64_MAX - 1;
        default: return random() % (300 * MB);
        }
}

static Reading any_reading(uint64_t time) {
        Reading r = { .time_usec = time };

        for (int64_t *p = &r.some_usec; p <= &r.oom_local; p++)
                *p = any_value();
        return r;
}

static void test_any_readings_come_back(void **state) {
        Reading last = capture_reading_none;

        (void) state;
        srandom(11);
        for (uint64_t i = 1; i < 3000; i++) {
                Reading now = random() % 4 ? last : any_reading(i * 1000), back;
                char text[1024];
                Strbuf b = STRBUF_INIT(text);
                Cursor c;

                if (random() % 2)
                        now.unreclaimable = any_value();
                now.time_usec = i * 1000;
                capture_reading_put(&b, &now, &last);
                c = (Cursor) { .p = text, .end = text + b.length };
                if (!capture_reading_take(&c, &last, &back) || memcmp(&back, &now, sizeof(now)) != 0 || c.p != c.end)
                        fail_msg("%s", text);
                last = now;
        }
}

/* A whole section: head with its configuration, a cgroup with an odd name, how a rule stands, a round, a decision. */
static void test_a_section_comes_back(void **state) {
        static char text[16384];
        static const char conf[] = "# /etc/reeve/b.conf is a comment here\n[rule r_A]\nMatch=/a\nWhen=usage > 1M\n\nThen=kill\n# last";
        CaptureHead head = { .boot_id = "b", .ledger_id = "l", .offset_usec = -5, .page_size = 65536, .root_id = 1, .begin_usec = 9,
                             .mode = REEVE_MODE_DRY_RUN, .init_path = "/init.scope", .own_path = "" };
        ConfigFile files[] = { { .name = "/etc/reeve/a b.conf", .text = conf, .length = sizeof(conf) - 1 },
                               { .name = "/etc/reeve/b.conf", .text = "[reeve]\nMode=act\n", .length = 17 } };
        CaptureState s = { .id = 2, .twice = true, .judge = { .crossed = true, .crossed_usec = 7, .incident = 6, .step = 3, .exhausted = true,
                                                              .settle_until_usec = 99, .told = 4, .n_passed = 2, .passed = { 8, 9 } } };
        CaptureLook look = { .id = 2, .known = true, .populated = true, .points = 77, .reading = any_reading(1000) };
        CaptureVerdict v = { .cookie = 3, .time_usec = 1, .match_id = 2, .victim_id = 4, .action = RULE_KILL, .step = 1, .reason = REEVE_REASON_RULE,
                             .members = "{\"a\":1}", .members_length = 7 };
        PickProcess processes[] = { { .pid = 7, .start_usec = 8, .pages = 9, .adj = -1000, .comm = "a b\n" }, { .pid = INT32_MAX, .comm = "" } };
        Complaints complaints = COMPLAINTS_INIT;
        Strbuf out = STRBUF_INIT(text);
        CaptureError error = { .line = 0 };
        Config *config = NULL, *again = NULL;
        Reading kills = capture_reading_none;
        CaptureReader *r;
        CaptureEvent e;

        (void) state;
        kills.time_usec = 900;
        kills.oom_kill = 3;
        s.judge.failures = 3;
        s.judge.ended = true;
        look.marks = 5;
        look.owner = 1000;
        look.bounded = true;
        look.bound_id = UINT64_MAX;
        look.named = true;
        look.comms = UINT32_MAX;
        s.judge.conditions[1] = (ConditionState) { .over = true, .since_usec = 5, .holds = true };
        if (config_parse(files, 2, &config, &complaints) < 0)
                fail_msg("%s", complaints.items[0].message);
        capture_put_head(&out, &head, config);
        capture_put_group(&out, 2, 1, "/a\n b\\");
        capture_put_look(&out, CAPTURE_LAST, &look, NULL);
        capture_put_state(&out, &s, 2, "r x");
        capture_put_look(&out, CAPTURE_SEEN, &look, NULL);
        capture_put_track(&out, OBSERVATION_OOM_KILL, 60000000);
        capture_put_look(&out, CAPTURE_SEEN, &(CaptureLook) { .points = -1, .reading = kills }, NULL);
        capture_put_kills(&out, (const uint64_t[]) { 40, 50 }, 2);
        capture_put_recent(&out, 0, 2, 9);
        capture_put_resumed(&out);
        capture_put_paused(&out, 2, "/a b");
        capture_put_paused(&out, 0, NULL);
        capture_put_round(&out, 1000, &(HostReading) { 1, -1, 3, 4 });
        capture_put_look(&out, CAPTURE_LOOK, &(CaptureLook) { .id = 2, .gone = true, .points = -1 }, NULL);
        capture_put_verdict(&out, CAPTURE_VERDICT, &v, "r x");
        capture_put_processes(&out, 3, 1 << 20, processes, 2, 1, "{\"b\":2}");
        capture_put_outcome(&out, 3, 1005, REEVE_OUTCOME_GONE, true, 77);
        capture_put_kernel(&out, 1006, 2, 1, "/a\n b\\");
        capture_put_end(&out, 1007, "stopped");
        assert_false(out.truncated);

        assert_int_equal(capture_reader_new(&r, out.data, out.length), 0);
        if (capture_next(r, &e, &error) != 1)
                fail_msg("line %u: %s\n%s", (unsigned) error.line, error.text, text);
        assert_int_equal(capture_head(r)->n_files, 2);
        assert_string_equal(capture_head(r)->files[0].name, files[0].name);
        assert_int_equal(capture_head(r)->offset_usec, -5);
        assert_int_equal(config_parse(capture_head(r)->files, 2, &again, &complaints), 0);
        assert_string_equal(again->hash, config->hash);
        assert_string_equal(again->rules[0].name, config->rules[0].name);
        assert_int_equal(again->rules[0].at.line, config->rules[0].at.line);
        assert_int_equal(capture_next(r, &e, &error), 1);
        assert_string_equal(e.path, "/a\n b\\");
        assert_int_equal(capture_next(r, &e, &error), 1);
        assert_memory_equal(&e.look.reading, &look.reading, sizeof(Reading));
        assert_true(e.look.points > 76 && e.look.points < 78 && e.look.known);
        assert_true(e.look.marks == 5 && e.look.owner == 1000 && e.look.bounded && e.look.bound_id == UINT64_MAX);
        assert_true(e.look.named && e.look.comms == UINT32_MAX);
        assert_int_equal(capture_next(r, &e, &error), 1);
        assert_true(e.state.twice && e.state.judge.n_passed == 2 && e.state.judge.passed[1] == 9 && e.state.judge.conditions[1].holds);
        assert_int_equal(e.state.judge.settle_until_usec, 99);
        assert_true(e.state.judge.failures == 3 && e.state.judge.ended);
        assert_string_equal(e.rule, "r x");
        assert_int_equal(capture_next(r, &e, &error), 1);
        assert_memory_equal(&e.look.reading, &look.reading, sizeof(Reading));
        assert_int_equal(capture_next(r, &e, &error), 1);
        assert_true(e.kind == CAPTURE_TRACK && e.track == OBSERVATION_OOM_KILL && e.reach_usec == 60000000);
        assert_int_equal(capture_next(r, &e, &error), 1);
        assert_int_equal(e.kind, CAPTURE_SEEN);
        assert_memory_equal(&e.look.reading, &kills, sizeof(Reading));
        assert_int_equal(capture_next(r, &e, &error), 1);
        assert_int_equal(e.n_kills, 2);
        assert_int_equal(capture_next(r, &e, &error), 1);
        assert_true(e.kind == CAPTURE_RECENT && e.recent_usec == 0 && e.id == 2 && e.bound_id == 9);
        assert_int_equal(capture_next(r, &e, &error), 1);
        assert_int_equal(e.kind, CAPTURE_RESUMED);
        assert_int_equal(capture_next(r, &e, &error), 1);
        assert_true(e.kind == CAPTURE_PAUSED && e.id == 2 && strcmp(e.path, "/a b") == 0);
        assert_int_equal(capture_next(r, &e, &error), 1);
        assert_true(e.kind == CAPTURE_PAUSED && e.id == 0 && !e.path[0]);
        assert_int_equal(capture_next(r, &e, &error), 1);
        assert_true(e.kind == CAPTURE_ROUND && e.host.available == -1);
        assert_int_equal(capture_next(r, &e, &error), 1);
        assert_true(e.look.gone);
        if (capture_next(r, &e, &error) != 1)
                fail_msg("line %u: %s\n%s", (unsigned) error.line, error.text, text);
        assert_int_equal(e.verdict.action, RULE_KILL);
        assert_memory_equal(e.verdict.members, "{\"a\":1}", e.verdict.members_length);
        assert_int_equal(capture_next(r, &e, &error), 1);
        assert_true(e.kind == CAPTURE_PROCESSES && e.verdict.cookie == 3 && e.total_pages == 1 << 20 && e.open == 1);
        assert_memory_equal(e.verdict.members, "{\"b\":2}", e.verdict.members_length);
        for (size_t i = 0; i < 2; i++) {
                if (capture_next(r, &e, &error) != 1)
                        fail_msg("line %u: %s\n%s", (unsigned) error.line, error.text, text);
                assert_int_equal(e.kind, CAPTURE_PROCESS);
                assert_memory_equal(&e.process, &processes[i], sizeof(e.process));
        }
        assert_int_equal(capture_next(r, &e, &error), 1);
        assert_true(e.outcome == REEVE_OUTCOME_GONE && e.verdict.victim_id == 77);
        assert_int_equal(capture_next(r, &e, &error), 1);
        assert_int_equal(e.kind, CAPTURE_KERNEL);
        assert_int_equal(capture_next(r, &e, &error), 1);
        assert_string_equal(e.word, "stopped");
        assert_int_equal(capture_next(r, &e, &error), 0);
        r = capture_reader_free(r);
        config = config_unref(config);
        again = config_unref(again);
        complaints_done(&complaints);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_bad_input_is_told_with_its_place),
                cmocka_unit_test(test_a_cut_capture_is_read_as_far_as_it_goes),
                cmocka_unit_test(test_any_readings_come_back),
                cmocka_unit_test(test_a_section_comes_back),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
