/* The configuration as shipped: accepted whole, and its commented keys are the defaults. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "supervisor/host/conffiles.h"

static void read_file(ConfFiles *files, const char *path) {
        Complaints complaints = COMPLAINTS_INIT;

        if (conffiles_read_one(path, files, &complaints) < 0)
                fail_msg("%s cannot be read", path);
        complaints_done(&complaints);
}

static Config *parse(const ConfigFile *files, size_t n) {
        Complaints complaints = COMPLAINTS_INIT;
        Config *c = NULL;
        char text[512];

        if (config_parse(files, n, &c, &complaints) < 0 || complaints.count > 0)
                fail_msg("%s", complaints.count ? complaint_format(&complaints.items[0], text, sizeof(text)) : "no complaint");
        complaints_done(&complaints);
        return c;
}

static void test_shipped_files_are_accepted(void **state) {
        ConfFiles never = { 0 }, conf = { 0 };
        Config *c;

        (void) state;
        read_file(&never, REEVE_SOURCE "/packaging/config/policies.d/10-never.conf");
        read_file(&conf, REEVE_SOURCE "/packaging/config/reeve.conf");
        c = parse(never.files, never.count);
        assert_true(c->reeve.never.count > 15);
        assert_int_equal(c->n_rules, 0);
        config_unref(c);
        config_unref(parse(conf.files, conf.count));
        conffiles_done(&never);
        conffiles_done(&conf);
}

/* What the head of the file shows: lines "#   ...", without the mark. */
static char *drop_in_of(const ConfigFile *f, size_t *ret_length) {
        char *out = malloc(f->length + 1), *to = out;

        assert_non_null(out);
        for (const char *p = f->text, *end = p + f->length, *line; p < end; p = line) {
                line = memchr(p, '\n', (size_t) (end - p));
                line = line ? line + 1 : end;
                if (line - p < 4 || memcmp(p, "#   ", 4) != 0)
                        continue;
                memcpy(to, p + 4, (size_t) (line - p - 4));
                to += line - p - 4;
        }
        *ret_length = (size_t) (to - out);
        return out;
}

/* No rule of the host is on, and the drop-in in its head switches on the one it names, whole. */
static void test_the_hosts_rules(void **state) {
        ConfFiles host = { 0 };
        ConfigFile both[2];
        Config *c;
        char *text;

        (void) state;
        read_file(&host, REEVE_SOURCE "/packaging/config/policies.d/90-host.conf");
        c = parse(host.files, host.count);
        assert_int_equal(c->n_rules, 3);
        for (size_t i = 0; i < c->n_rules; i++) {
                assert_false(c->rules[i].enabled.value);
                assert_string_equal(c->rules[i].match.items[0].text, "/");
                assert_true(c->rules[i].n_when > 1 && c->rules[i].n_then == 2);
        }
        config_unref(c);
        both[0] = host.files[0];
        both[1] = (ConfigFile) { .name = "95-host.conf" };
        text = drop_in_of(&host.files[0], &both[1].length);
        both[1].text = text;
        c = parse(both, 2);
        assert_int_equal(c->n_rules, 3);
        assert_string_equal(c->rules[0].name, "host-memory");
        assert_true(c->rules[0].enabled.value && c->rules[0].n_when == 2);
        assert_false(c->rules[1].enabled.value || c->rules[2].enabled.value);
        config_unref(c);
        free(text);
        conffiles_done(&host);
}

/* "#Key=value" becomes "Key=value"; comments of words stay. */
static char *uncomment(const ConfigFile *f, size_t *ret_length) {
        char *out = malloc(f->length + 1), *to = out;

        assert_non_null(out);
        for (const char *p = f->text, *end = p + f->length, *line; p < end; p = line) {
                const char *from = p, *equals;

                line = memchr(p, '\n', (size_t) (end - p));
                line = line ? line + 1 : end;
                equals = memchr(p, '=', (size_t) (line - p));
                if (p[0] == '#' && p[1] >= 'A' && p[1] <= 'Z' && equals && !memchr(p, ' ', (size_t) (equals - p)))
                        from++;
                memcpy(to, from, (size_t) (line - from));
                to += line - from;
        }
        *ret_length = (size_t) (to - out);
        return out;
}

static void test_commented_keys_are_the_defaults(void **state) {
        ConfFiles conf = { 0 };
        Config *defaults = parse(NULL, 0), *c;
        ConfigFile f = { .name = "reeve.conf" };
        char *text;

        (void) state;
        read_file(&conf, REEVE_SOURCE "/packaging/config/reeve.conf");
        text = uncomment(&conf.files[0], &f.length);
        f.text = text;
        assert_true(f.length < conf.files[0].length);
        c = parse(&f, 1);
        assert_int_equal(c->reeve.mode, defaults->reeve.mode);
        assert_string_equal(c->reeve.watch, defaults->reeve.watch);
        assert_int_equal(c->reeve.source, defaults->reeve.source);
        assert_int_equal(c->reeve.managers.count, defaults->reeve.managers.count);
        assert_int_equal(c->reeve.max_retention_usec, defaults->reeve.max_retention_usec);
        assert_int_equal(c->reeve.max_use_bytes, defaults->reeve.max_use_bytes);
        assert_int_equal(c->reeve.keep_records, defaults->reeve.keep_records);
        assert_int_equal(c->reeve.keep_sigkills, defaults->reeve.keep_sigkills);
        assert_int_equal(c->reeve.max_groups, defaults->reeve.max_groups);
        assert_int_equal(c->reeve.never.count, 0);
        assert_int_equal(c->reeve.record_command_line, defaults->reeve.record_command_line);
        assert_int_equal(c->reeve.taskstats, defaults->reeve.taskstats);
        assert_int_equal(c->reeve.kills_ring_bytes, defaults->reeve.kills_ring_bytes);
        assert_int_equal(c->reeve.churn_ring_bytes, defaults->reeve.churn_ring_bytes);
        config_unref(c);
        config_unref(defaults);
        free(text);
        conffiles_done(&conf);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_shipped_files_are_accepted),
                cmocka_unit_test(test_the_hosts_rules),
                cmocka_unit_test(test_commented_keys_are_the_defaults),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
