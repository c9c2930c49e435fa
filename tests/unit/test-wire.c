#include "check.h"
#include "supervisor/text/facts.h"
#include "supervisor/text/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void add(WireBuffer *b, const char *data, size_t n) {
        size_t room;
        char *to = wire_buffer_room(b, n, &room);

        assert_non_null(to);
        assert_true(room >= n);
        memcpy(to, data, n);
        wire_buffer_added(b, n);
}

static void test_messages_come_in_pieces(void **state) {
        static const char stream[] = "{\"a\":1}\0{}\0{\"long\":\"xxxxxxxxxxxxxxxxxxxxxxxxx\"}";
        static const char *const want[] = { "{\"a\":1}", "{}", "{\"long\":\"xxxxxxxxxxxxxxxxxxxxxxxxx\"}" };

        (void) state;
        for (size_t step = 1; step < sizeof(stream); step++) {
                WireBuffer b = WIRE_BUFFER_INIT(64);
                size_t n = 0, length;
                const char *text;

                for (size_t at = 0; at < sizeof(stream); at += step) {
                        add(&b, stream + at, sizeof(stream) - at < step ? sizeof(stream) - at : step);
                        while (wire_buffer_next(&b, &text, &length) > 0) {
                                assert_string_equal(text, want[n++]);
                                assert_int_equal(length, strlen(text));
                        }
                }
                assert_int_equal(n, 3);
                wire_buffer_clear(&b);
        }
}

static void test_too_long_is_refused_before_its_end(void **state) {
        WireBuffer b = WIRE_BUFFER_INIT(8);
        const char *text;
        size_t length;

        (void) state;
        add(&b, "12345678", 8);
        assert_int_equal(wire_buffer_next(&b, &text, &length), 0);
        add(&b, "9", 1);
        assert_int_equal(wire_buffer_next(&b, &text, &length), -EMSGSIZE);
        wire_buffer_clear(&b);
        add(&b, "123456789\0", 10);
        assert_int_equal(wire_buffer_next(&b, &text, &length), -EMSGSIZE);
        wire_buffer_clear(&b);
}

static void test_calls(void **state) {
        static const struct {
                const char *text;
                int r;
                bool more, oneway, parameters;
        } rows[] = {
                { "{\"method\":\"a.B\"}", 0, false, false, false },
                { "{\"method\":\"a.B\",\"parameters\":{},\"more\":true}", 0, true, false, true },
                { "{\"method\":\"a.B\",\"parameters\":null,\"oneway\":true}", 0, false, true, false },
                { "{\"method\":\"a.B\",\"unknown\":[1]}", 0, false, false, false },
                { "{\"method\":\"a.B\",\"more\":1}", -EPROTO, false, false, false },
                { "{\"method\":\"a.B\",\"parameters\":[]}", -EPROTO, false, false, false },
                { "{\"method\":7}", -EPROTO, false, false, false },
                { "{}", -EPROTO, false, false, false },
                { "[]", -EPROTO, false, false, false },
                { "", -EPROTO, false, false, false },
                { "{\"method\":\"a\",\"method\":\"b\"}", -EPROTO, false, false, false },
                { "{\"method\":\"\xff\"}", -EPROTO, false, false, false },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                WireCall c = { 0 };
                int r = wire_call_parse(&c, rows[i].text, strlen(rows[i].text));

                if (r != rows[i].r || c.more != rows[i].more || c.oneway != rows[i].oneway ||
                    (c.parameters != NULL) != rows[i].parameters)
                        fail_msg("%s", rows[i].text);
                wire_call_clear(&c);
        }
}

static void test_replies_there_and_back(void **state) {
        WireReply r;
        size_t length;
        char *text = wire_reply_compose("a.Bad", "{\"what\":1}", true, &length);

        (void) state;
        assert_int_equal(length, strlen(text));
        assert_int_equal(wire_reply_parse(&r, text, length), 0);
        assert_string_equal(r.error, "a.Bad");
        assert_true(r.continues);
        assert_int_equal(json_integer_value(json_object_get(r.parameters, "what")), 1);
        wire_reply_clear(&r);
        free(text);
        text = wire_call_compose("a.B", NULL, true, &length);
        assert_string_equal(text, "{\"method\":\"a.B\",\"parameters\":{},\"more\":true}");
        free(text);
}

static void test_the_interface_is_known(void **state) {
        (void) state;
        assert_non_null(strstr(wire_interface_text(WIRE_INTERFACE), "error NotFound (what: string)\n"));
        assert_non_null(wire_interface_text(WIRE_SERVICE));
        assert_null(wire_interface_text("com.example"));
}

static void test_facts(void **state) {
        static const char json[] = "{\"boot_id\":\"b\",\"key\":\"k\",\"cgroup\":{\"path\":\"/a/b\",\"id\":5},\"limit_cgroup\":"
                                   "{\"path\":null,\"id\":4},\"kill_cgroup\":null,\"victims\":[{\"pid\":1,\"start_usec\":2,"
                                   "\"uid\":7},{\"pid\":3,\"start_usec\":null,\"uid\":7,\"cgroup\":{\"path\":\"/c\",\"id\":6}}]}";
        Facts f;

        (void) state;
        assert_int_equal(facts_parse(&f, json, strlen(json)), 0);
        assert_string_equal(f.key, "k");
        assert_int_equal(f.n_places, 3);
        assert_int_equal(f.places[1].id, 4);
        assert_int_equal(f.n_uids, 1);
        assert_true(facts_concern(&f, "/a") && facts_concern(&f, "/a/b") && facts_concern(&f, "/c") && facts_concern(&f, "/"));
        assert_false(facts_concern(&f, "/a/b/c") || facts_concern(&f, "/a/bc") || facts_concern(&f, "/b"));
        assert_true(facts_have_victim(&f, 1, 2) && facts_have_victim(&f, 3, 99));
        assert_false(facts_have_victim(&f, 1, FACTS_TICK_USEC + 2) || facts_have_victim(&f, 0, 0));
        facts_clear(&f);
        assert_int_equal(facts_parse(&f, "[1]", 3), -EBADMSG);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_messages_come_in_pieces), cmocka_unit_test(test_too_long_is_refused_before_its_end),
                cmocka_unit_test(test_calls),                   cmocka_unit_test(test_replies_there_and_back),
                cmocka_unit_test(test_the_interface_is_known),  cmocka_unit_test(test_facts),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
